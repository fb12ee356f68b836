"""Every number of the bulletin with the table and the key it comes from: `out_bulletin__figures`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources

import polars as pl
import yaml

from models.bulletin import summaries
from models.bulletin.inputs import TABLES, BulletinMeta, BulletinTables, quarter_tables
from models.bulletin.rates_shown import SHOWN, quarter_rates_shown, weekly_rates_shown
from models.survey.publication import PublicationRules

SCHEMA = {
    "quarter": pl.String(),
    "figure_id": pl.String(),
    "section": pl.String(),
    "value": pl.Float64(),
    "text": pl.String(),
    "unit": pl.String(),
    "source_table": pl.String(),
    "source_key": pl.String(),
}


def _same(names: Iterable[str], unit: str) -> dict[str, str]:
    """One unit for several columns."""
    return dict.fromkeys(names, unit)


_ESTIMATE = _same(("estimate_pct", "ci_low_pct", "ci_high_pct"), "percent")
_CHANGE = _same(("difference_pp", "ci_low_pp", "ci_high_pp"), "percentage_point")
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


def _melted(
    frame: pl.DataFrame,
    keys: Sequence[str],
    units: Mapping[str, str],
    *,
    prefix: str,
    section: str,
    table: str,
    how: str = "",
) -> pl.DataFrame:
    """One figure for each row and value column; nulls give none. `how` says how several rows became one."""
    dated, source = _key_expressions(keys)
    base = frame.select(
        pl.concat_str([pl.lit(prefix), *dated], separator="/", ignore_nulls=True).alias("stem"),
        source.alias("source"),
        *(pl.col(name).cast(pl.Float64) for name in units),
    )
    long = base.unpivot(list(units), index=["stem", "source"], variable_name="column", value_name="number")
    return long.drop_nulls("number").select(
        figure_id=pl.col("stem") + "/" + pl.col("column"),
        section=pl.lit(section),
        value="number",
        text=pl.lit(None, dtype=pl.String),
        unit=pl.col("column").replace_strict(units, return_dtype=pl.String),
        source_table=pl.lit(table),
        source_key=pl.col("source") + "; " + pl.lit(how) + pl.col("column"),
    )


def _key_expressions(keys: Sequence[str]) -> tuple[list[pl.Expr], pl.Expr]:
    """Key columns as text, and the `column=value; ...` that names a row."""
    texts = [pl.col(key).cast(pl.String) for key in keys]
    named = [pl.lit(f"{key}=") + text for key, text in zip(keys, texts, strict=True)]
    return texts, pl.concat_str(named, separator="; ") if keys else pl.lit("whole table")


def _words(frame: pl.DataFrame, keys: Sequence[str], column: str, *, prefix: str, table: str) -> pl.DataFrame:
    dated, source = _key_expressions(keys)
    return frame.select(
        figure_id=pl.concat_str([pl.lit(prefix), *dated, pl.lit(column)], separator="/"),
        section=pl.lit("survey"),
        value=pl.lit(None, dtype=pl.Float64),
        text=pl.col(column),
        unit=pl.lit("text"),
        source_table=pl.lit(table),
        source_key=source + "; " + pl.lit(column),
    ).drop_nulls("text")


def _survey(frames: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    estimates, changes = frames["estimates"], frames["changes"]
    year = pl.lit(summaries.last_survey_year(estimates), dtype=pl.Int64)
    domain = pl.col("domain").is_in(["country", "region", "group"])
    shown = estimates.filter(domain, (pl.col("domain") == "country") | (pl.col("year") == year))
    shown = shown.with_columns(pl.when(~pl.col("is_suppressed")).then(pl.col(name)).alias(name) for name in _ESTIMATE)
    keys = ("indicator_id", "year", "domain", "domain_value")
    yield _melted(
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
    yield _melted(current, keys, _CHANGE, prefix="changes", section="survey", table=TABLES["changes"])
    yield _words(current, keys, "verdict", prefix="changes", table=TABLES["changes"])
    keys = ("indicator_id", "year")
    units = {**_ESTIMATE, "target_pct": "percent", "difference_pp": "percentage_point"}
    units |= {"p_below_plan": "probability", "n_needed": "count"}
    yield _melted(frames["verdicts"], keys, units, prefix="verdicts", section="survey", table=TABLES["verdicts"])
    yield _words(frames["verdicts"], keys, "verdict", prefix="verdicts", table=TABLES["verdicts"])
    units = _same(("forecast_pct", "ci_low_pct", "ci_high_pct", "target_pct"), "percent")
    units["p_target_met"] = "probability"
    yield _melted(frames["outlook"], keys, units, prefix="outlook", section="outlook", table=TABLES["outlook"])
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
        units = _same(counted.columns[1:], "count")
        yield _melted(
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
        yield _melted(
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
    yield _melted(
        weekly,
        ("week_date", "signal"),
        _same(SHOWN, "share"),
        prefix="rates",
        section="discourse",
        table=table,
        how=how,
    )
    keys = ("region_code", "group_code", "signal")
    units = {**_same(SHOWN, "share"), "signal_count": "count"}
    quarter = quarter_rates_shown(rates, meta.quarter)
    before = quarter_rates_shown(rates, meta.previous_quarter).filter(
        pl.col("region_code") == summaries.COUNTRY, pl.col("group_code") == summaries.ALL_GROUPS
    )
    for prefix, frame, how in (
        ("quarter_rates", quarter, "over the weeks of the quarter: "),
        ("previous_rates", before, "over the weeks of the quarter before: "),
    ):
        yield _melted(frame, keys, units, prefix=prefix, section="discourse", table=table, how=how)
    cells = quarter.group_by("region_code", "group_code").agg(
        pl.col(name).max() for name in ("message_count", "interethnic_count", "week_count")
    )
    yield _melted(
        cells,
        keys[:2],
        _same(("message_count", "interethnic_count", "week_count"), "count"),
        prefix="quarter_messages",
        section="discourse",
        table=table,
        how="sum over the weeks of the quarter: ",
    )
    if rates.height:
        yield _melted(
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
        yield _melted(frame, keys, units, prefix="candidates", section="alerts", table=table, how="count: ")
    waiting = frames["candidates"].filter(pl.col("status") == "awaiting_review")
    total = waiting.select(
        candidate_count=pl.len(),
        region_count=pl.col("region_code").n_unique(),
        false_alarms_per_year=pl.col("expected_false_alarms_per_year").max(),
    )
    units = {"candidate_count": "count", "region_count": "count", "false_alarms_per_year": "rate"}
    yield _melted(total, (), units, prefix="candidates", section="alerts", table=table, how="over all rows: ")
    returns = summaries.council_totals(frames["returns"])
    units = {name: "count" for name in returns.columns if name.endswith("_count")}
    yield _melted(
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
        yield _melted(country, (), units, prefix="returns", section="councils", table=TABLES["returns"], how="sum: ")


def _files(frames: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    flags = summaries.flag_counts(frames["coverage"])
    units = {name: "count" for name in flags.columns if name.endswith("_count")}
    yield _melted(
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
        units = _same(total.columns, "count")
        yield _melted(total, (), units, prefix="coverage", section="coverage", table=TABLES["coverage"], how="sum: ")
    files = frames["inbox_files"]
    units = _same(("rows_in", "rows_kept", "rows_duplicate", "rows_quarantined"), "count")
    by_kind = files.group_by("kind").agg(pl.len().alias("file_count"), *(pl.col(name).sum() for name in units))
    units["file_count"] = "count"
    yield _melted(
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
    units = _same(("published_pct", "corrected_pct"), "percent")
    return _melted(frame, ("key",), units, prefix="corrections", section="corrections", table="indicators.yml")


def _seed(meta: BulletinMeta) -> pl.DataFrame:
    frame = pl.DataFrame({"seed": [meta.seed]}, schema={"seed": pl.Float64()})
    return _melted(frame, (), {"seed": "seed"}, prefix="run", section="reproducibility", table="run")
