"""Opening files from outside without trusting their size: gzip and zip wrappers within limits."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from assets.sources.read_result import SourceError

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
EMPTY_ZIP_MAGIC = b"PK\x05\x06"
WORKBOOK_ENTRY = "xl/workbook.xml"


@dataclass(frozen=True)
class FileLimits:
    """How much a file from outside may cost.

    A wrapper is a bomb when it unpacks to more than `unpacked_bytes`, or to more than `small_bytes` at a
    ratio above `ratio`. Real exports of text compress 4 to 30 times.
    """

    file_bytes: int = 4 * 2**30
    unpacked_bytes: int = 8 * 2**30
    small_bytes: int = 32 * 2**20
    ratio: int = 200
    entries: int = 10_000

    def check_unpacked(self, packed: int, unpacked: int) -> None:
        """Nothing, or the rule `zip_bomb`.

        Raises:
            SourceError: if this much out of that little is too much.
        """
        beyond = unpacked > self.unpacked_bytes
        swollen = unpacked > self.small_bytes and unpacked > self.ratio * max(packed, 1)
        if beyond or swollen:
            raise SourceError("zip_bomb", f"{packed} -> more than {self.small_bytes} bytes")


class _CountedStream(io.RawIOBase):
    """A stream of unpacked bytes that stops when the limits are passed."""

    def __init__(self, stream: BinaryIO, packed_bytes: int, limits: FileLimits) -> None:
        self._stream = stream
        self._packed = packed_bytes
        self._limits = limits
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        try:
            data = self._stream.read(len(view))
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
            raise SourceError("broken_archive", type(error).__name__) from error
        self._count += len(data)
        self._limits.check_unpacked(self._packed, self._count)
        view[: len(data)] = data
        return len(data)


def open_archive(path: Path, limits: FileLimits) -> zipfile.ZipFile:
    """A zip archive whose declared sizes are within limits.

    Raises:
        SourceError: `broken_archive`, or `zip_bomb` when entries are too many or unpack to too much.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise SourceError("broken_archive", type(error).__name__) from error
    entries = archive.infolist()
    try:
        if len(entries) > limits.entries:
            raise SourceError("zip_bomb", f"{len(entries)} entries")
        for entry in entries:
            limits.check_unpacked(entry.compress_size, entry.file_size)
        limits.check_unpacked(path.stat().st_size, sum(entry.file_size for entry in entries))
    except SourceError:
        archive.close()
        raise
    return archive


def _single_entry(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    entries = [
        entry for entry in archive.infolist() if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")
    ]
    if len(entries) != 1:
        raise SourceError("archive_not_single", f"{len(entries)} files")
    if entries[0].flag_bits & 0x1:
        raise SourceError("broken_archive", "locked with a password")
    return entries[0]


@contextmanager
def open_unpacked(path: Path, limits: FileLimits | None = None) -> Iterator[BinaryIO]:
    """The bytes of a file, out of its gzip or single-file zip wrapper if it has one, counted while read.

    A workbook (XLSX is a zip too) is not a wrapper and comes as it lies on disk.

    Raises:
        SourceError: `empty_file`, `file_too_large`, `zip_bomb`, `broken_archive`, `archive_not_single`.
    """
    limits = limits or FileLimits()
    size = path.stat().st_size
    if size == 0:
        raise SourceError("empty_file")
    if size > limits.file_bytes:
        raise SourceError("file_too_large", f"{size} bytes, at most {limits.file_bytes}")
    with path.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        if magic.startswith(GZIP_MAGIC):
            with gzip.GzipFile(fileobj=raw) as unpacked:
                stream = _CountedStream(cast(BinaryIO, unpacked), size, limits)
                yield cast(BinaryIO, io.BufferedReader(stream, 2**20))
        elif magic in (ZIP_MAGIC, EMPTY_ZIP_MAGIC) and not is_workbook(path):
            with open_archive(path, limits) as archive:
                entry = _single_entry(archive)
                with archive.open(entry) as member:
                    stream = _CountedStream(cast(BinaryIO, member), entry.compress_size, limits)
                    yield cast(BinaryIO, io.BufferedReader(stream, 2**20))
        else:
            yield raw


def is_workbook(path: Path) -> bool:
    """Whether the file is a zip archive that names an Excel workbook inside, readable or not."""
    try:
        with zipfile.ZipFile(path) as archive:
            return WORKBOOK_ENTRY in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return path.suffix.lower() in (".xlsx", ".xlsm")


def read_unpacked(path: Path, limits: FileLimits | None = None, at_most: int | None = None) -> bytes:
    """The unpacked content, or its first `at_most` bytes.

    Raises:
        SourceError: as `open_unpacked`; `empty_file` also when the wrapper holds nothing.
    """
    with open_unpacked(path, limits) as stream:
        data = stream.read() if at_most is None else stream.read(at_most)
    if not data:
        raise SourceError("empty_file")
    return data
