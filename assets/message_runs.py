"""Messages of many days a run at a time, so that a quarter of millions is annotated in bounded memory."""

from collections.abc import Iterator, Mapping
from datetime import date

import polars as pl

from models.periods import TIMEZONE
from models.text.annotation import first_records

RUN_ROWS = 150_000
DAY = pl.col("published_at").dt.convert_time_zone(TIMEZONE).dt.date()


def message_runs(raw: pl.LazyFrame, first: date, last: date, most: int | None = None) -> Iterator[pl.DataFrame]:
    """Messages of consecutive days, each record once, in order of time between runs.

    Args:
        raw: `raw_feeds__messages`, not collected yet.
        first: first day, in the country's time zone.
        last: last day.
        most: messages of a run (150,000 if not given); a single day may hold more.

    Yields:
        Rows with `copy_count`, all of a day in one run; days without messages are in none.
    """
    rows = raw.filter(DAY.is_between(first, last))
    kept = first_records(rows).with_columns(day=DAY).collect()
    for days in _runs(kept, most or RUN_ROWS):
        chosen = kept.filter(pl.col("day").is_between(days[0], days[-1])).drop("day", "published_at")
        yield (
            raw.filter(DAY.is_between(days[0], days[-1]))
            .join(chosen.lazy(), on=["file_sha256", "row_number"], how="inner")
            .collect()
        )


def _runs(kept: pl.DataFrame, most: int) -> Iterator[list[date]]:
    """Days put together while their messages are not more than asked for."""
    run: list[date] = []
    held = 0
    for day, count in kept.group_by("day").len().sort("day").iter_rows():
        if run and held + count > most:
            yield run
            run, held = [], 0
        run.append(day)
        held += count
    if run:
        yield run


def source_regions(raw: pl.LazyFrame, served: Mapping[str, str]) -> dict[str, str]:
    """Region code by source id, of the sources whose name is one of the outlets that serve one region."""
    if not served:
        return {}
    names = raw.filter(pl.col("source_name").is_in(list(served))).select("source_id", "source_name").unique().collect()
    return {source: served[name] for source, name in names.iter_rows()}
