"""What a run still has to do: files not read yet, days whose messages are newer than their labels, weeks to test."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from assets.whole_file import whole_file
from assets.workplace import Workplace
from models.periods import TIMEZONE, monday, quarter_end, weeks_of

DAYS = "days"
DAY_TABLES = ("core_feeds__messages", "core_feeds__mentions", "core_discourse__labels", "core_discourse__stances")


class ReadLog:
    """Which partitions were made from which content by which code; written after each job that finished.

    What is not in the log is done again, so a crash between two jobs costs time and never rows.
    """

    def __init__(self, place: Workplace) -> None:
        self._path = place.lake / "read_log.json"
        self._code = place.code_version
        self._entries: dict[str, str] = {}
        if self._path.exists():
            self._entries = json.loads(self._path.read_text(encoding="utf-8"))

    def is_current(self, name: str, content: str) -> bool:
        """True if the partition was made from this content by the code of today."""
        return self._entries.get(name) == f"{content}:{self._code}"

    def record(self, made: Sequence[tuple[str, str]]) -> None:
        """Remember partitions and the content each was made from; written at once."""
        self._entries |= {name: f"{content}:{self._code}" for name, content in made}
        with whole_file(self._path) as beside:
            beside.write_text(json.dumps(self._entries, indent=0, sort_keys=True), encoding="utf-8")


def pending_days(place: Workplace, log: ReadLog, model: str, *, rebuild: bool = False) -> tuple[date, date] | None:
    """First and last day that must be annotated again, or None.

    A day is pending when a file with messages of it was published after the day's own tables; every day is
    pending when the code or the model in use changed or the last pass over the days did not finish: a series is
    always labelled by one model.
    """
    spans = _spans(place)
    if spans.is_empty():
        return None
    if rebuild or not log.is_current(DAYS, model):
        return spans["first"].min(), spans["last"].max()  # pyright: ignore[reportReturnType]
    stale: list[date] = []
    for row in spans.iter_rows(named=True):
        stale += [day for day in row["days"] if _day_made_at(place, day) < row["published"]]
    return (min(stale), max(stale)) if stale else None


def newest_day(place: Workplace) -> date | None:
    """Day of the newest message or interview in the lake."""
    days = [value for value in (_newest_message(place), _newest_interview(place)) if value is not None]
    return max(days, default=None)


def pending_weeks(place: Workplace, quarter: str) -> tuple[date, date] | None:
    """Mondays of the first and last week of the quarter that has begun by its newest message, or None."""
    newest = _newest_message(place)
    if newest is None:
        return None
    last = monday(min(newest, quarter_end(quarter)) + timedelta(days=1)) - timedelta(weeks=1)
    weeks = [week for week in weeks_of(quarter) if week <= last]
    return (weeks[0], weeks[-1]) if weeks else None


def _spans(place: Workplace) -> pl.DataFrame:
    rows = []
    for path in place.published("raw_feeds__messages"):
        days = _local_days(path)
        if days:
            rows.append((days[0], days[-1], days, path.stat().st_mtime))
    schema = {"first": pl.Date, "last": pl.Date, "days": pl.List(pl.Date), "published": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _local_days(path: Path) -> list[date]:
    day = pl.col("published_at").dt.convert_time_zone(TIMEZONE).dt.date()
    return pl.scan_parquet(path).select(day.unique().sort()).collect().to_series().to_list()


def _day_made_at(place: Workplace, day: date) -> float:
    files = [place.lake / table / f"{day.isoformat()}.parquet" for table in DAY_TABLES]
    return min((path.stat().st_mtime if path.exists() else 0.0) for path in files)


def _newest_message(place: Workplace) -> date | None:
    newest = [days[-1] for path in place.published("raw_feeds__messages") if (days := _local_days(path))]
    return max(newest, default=None)


def _newest_interview(place: Workplace) -> date | None:
    files = place.published("core_survey__respondents")
    if not files:
        return None
    return pl.scan_parquet(files).select(pl.col("interview_date").max()).collect().item()
