"""Figures behind the headline: composition and attitude, other definitions, small areas, answers of the councils."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from models.bulletin import summaries
from models.bulletin.figure_rows import melted, same_unit
from models.bulletin.inputs import TABLES

HEADLINE = "headline"
SPLIT_CELLS = "group_settlement_age"
FEWEST_SHOWN = 10
_ENDS = same_unit(("estimate_pct", "ci_low_pct", "ci_high_pct"), "percent")
_ANSWER_COUNTS = (
    "letter_count",
    "reply_count",
    "judged_count",
    "due_count",
    "lead_count",
    "confirmed_count",
    "already_mediated_count",
    "rumour_count",
    "not_verifiable_count",
)
_ANSWER_SHARES = (
    "ppv_share",
    "ppv_ci_low_share",
    "ppv_ci_high_share",
    "timely_share",
    "timely_ci_low_share",
    "timely_ci_high_share",
)
ERROR_KINDS = ("missed_event", "false_alarm", "dismissed", "correction")


def background(frames: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Composition against attitude, other definitions and small areas, all of the last survey year."""
    year = pl.lit(summaries.last_survey_year(frames["estimates"]), dtype=pl.Int64)
    parts = frames["decomposition"].filter(pl.col("year_to") == year, pl.col("cells") == SPLIT_CELLS)
    names = [f"{part}{end}_pp" for part in ("composition", "attitude") for end in ("", "_ci_low", "_ci_high")]
    yield melted(
        parts,
        ("indicator_id", "year_from", "year_to", "cells"),
        same_unit(("difference_pp", *names), "percentage_point"),
        prefix="decomposition",
        section="background",
        table=TABLES["decomposition"],
    )
    definitions = frames["sensitivity"].filter(pl.col("year") == year)
    yield melted(
        definitions,
        ("indicator_id", "year", "alternative_id"),
        {**_ENDS, **same_unit(("difference_pp", "change_from_first_pp"), "percentage_point")},
        prefix="sensitivity",
        section="background",
        table=TABLES["sensitivity"],
    )
    yield _spread(definitions)
    yield from _small_areas(frames["small_areas"].filter(pl.col("year") == year))


def _spread(definitions: pl.DataFrame) -> pl.DataFrame:
    """How far the value and its change move between the definitions; the headline is not one of the others."""
    others = definitions.filter(pl.col("alternative_id") != HEADLINE)
    moved = others.group_by("indicator_id").agg(
        pl.len().alias("other_count"),
        pl.col("estimate_pct").min().alias("lowest_pct"),
        pl.col("estimate_pct").max().alias("highest_pct"),
        pl.col("change_from_first_pp").min().alias("lowest_change_pp"),
        pl.col("change_from_first_pp").max().alias("highest_change_pp"),
    )
    return melted(
        moved,
        ("indicator_id",),
        {
            "other_count": "count",
            **same_unit(("lowest_pct", "highest_pct"), "percent"),
            **same_unit(("lowest_change_pp", "highest_change_pp"), "percentage_point"),
        },
        prefix="definitions",
        section="background",
        table=TABLES["sensitivity"],
        how="over the other definitions: ",
    )


def shown_small_areas(cells: pl.DataFrame) -> pl.DataFrame:
    """Modelled cells the issue prints: preferred, not suppressed, with respondents of their own.

    Cells in which fewer than ten people answered rest on the model alone; they stay in the table for analysts.
    """
    return cells.filter(
        pl.col("estimate_kind") == "modelled",
        pl.col("is_preferred"),
        ~pl.col("is_suppressed"),
        pl.col("n_count") >= FEWEST_SHOWN,
    ).sort("indicator_id", "region_code", "group_code")


def _small_areas(cells: pl.DataFrame) -> Iterator[pl.DataFrame]:
    keys = ("indicator_id", "year", "region_code", "group_code", "estimate_kind")
    table = TABLES["small_areas"]
    yield melted(shown_small_areas(cells), keys, _ENDS, prefix="small_areas", section="small_areas", table=table)
    if cells.is_empty():
        return
    preferred = cells.filter(pl.col("is_preferred"))
    is_modelled = pl.col("estimate_kind") == "modelled"
    counted = preferred.select(
        direct_count=(~is_modelled).sum(),
        modelled_count=is_modelled.sum(),
        unanswered_count=(is_modelled & (pl.col("n_count") < FEWEST_SHOWN)).sum(),
        shown_count=pl.lit(shown_small_areas(cells).height),
    )
    yield melted(
        counted,
        (),
        same_unit(counted.columns, "count"),
        prefix="small_areas",
        section="small_areas",
        table=table,
        how="count of preferred rows: ",
    )


def answers(frames: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """What the councils answered, the whole country by body; entries of the error book by kind."""
    told = frames["answers"].filter(pl.col("region_code") == summaries.COUNTRY, pl.col("signal") == "all")
    units = {**same_unit(_ANSWER_COUNTS, "count"), **same_unit(_ANSWER_SHARES, "share"), "lead_median_days": "rate"}
    yield melted(told, ("body_code",), units, prefix="answers", section="answers", table=TABLES["answers"])
    book = frames["error_book"]
    if book.is_empty():
        return
    counted = book.select(*((pl.col("entry_kind") == kind).sum().alias(f"{kind}_count") for kind in ERROR_KINDS))
    yield melted(
        counted,
        (),
        same_unit(counted.columns, "count"),
        prefix="error_book",
        section="corrections",
        table=TABLES["error_book"],
        how="count: ",
    )
