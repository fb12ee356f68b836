"""The export as one workbook: a sheet a table, and a sheet of notes with the words of the contracts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import xlsxwriter

from data_contracts.contract import Column, TableContract, table_contracts

if TYPE_CHECKING:
    from assets.warehouse_export import Export

WIDEST, NARROWEST, LONGEST_SHEET_NAME = 46, 9, 31
Styles = dict[str, Any]
_BOOK_DATE = datetime(2020, 1, 1)
_NUMBER_FORMATS = {"float": "0.00##", "integer": "0", "date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm"}


@dataclass(frozen=True)
class NotesText:
    """Words of the notes sheet in one language."""

    sheet: str
    title: str
    mark: str
    columns: tuple[str, str, str, str]
    lines: tuple[str, ...]


def write_workbook(export: Export, path: Path, notes: NotesText) -> None:
    """Write every table of an export into one XLSX with frozen, styled headers and filters.

    Args:
        export: what goes out.
        path: file to write.
        notes: words of the first sheet.
    """
    book = xlsxwriter.Workbook(str(path), {"constant_memory": False, "remove_timezone": True})
    book.set_properties({"title": f"{notes.title} {export.quarter}", "author": "Kelisim", "created": _BOOK_DATE})
    styles = _styles(book)
    names = sheet_names(list(export.frames))
    _write_notes(book, styles, export, names, notes)
    for table, frame in export.frames.items():
        mark = notes.mark if export.is_synthetic else ""
        _write_table(book.add_worksheet(names[table]), styles, table_contracts()[table], frame, mark, export.language)
    book.close()


def sheet_names(tables: list[str]) -> dict[str, str]:
    """A name of at most 31 letters for each table's sheet, never two alike."""
    names: dict[str, str] = {}
    for table in tables:
        name = table.removeprefix("out_").replace("__", " ")[:LONGEST_SHEET_NAME]
        while name in names.values():
            name = name[: LONGEST_SHEET_NAME - 1] + "+"
        names[table] = name
    return names


def _styles(book: Any) -> Styles:
    head = {"bold": True, "bg_color": "#163F5C", "font_color": "#FFFFFF", "border": 1, "border_color": "#D5DBE0"}
    styles = {
        "head": book.add_format({**head, "text_wrap": True, "valign": "top"}),
        "said": book.add_format({"italic": True, "font_color": "#55626C", "text_wrap": True, "valign": "top"}),
        "title": book.add_format({"bold": True, "font_size": 14, "font_color": "#163F5C"}),
        "mark": book.add_format({"bold": True, "font_color": "#FFFFFF", "bg_color": "#5C1F0C"}),
        "text": book.add_format({"text_wrap": True, "valign": "top"}),
        "bold": book.add_format({"bold": True, "valign": "top"}),
    }
    return styles | {type_: book.add_format({"num_format": form}) for type_, form in _NUMBER_FORMATS.items()}


def _write_notes(book: Any, styles: Styles, export: Export, names: dict[str, str], notes: NotesText) -> None:
    sheet = book.add_worksheet(notes.sheet[:LONGEST_SHEET_NAME])
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 28)
    sheet.set_column(2, 2, 16)
    sheet.set_column(3, 3, 90)
    row = 0
    if export.is_synthetic:
        sheet.merge_range(row, 0, row, 3, notes.mark, styles["mark"])
        row += 1
    sheet.write_string(row, 0, f"{notes.title} {export.quarter}", styles["title"])
    for line in notes.lines:
        row += 1
        sheet.merge_range(row, 0, row, 3, line, styles["text"])
    row += 2
    for column, word in enumerate(notes.columns):
        sheet.write_string(row, column, word, styles["head"])
    sheet.freeze_panes(row + 1, 0)
    for table, frame in export.frames.items():
        contract = table_contracts()[table]
        row += 1
        sheet.write_url(row, 0, f"internal:'{names[table]}'!A1", styles["bold"], names[table])
        sheet.write_string(row, 3, contract.description.in_language(export.language), styles["bold"])
        for column in contract.columns:
            if column.name in frame.columns:
                row += 1
                sheet.write_string(row, 1, column.name)
                sheet.write_string(row, 2, column.unit or column.type)
                sheet.write_string(row, 3, column.description.in_language(export.language), styles["text"])


def _write_table(
    sheet: Any, styles: Styles, contract: TableContract, frame: pl.DataFrame, mark: str, language: str
) -> None:
    """A mark, what each column holds, the names, the rows."""
    by_name = {column.name: column for column in contract.columns}
    columns = [by_name[name] for name in frame.columns]
    first = 1 if mark else 0
    if mark:
        sheet.write_string(0, 0, mark, styles["mark"])
    for place, column in enumerate(columns):
        sheet.write_string(first, place, column.description.in_language(language), styles["said"])
        sheet.write_string(first + 1, place, column.name, styles["head"])
        sheet.set_column(place, place, _width(frame[column.name], column), styles.get(column.type))
        _write_column(sheet, first + 2, place, frame[column.name], column, styles)
    sheet.set_row(first, 48)
    sheet.freeze_panes(first + 2, min(1, len(columns)))
    if columns:
        sheet.autofilter(first + 1, 0, first + 1 + frame.height, len(columns) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(first + 1)
    sheet.set_header(f"&L{contract.table}&R&B{mark}")
    sheet.set_footer("&R&P / &N")


def _write_column(sheet: Any, first: int, place: int, values: pl.Series, column: Column, styles: Styles) -> None:
    style = styles.get(column.type)
    for row, value in enumerate(values):
        if value is None:
            continue
        if isinstance(value, pl.Series):
            sheet.write_string(first + row, place, "; ".join(value.to_list()))
        elif column.type in {"date", "datetime"}:
            sheet.write_datetime(first + row, place, value, style)
        elif column.type == "boolean":
            sheet.write_boolean(first + row, place, value)
        elif column.type in {"integer", "float"}:
            sheet.write_number(first + row, place, value, style)
        else:
            # never write(): a text that begins with = must not become a formula
            sheet.write_string(first + row, place, str(value))


def _width(values: pl.Series, column: Column) -> float:
    sample = values.drop_nulls().head(300).to_list()
    longest = max((len(str(value)) for value in sample), default=0)
    shown = 10 if column.type in {"float", "datetime", "date"} else longest
    return min(WIDEST, max(NARROWEST, len(column.name) + 3, shown + 2))
