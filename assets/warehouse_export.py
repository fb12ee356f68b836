"""Tables for people as files to take away: CSV, XLSX, Parquet, SPSS; suppression kept, a manifest with hashes."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from assets.synthetic import is_synthetic
from assets.warehouse_values import YES_NO, value_names
from assets.warehouse_workbook import NotesText, write_workbook
from assets.workplace import Workplace
from data_contracts.contract import Column, TableContract, table_contracts
from models.periods import quarter_start

FORMATS = ("csv", "xlsx", "parquet", "sav")
# Cases nobody has reviewed do not leave the house, nor do the weekly alarms they are made of.
KEPT_IN_HOUSE = ("out_warning__candidates", "out_warning__days", "out_warning__signals")
LONGEST_LABEL_BYTES = 250


class ExportError(ValueError):
    """A quarter or format that cannot be exported; the message says what to do."""


@dataclass(frozen=True)
class Export:
    """What goes out.

    Attributes:
        quarter: `2026-Q3`.
        language: of labels and notes.
        frames: rows by table, cut to what may leave.
        dropped: columns left out by table, with free text or marks of persons.
        is_synthetic: whether any input was simulated.
        code_version: version of this project.
    """

    quarter: str
    language: str
    frames: Mapping[str, pl.DataFrame]
    dropped: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_synthetic: bool = False
    code_version: str = ""


def exported(workplace: Workplace, quarter: str, language: str) -> Export:
    """The published tables of a quarter, without what stays in the house.

    Tables without quarters (files of the inbox, answers of the councils) come whole. Of a suppressed row every
    number is empty, whatever the table holds.

    Raises:
        ExportError: if no table has rows of the quarter.
    """
    frames: dict[str, pl.DataFrame] = {}
    dropped: dict[str, tuple[str, ...]] = {}
    is_there = False
    for name, contract in table_contracts().items():
        if contract.layer != "out" or name in KEPT_IN_HOUSE:
            continue
        found = _published(workplace, contract, quarter)
        if found is None:
            continue
        is_there = is_there or contract.partition == "quarter"
        open_columns = [column for column in contract.columns if column.personal_data == "none"]
        hidden = tuple(column.name for column in contract.columns if column.personal_data != "none")
        present = [column.name for column in open_columns if column.name in found.columns]
        frames[name] = _blanked(found.select(present)).sort([key for key in contract.key if key in present])
        if hidden:
            dropped[name] = hidden
    if not is_there:
        raise ExportError(quarter)
    inbox = frames.get("out_inbox__files")
    mark = inbox is not None and is_synthetic(inbox)
    return Export(quarter, language, frames, dropped, mark, workplace.code_version)


def write_export(export: Export, form: str, folder: Path, notes: NotesText) -> list[Path]:
    """Write the tables in one form with `manifest.json`; every file is written aside and renamed when whole.

    Args:
        export: what goes out.
        form: `csv`, `xlsx`, `parquet` or `sav`.
        folder: where to; made if it is not there.
        notes: words of the notes sheet and of the mark.

    Returns:
        The files, the manifest last.

    Raises:
        ExportError: for another form.
    """
    if form not in FORMATS:
        raise ExportError(f"format {form!r}: choose one of {', '.join(FORMATS)}")
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".kelisim-export-", dir=folder))
    try:
        for name, frame in export.frames.items():
            if form != "xlsx":
                _write_table(export, table_contracts()[name], frame, aside / _file_name(export, name, form))
        if form == "xlsx":
            write_workbook(export, aside / f"kelisim-{export.quarter}-{export.language}.xlsx", notes)
        _write_manifest(export, form, aside, notes)
        names = sorted(path.name for path in aside.iterdir() if path.name != "manifest.json")
        for name in (*names, "manifest.json"):
            (aside / name).replace(folder / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return [folder / name for name in (*names, "manifest.json")]


def _published(workplace: Workplace, contract: TableContract, quarter: str) -> pl.DataFrame | None:
    files = workplace.published(contract.table)
    if contract.partition == "quarter":
        files = [path for path in files if path.stem == quarter_start(quarter).isoformat()]
    if not files:
        return None
    found = pl.concat([pl.read_parquet(path) for path in files], how="diagonal_relaxed")
    has_quarter = contract.partition != "quarter" and "quarter" in found.columns
    return found.filter(pl.col("quarter") == quarter) if has_quarter else found


def _blanked(frame: pl.DataFrame) -> pl.DataFrame:
    """No measured number in a suppressed row, should a table hold one."""
    if "is_suppressed" not in frame.columns:
        return frame
    measured = [name for name, type_ in frame.schema.items() if type_.is_float()]
    return frame.with_columns(pl.when(~pl.col("is_suppressed")).then(pl.col(name)).alias(name) for name in measured)


def _file_name(export: Export, table: str, form: str) -> str:
    return f"kelisim-{export.quarter}-{table.removeprefix('out_')}.{form}"


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists as text joined by `; `, for forms that have no lists."""
    lists = [name for name, type_ in frame.schema.items() if isinstance(type_, pl.List)]
    return frame.with_columns(pl.col(name).list.join("; ") for name in lists)


def _write_table(export: Export, contract: TableContract, frame: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".csv":
        _without_formulas(flat(frame)).write_csv(path, include_bom=True)
    else:
        _write_spss(export, contract, flat(frame), path)


def _without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts that a spreadsheet would take for a formula, such as a file named `=...`, get an apostrophe before them."""
    texts = [name for name, type_ in frame.schema.items() if type_ == pl.String]
    return frame.with_columns(pl.col(name).str.replace(r"^([=+@\t\r-])", "'${1}") for name in texts)


def _write_spss(export: Export, contract: TableContract, frame: pl.DataFrame, path: Path) -> None:
    """SPSS: labels of variables and values in the language; booleans as 0 and 1."""
    import pyreadstat

    by_name = {column.name: column for column in contract.columns}
    columns = [by_name[name] for name in frame.columns]
    flags = [column.name for column in columns if column.type == "boolean"]
    # its stubs know frames by protocols that Polars' own type does not name
    ready: Any = frame.with_columns(pl.col(name).cast(pl.Int64) for name in flags)
    labels: dict[str, Any] = {column.name: _label(column, export.language) for column in columns}
    values = {column.name: _value_labels(column, export.language) for column in columns}
    measures: dict[str, Any] = {column.name: _measure(column) for column in columns}
    note = [f"{contract.table} {export.quarter}", *(["SYNTHETIC DATA"] if export.is_synthetic else [])]
    pyreadstat.write_sav(
        ready,
        str(path),
        file_label=_cut(f"{export.quarter} {contract.table}", 60),
        column_labels=labels,
        variable_value_labels={name: found for name, found in values.items() if found},
        variable_measure=measures,
        note=note,
    )


def _label(column: Column, language: str) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    return _cut(column.description.in_language(language) + unit, LONGEST_LABEL_BYTES)


def _value_labels(column: Column, language: str) -> dict[Any, str]:
    if column.type == "boolean":
        return dict(enumerate(YES_NO[language]))
    if column.type != "string":
        return {}
    return {code: _cut(name, 110) for code, name in value_names(column, language).items()}


def _measure(column: Column) -> str:
    return "scale" if column.type in {"integer", "float", "date", "datetime"} else "nominal"


def _cut(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, never half a letter: SPSS counts bytes."""
    return text.encode("utf-8")[:most].decode("utf-8", errors="ignore")


def _write_manifest(export: Export, form: str, aside: Path, notes: NotesText) -> None:
    files = [
        {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "byte_count": path.stat().st_size}
        for path in sorted(aside.iterdir())
    ]
    content = {
        "quarter": export.quarter,
        "language": export.language,
        "format": form,
        "is_synthetic": export.is_synthetic,
        "mark": notes.mark if export.is_synthetic else None,
        "code_version": export.code_version,
        "tables": {name: {"rows": frame.height, "columns": frame.columns} for name, frame in export.frames.items()},
        "columns_left_out": export.dropped,
        "tables_kept_in_house": list(KEPT_IN_HOUSE),
        "files": files,
    }
    (aside / "manifest.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
