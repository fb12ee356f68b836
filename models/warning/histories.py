"""What the ledger tells of alerts, letters, corrections and missed events: frames without persons."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

MOMENT = pl.Datetime("us", "UTC")
ALERTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "candidate_id": pl.String,
    "week_date": pl.Date,
    "region_code": pl.String,
    "case_kind": pl.String,
    "signal": pl.String,
    "severity": pl.Int64,
    "primary_body": pl.String,
    "registered_at": MOMENT,
    "status": pl.String,
    "outcome": pl.String,
    "ended_at": MOMENT,
}
LETTERS: dict[str, pl.DataType | type[pl.DataType]] = {
    "candidate_id": pl.String,
    "body_code": pl.String,
    "sent_at": MOMENT,
    "replied_at": MOMENT,
    "reply_code": pl.String,
    "confirmed_date": pl.Date,
}
CORRECTIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "candidate_id": pl.String,
    "corrected_at": MOMENT,
    "outcome_before": pl.String,
    "outcome_after": pl.String,
}
MISSED: dict[str, pl.DataType | type[pl.DataType]] = {
    "entry_id": pl.String,
    "event_date": pl.Date,
    "reported_at": MOMENT,
    "region_code": pl.String,
    "body_code": pl.String,
    "case_kind": pl.String,
    "cause_code": pl.String,
}
MISSED_CAUSES = ("no_source", "below_threshold", "wrong_label", "wrong_place", "not_public", "unknown")


@dataclass(frozen=True)
class Histories:
    """Alerts, the letters about them, corrections after closing, and events that no alert had told of.

    Attributes:
        alerts, letters, corrections, missed: frames of the schemas ALERTS, LETTERS, CORRECTIONS, MISSED.
    """

    alerts: pl.DataFrame
    letters: pl.DataFrame
    corrections: pl.DataFrame
    missed: pl.DataFrame


def no_histories() -> Histories:
    """Histories without rows."""
    return Histories(*(pl.DataFrame(schema=schema) for schema in (ALERTS, LETTERS, CORRECTIONS, MISSED)))
