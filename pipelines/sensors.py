"""Sensors that notice new files in the inbox; a file is known by its content, so a copy starts nothing twice."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from assets.shipped_model import model_folder
from assets.sources.inbox import scan_inbox
from assets.workplace import Workplace
from pipelines.job_runs import RANGE_END, RANGE_START
from pipelines.jobs import ingest_feed_file, ingest_survey_wave, refresh_feeds
from pipelines.pending import ReadLog, pending_days

SECONDS = 60


def all_sensors(place: Callable[[], Workplace]) -> list[dg.SensorDefinition]:
    """One sensor for survey waves, one for feeds, and one that annotates the days of a feed file once it is read.

    Args:
        place: gives the home to look in; asked at each tick, not when definitions are loaded.
    """
    return [
        _inbox_sensor("new_survey_files", "survey", "survey_waves", ingest_survey_wave, place),
        _inbox_sensor("new_feed_files", "feed", "feed_files", ingest_feed_file, place),
        _days_sensor(place),
    ]


def _days_sensor(place: Callable[[], Workplace]) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name="days_of_new_feed_files",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[ingest_feed_file],
        request_job=refresh_feeds,
        minimum_interval_seconds=SECONDS,
        description="After a feed file was read, annotates the days whose messages are newer than their tables",
    )
    def look(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        here = place()
        span = pending_days(here, ReadLog(here), model_folder(here.models, here.seed).name)
        if span is None:
            return dg.SkipReason("every day is up to date")
        first, last = (day.isoformat() for day in span)
        tags = {RANGE_START: first, RANGE_END: last, "kelisim/after": context.dagster_run.run_id}
        return dg.RunRequest(run_key=context.dagster_run.run_id, tags=tags)

    return look


def _inbox_sensor(
    name: str,
    kind: str,
    partitions: str,
    job: dg.UnresolvedAssetJobDefinition,
    place: Callable[[], Workplace],
) -> dg.SensorDefinition:
    @dg.sensor(
        name=name,
        job=job,
        minimum_interval_seconds=SECONDS,
        description=f"Starts {job.name} once for each new content of a {kind} file in the inbox",
    )
    def look() -> dg.SensorResult:
        found = [
            (str(file.partition_key), file)
            for file in scan_inbox(place().inbox)
            if file.kind == kind and file.partition_key
        ]
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    run_key=f"{key}:{file.file_sha256}",
                    partition_key=key,
                    tags={"kelisim/file": file.file_name[:63], "kelisim/sha256": file.file_sha256[:12]},
                )
                for key, file in found
            ],
            dynamic_partitions_requests=[
                dg.DynamicPartitionsDefinition(name=partitions).build_add_request([key for key, _ in found])
            ]
            if found
            else [],
        )

    return look
