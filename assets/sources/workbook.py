"""Reading XLSX sheets row by row: faster than openpyxl, and with both sides of HYPERLINK() kept."""

import re
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from xml.parsers import expat

from assets.sources.read_result import SourceError
from assets.sources.unpacking import FileLimits, open_archive
from data_contracts.questionnaire import canonical_code

OLE_MAGIC = b"\xd0\xcf\x11\xe0"
WIDEST = 2048
HYPERLINK = re.compile(
    r'=?\s*(?:_xlfn\.)?HYPERLINK\(\s*"((?:[^"]|"")*)"\s*(?:[,;]\s*"((?:[^"]|"")*)"\s*)?\)\s*', re.IGNORECASE
)
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Hyperlink(str):
    """The shown text of a HYPERLINK() cell, with the address behind it."""

    __slots__ = ("url",)
    url: str

    def __new__(cls, shown: str, url: str) -> "Hyperlink":
        """A cell that shows `shown` and leads to `url`."""
        cell = super().__new__(cls, shown)
        cell.url = url
        return cell


class Workbook:
    """An open XLSX file.

    Cells come as text: numbers by `canonical_code`, booleans as 1 and 0, empty cells and error values as
    None. Dates are the day numbers Excel stores; `excel_date` reads them.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._shared: list[str] | None = None
        self._sheets: dict[str, str] = {}
        self.is_1904 = False
        targets: dict[str, str] = {}
        listed: list[tuple[str, str]] = []

        def relation(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship":
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

        def sheet(tag: str, attributes: dict[str, str]) -> None:
            if tag == "workbookPr":
                self.is_1904 = attributes.get("date1904") in ("1", "true")
            elif tag == "sheet":
                target = next((value for name, value in attributes.items() if name.endswith(":id")), "")
                listed.append((attributes.get("name", ""), target))

        with _broken_named():
            for part, handler in (("xl/_rels/workbook.xml.rels", relation), ("xl/workbook.xml", sheet)):
                for _ in self._parsed(part, handler):
                    pass
        self._sheets = {name: targets.get(target, "") for name, target in listed}

    @property
    def sheet_names(self) -> tuple[str, ...]:
        """Names of the sheets in their order."""
        return tuple(self._sheets)

    def rows(self, sheet: str, columns: Collection[int] | None = None) -> Iterator[tuple[int, list[str | None]]]:
        """(1-based row number of the sheet, cells from column A on) of every row that is stored.

        Args:
            sheet: its name.
            columns: 0-based columns to read; cells of others come as None without being looked at.

        Raises:
            SourceError: `not_expected_sheet`; `broken_workbook` if the file breaks off on the way;
                `xml_entities` if it declares a document type, which no workbook does.
        """
        if sheet not in self._sheets:
            raise SourceError("not_expected_sheet", f"expected {sheet}")
        target = self._sheets[sheet].lstrip("/")
        with _broken_named():
            reading = _SheetReading(self._shared_strings(), columns)
            part = target if target.startswith("xl/") else f"xl/{target}"
            for _ in self._parsed(part, reading.start, reading.end, reading.characters):
                yield from reading.take()
            yield from reading.take()

    def _shared_strings(self) -> list[str]:
        if self._shared is None:
            reading = _SharedReading()
            if "xl/sharedStrings.xml" in self._archive.namelist():
                for _ in self._parsed("xl/sharedStrings.xml", reading.start, reading.end, reading.characters):
                    pass
            self._shared = reading.strings
        return self._shared

    def _parsed(
        self,
        part: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] | None = None,
        characters: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Feeds one part to expat, pausing after each block so that its rows can be taken."""
        parser = expat.ParserCreate()
        parser.buffer_text = True

        def first(tag: str, attributes: dict[str, str]) -> None:
            prefixed = ":" in tag
            opening = _by_local_name(start) if prefixed else start
            parser.StartElementHandler = opening
            if end is not None:
                parser.EndElementHandler = _by_local_name(end) if prefixed else end
            opening(tag, attributes)

        parser.StartElementHandler = first
        parser.CharacterDataHandler = characters

        def refuse(*_: object) -> None:
            raise SourceError("xml_entities", part)

        parser.StartDoctypeDeclHandler = refuse
        with self._archive.open(part) as stream:
            while block := stream.read(2**16):
                parser.Parse(block, False)
                yield
        parser.Parse(b"", True)


def _by_local_name(handler: Callable[..., None]) -> Callable[..., None]:
    """The handler for files whose elements carry a namespace prefix, which few programs write."""

    def handle(tag: str, *rest: dict[str, str]) -> None:
        handler(tag.rpartition(":")[2], *rest)

    return handle


class _SharedReading:
    """Collects the table of shared strings; phonetic readings of a text are no part of it."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self._pieces: list[str] = []
        self._in_text = False
        self._in_phonetic = False

    def start(self, tag: str, _: dict[str, str]) -> None:
        if tag == "t":
            self._in_text = not self._in_phonetic
        elif tag == "si":
            self._pieces = []
        elif tag == "rPh":
            self._in_phonetic = True

    def end(self, tag: str) -> None:
        if tag == "t":
            self._in_text = False
        elif tag == "si":
            self.strings.append(_unescaped("".join(self._pieces)))
        elif tag == "rPh":
            self._in_phonetic = False

    def characters(self, text: str) -> None:
        if self._in_text:
            self._pieces.append(text)


class _SheetReading:
    """Collects the rows of a sheet as its XML goes by."""

    def __init__(self, shared: list[str], columns: Collection[int] | None) -> None:
        self._shared = shared
        self._columns = None if columns is None else frozenset(columns)
        self._indexes: dict[str, int] = {}
        self._done: list[tuple[int, list[str | None]]] = []
        self._number = 0
        self._cells: list[str | None] = []
        self._column = -1
        self._kind = "n"
        self._wanted = False
        self._listening = False
        self._pieces: list[str] = []
        self._value = ""
        self._formula = ""

    def take(self) -> list[tuple[int, list[str | None]]]:
        """Rows that are complete since the last call."""
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            reference = attributes.get("r")
            self._column = self._column + 1 if reference is None else self._index(reference)
            self._wanted = self._column < WIDEST and (self._columns is None or self._column in self._columns)
            self._kind = attributes.get("t", "n")
            self._value = self._formula = ""
        elif tag in ("v", "t", "f"):
            self._listening = self._wanted
            self._pieces = []
        elif tag == "row":
            self._number = int(attributes.get("r") or self._number + 1)
            self._cells = []
            self._column = -1

    def end(self, tag: str) -> None:
        if tag == "c":
            if self._wanted and (self._value or self._formula):
                cells = self._cells
                if self._column > len(cells):
                    cells.extend([None] * (self._column - len(cells)))
                cells.append(self._content())
        elif tag in ("v", "t", "f"):
            if self._listening:
                if tag == "f":
                    self._formula = "".join(self._pieces)
                else:
                    self._value += "".join(self._pieces)
                self._listening = False
        elif tag == "row":
            self._done.append((self._number, self._cells))

    def characters(self, text: str) -> None:
        if self._listening:
            self._pieces.append(text)

    def _index(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        index = self._indexes.get(letters)
        if index is None:
            index = self._indexes[letters] = _column_index(letters)
        return index

    def _content(self) -> str | None:
        if self._formula and (link := HYPERLINK.fullmatch(self._formula)):
            url = link[1].replace('""', '"')
            return Hyperlink((link[2] or url).replace('""', '"'), url)
        value, kind = self._value, self._kind
        if not value or kind == "e":
            return None
        if kind == "s":
            return self._shared[int(value)]
        if kind == "n" and not value.isdigit():
            return canonical_code(float(value)) if "E" in value.upper() else canonical_code(value)
        return _unescaped(value) if kind in ("inlineStr", "str") else value


@contextmanager
def _broken_named() -> Iterator[None]:
    try:
        yield
    except (
        expat.ExpatError,
        zipfile.BadZipFile,
        KeyError,
        EOFError,
        OSError,
        IndexError,
        NotImplementedError,
    ) as error:
        raise SourceError("broken_workbook", type(error).__name__) from error
    except (ValueError, RuntimeError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError("broken_workbook", type(error).__name__) from error


def _column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def _unescaped(text: str) -> str:
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


@contextmanager
def open_workbook(path: Path, limits: FileLimits | None = None) -> Iterator[Workbook]:
    """An XLSX file, checked against the limits before anything is unpacked.

    Raises:
        SourceError: `empty_file`, `file_too_large`, `zip_bomb`, `locked_or_old_workbook`, `broken_workbook`.
    """
    limits = limits or FileLimits()
    size = path.stat().st_size
    if size == 0:
        raise SourceError("empty_file")
    if size > limits.file_bytes:
        raise SourceError("file_too_large", f"{size} bytes, at most {limits.file_bytes}")
    with path.open("rb") as stream:
        if stream.read(4) == OLE_MAGIC:
            raise SourceError("locked_or_old_workbook")
    try:
        archive = open_archive(path, limits)
    except SourceError as error:
        if error.rule == "broken_archive":
            raise SourceError("broken_workbook", error.detail) from error
        raise
    with archive:
        yield Workbook(archive)


def excel_date(value: str, is_1904: bool = False) -> date | None:
    """The day of an Excel day number, or None if the text is no such number."""
    try:
        days = float(value)
    except ValueError:
        return None
    if not 1 <= days < 2_958_466:
        return None
    return (date(1904, 1, 1) if is_1904 else date(1899, 12, 30)) + timedelta(days=int(days))
