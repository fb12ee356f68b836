"""Workbooks of media monitoring systems: a header somewhere near the top, one mention a row, links as formulas."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import polars as pl

from assets.sources.admission import FOUND, Door, admitted, encodable, found_frame
from assets.sources.outlets import host_of, personal_pages, platform_of, slug
from assets.sources.read_result import (
    FileIdentity,
    ReadResult,
    SourceError,
    combined,
    refused_file,
)
from assets.sources.record_batches import BATCH_ROWS, SEARCHED_HEADER_ROWS
from assets.sources.unpacking import FileLimits
from assets.sources.workbook import Hyperlink, Workbook, open_workbook
from data_contracts.source import SourceContract, SourceKind, source_contract

DATE_FORMATS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "iso", "%d.%m.%Y", "excel")
KINDS: tuple[tuple[str, SourceKind], ...] = (
    ("сми", "media"),
    ("новост", "media"),
    ("media", "media"),
    ("мессенджер", "channel"),
    ("telegram", "channel"),
    ("соц", "social"),
    ("видео", "social"),
    ("микроблог", "blog"),
    ("блог", "blog"),
    ("форум", "forum"),
)
PERSONAL_KINDS = ("social", "blog")
HOME_COUNTRY = ("казахстан", "қазақстан", "kazakhstan")
READ_FIELDS = (
    "published_at",
    "published_clock",
    "message_ref",
    "title",
    "text",
    "source_id",
    "url",
    "source_kind",
    "message_kind",
    "country",
    "region",
    "city",
    "reaction_count",
    "author",
    "author_name",
)


def read_monitoring_workbook(
    path: Path,
    source: str,
    *,
    as_of: datetime,
    pseudonym_key: bytes,
    limits: FileLimits | None = None,
) -> ReadResult:
    """Mentions of a workbook whose headers a source contract names.

    The outlet is the host in the source's column; pages of people in social networks and blogs come together
    as `personal-pages-<platform>`. Sex, age and audience of the author and the owner of the page are not read.

    Args:
        path: the workbook.
        source: name of the source contract; without a sheet in it the sheet with the header is searched.
        as_of: the run's moment, with time zone; later messages are refused.
        pseudonym_key: of the quarter, at least 16 bytes.
        limits: what the file may cost.
    """
    identity = FileIdentity.of(path)
    contract = source_contract(source)
    door = Door(
        identity,
        source,
        as_of,
        pseudonym_key,
        DATE_FORMATS,
        date_column=contract.column("published_at").names[0],
        text_column=contract.column("text").names[0],
    )
    try:
        with open_workbook(path, limits) as workbook:
            results = [admitted(found, door) for found in _found_batches(workbook, contract)]
        if not results:
            raise SourceError("no_rows")
    except SourceError as error:
        return refused_file(identity, error, "raw_feeds__messages", "core_feeds__quarantine")
    return combined(results)


def _sheet_with_header(workbook: Workbook, contract: SourceContract) -> tuple[str, int, dict[str, int]]:
    """(sheet, row of the header, our field -> column): the contract's sheet, else the first that fits."""
    if contract.sheet is not None:
        return contract.sheet, *_header(workbook, contract, contract.sheet)
    problem = SourceError("missing_column")
    for sheet in workbook.sheet_names:
        try:
            return sheet, *_header(workbook, contract, sheet)
        except SourceError as error:
            problem = error
    raise problem


def _header(workbook: Workbook, contract: SourceContract, sheet: str) -> tuple[int, dict[str, int]]:
    """(row of the header, our field -> column); the first row near the top that holds every required header."""
    required = [column for column in contract.columns if column.required]
    best: tuple[int, set[str]] = (0, {column.field for column in required})
    for number, cells in workbook.rows(sheet):
        if number > SEARCHED_HEADER_ROWS:
            break
        headers = {(cell or "").strip().casefold(): place for place, cell in reversed(list(enumerate(cells)))}
        places = {
            column.field: headers[name.casefold()]
            for column in contract.columns
            if column.field in READ_FIELDS
            for name in reversed(column.names)
            if name.casefold() in headers
        }
        missing = {column.field for column in required} - set(places)
        if not missing:
            return number, places
        if len(missing) < len(best[1]):
            best = (number, missing)
    names = [column.names[0] for column in required if column.field in best[1]]
    raise SourceError("missing_column", f"columns missing: {', '.join(names)}", names[0])


def _found_batches(workbook: Workbook, contract: SourceContract) -> Iterator[pl.DataFrame]:
    sheet, at, places = _sheet_with_header(workbook, contract)
    wanted = frozenset(places.values())
    rows = (cells for number, cells in workbook.rows(sheet, wanted) if number > at and any(cells))
    first = 1
    while chunk := list(islice(rows, BATCH_ROWS)):
        raw = {
            field: [cells[place] if place < len(cells) else None for cells in chunk] for field, place in places.items()
        }
        yield _found(raw, first, len(chunk))
        first += len(chunk)


def _found(raw: dict[str, list[str | None]], first: int, height: int) -> pl.DataFrame:
    """Cells by field in the form `FOUND`."""
    empty: list[str | None] = [None] * height

    def column(field: str) -> list[str | None]:
        return raw.get(field, empty)

    kinds = [_kind(kind) for kind in column("source_kind")]
    sources = [_source(given, kind) for given, kind in zip(column("source_id"), kinds, strict=True)]
    urls = [cell.url if isinstance(cell, Hyperlink) else cell for cell in column("url")]
    frame = found_frame(
        {
            "row_number": list(range(first, first + height)),
            "source_id": [source for source, _ in sources],
            "source_name": [name for _, name in sources],
            "source_kind": kinds,
            "message_ref": [_first(pair) for pair in zip(column("message_ref"), urls, strict=True)],
            "published": [
                f"{day} {clock}" if day and clock and len(day) <= 10 else day
                for day, clock in zip(column("published_at"), column("published_clock"), strict=True)
            ],
            "title": column("title"),
            "text": column("text"),
            "source_region": [
                _region(*row) for row in zip(column("country"), column("region"), column("city"), strict=True)
            ],
            "author": [_first(pair) for pair in zip(column("author"), column("author_name"), strict=True)],
            "is_repost": ["репост" in (kind or "").lower() for kind in column("message_kind")],
        }
    )
    reactions = pl.Series([encodable(cell) for cell in column("reaction_count")], dtype=pl.String)
    counts = reactions.cast(pl.Float64, strict=False).clip(0, 2**53).cast(pl.Int64, strict=False)
    return frame.with_columns(counts.alias("reaction_count")).select(FOUND.names())


def _first(cells: tuple[str | None, ...]) -> str | None:
    found = (cell.url if isinstance(cell, Hyperlink) else cell for cell in cells if cell and cell.strip())
    return next(found, None)


def _kind(given: str | None) -> str:
    name = (given or "").lower()
    return next((kind for sign, kind in KINDS if sign in name), "other")


def _source(given: str | None, kind: str) -> tuple[str | None, str | None]:
    """(source_id, source_name) of a mention: a host, or the platform whose people's pages it belongs to."""
    shown = _first((given,))
    if shown is None:
        return None, None
    host = host_of(shown)
    platform = platform_of(host) if host else None
    if platform is not None or kind in PERSONAL_KINDS:
        page = personal_pages(platform or host)
        return page, page
    name = host or shown.strip()
    return slug(name), name


def _region(country: str | None, region: str | None, city: str | None) -> str | None:
    """Region and city as the vendor wrote them, the country before them when it is not Kazakhstan."""
    abroad = country if country and country.strip().lower() not in HOME_COUNTRY else None
    parts = [part.strip() for part in (abroad, region, city) if part and part.strip()]
    return ", ".join(dict.fromkeys(parts)) or None
