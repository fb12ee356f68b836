"""Records of CSV and TSV files, one bad row never taking its neighbours along."""

import csv
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from assets.sources.encoding import proved_encoding, text_stream
from assets.sources.read_result import SourceError
from assets.sources.unpacking import FileLimits, open_unpacked

SEPARATORS = ",;\t|"
# The limit of the csv module is one for the process. Long texts are refused later, by rule and row.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


@dataclass(frozen=True)
class BrokenRecord:
    """Why the record standing here in the file gives no row."""

    reason: str


@dataclass(frozen=True)
class DelimitedTable:
    """The header of a delimited file, and its records after the header in file order."""

    header: tuple[str, ...]
    records: Iterator[list[str] | BrokenRecord]


@contextmanager
def open_delimited(
    path: Path,
    encoding: str | None = None,
    separator: str | None = None,
    header_row: int = 1,
    limits: FileLimits | None = None,
) -> Iterator[DelimitedTable]:
    """A CSV or TSV file (gzip and zip wrappers too) as header and records, streamed.

    Blank lines are not records. A record with another number of fields than the header, and one with
    quotes that do not close, is a `BrokenRecord`; reading goes on at the line after the one it began on.

    Raises:
        SourceError: `wrong_encoding`, `broken_table` if there is no header, or as `open_unpacked`.
    """
    name = proved_encoding(path, encoding, limits)
    with open_unpacked(path, limits) as stream, text_stream(stream, name) as text:
        lines = iter(text)
        for _ in range(header_row - 1):
            next(lines, None)
        first = next(lines, "")
        while first and not first.strip():
            first = next(lines, "")
        if not first:
            raise SourceError("broken_table", "no header")
        mark = separator or _separator(first)
        # A header may hold quoted line breaks, so it is read as the first record.
        records = _records(chain([first], lines), mark)
        head = next(records)
        if isinstance(head, BrokenRecord):
            raise SourceError("broken_table", "header: " + head.reason)
        header = tuple(cell.strip().lstrip("\ufeff") for cell in head)
        yield DelimitedTable(header, _of_width(records, len(header)))


def _separator(line: str) -> str:
    counts = {mark: line.count(mark) for mark in SEPARATORS}
    return max(SEPARATORS, key=lambda mark: counts[mark])


def _of_width(records: Iterator[list[str] | BrokenRecord], width: int) -> Iterator[list[str] | BrokenRecord]:
    for record in records:
        if isinstance(record, BrokenRecord) or len(record) == width:
            yield record
        elif len(record) > width and not any(record[width:]):
            yield record[:width]
        else:
            yield BrokenRecord(f"{len(record)} fields, not {width}")


class _Lines:
    """Lines handed to the csv module, those of the record at hand remembered."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.taken: deque[str] = deque()

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken.append(line)
        return line

    def give_back_all_but_first(self) -> None:
        self.taken.popleft()
        self._lines = chain(tuple(self.taken), self._lines)
        self.taken.clear()


def _records(lines: Iterator[str], separator: str) -> Iterator[list[str] | BrokenRecord]:
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=separator, strict=True)
    while True:
        source.taken.clear()
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            source.give_back_all_but_first()
            reader = csv.reader(source, delimiter=separator, strict=True)
            yield BrokenRecord("quotes do not close")
            continue
        if record:
            yield record
