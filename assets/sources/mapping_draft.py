"""A first mapping of an unknown table of messages, drafted by looking at its columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import mean

import polars as pl
import pyarrow.parquet as pq
import yaml

from assets.sources.delimited import BrokenRecord, open_delimited
from assets.sources.encoding import SAMPLE_BYTES, detected_encoding, text_stream
from assets.sources.moments import moments
from assets.sources.outlets import host_of, slug
from assets.sources.read_result import SourceError
from assets.sources.record_batches import BATCH_ROWS, SEARCHED_HEADER_ROWS, parquet_batches
from assets.sources.unpacking import FileLimits, is_workbook, open_unpacked, read_unpacked
from assets.sources.workbook import open_workbook
from data_contracts.source import FeedMapping

SAMPLED_ROWS = 500
FEWEST_READ, FEWEST_NAMED = 0.9, 0.5
DATE_FORMATS = (
    "iso",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%d %B %Y %H:%M",
    "%d %B %Y",
    "%a, %d %b %Y %H:%M:%S %z",
    "unix",
    "excel",
)
# Beginnings of headers by our field, the surest first; compared in lower case, without spaces and marks.
HEADERS: dict[str, tuple[str, ...]] = {
    field: tuple(words.split())
    for field, words in {
        "published_at": "publishedat published pubdate датапубл дата date createdat created timestamp time datetime "
        "күні жарияланған уақыты время мерзімі",
        "text": "fulltext полныйтекст текст мәтін text message сообщение content body comment комментарий пікір хабар "
        "post пост description",
        "title": "title заголовок тақырып headline subject",
        "message_ref": "messageid postid commentid idсообщ guid url link ссылка сілтеме id нөмір",
        "author": "authorid userid authorurl urlавтора author автор user username пользователь from ник nick никнейм",
        "region": "region регион өңір область облыс город city қала geo location",
        "is_repost": "isrepost repost репост isretweet retweet forwarded",
        "reply_to_ref": "replyto inreplyto parentid parent ответна",
        "reaction_count": "likes likecount лайк reactions реакци ұнат score",
        "source": "sourceid source источник дереккөз outlet channel канал сми site сайт domain host",
        "source_kind": "sourcekind sourcetype типисточника kind platformtype",
    }.items()
}
PERSONAL = re.compile(
    r"автор|author|user|имя|name|аты|жөні|фамил|телефон|phone|mail|почт|адрес|address|пол$|sex|gender|жыныс|возраст|"
    r"age$|жасы|avatar|аватар|иин|жсн|профил|profile"
)


@dataclass(frozen=True)
class Draft:
    """A mapping to check by eye: the mapping, what of the file it leaves unread, and doubts."""

    mapping: FeedMapping
    unread: tuple[str, ...]
    personal: tuple[str, ...]
    doubts: tuple[str, ...]

    def as_yaml(self, file_name: str) -> str:
        """The mapping as commented YAML, ready to be saved beside the file."""
        stem = file_name.split(".", 1)[0]
        lines = [
            f"# Drafted by `kelisim map` from the columns of {file_name}. Check every line,",
            f"# then save as {stem}.mapping.yml beside the file.",
            *(f"# DOUBT: {doubt}" for doubt in self.doubts),
        ]
        body = self.mapping.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        ordered = {name: body[name] for name in type(self.mapping).model_fields if name in body}
        lines.append(yaml.safe_dump(ordered, allow_unicode=True, sort_keys=False).rstrip())
        if self.unread:
            lines.append(f"# Not read: {', '.join(self.unread)}")
        if self.personal:
            lines.append(
                f"# Of these about persons, and never to be mapped but to `author`: {', '.join(self.personal)}"
            )
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class _Table:
    format: str
    columns: dict[str, list[str]]
    header_row: int = 1
    sheet: str | None = None
    separator: str | None = None
    encoding: str | None = None


def mapping_draft(path: Path, limits: FileLimits | None = None) -> Draft:
    """A mapping for a CSV, TSV, JSON lines, Parquet or XLSX file.

    Headers decide first, by their words in Kazakh, Russian or English; a date column must also read as dates,
    and where no header speaks of a text the column of the longest texts is taken.

    Args:
        path: the table, also as .gz or in a .zip.
        limits: what the file may cost.

    Raises:
        SourceError: if the file is no table, has no rows, or no column reads as dates or holds texts.
    """
    table = _sampled(path, limits or FileLimits())
    if not table.columns or not any(table.columns.values()):
        raise SourceError("no_rows")
    chosen = _by_header(table.columns)
    doubts: list[str] = []
    chosen["published_at"], formats = _dated(table.columns, chosen.get("published_at"))
    if "text" not in chosen:
        chosen["text"] = _longest(table.columns, set(chosen.values()))
        doubts.append(f"no header speaks of a text; {chosen['text']!r} holds the longest values")
    mapping = FeedMapping.model_validate(_document(path, table, chosen, formats, doubts))
    unread = tuple(name for name in table.columns if name not in mapping.file_columns)
    personal = tuple(name for name in unread if PERSONAL.search(name.casefold()))
    return Draft(mapping, unread, personal, tuple(doubts))


def _document(
    path: Path, table: _Table, chosen: dict[str, str], formats: tuple[str, ...], doubts: list[str]
) -> dict[str, object]:
    columns = {field: name for field, name in chosen.items() if field not in ("source", "source_kind")}
    if any(one.startswith(("%d/%m", "%m/%d")) for one in formats):
        doubts.append("day and month may stand the other way round")
    document: dict[str, object] = {
        "format": table.format,
        "source": _origin(path, table.columns, chosen, doubts),
        "columns": columns,
        "date_formats": formats,
    }
    for name in ("sheet", "separator", "encoding"):
        if getattr(table, name) is not None:
            document[name] = getattr(table, name)
    if table.header_row != 1:
        document["header_row"] = table.header_row
    return document


def _origin(path: Path, columns: dict[str, list[str]], chosen: dict[str, str], doubts: list[str]) -> dict[str, object]:
    source: dict[str, object] = {}
    if "source" in chosen:
        source["source_id_column"] = chosen["source"]
        hosts = [host_of(value) for value in columns[chosen["source"]][:50] if value]
        if not any(hosts):
            doubts.append(f"{chosen['source']!r} is taken for the outlet; if it names persons, write source_id instead")
    else:
        source["source_id"] = slug(path.name.split(".", 1)[0])
        doubts.append("no column names the outlet; source_id is made from the file's name")
    if "source_kind" in chosen:
        source["source_kind_column"] = chosen["source_kind"]
        values = sorted({value for value in columns[chosen["source_kind"]] if value})[:20]
        source["kinds"] = dict.fromkeys(values, "other")
        doubts.append("say for each kind of source: media, channel, group, social, blog, forum or other")
    else:
        source["source_kind"] = "other"
        doubts.append("source_kind: media, channel, group, social, blog, forum or other")
    return source


def _plain(header: str) -> str:
    return re.sub(r"[\W_]+", "", header.casefold())


def _by_header(columns: dict[str, list[str]]) -> dict[str, str]:
    """Our field -> column, each column once; whole headers before beginnings."""
    chosen: dict[str, str] = {}
    for fits in (str.__eq__, str.startswith):
        for field, signs in HEADERS.items():
            free = [name for name in columns if name not in chosen.values() and any(columns[name])]
            found = next((name for sign in signs for name in free if fits(_plain(name), sign)), None)
            if field not in chosen and found is not None and not (fits is str.startswith and len(_plain(found)) > 24):
                chosen[field] = found
    return chosen


def _dated(columns: dict[str, list[str]], first: str | None) -> tuple[str, tuple[str, ...]]:
    """The column that reads as dates, the one named by its header first, and its formats.

    Raises:
        SourceError: `missing_column`, if none does.
    """
    ordered: list[str] = [*([first] if first else []), *(name for name in columns if name != first)]
    for name in ordered:
        formats = _date_formats(columns[name], numbers=name == first)
        if formats:
            return name, formats
    raise SourceError("missing_column", "no column reads as dates", "published_at")


def _date_formats(values: list[str], *, numbers: bool) -> tuple[str, ...]:
    raw = pl.Series([value for value in values if value], dtype=pl.String)
    if raw.is_empty():
        return ()
    taken: list[str] = []
    for form in DATE_FORMATS:
        if form in ("unix", "excel") and (not numbers or taken):
            continue
        before = (
            moments(raw, tuple(taken), "UTC").is_not_null()
            if taken
            else pl.Series([False]).new_from_index(0, raw.len())
        )
        gained = (moments(raw, (form,), "UTC").is_not_null() & ~before).sum()
        if gained >= max(1, 0.02 * raw.len()):
            taken.append(form)
    read = moments(raw, tuple(taken), "UTC").is_not_null().mean() if taken else 0.0
    return tuple(taken) if float(str(read or 0.0)) >= (FEWEST_NAMED if numbers else FEWEST_READ) else ()


def _longest(columns: dict[str, list[str]], taken: set[str]) -> str:
    lengths = {
        name: mean(len(value) for value in values) for name, values in columns.items() if values and name not in taken
    }
    if not lengths or max(lengths.values()) < 3:
        raise SourceError("missing_column", "no column holds texts", "text")
    return max(lengths, key=lambda name: lengths[name])


def _sampled(path: Path, limits: FileLimits) -> _Table:
    if is_workbook(path):
        return _workbook(path, limits)
    head = read_unpacked(path, limits, at_most=SAMPLE_BYTES)
    if not head:
        raise SourceError("empty_file")
    if head.startswith(b"PAR1"):
        return _parquet(path, limits)
    encoding = detected_encoding(head, complete=len(head) < SAMPLE_BYTES)
    named = None if encoding in ("utf-8", "ascii", "utf-8-sig") else encoding
    if head.decode(encoding, "replace").lstrip("\ufeff \t\r\n").startswith("{"):
        return _lines(path, encoding, named, limits)
    with open_delimited(path, encoding, None, 1, limits) as table:
        if len(table.header) < 2:
            raise SourceError("unknown_format", "one column only")
        records = [record for record in islice(table.records, SAMPLED_ROWS) if not isinstance(record, BrokenRecord)]
        columns = {name: [record[at] for record in records] for at, name in enumerate(table.header) if name}
    first = head.decode(encoding, "replace").lstrip("\ufeff").split("\n", 1)[0]
    return _Table("tsv" if "\t" in first and "," not in first else "csv", columns, encoding=named)


def _parquet(path: Path, limits: FileLimits) -> _Table:
    with open_unpacked(path, limits) as stream:
        names = list(pq.ParquetFile(stream).schema_arrow.names)
    batch = next(iter(parquet_batches(path, names, limits=limits)), None)
    columns = {} if batch is None else batch.columns
    return _Table("parquet", {name: _filled(values) for name, values in columns.items()})


def _lines(path: Path, encoding: str, named: str | None, limits: FileLimits) -> _Table:
    records: list[dict[str, str]] = []
    with open_unpacked(path, limits) as stream, text_stream(stream, encoding) as text:
        for line in islice((line for line in text if line.strip()), SAMPLED_ROWS):
            try:
                document = json.loads(line)
            except ValueError:
                continue
            if isinstance(document, dict):
                records.append(dict(_leaves(document)))
    names = dict.fromkeys(name for record in records for name in record)
    return _Table("jsonl", {name: [record.get(name, "") for record in records] for name in names}, encoding=named)


def _leaves(document: dict[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        if isinstance(value, dict) and not prefix:
            yield from _leaves(value, f"{name}.")
        elif isinstance(value, str | int | float):
            yield f"{prefix}{name}", str(value)


def _workbook(path: Path, limits: FileLimits) -> _Table:
    """The first sheet that has a row of three or more headers near its top with rows under it."""
    with open_workbook(path, limits) as workbook:
        for at_sheet, sheet in enumerate(workbook.sheet_names):
            rows = list(islice(workbook.rows(sheet), SEARCHED_HEADER_ROWS + SAMPLED_ROWS))
            top = [(number, cells) for number, cells in rows if number <= SEARCHED_HEADER_ROWS]
            widths = [sum(1 for cell in cells if cell) for _, cells in top]
            if not widths or max(widths) < 2:
                continue
            at = next(index for index, width in enumerate(widths) if width >= max(2, max(widths) - 1))
            header = [(cell or "").strip() for cell in top[at][1]]
            body = [cells for number, cells in rows if number > top[at][0] and any(cells)]
            columns = {
                name: [(cells[place] or "") if place < len(cells) else "" for cells in body]
                for place, name in enumerate(header)
                if name
            }
            return _Table("xlsx", columns, header_row=top[at][0], sheet=sheet if at_sheet else None)
    raise SourceError("no_rows")


def _filled(values: list[str | None]) -> list[str]:
    return [value or "" for value in values[: min(SAMPLED_ROWS, BATCH_ROWS)]]
