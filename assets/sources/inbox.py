"""What lies in the inbox: each file known by its content, what it is, and which reader takes it."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import polars as pl

from assets.sources.identification import identified
from assets.sources.outlets import slug
from assets.sources.read_result import FileIdentity
from assets.sources.unpacking import FileLimits
from data_contracts.questionnaire import Questionnaire, data_stem
from data_contracts.source import FeedMapping, FileKind

FileStatus = Literal["accepted", "quarantined", "same_file"]
TELEGRAM_EXPORT = "result.json"
# Descriptions, notes and what other programs leave behind are no data.
IGNORED = re.compile(
    r"^(?:\..*|~\$.*|.*\.ya?ml|.*\.(?:part|tmp|crdownload)|SYNTHETIC\.txt|README.*|desktop\.ini|Thumbs\.db)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class InboxFile:
    """One file of the inbox.

    A file that cannot be given to a reader is `quarantined` and of kind `unknown`, with the rule as
    `reason`; one whose content lies there under another name is `same_file`, with that name as `reason`.
    Only an accepted file has a `partition_key`: a survey's is its wave_id, a feed's its name and hash; the
    returns of councils form one table without partitions.
    """

    path: Path
    file_name: str
    file_sha256: str
    byte_count: int
    kind: FileKind
    source_format: str | None
    status: FileStatus
    reason: str | None = None
    detail: str = ""
    partition_key: str | None = None
    questionnaire: Questionnaire | None = None
    mapping: FeedMapping | None = None


class UnknownPartitionError(ValueError):
    """A partition for which the inbox holds no file."""


def scan_inbox(folder: Path, limits: FileLimits | None = None) -> list[InboxFile]:
    """Every file of the inbox, by name.

    Files lie in the folder itself; of folders inside only Telegram's `result.json` is taken, named
    `<folder>__result.json`. The same content under several names counts once, under the first name that
    can be read. Of two files for one wave the first by name is taken and the other is quarantined as
    `same_wave_twice`. A scan is remembered until a file's size or time changes.

    Args:
        folder: the inbox; a folder that is not there holds no files.
        limits: what a file may cost.
    """
    entries = sorted(_data_files(folder))
    stamps = tuple(
        (str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )
    return list(_scanned(folder, tuple(entries), stamps, limits or FileLimits()))


def file_of_partition(folder: Path, kind: FileKind, partition_key: str) -> InboxFile:
    """The accepted file of a partition.

    Raises:
        UnknownPartitionError: if there is none any more; the message says what to do.
    """
    for file in scan_inbox(folder):
        if file.kind == kind and file.partition_key == partition_key:
            return file
    raise UnknownPartitionError(
        f"the inbox holds no {kind} file for partition {partition_key}; put the file back, or delete the partition"
    )


def feed_partition(file_name: str, file_sha256: str) -> str:
    """The partition of a feed file: its name, and twelve characters of its hash."""
    return f"{slug(data_stem(Path(file_name)))}-{file_sha256[:12]}"


def _data_files(folder: Path) -> list[tuple[str, Path]]:
    if not folder.is_dir():
        return []
    files = [(path.name, path) for path in folder.iterdir() if path.is_file() and not IGNORED.match(path.name)]
    exports = [
        (f"{path.parent.name}__{path.name}", path)
        for path in folder.glob(f"*/{TELEGRAM_EXPORT}")
        if path.is_file() and not path.parent.name.startswith(".")
    ]
    return files + exports


@lru_cache(maxsize=16)
def _scanned(
    folder: Path, entries: tuple[tuple[str, Path], ...], stamps: object, limits: FileLimits
) -> tuple[InboxFile, ...]:
    files = [_inbox_file(name, path, limits) for name, path in entries]
    first: dict[str, str] = {}
    for file in sorted(files, key=lambda file: file.status != "accepted"):
        first.setdefault(file.file_sha256, file.file_name)
    waves: dict[str, str] = {}
    settled = []
    for file in files:
        original = first[file.file_sha256]
        if original != file.file_name:
            known = next(other for other in files if other.file_name == original)
            file = replace(  # noqa: PLW2901
                file,
                kind=known.kind,
                source_format=known.source_format,
                status="same_file",
                reason=original,
                detail="",
                partition_key=None,
            )
        elif file.kind == "survey" and file.partition_key is not None:
            wave = file.partition_key
            if wave in waves:
                file = _refused(file, "same_wave_twice", f"{wave} is in {waves[wave]}")  # noqa: PLW2901
            waves.setdefault(wave, file.file_name)
        settled.append(file)
    return tuple(settled)


def _refused(file: InboxFile, rule: str, detail: str) -> InboxFile:
    return replace(
        file,
        kind="unknown",
        status="quarantined",
        reason=rule,
        detail=detail,
        partition_key=None,
        questionnaire=None,
        mapping=None,
    )


def _inbox_file(name: str, path: Path, limits: FileLimits) -> InboxFile:
    identity = FileIdentity.of(path)
    found = identified(path, limits)
    key = None
    if found.refusal is None and found.kind == "survey" and found.questionnaire is not None:
        key = found.questionnaire.wave_id
    elif found.refusal is None and found.kind == "feed":
        key = feed_partition(name, identity.file_sha256)
    return InboxFile(
        path=path,
        file_name=name,
        file_sha256=identity.file_sha256,
        byte_count=path.stat().st_size,
        kind="unknown" if found.refusal else found.kind,
        source_format=found.source_format,
        status="quarantined" if found.refusal else "accepted",
        reason=found.refusal,
        detail=found.detail,
        partition_key=key,
        questionnaire=found.questionnaire,
        mapping=found.mapping,
    )


FILE_COLUMNS = (
    "file_name",
    "file_sha256",
    "byte_count",
    "kind",
    "source_format",
    "status",
    "reason",
    "rows_in",
    "rows_kept",
    "rows_duplicate",
    "rows_quarantined",
)


def inbox_table(
    files: Sequence[InboxFile],
    accounts: pl.DataFrame,
    refused: pl.DataFrame,
    unprocessed: Collection[str] = (),
) -> pl.DataFrame:
    """The files in the form of `out_inbox__files`.

    Args:
        files: the scan.
        accounts: file_sha256 and the four counts (rows_in, rows_kept, rows_duplicate, rows_quarantined) of
            files that were read.
        refused: quarantine rows of all tables; row_number null means that the whole file was refused.
        unprocessed: hashes of accepted files whose job failed, so that no table holds their rows.

    Returns:
        One row a file. A copy under another name counts all the rows of its original as duplicates.
    """
    counts = {row["file_sha256"]: row for row in accounts.iter_rows(named=True)}
    whole = refused.filter(pl.col("row_number").is_null())
    rules = dict.fromkeys(unprocessed, "processing_failed")
    rules |= dict(zip(whole["file_sha256"].to_list(), whole["rule"].to_list(), strict=True))
    records = [_account(file, counts.get(file.file_sha256), rules.get(file.file_sha256)) for file in files]
    types = {name: pl.Int64 if name.startswith("rows_") or name == "byte_count" else pl.String for name in FILE_COLUMNS}
    return pl.DataFrame(records, schema=types)


def _account(file: InboxFile, counted: dict[str, int] | None, rule: str | None) -> dict[str, object]:
    found = counted or {}
    rows_in, kept, duplicate, gone = (
        int(found.get(name, 0)) for name in ("rows_in", "rows_kept", "rows_duplicate", "rows_quarantined")
    )
    status, reason = str(file.status), file.reason
    if status == "same_file":
        kept, duplicate, gone = 0, rows_in, 0
    elif status == "accepted" and kept + duplicate == 0 and (rule is not None or gone > 0):
        status, reason = "quarantined", rule
    elif status == "accepted" and (gone > 0 or rule is not None):
        status, reason = "partly_quarantined", rule
    return {
        "file_name": file.file_name,
        "file_sha256": file.file_sha256,
        "byte_count": file.byte_count,
        "kind": file.kind,
        "source_format": file.source_format,
        "status": status,
        "reason": reason,
        "rows_in": rows_in,
        "rows_kept": kept,
        "rows_duplicate": duplicate,
        "rows_quarantined": gone,
    }
