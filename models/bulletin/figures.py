"""Every number of the bulletin with the table and the key it comes from: `out_bulletin__figures`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

import polars as pl
import yaml

from models.bulletin import background_figures, summaries
from models.bulletin.figure_rows import SCHEMA, melted, same_unit, words
from models.bulletin.inputs import TABLES, BulletinMeta, BulletinTables, quarter_tables
from models.bulletin.rates_shown import SHOWN, quarter_rates_shown, weekly_rates_shown
from models.survey.publication import PublicationRules

_ESTIMATE = same_unit(("estimate_pct", "ci_low_pct", "ci_high_pct"), "percent")
_CHANGE = same_unit(("difference_pp", "ci_low_pp", "ci_high_pp"), "percentage_point")
_PUBLICATION = {
    "minimum_n_eff": "count",
    "widest_interval_pp": "count",
    "widest_relative_pct": "level",
    "minimum_df": "count",
    "minimum_cell": "count",
}
TOLD = ("up", "down", "no_significant_change")


def figures(tables: BulletinTables, meta: BulletinMeta) -> pl.DataFrame:
    """Every number the bulletin may print, with its source.

    Args:
        tables: the tables of the quarter.
        meta: facts about the issue.

    Returns:
        One row a figure, sorted by figure_id: quarter, figure_id, section, value (null for words), text
        (null for numbers), unit, source_table and source_key (`column=value; ...; column of the number`).
        Suppressed numbers are absent, not zero.

    Raises:
        BulletinInputError: if a table lacks a column the bulletin reads.
    """
    frames = quarter_tables(tables, meta)
    parts = [
        *_survey(frames),
        *background_figures.background(frames),
        *background_figures.answers(frames),
        *_discourse(frames, meta),
        *_councils_and_alerts(frames),
        *_files(frames),
        _method(),
        _corrections(meta),
        _seed(meta),
    ]
    columns = [column for column in SCHEMA if column != "quarter"]
    found = pl.concat([part.select(columns) for part in parts if part.height], how="vertical")
    return (
        found.select(pl.lit(meta.quarter).alias("quarter"), *columns)
        .unique("figure_id", keep="first")
        .sort("figure_id")
    )


def _survey(frames: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    estimates, changes = frames["estimates"], frames["changes"]
    year = pl.lit(summaries.last_survey_year(estimates), dtype=pl.Int64)
    domain = pl.col("domain").is_in(["country", "region", "group"])
    shown = estimates.filter(domain, (pl.col("domain") == "country") | (pl.col("year") == year))
    shown = shown.with_columns(pl.when(~pl.col("is_suppressed")).then(pl.col(name)).alias(name) for name in _ESTIMATE)
    keys = ("indicator_id", "year", "domain", "domain_value")
    yield melted(
        shown,
        keys,
        {**_ESTIMATE, "n_count": "count"},
        prefix="estimates",
        section="survey",
        table=TABLES["estimates"],
    )
    current = changes.filter(domain, (pl.col("domain") == "country") | (pl.col("year_to") == year))
    current = current.with_columns(
        pl.when(~pl.col("verdict").is_in(["suppressed", "not_comparable"])).then(pl.col(name)).alias(name)
        for name in _CHANGE
    )
    keys = ("indicator_id", "year_from", "year_to", "domain", "domain_value")
    yield melted(current, keys, _CHANGE, prefix="changes", section="survey", table=TABLES["changes"])
    yield words(current, keys, "verdict", prefix="changes", table=TABLES["changes"])
    keys = ("indicator_id", "year")
    units = {**_ESTIMATE, "target_pct": "percent", "difference_pp": "percentage_point"}
    units |= {"p_below_plan": "probability", "n_needed": "count"}
    yield melted(frames["verdicts"], keys, units, prefix="verdicts", section="survey", table=TABLES["verdicts"])
    yield words(frames["verdicts"], keys, "verdict", prefix="verdicts", table=TABLES["verdicts"])
    units = same_unit(("forecast_pct", "ci_low_pct", "ci_high_pct", "target_pct"), "percent")
    units["p_target_met"] = "probability"
    yield melted(frames["outlook"], keys, units, prefix="outlook", section="outlook", table=TABLES["outlook"])
    yield from _region_counts(estimates, current)
    yield from _wave_quality(frames["wave_quality"])


def _region_counts(estimates: pl.DataFrame, changes: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """How many regions are above, below, up, down: zero is a number too."""
    positions = summaries.region_positions(estimates)
    directions = (
        summaries.latest_changes(changes)
        .filter(pl.col("domain") == "region", pl.col("verdict").is_in(TOLD))
        .select("indicator_id", position="verdict")
    )
    for frame, names, table in (
        (positions, ("above", "below", "indistinct", "suppressed"), "estimates"),
        (directions, TOLD, "changes"),
    ):
        counted = frame.group_by("indicator_id").agg(
            *((pl.col("position") == name).sum().alias(f"{name}_count") for name in names),
            pl.len().alias("region_count" if table == "estimates" else "compared_count"),
        )
        units = same_unit(counted.columns[1:], "count")
        yield melted(
            counted,
            ("indicator_id",),
            units,
            prefix="regions",
            section="survey",
            table=TABLES[table],
            how="count: ",
        )


def _wave_quality(quality: pl.DataFrame) -> Iterator[pl.DataFrame]:
    keys = ("wave_id", "measure", "domain_value")
    for measure in quality["measure"].unique().sort():
        rows = quality.filter(pl.col("measure") == measure)
        yield melted(
            rows,
            keys,
            {"value": quality_unit(str(measure))},
            prefix="wave_quality",
            section="quality",
            table=TABLES["wave_quality"],
        )


def quality_unit(measure: str) -> str:
    """Unit of a wave-quality measure by the ending of its name (`_share`, `_pct`, `_pp`, `_count` ...)."""
    endings = {"_share": "share", "_rate": "share", "_pct": "percent", "_count": "count"}
    endings |= {"_pp": "percentage_point", "interviews": "count"}
    return next((unit for ending, unit in endings.items() if measure.endswith(ending)), "score")


def _discourse(frames: Mapping[str, pl.DataFrame], meta: BulletinMeta) -> Iterator[pl.DataFrame]:
    rates, table = frames["rates"], TABLES["rates"]
    weekly = weekly_rates_shown(rates)
    how = "region_code=KZ; group_code=all: "
    yield melted(
        weekly,
        ("week_date", "signal"),
        same_unit(SHOWN, "share"),
        prefix="rates",
        section="discourse",
        table=table,
        how=how,
    )
    keys = ("region_code", "group_code", "signal")
    units = {**same_unit(SHOWN, "share"), "signal_count": "count"}
    quarter = quarter_rates_shown(rates, meta.quarter)
    before = quarter_rates_shown(rates, meta.previous_quarter).filter(
        pl.col("region_code") == summaries.COUNTRY, pl.col("group_code") == summaries.ALL_GROUPS
    )
    for prefix, frame, how in (
        ("quarter_rates", quarter, "over the weeks of the quarter: "),
        ("previous_rates", before, "over the weeks of the quarter before: "),
    ):
        yield melted(frame, keys, units, prefix=prefix, section="discourse", table=table, how=how)
    cells = quarter.group_by("region_code", "group_code").agg(
        pl.col(name).max() for name in ("message_count", "interethnic_count", "week_count")
    )
    yield melted(
        cells,
        keys[:2],
        same_unit(("message_count", "interethnic_count", "week_count"), "count"),
        prefix="quarter_messages",
        section="discourse",
        table=table,
        how="sum over the weeks of the quarter: ",
    )
    if rates.height:
        yield melted(
            pl.DataFrame({"quarter": [meta.quarter], "weeks_count": [meta.week_count]}),
            ("quarter",),
            {"weeks_count": "count"},
            prefix="calendar",
            section="discourse",
            table="calendar",
        )


def _councils_and_alerts(frames: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    table, units = TABLES["candidates"], {"candidate_count": "count"}
    counts = summaries.candidate_counts(frames["candidates"])
    by_region = counts.group_by("region_code").agg(pl.col("candidate_count").sum())
    for frame, keys in ((counts, ("region_code", "case_kind")), (by_region, ("region_code",))):
        yield melted(frame, keys, units, prefix="candidates", section="alerts", table=table, how="count: ")
    waiting = frames["candidates"].filter(pl.col("status") == "awaiting_review")
    total = waiting.select(
        candidate_count=pl.len(),
        region_count=pl.col("region_code").n_unique(),
        false_alarms_per_year=pl.col("expected_false_alarms_per_year").max(),
    )
    units = {"candidate_count": "count", "region_count": "count", "false_alarms_per_year": "rate"}
    yield melted(total, (), units, prefix="candidates", section="alerts", table=table, how="over all rows: ")
    returns = summaries.council_totals(frames["returns"])
    units = {name: "count" for name in returns.columns if name.endswith("_count")}
    yield melted(
        returns,
        ("region_code",),
        units,
        prefix="returns",
        section="councils",
        table=TABLES["returns"],
        how="sum: ",
    )
    if returns.height:
        country = returns.select(pl.col(name).sum() for name in units).with_columns(region_count=pl.lit(returns.height))
        units["region_count"] = "count"
        yield melted(country, (), units, prefix="returns", section="councils", table=TABLES["returns"], how="sum: ")


def _files(frames: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    flags = summaries.flag_counts(frames["coverage"])
    units = {name: "count" for name in flags.columns if name.endswith("_count")}
    yield melted(
        flags,
        ("source_id",),
        units,
        prefix="coverage",
        section="coverage",
        table=TABLES["coverage"],
        how="sum: ",
    )
    if flags.height:
        total = flags.select(pl.col("message_count", "gap_count").sum(), source_count=pl.len())
        units = same_unit(total.columns, "count")
        yield melted(total, (), units, prefix="coverage", section="coverage", table=TABLES["coverage"], how="sum: ")
    files = frames["inbox_files"]
    units = same_unit(("rows_in", "rows_kept", "rows_duplicate", "rows_quarantined"), "count")
    by_kind = files.group_by("kind").agg(pl.len().alias("file_count"), *(pl.col(name).sum() for name in units))
    units["file_count"] = "count"
    yield melted(
        by_kind,
        ("kind",),
        units,
        prefix="inbox",
        section="coverage",
        table=TABLES["inbox_files"],
        how="sum: ",
    )


@cache
def _method() -> pl.DataFrame:
    """Constants of the method: our own of `method.yml`, the publication rules where they are applied."""
    text = (resources.files("models.bulletin") / "method.yml").read_text(encoding="utf-8")
    rules = {
        name: {
            "value": getattr(PublicationRules(), name),
            "unit": unit,
            "source_table": "method",
            "source_key": f"PublicationRules.{name}",
        }
        for name, unit in _PUBLICATION.items()
    }
    rows = [
        {"figure_id": f"method/{name}", "section": "method", "text": None, **entry}
        for name, entry in (yaml.safe_load(text) | rules).items()
    ]
    columns = {name: type_ for name, type_ in SCHEMA.items() if name != "quarter"}
    return pl.DataFrame(rows, schema=columns, strict=False)


def _corrections(meta: BulletinMeta) -> pl.DataFrame:
    rows = [
        {"key": f"{index}", "published_pct": entry.published_pct, "corrected_pct": entry.corrected_pct}
        for index, entry in enumerate(meta.corrections)
    ]
    frame = pl.DataFrame(
        rows, schema={"key": pl.String(), "published_pct": pl.Float64(), "corrected_pct": pl.Float64()}
    )
    units = same_unit(("published_pct", "corrected_pct"), "percent")
    return melted(frame, ("key",), units, prefix="corrections", section="corrections", table="indicators.yml")


def _seed(meta: BulletinMeta) -> pl.DataFrame:
    frame = pl.DataFrame({"seed": [meta.seed]}, schema={"seed": pl.Float64()})
    return melted(frame, (), {"seed": "seed"}, prefix="run", section="reproducibility", table="run")
