"""Quarterly returns of the regional councils: XLSX workbooks filled in by their secretaries."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from assets.sources.read_result import (
    FileIdentity,
    ReadResult,
    Refusal,
    SourceError,
    quarantine_frame,
    refused_file,
)
from assets.sources.record_batches import SEARCHED_HEADER_ROWS
from assets.sources.unpacking import FileLimits
from assets.sources.workbook import Workbook, open_workbook
from data_contracts import reference
from data_contracts.contract import Trilingual, table_contract
from data_contracts.schemas import conform, empty_frame, schema
from data_contracts.source import source_contract
from models.periods import quarter_start
from models.text.privacy import scrub

if TYPE_CHECKING:
    from assets.sources.inbox import InboxFile

RETURNS = "core_councils__returns"
QUARANTINE = "core_councils__quarantine"
KEY = ("quarter", "region_code", "body_code")
COUNTS = ("meeting_count", "appeal_count", "resolved_count", "event_count", "participant_count")
LARGEST_COUNT = 10_000_000
SHOWN_CHARACTERS = 40
ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
QUARTER_FORMS = (
    re.compile(r"(?P<year>20\d\d)\s*[-–/ ]?\s*[qQкКтТ]\s*(?P<part>[1-4])(?!\d)"),
    re.compile(r"[qQ](?P<part>[1-4])\s*[-–/ ]?\s*(?P<year>20\d\d)"),
    re.compile(
        r"(?P<part>[1-4]|IV|I{1,3})\s*-?\s*(?:й|ый|ой|ші|шы|st|nd|rd|th)?\s*"
        r"(?:кв\w*\.?|тоқсан\w*|quarter)\D{0,12}(?P<year>20\d\d)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<year>20\d\d)\D{0,12}?(?P<part>[1-4]|IV|I{1,3})\s*-?\s*(?:й|ый|ой|ші|шы|st|nd|rd|th)?\s*"
        r"(?:кв|тоқсан|quarter)",
        re.IGNORECASE,
    ),
)
KIND_WORDS = re.compile(r"\b(?:облысы|область|обл|region|oblast|қаласы|қ|город|г|city)\b\.?", re.IGNORECASE)


@dataclass(frozen=True)
class _Sheet:
    """Where the return stands in a workbook."""

    name: str
    header_row: int
    places: Mapping[str, int]
    quarter: str | None


def read_council_returns(path: Path, *, as_of: datetime, limits: FileLimits | None = None) -> ReadResult:
    """The rows of one return, in the form of `core_councils__returns`.

    The header is looked for in the first 20 rows of every sheet, in Kazakh, Russian or English. The quarter
    of a row is its own column, else what is written above the header, else the sheet's name, else the
    file's. Of rows for the same quarter, region and body the first is kept. Empty counts are refused, not
    taken for zero.

    Args:
        path: the workbook.
        as_of: the run's moment, with time zone; a quarter that has not begun is refused.
        limits: what the file may cost.
    """
    identity = FileIdentity.of(path)
    try:
        with open_workbook(path, limits) as workbook:
            sheet = _sheet(workbook, path)
            rows = [
                cells
                for number, cells in workbook.rows(sheet.name, set(sheet.places.values()))
                if number > sheet.header_row and any(cells)
            ]
        if not rows:
            raise SourceError("no_rows")
    except SourceError as error:
        return refused_file(identity, error, RETURNS, QUARANTINE)
    records: list[dict[str, object]] = []
    refusals: list[Refusal] = []
    for number, cells in enumerate(rows, start=1):
        taken = _record(number, cells, sheet, as_of)
        if isinstance(taken, Refusal):
            refusals.append(taken)
        else:
            records.append({**taken, "file_name": identity.file_name, "file_sha256": identity.file_sha256})
    contract = table_contract(RETURNS)
    frame = pl.DataFrame(records, schema=schema(contract)) if records else empty_frame(contract)
    frame, repeated = _first_of_each(frame)
    refusals += repeated
    refusals.sort(key=lambda refusal: refusal.row_number or 0)
    return ReadResult(conform(frame, contract), quarantine_frame(identity, refusals, QUARANTINE), rows_in=len(rows))


def read_all_returns(files: Sequence["InboxFile"], *, as_of: datetime) -> ReadResult:
    """Every return of the inbox as one table; a row that another file has already given is refused.

    Files count in the order given; those not accepted by the scan are left out.
    """
    results = [
        read_council_returns(file.path, as_of=as_of)
        for file in files
        if file.kind == "council" and file.status == "accepted"
    ]
    if not results:
        return ReadResult(empty_frame(table_contract(RETURNS)), empty_frame(table_contract(QUARANTINE)), rows_in=0)
    rows = pl.concat([result.rows for result in results])
    kept, _ = _first_of_each(rows)
    again = rows.join(kept, on=["file_sha256", "row_number"], how="anti")
    late = [
        quarantine_frame(
            FileIdentity(row["file_name"], row["file_sha256"]),
            [_repetition(row["row_number"])],
            QUARANTINE,
        )
        for row in again.iter_rows(named=True)
    ]
    return ReadResult(
        kept,
        pl.concat([*(result.quarantine for result in results), *late]),
        rows_in=sum(result.rows_in for result in results),
    )


def finds_council_header(workbook: Workbook) -> bool:
    """Whether some sheet of the workbook has the header of a return."""
    return any(_header(workbook, name) is not None for name in workbook.sheet_names)


def _header(workbook: Workbook, name: str) -> tuple[int, dict[str, int], list[str]] | None:
    """(row, our field -> column, texts above) of the first row with region, body and one count."""
    contract = source_contract("council_returns")
    fields = {header.casefold(): column.field for column in contract.columns for header in column.names}
    above: list[str] = []
    for number, cells in workbook.rows(name):
        if number > SEARCHED_HEADER_ROWS:
            return None
        found: dict[str, int] = {}
        for place, cell in enumerate(cells):
            field = fields.get(" ".join((cell or "").split()).casefold())
            if field is not None:
                found.setdefault(field, place)
        if {"region_code", "body_code"} <= set(found) and any(count in found for count in COUNTS):
            return number, found, above
        above += [cell for cell in cells if cell]
    return None


def _sheet(workbook: Workbook, path: Path) -> _Sheet:
    for name in workbook.sheet_names:
        header = _header(workbook, name)
        if header is None:
            continue
        number, places, above = header
        contract = source_contract("council_returns")
        missing = [
            next(name for name in column.names if not name.isascii())
            for column in contract.columns
            if column.required and column.field not in places
        ]
        if missing:
            raise SourceError("missing_column", f"columns missing: {', '.join(missing)}", missing[0])
        hints = [*above, name, path.stem]
        quarter = next((found for hint in hints if (found := quarter_in(hint)) is not None), None)
        if quarter is None and "quarter" not in places:
            raise SourceError("missing_column", "no quarter in a column, above the table or in the name", "quarter")
        return _Sheet(name, number, places, quarter)
    raise SourceError("not_expected_sheet", "no sheet with region, body and counts")


def quarter_in(text: str | None) -> str | None:
    """The quarter written in a text as `2026-Q3`, `3 квартал 2026`, `2026 жылғы III тоқсан`, or None."""
    for form in QUARTER_FORMS:
        match = form.search(text or "")
        if match is not None:
            part = match["part"].lower()
            return f"{match['year']}-Q{ROMAN.get(part, part)}"
    return None


def _record(number: int, cells: list[str | None], sheet: _Sheet, as_of: datetime) -> dict[str, object] | Refusal:
    """Our values of a row, or the first rule it breaks."""

    def cell(field: str) -> str | None:
        place = sheet.places.get(field)
        value = cells[place] if place is not None and place < len(cells) else None
        return value.strip() if value and value.strip() else None

    written = cell("quarter")
    quarter = sheet.quarter if "quarter" not in sheet.places else quarter_in(written)
    if quarter is None:
        rule = "missing_value" if written is None else "unreadable_quarter"
        return Refusal(rule, number, "quarter", _shown(written))
    if quarter_start(quarter) > as_of.astimezone(ZoneInfo("Asia/Almaty")).date():
        return Refusal("future_quarter", number, "quarter", quarter)
    values: dict[str, object] = {"quarter": quarter, "row_number": number}
    for field, known, rule in (
        ("region_code", _region_names(), "unknown_region"),
        ("body_code", _body_names(), "unknown_body"),
    ):
        given = cell(field)
        code = None if given is None else known.get(_folded(given)) or known.get(_bare(given))
        if code is None:
            return Refusal("missing_value" if given is None else rule, number, field, _shown(given))
        values[field] = code
    for field in COUNTS:
        count = _count(cell(field))
        if isinstance(count, str):
            return Refusal(count, number, field, _shown(cell(field)))
        values[field] = count
    if int(str(values["resolved_count"])) > int(str(values["appeal_count"])):
        detail = f"{values['resolved_count']} > {values['appeal_count']}"
        return Refusal("resolved_exceeds_appeals", number, "resolved_count", detail)
    return values


def _count(given: str | None) -> int | str:
    """The whole number in a cell, or the rule that it breaks."""
    if given is None:
        return "missing_value"
    bare = re.sub(r"[\s\u00a0\u202f]", "", given)
    match = re.fullmatch(r"([+-]?\d{1,15})(?:[.,]0+)?", bare)
    if match is None or abs(int(match[1])) > LARGEST_COUNT:
        return "unreadable_number"
    return int(match[1]) if int(match[1]) >= 0 else "negative_count"


def _shown(value: str | None) -> str:
    """The offending value for the secretary to find it by, short and without personal data."""
    return "" if value is None else str(scrub(pl.Series([value]))[0])[:SHOWN_CHARACTERS]


def _folded(name: str) -> str:
    return " ".join(name.casefold().replace("ё", "е").split())


def _bare(name: str) -> str:
    return " ".join(KIND_WORDS.sub(" ", _folded(name)).split())


@cache
def _region_names() -> Mapping[str, str]:
    """Folded names and codes -> region code; a name without its kind means the city of that name first."""
    names: dict[str, str] = {}
    for code, region in sorted(reference.regions().items(), key=lambda item: item[1].kind == "city"):
        for name in _forms(region.name):
            names[_bare(name)] = code
    for code, region in reference.regions().items():
        names[_folded(code)] = code
        names |= {_folded(name): code for name in _forms(region.name)}
    return names


@cache
def _body_names() -> Mapping[str, str]:
    from data_contracts import councils

    bodies = councils.councils()
    named = {_folded(name): code for code, body in bodies.items() for name in _forms(body.name)}
    return {**named, **{_folded(code): code for code in bodies}}


def _forms(name: Trilingual) -> tuple[str, str, str]:
    return name.kk, name.ru, name.en


def _repetition(row_number: int) -> Refusal:
    return Refusal("duplicate_return", row_number, "body_code")


def _first_of_each(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Refusal]]:
    """The first row of each quarter, region and body, and refusals of the others."""
    first = frame.select(pl.struct(KEY).is_first_distinct()).to_series()
    return frame.filter(first), [_repetition(number) for number in frame.filter(~first)["row_number"]]
