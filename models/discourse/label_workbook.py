"""The labelling form as a workbook: a sheet to fill with lists to choose from, and the codebook beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import polars as pl
import xlsxwriter

from data_contracts.codebook import discourse_codebook
from data_contracts.labelling_form import labelling_form
from data_contracts.reference import ethnic_groups
from models.discourse.adjudication import ANNOTATION_SCHEMA, AnnotationError
from models.discourse.label_selection import TARGETS_SHOWN

HEADER = (
    "message_id", "text", "discourse", "severity",
    *(f"{name}_{number}" for number in range(1, TARGETS_SHOWN + 1) for name in ("group", "stance")),
    "note",
)  # fmt: skip
BETWEEN = " - "
"""Stands between a code and its name in a cell: `hostile - Қастық`."""


def workbook(selection: pl.DataFrame, language: str) -> bytes:
    """The XLSX that an annotator fills in; every choice is a code with its name in the annotator's language.

    Args:
        selection: as `label_selection.worth_labelling` gives it.
        language: kk, ru or en.
    """
    book, words = discourse_codebook(), labelling_form()
    held = BytesIO()
    # Texts come from outside: nothing in them may become a formula or a link.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(held, options) as file:
        bold = file.add_format({"bold": True, "bg_color": "#E8EEF4", "text_wrap": True, "valign": "top"})
        wrapped = file.add_format({"text_wrap": True, "valign": "top"})
        sheet = file.add_worksheet(words.sheet_labels.in_language(language))
        _write_messages(sheet, selection, bold, wrapped, language)
        last = len(selection) + 2
        for column, choices in (
            (2, [_cell(label.code, label.name.in_language(language)) for label in book.labels]),
            (3, [_cell(str(grade.code), grade.name.in_language(language)) for grade in book.severities]),
            *(
                (5 + 2 * number, [_cell(f"{one.code}", one.name.in_language(language)) for one in book.stances])
                for number in range(TARGETS_SHOWN)
            ),
        ):
            _choices(file, sheet, column, last, choices)
        _write_codebook(file.add_worksheet(words.sheet_codebook.in_language(language)), bold, wrapped, language)
    return held.getvalue()


def _cell(code: str, name: str) -> str:
    return f"{code}{BETWEEN}{name}"


def _write_messages(sheet: Any, selection: pl.DataFrame, bold: Any, wrapped: Any, language: str) -> None:
    words, groups = labelling_form(), ethnic_groups()
    shown = {"text": words.text, "discourse": words.question, "severity": words.severity, "note": words.note}
    shown |= {name: words.group if name.startswith("group") else words.stance for name in HEADER[4:-1]}
    for column, name in enumerate(HEADER):
        sheet.write_string(0, column, name, bold)
        sheet.write_string(1, column, shown[name].in_language(language) if name in shown else "", bold)
    for row, (message_id, text, codes) in enumerate(
        selection.select("message_id", "text", "group_codes").rows(), start=2
    ):
        sheet.write_string(row, 0, message_id)
        sheet.write_string(row, 1, text, wrapped)
        for number, code in enumerate(codes):
            sheet.write_string(row, 4 + 2 * number, _cell(code, groups[code].name.in_language(language)))
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 90)
    sheet.set_column(2, len(HEADER) - 1, 22)
    sheet.freeze_panes(2, 2)


def _choices(file: Any, sheet: Any, column: int, last: int, choices: Sequence[str]) -> None:
    # A list typed into a validation may hold 255 characters, so longer ones stand on a sheet of their own.
    name = f"list_{column}"
    hidden = file.add_worksheet(name)
    hidden.write_column(0, 0, list(choices))
    hidden.hide()
    sheet.data_validation(
        2, column, last, column, {"validate": "list", "source": f"={name}!$A$1:$A${len(choices)}", "ignore_blank": True}
    )


def _write_codebook(sheet: Any, bold: Any, wrapped: Any, language: str) -> None:
    words = labelling_form()
    sheet.write_string(0, 0, words.advice.in_language(language), bold)
    heads = (words.code, words.name, words.definition, words.examples)
    sheet.write_row(1, 0, [head.in_language(language) for head in heads], bold)
    book = discourse_codebook()
    rows = [(one.code, one.name, one.definition, "\n".join(getattr(one.examples, language))) for one in book.labels] + [
        (str(one.code), one.name, one.definition, "") for one in (*book.severities, *book.stances)
    ]
    for number, (code, name, definition, examples) in enumerate(rows, start=2):
        for column, value in enumerate((code, name.in_language(language), definition.in_language(language), examples)):
            sheet.write_string(number, column, value, wrapped)
    sheet.set_column(0, 1, 18)
    sheet.set_column(2, 3, 70)


def annotations_of_rows(rows: Iterator[tuple[int, list[str | None]]], annotator: str, place: str) -> pl.DataFrame:
    """Annotations of one annotator's filled workbook; rows without a label are left out.

    Args:
        rows: row numbers of the sheet and cells as text, the header first.
        annotator: number or code of the annotator, not a name.
        place: the file's name, for messages.

    Returns:
        Columns of `ANNOTATION_SCHEMA`.

    Raises:
        AnnotationError: if the header is another one, a cell holds no code, or no row has a label.
    """
    _, header = next(rows, (0, []))
    names = [cell or "" for cell in header]
    if tuple(names[: len(HEADER)]) != HEADER:
        raise AnnotationError(f"{place}, row 1: the header must be {', '.join(HEADER)}; fill in what was exported")
    found = []
    next(rows, None)
    for number, cells in rows:
        row = dict(zip(HEADER, [*cells, *[None] * len(HEADER)], strict=False))
        if not row["message_id"] or not row["discourse"]:
            continue
        where = f"{place}, row {number}"
        severity = _number(row["severity"], where, "severity") if row["severity"] else 0
        stances = [
            {"group_code": _code(row[f"group_{one}"]), "stance": _number(row[f"stance_{one}"], where, f"stance_{one}")}
            for one in range(1, TARGETS_SHOWN + 1)
            if row[f"stance_{one}"] and _code(row[f"group_{one}"]) in ethnic_groups()
        ]
        found.append(
            (row["message_id"], row["text"] or "", annotator, _code(row["discourse"]), severity, stances, where)
        )
    if not found:
        raise AnnotationError(f"{place}: no row has a label in the column discourse; fill some in")
    return pl.DataFrame(found, schema=ANNOTATION_SCHEMA, orient="row")


def _code(cell: str | None) -> str:
    return (cell or "").split(BETWEEN)[0].strip()


def _number(cell: str | None, where: str, column: str) -> int:
    code = _code(cell)
    if code not in {"-1", "0", "1", "2", "3"}:
        raise AnnotationError(f"{where}, column {column}: {code!r} is not a code of the list")
    return int(code)
