"""What the bulletin is made of: the tables of one quarter and the facts about how they were made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from types import MappingProxyType

import polars as pl

from data_contracts.indicator_registry import Correction, indicators, plan
from models.periods import quarter_before, quarter_end, quarter_start, weeks_of

LANGUAGES = ("kk", "ru", "en")
WEEKS_SHOWN = 53
_QUARTER = re.compile(r"^(\d{4})-Q([1-4])$")

TABLES: Mapping[str, str] = MappingProxyType(
    {
        "estimates": "out_indicators__estimates",
        "changes": "out_indicators__changes",
        "verdicts": "out_indicators__verdicts",
        "outlook": "out_indicators__outlook",
        "wave_quality": "out_survey__wave_quality",
        "rates": "out_discourse__rates",
        "coverage": "out_feeds__coverage",
        "candidates": "out_warning__candidates",
        "returns": "core_councils__returns",
        "inbox_files": "out_inbox__files",
        "decomposition": "out_indicators__decomposition",
        "sensitivity": "out_indicators__sensitivity",
        "small_areas": "out_indicators__small_areas",
        "answers": "out_warning__answers",
        "error_book": "out_warning__error_book",
    }
)

_S, _I, _F, _B, _D = pl.String(), pl.Int64(), pl.Float64(), pl.Boolean(), pl.Date()
_INTERVAL = {"ci_low_pct": _F, "ci_high_pct": _F}
COLUMNS: Mapping[str, Mapping[str, pl.DataType]] = MappingProxyType(
    {
        "estimates": {
            **dict.fromkeys(("indicator_id", "indicator_version", "wave_id", "domain", "domain_value"), _S),
            **dict.fromkeys(("region_code", "group_code", "suppression_rule", "comparability"), _S),
            **dict.fromkeys(("year", "n_count"), _I),
            **dict.fromkeys(("estimate_pct", "se_pct", "n_eff"), _F),
            **_INTERVAL,
            "is_suppressed": _B,
        },
        "changes": {
            **dict.fromkeys(("indicator_id", "indicator_version", "domain", "domain_value", "verdict"), _S),
            **dict.fromkeys(("year_from", "year_to"), _I),
            **dict.fromkeys(("difference_pp", "ci_low_pp", "ci_high_pp", "p_value", "p_holm"), _F),
        },
        "verdicts": {
            **dict.fromkeys(("indicator_id", "indicator_version", "plan_version", "verdict"), _S),
            **dict.fromkeys(("year", "n_needed"), _I),
            **dict.fromkeys(("target_pct", "estimate_pct", "difference_pp", "p_below_plan"), _F),
            **_INTERVAL,
        },
        "outlook": {
            **dict.fromkeys(("indicator_id", "indicator_version"), _S),
            "year": _I,
            **dict.fromkeys(("forecast_pct", "target_pct", "p_target_met"), _F),
            **_INTERVAL,
        },
        "wave_quality": {
            **dict.fromkeys(("wave_id", "measure", "domain_value"), _S),
            **dict.fromkeys(("year", "n_count"), _I),
            "value": _F,
        },
        "rates": {
            "quarter": _S,
            "week_date": _D,
            **dict.fromkeys(("region_code", "group_code", "signal"), _S),
            **dict.fromkeys(("message_count", "interethnic_count", "cluster_count", "signal_count"), _I),
            **dict.fromkeys(("share", "ci_low_share", "ci_high_share"), _F),
            **dict.fromkeys(("corrected_share", "corrected_ci_low_share", "corrected_ci_high_share"), _F),
        },
        "coverage": {"source_id": _S, "day_date": _D, "message_count": _I, "flag": _S},
        "candidates": {
            **dict.fromkeys(("candidate_id", "region_code", "case_kind", "status"), _S),
            "week_date": _D,
            "severity": _I,
            "expected_false_alarms_per_year": _F,
        },
        "returns": {
            **dict.fromkeys(("quarter", "region_code", "body_code"), _S),
            **dict.fromkeys(
                ("meeting_count", "appeal_count", "resolved_count", "event_count", "participant_count"), _I
            ),
        },
        "inbox_files": {
            **dict.fromkeys(("file_name", "kind", "status", "reason"), _S),
            **dict.fromkeys(("rows_in", "rows_kept", "rows_duplicate", "rows_quarantined"), _I),
        },
        "decomposition": {
            **dict.fromkeys(("indicator_id", "indicator_version", "cells", "comparability"), _S),
            **dict.fromkeys(("year_from", "year_to"), _I),
            **dict.fromkeys(("difference_pp", "composition_pp", "composition_ci_low_pp", "composition_ci_high_pp"), _F),
            **dict.fromkeys(("attitude_pp", "attitude_ci_low_pp", "attitude_ci_high_pp"), _F),
        },
        "sensitivity": {
            **dict.fromkeys(("indicator_id", "indicator_version", "alternative_id"), _S),
            "year": _I,
            **dict.fromkeys(("estimate_pct", "difference_pp", "change_from_first_pp"), _F),
            **_INTERVAL,
        },
        "small_areas": {
            **dict.fromkeys(("indicator_id", "indicator_version", "region_code", "group_code", "estimate_kind"), _S),
            **dict.fromkeys(("year", "n_count"), _I),
            **dict.fromkeys(("estimate_pct", "direct_share"), _F),
            **_INTERVAL,
            **dict.fromkeys(("is_preferred", "is_suppressed"), _B),
        },
        "answers": {
            **dict.fromkeys(("region_code", "body_code", "signal"), _S),
            **dict.fromkeys(("letter_count", "reply_count", "judged_count", "due_count", "lead_count"), _I),
            **dict.fromkeys(("confirmed_count", "already_mediated_count", "rumour_count", "not_verifiable_count"), _I),
            **dict.fromkeys(("ppv_share", "ppv_ci_low_share", "ppv_ci_high_share"), _F),
            **dict.fromkeys(("timely_share", "timely_ci_low_share", "timely_ci_high_share", "lead_median_days"), _F),
        },
        "error_book": {
            **dict.fromkeys(("entry_id", "quarter", "entry_kind", "region_code", "case_kind", "cause_code"), _S),
            **dict.fromkeys(("outcome_before", "outcome_after"), _S),
            **dict.fromkeys(("known_date", "event_date"), _D),
        },
    }
)


# Tables of indicators by version, with the column that must not lie after the year of the issue.
_YEARS = {
    "estimates": "year",
    "changes": "year_to",
    "verdicts": "year",
    "outlook": "",
    "decomposition": "year_to",
    "sensitivity": "year",
    "small_areas": "year",
}


class BulletinInputError(ValueError):
    """A table or fact the bulletin cannot be made from; the message names the table and what to do."""


@dataclass(frozen=True)
class BulletinTables:
    """The tables of one quarter, as their contracts promise them; None where the job made none."""

    estimates: pl.DataFrame | None = None
    changes: pl.DataFrame | None = None
    verdicts: pl.DataFrame | None = None
    outlook: pl.DataFrame | None = None
    wave_quality: pl.DataFrame | None = None
    rates: pl.DataFrame | None = None
    coverage: pl.DataFrame | None = None
    candidates: pl.DataFrame | None = None
    returns: pl.DataFrame | None = None
    inbox_files: pl.DataFrame | None = None
    decomposition: pl.DataFrame | None = None
    sensitivity: pl.DataFrame | None = None
    small_areas: pl.DataFrame | None = None
    answers: pl.DataFrame | None = None
    error_book: pl.DataFrame | None = None

    def frame(self, name: str, quarter: str) -> pl.DataFrame:
        """The rows of one quarter with exactly the columns the bulletin reads; empty where the table is None.

        Weekly rates keep earlier quarters too, for the year's charts and the comparison with the last one.

        Raises:
            BulletinInputError: if a column is missing or cannot be read as its type.
        """
        frame: pl.DataFrame | None = getattr(self, name)
        wanted = COLUMNS[name]
        if frame is None:
            return pl.DataFrame(schema=dict(wanted))
        missing = [column for column in wanted if column not in frame.columns]
        if missing:
            raise BulletinInputError(
                f"{TABLES[name]}: the bulletin needs columns that are not there: {', '.join(missing)}. "
                "Materialise the table again with the current code."
            )
        if "quarter" in frame.columns:
            own = pl.col("quarter") <= quarter if name == "rates" else pl.col("quarter") == quarter
            frame = frame.filter(own)
        try:
            return frame.select(pl.col(column).cast(type_) for column, type_ in wanted.items())
        except pl.exceptions.PolarsError as error:
            raise BulletinInputError(
                f"{TABLES[name]}: a column does not hold the type of its contract: {error}"
            ) from error


@dataclass(frozen=True)
class BulletinMeta:
    """Facts about one issue that are in no table.

    Attributes:
        quarter: `2026-Q3`.
        generated_at: when the issue was made; passed in, so that the same inputs give the same bytes.
        code_version: version of this project.
        input_hashes: SHA-256 by file name.
        model_version: version of the discourse classifier, if there was one.
        seed: seed of every random step of the run, if there was one.
        is_synthetic: whether any input was simulated; then every page says so.
        corrections: published numbers replaced since the plan began (`indicators.yml`).
    """

    quarter: str
    generated_at: datetime
    code_version: str
    input_hashes: Mapping[str, str] = field(default_factory=dict)
    model_version: str | None = None
    seed: int | None = None
    is_synthetic: bool = False
    corrections: tuple[Correction, ...] = ()

    def __post_init__(self) -> None:
        if not _QUARTER.match(self.quarter):
            raise BulletinInputError(f"quarter {self.quarter!r}: write it as 2026-Q3")

    @property
    def year(self) -> int:
        """Calendar year of the quarter."""
        return int(self.quarter[:4])

    @property
    def quarter_number(self) -> int:
        """1 to 4."""
        return int(self.quarter[-1])

    @property
    def previous_quarter(self) -> str:
        """The quarter before, as it is written."""
        return quarter_before(self.quarter)

    @property
    def week_count(self) -> int:
        """Weeks whose Sunday lies in the quarter."""
        return len(weeks_of(self.quarter))

    @property
    def first_date(self) -> date:
        """First day of the quarter."""
        return quarter_start(self.quarter)

    @property
    def last_date(self) -> date:
        """Last day of the quarter."""
        return quarter_end(self.quarter)


def quarter_tables(tables: BulletinTables, meta: BulletinMeta) -> dict[str, pl.DataFrame]:
    """Every table by field name, cut to what belongs in the issue and sorted, so that row order never shows.

    Alert candidates and coverage are those of the quarter (a week belongs to the quarter of its
    Sunday); weekly rates reach back a year. Of an indicator only the version in force is kept, of a plan the
    newest version that has the year.

    Raises:
        BulletinInputError: as `BulletinTables.frame`.
    """
    frames = {entry.name: tables.frame(entry.name, meta.quarter) for entry in fields(tables)}
    first, last = meta.first_date, meta.last_date
    week = pl.col("week_date")
    frames["rates"] = frames["rates"].filter(week > last - timedelta(weeks=WEEKS_SHOWN), week <= last)
    frames["candidates"] = frames["candidates"].filter(week.is_in(weeks_of(meta.quarter)))
    frames["coverage"] = frames["coverage"].filter(pl.col("day_date").is_between(first, last))
    versions = _versions_in_force(frames["estimates"])
    for name, year in _YEARS.items():
        frame = frames[name].join(versions, on=["indicator_id", "indicator_version"], how="semi")
        frames[name] = frame.filter(pl.col(year) <= meta.year) if year else frame
    frames["verdicts"] = _newest_plan(frames["verdicts"])
    return {name: frame.sort(frame.columns, nulls_last=True) for name, frame in frames.items()}


def _newest_plan(verdicts: pl.DataFrame) -> pl.DataFrame:
    age = {version.plan_version: number for number, version in enumerate(plan().plans)}
    rank = pl.col("plan_version").replace_strict(age, default=-1, return_dtype=pl.Int64)
    return verdicts.sort(rank, "plan_version").unique(["indicator_id", "year"], keep="last", maintain_order=True)


def _versions_in_force(estimates: pl.DataFrame) -> pl.DataFrame:
    """The registry's current version of each indicator, or the last one if that was not estimated."""
    current = {indicator_id: entry.version for indicator_id, entry in indicators().items()}
    found = estimates.select("indicator_id", "indicator_version").unique()
    is_current = pl.col("indicator_version") == pl.col("indicator_id").replace_strict(current, default=None)
    return (
        found.with_columns(is_current=is_current.fill_null(value=False))
        .sort("indicator_id", "is_current", "indicator_version")
        .group_by("indicator_id", maintain_order=True)
        .last()
        .select("indicator_id", "indicator_version")
    )
