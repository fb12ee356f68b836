"""What the councils' answers teach: how often alerts were right, how early, how promptly answered, and the errors.

Frames come from the ledger without persons: codes, counts and times only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import combinations

import numpy as np
import polars as pl
from scipy import stats

from data_contracts.contract import table_contracts
from data_contracts.schemas import conform, empty_frame
from models.periods import TIMEZONE, quarter_of
from models.survey.intervals import wilson
from models.warning.deadlines import time_limit
from models.warning.histories import Histories

CELL = ("region_code", "body_code", "signal")
EVERYWHERE = {"region_code": "KZ", "body_code": "all", "signal": "all"}
LEVEL = 0.95


def answers(histories: Histories, as_of: datetime) -> pl.DataFrame:
    """Predictive value, lead time and timeliness by region, body and signal, with every margin.

    A letter counts once it was sent. What became of it is the outcome its alert was closed with (after correction),
    before that the body's own reply. Where all bodies are taken together each alert counts once, by the letter to its
    primary body: letters about one alert are not independent and would make the intervals too narrow.

    The positive predictive value is (confirmed + already mediated) / (those + rumours): what was settled was real,
    what cannot be verified says nothing. A reply is timely when it came within the limit of `councils.yml` for the
    severity; letters without reply count once their limit has passed. Lead time is the number of days from the signal
    to the first confirmed report; negative when the report was earlier. Shares carry Wilson score intervals (95 %;
    Wilson 1927), the median lead time the order-statistic interval of the binomial distribution (from six values on).

    Args:
        histories: what the ledger holds.
        as_of: the moment up to which waiting is judged.

    Returns:
        `out_warning__answers`: KZ and all stand for every region, body and signal.
    """
    contract = table_contracts()["out_warning__answers"]
    letters = _sent_letters(histories, as_of)
    if letters.is_empty():
        return empty_frame(contract)
    cells = pl.concat(_cell_rows(letters, kept) for size in range(4) for kept in combinations(CELL, size))
    counted = cells.with_columns(
        *_interval("ppv", cells["right_count"], cells["judged_count"]),
        *_interval("timely", cells["timely_count"], cells["due_count"]),
    )
    return conform(counted.select(contract.column_names).sort(CELL), contract)


def _sent_letters(histories: Histories, as_of: datetime) -> pl.DataFrame:
    """One row a letter sent, with what counts for each share."""
    letters = histories.letters.filter(pl.col("sent_at").is_not_null() & (pl.col("sent_at") <= as_of))
    joined = letters.join(
        histories.alerts.select(
            "candidate_id", "region_code", "signal", "severity", "registered_at", "primary_body", "outcome"
        ),
        on="candidate_id",
        how="inner",
    )
    hours = {severity: time_limit("dispatched", severity) for severity in joined["severity"].unique()}
    limit = pl.col("severity").replace_strict(hours, default=None, return_dtype=pl.Duration("us"))
    lead = (pl.col("confirmed_date") - pl.col("registered_at").dt.convert_time_zone(TIMEZONE).dt.date()).dt
    return joined.with_columns(
        is_due=pl.col("replied_at").is_not_null() | (pl.col("sent_at") + limit <= as_of),
        is_timely=(pl.col("replied_at") <= pl.col("sent_at") + limit).fill_null(False),
        lead_days=lead.total_days().cast(pl.Float64),
        verdict=pl.coalesce("outcome", "reply_code"),
    )


def _cell_rows(letters: pl.DataFrame, kept: Sequence[str]) -> pl.DataFrame:
    if "body_code" not in kept:
        is_primary = pl.col("body_code") == pl.col("primary_body")
        first = letters.sort(~is_primary, "sent_at", "body_code")
        letters = first.unique("candidate_id", keep="first", maintain_order=True)
    verdict = pl.col("verdict")
    counts = [
        pl.len().cast(pl.Int64).alias("letter_count"),
        pl.col("reply_code").is_not_null().sum().cast(pl.Int64).alias("reply_count"),
        *(
            (verdict == code).sum().cast(pl.Int64).alias(f"{code}_count")
            for code in ("confirmed", "already_mediated", "rumour", "not_verifiable")
        ),
        verdict.is_in(["confirmed", "already_mediated"]).sum().cast(pl.Int64).alias("right_count"),
        verdict.is_in(["confirmed", "already_mediated", "rumour"]).sum().cast(pl.Int64).alias("judged_count"),
        pl.col("is_due").sum().cast(pl.Int64).alias("due_count"),
        (pl.col("is_due") & pl.col("is_timely")).sum().cast(pl.Int64).alias("timely_count"),
        pl.col("lead_days").drop_nulls().alias("leads"),
    ]
    grouped = letters.group_by(kept).agg(counts) if kept else letters.select(_as_list(counts))
    filled = grouped.with_columns(pl.lit(EVERYWHERE[name]).alias(name) for name in CELL if name not in kept)
    leads = [_median(np.sort(np.asarray(values, dtype=float))) for values in filled["leads"].to_list()]
    medians = pl.DataFrame(
        leads,
        schema={"lead_median_days": pl.Float64, "lead_ci_low_days": pl.Float64, "lead_ci_high_days": pl.Float64},
        orient="row",
    )
    counted = filled.with_columns(pl.col("leads").list.len().cast(pl.Int64).alias("lead_count"), *medians)
    return counted.drop("leads").select(sorted(set(counted.columns) - {"leads"}))


def _as_list(counts: Sequence[pl.Expr]) -> list[pl.Expr]:
    """The same aggregates over the whole frame, the lead times as one list."""
    return [*counts[:-1], counts[-1].implode()]


def _median(values: np.ndarray) -> tuple[float | None, float | None, float | None]:
    """Median of sorted values with its order-statistic interval; no interval below six values."""
    if values.size == 0:
        return None, None, None
    middle = float(np.median(values))
    below = int(stats.binom.ppf((1 - LEVEL) / 2, values.size, 0.5))
    if below < 1:
        return middle, None, None
    return middle, float(values[below - 1]), float(values[values.size - below])


def _interval(name: str, successes: pl.Series, totals: pl.Series) -> list[pl.Series]:
    hits, n = successes.to_numpy().astype(float), totals.to_numpy().astype(float)
    with np.errstate(invalid="ignore"):
        share = hits / n
    low, high = wilson(share, n, np.inf, LEVEL)
    return [
        pl.Series(f"{name}{ending}", np.where(n > 0, values, np.nan)).fill_nan(None)
        for ending, values in (("_share", share), ("_ci_low_share", low), ("_ci_high_share", high))
    ]


def error_book(histories: Histories) -> pl.DataFrame:
    """Every error that is known: events missed, alerts that were false, candidates dismissed, outcomes corrected.

    Returns:
        `out_warning__error_book`, newest quarter first. An entry belongs to the quarter in which it became known.
    """
    contract = table_contracts()["out_warning__error_book"]
    parts = [_missed(histories), _false_alarms(histories), _corrections(histories)]
    whole = pl.concat(parts, how="diagonal")
    if whole.is_empty():
        return empty_frame(contract)
    quarters = [quarter_of(moment.date()) for moment in whole["known_at"].dt.convert_time_zone(TIMEZONE)]
    known = whole.with_columns(
        quarter=pl.Series(quarters, dtype=pl.String),
        known_date=pl.col("known_at").dt.convert_time_zone(TIMEZONE).dt.date(),
    )
    order = ["quarter", "entry_kind", "known_date", "entry_id"]
    rows = known.select(contract.column_names).sort(order, descending=[True, False, False, False])
    return conform(rows, contract)


def _missed(histories: Histories) -> pl.DataFrame:
    return histories.missed.select(
        "entry_id",
        "event_date",
        "region_code",
        "body_code",
        "case_kind",
        "cause_code",
        entry_kind=pl.lit("missed_event"),
        known_at=pl.col("reported_at"),
        candidate_id=pl.lit(None, pl.String),
        signal=pl.lit(None, pl.String),
        severity=pl.lit(None, pl.Int64),
        outcome_before=pl.lit(None, pl.String),
        outcome_after=pl.lit(None, pl.String),
    )


def _false_alarms(histories: Histories) -> pl.DataFrame:
    """Alerts closed as rumours left the house and were wrong; dismissed ones were stopped by the reviewers."""
    is_rumour = (pl.col("status") == "closed") & (pl.col("outcome") == "rumour")
    ended = histories.alerts.filter(is_rumour | (pl.col("status") == "dismissed"))
    kind = pl.when(pl.col("status") == "dismissed").then(pl.lit("dismissed")).otherwise(pl.lit("false_alarm"))
    return ended.select(
        "candidate_id",
        "region_code",
        "case_kind",
        "signal",
        "severity",
        entry_id=pl.concat_str(kind, pl.lit("-"), "candidate_id"),
        entry_kind=kind,
        event_date=pl.col("week_date"),
        known_at=pl.col("ended_at"),
        body_code=pl.col("primary_body"),
        outcome_after=pl.col("outcome"),
    )


def _corrections(histories: Histories) -> pl.DataFrame:
    alerts = histories.alerts.select(
        "candidate_id", "region_code", "case_kind", "signal", "severity", "primary_body", "week_date"
    )
    return histories.corrections.join(alerts, on="candidate_id", how="inner").select(
        "candidate_id",
        "region_code",
        "case_kind",
        "signal",
        "severity",
        "outcome_before",
        "outcome_after",
        entry_id=pl.concat_str(
            pl.lit("correction"), "candidate_id", pl.col("corrected_at").dt.strftime("%Y%m%dT%H%M%S"), separator="-"
        ),
        entry_kind=pl.lit("correction"),
        event_date=pl.col("week_date"),
        known_at=pl.col("corrected_at"),
        body_code=pl.col("primary_body"),
    )
