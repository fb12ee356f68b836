"""Read what an issue is made of from the published tables of a home, without running anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import polars as pl

from assets.bulletin_inputs import bulletin_meta, bulletin_tables
from assets.bulletin_kept import kept_path, read_kept
from assets.workplace import Workplace
from data_contracts.contract import table_contracts
from models.bulletin.inputs import TABLES, BulletinInputError, BulletinMeta, BulletinTables
from models.periods import quarter_of, quarter_start

_DAY = re.compile(r"^\d{4}-(?:01|04|07|10)-01$")
NEEDED = ("estimates", "changes", "verdicts", "outlook", "wave_quality", "rates", "coverage", "returns", "inbox_files")


class QuarterMissing(BulletinInputError):
    """The home has no tables of the quarter.

    Attributes:
        quarter: the quarter asked for.
        found: quarters that are there.
    """

    def __init__(self, quarter: str, found: tuple[str, ...]) -> None:
        self.quarter, self.found = quarter, found
        super().__init__(f"no tables of {quarter}; there: {', '.join(found) or 'none'}")


class TablesMissing(BulletinInputError):
    """The quarter is there in part only.

    Attributes:
        quarter: the quarter asked for.
        tables: names of the tables without it.
    """

    def __init__(self, quarter: str, tables: tuple[str, ...]) -> None:
        self.quarter, self.tables = quarter, tables
        super().__init__(f"{quarter} is not whole, missing: {', '.join(tables)}; run the quarter again")


def quarters_there(workplace: Workplace) -> tuple[str, ...]:
    """Quarters with estimates or rates in the lake or with kept inputs, oldest first."""
    stems = [path.stem for name in ("estimates", "coverage") for path in workplace.published(TABLES[name])]
    dated = {quarter_of(date.fromisoformat(stem)) for stem in stems if _DAY.match(stem)}
    kept = {path.parent.name for path in workplace.bulletins.glob("*/kelisim-*-inputs.zip")}
    return tuple(sorted(dated | kept))


def issue_inputs(workplace: Workplace, quarter: str) -> tuple[BulletinTables, BulletinMeta]:
    """Tables and facts of an issue: as kept beside it, else as they are published now.

    Raises:
        QuarterMissing: if neither holds the quarter.
        TablesMissing: if the published quarter lacks tables.
        BulletinInputError: if the kept file is damaged.
    """
    kept = kept_path(workplace.bulletins, quarter)
    return read_kept(kept) if kept.exists() else published_inputs(workplace, quarter)


def published_inputs(workplace: Workplace, quarter: str) -> tuple[BulletinTables, BulletinMeta]:
    """Tables and facts of an issue from the published tables.

    Raises:
        QuarterMissing: if no table has the quarter.
        TablesMissing: if some lack it.
    """
    if quarter not in quarters_there(workplace):
        raise QuarterMissing(quarter, quarters_there(workplace))
    frames = {name: _frame(workplace, name, quarter) for name in TABLES}
    missing = tuple(TABLES[name] for name in NEEDED if frames[name] is None)
    if missing:
        raise TablesMissing(quarter, missing)
    known: Mapping[str, pl.DataFrame] = {name: frame for name, frame in frames.items() if frame is not None}
    return bulletin_tables(**known), bulletin_meta(workplace, quarter, known["inbox_files"])


def _frame(workplace: Workplace, name: str, quarter: str) -> pl.DataFrame | None:
    """All published rows of a table that may belong to the quarter, None where there is no file."""
    contract = table_contracts().get(TABLES[name])
    files = workplace.published(TABLES[name])
    first = quarter_start(quarter).isoformat()
    if contract is not None and contract.partition == "quarter":
        if first not in {path.stem for path in files}:
            return None
        files = [path for path in files if path.stem == first or (name == "rates" and path.stem < first)]
    return pl.concat([pl.read_parquet(path) for path in files], how="diagonal_relaxed") if files else None
