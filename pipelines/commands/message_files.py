"""Messages and labels from an analyst's file, and labelled messages back to a file, never half-written."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from io import BytesIO
from pathlib import Path

import polars as pl

READ_KINDS = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet")
WRITTEN_KINDS = (".jsonl", ".jsonl.gz", ".csv", ".parquet")


class MessageFileError(ValueError):
    """A file that cannot be read or written as asked; the message names the file, the row and what to do."""


def kind_of(path: Path, kinds: tuple[str, ...]) -> str:
    """The ending of the file's name that says what it is.

    Raises:
        MessageFileError: if it is none of `kinds`.
    """
    for kind in sorted(kinds, key=len, reverse=True):
        if path.name.lower().endswith(kind):
            return kind
    raise MessageFileError(f"{path}: the name must end in one of {', '.join(kinds)}")


def read_messages(path: Path) -> pl.DataFrame:
    """Rows of a CSV, JSONL (also gzipped) or Parquet file, all columns as strings, empty ones null.

    Raises:
        MessageFileError: if the file is missing, damaged, of another kind, without rows or without a column
            `text`.
    """
    kind = kind_of(path, READ_KINDS)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MessageFileError(f"{path}: {error.strerror or error}") from error
    if kind.endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise MessageFileError(f"{path}: not a whole gzip file ({error}); fetch it again") from error
    frame = _frame(path, content, kind.removesuffix(".gz"))
    if frame.is_empty():
        raise MessageFileError(f"{path}: holds no rows")
    if "text" not in frame.columns:
        raise MessageFileError(f"{path}: no column `text`; found {', '.join(frame.columns)}")
    return frame


def _frame(path: Path, content: bytes, kind: str) -> pl.DataFrame:
    if not content.strip():
        raise MessageFileError(f"{path}: is empty (0 bytes of content)")
    try:
        if kind == ".parquet":
            return _as_strings(pl.read_parquet(BytesIO(content)))
        if kind == ".csv":
            return pl.read_csv(BytesIO(_utf8(path, content)), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise MessageFileError(f"{path}: cannot be read as {kind[1:]}: {str(error).splitlines()[0]}") from error
    return _of_lines(path, _utf8(path, content))


def _utf8(path: Path, content: bytes) -> bytes:
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise MessageFileError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    return content


def _of_lines(path: Path, content: bytes) -> pl.DataFrame:
    rows: list[dict[str, str | None]] = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            held = json.loads(line)
        except ValueError as error:
            raise MessageFileError(f"{path}, line {number}: not JSON ({error})") from error
        if not isinstance(held, dict):
            raise MessageFileError(f"{path}, line {number}: must be an object with `text`, found {type(held).__name__}")
        rows.append({str(name): _plain(value) for name, value in held.items()})
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame({name: pl.Series([row.get(name) for row in rows], dtype=pl.String) for name in names})


def _plain(value: object) -> str | None:
    """A JSON value as a string that is valid Unicode: lone surrogates become question marks."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode("utf-8")


def _as_strings(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        column.cast(pl.String) if not column.dtype.is_nested() else pl.Series(column.name, map(str, column.to_list()))
        for column in frame
    )


def write_rows(rows: list[dict], path: Path) -> None:
    """Write rows as JSONL, CSV (nested values as JSON) or Parquet: beside the place first, then renamed.

    Raises:
        MessageFileError: if the name has no known ending or the place cannot be written.
    """
    kind = kind_of(path, WRITTEN_KINDS)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == ".parquet":
            pl.DataFrame(rows, infer_schema_length=None).write_parquet(beside)
        elif kind == ".csv":
            flat = [
                {name: json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
                 for name, value in row.items()}
                for row in rows
            ]  # fmt: skip
            pl.DataFrame(flat, infer_schema_length=None).write_csv(beside)
        else:
            body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
            beside.write_bytes(gzip.compress(body) if kind.endswith(".gz") else body)
        beside.replace(path)
    except OSError as error:
        raise MessageFileError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)
