"""The jobs: a survey wave, the feeds, early warning, the quarterly report, and the upkeep of the inbox."""

from __future__ import annotations

import dagster as dg

from pipelines.inbox_upkeep import expire_raw_files, poll_feeds

SURVEY_WAVE = (
    "raw_survey__answers",
    "core_survey__respondents",
    "core_survey__answers",
    "core_survey__quarantine",
    "core_survey__weights",
)
FEED_FILE = ("raw_feeds__messages", "core_feeds__quarantine")
FEED_DAYS = (
    "core_feeds__messages",
    "core_feeds__mentions",
    "core_discourse__labels",
    "core_discourse__stances",
)
WARNING = ("out_warning__signals", "out_warning__days", "out_warning__candidates", "warning_ledger")
REPORT = (
    "core_councils__returns",
    "core_councils__quarantine",
    "out_inbox__files",
    "out_feeds__coverage",
    "out_indicators__estimates",
    "out_indicators__changes",
    "out_indicators__verdicts",
    "out_indicators__outlook",
    "out_indicators__index",
    "out_indicators__wave_changes",
    "out_indicators__small_areas",
    "out_indicators__decomposition",
    "out_indicators__sensitivity",
    "out_survey__wave_quality",
    "out_survey__reliability",
    "out_warning__answers",
    "out_warning__error_book",
    "out_bulletin__figures",
    "out_bulletin__issues",
    "warehouse",
)

RATES = ("out_discourse__rates",)

RETRAIN = ("discourse_candidate", "out_discourse__model_changes", "discourse_promotion")

RETRY = dg.RetryPolicy(max_retries=1, delay=2)


def _job(name: str, keys: tuple[str, ...], description: str) -> dg.UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*keys),
        description=description,
        tags={"kelisim/job": name},
        op_retry_policy=RETRY,
        executor_def=dg.in_process_executor,
    )


ingest_survey_wave = _job("ingest_survey_wave", SURVEY_WAVE, "One wave: read, recode, quarantine, weight to the census")
ingest_feed_file = _job(
    "ingest_feed_file", FEED_FILE, "One export of messages: read, drop persons, quarantine what cannot be read"
)
train_discourse_model = _job(
    "train_discourse_model", ("discourse_model",), "Fit the discourse model on the authored corpus and save it"
)
retrain_discourse_model = _job(
    "retrain_discourse_model",
    RETRAIN,
    "Train on the corpus and people's labels, compare with the model in use, promote if nothing got worse",
)
refresh_feeds = _job(
    "refresh_feeds", FEED_DAYS, "Days of messages: language, places, groups, duplicates, discourse, stances"
)
early_warning = _job("early_warning", WARNING, "Weeks: series, detectors, alert candidates for review")
refresh_rates = _job(
    "refresh_rates", RATES, "Quarters of weekly rates, those before the report's with the model of today"
)
quarterly_report = _job("quarterly_report", REPORT, "A quarter: indicators, verdicts, rates, bulletin, warehouse")

ALL_JOBS = (
    ingest_survey_wave,
    ingest_feed_file,
    train_discourse_model,
    retrain_discourse_model,
    refresh_feeds,
    early_warning,
    refresh_rates,
    quarterly_report,
    poll_feeds,
    expire_raw_files,
)
