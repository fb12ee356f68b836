"""Raw files stay in the inbox only as long as the operator says; what was made of them stays."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assets.sources.inbox import InboxFile, scan_inbox


@dataclass(frozen=True)
class ExpiredFile:
    """A raw file past its time: how old it is in whole days, and whether the lake holds what it gave."""

    file: InboxFile
    age_days: int
    is_read: bool


def expired_files(inbox: Path, lake: Path, now: datetime, retention_days: int) -> list[ExpiredFile]:
    """Feed files and copies in the inbox that are older than `retention_days`, by name.

    Age counts from the file's own time on disk. Survey waves, returns of councils and files that no reader
    takes are not touched: waves are archives of their own, and what was refused waits for a person.

    Args:
        inbox: the folder of raw files.
        lake: where published tables lie; a feed file counts as read when its partition is there.
        now: the moment of the run, with time zone.
        retention_days: days that a raw file may stay, at least 1.

    Raises:
        ValueError: if `retention_days` is below 1.
    """
    if retention_days < 1:
        raise ValueError(f"retention_days must be at least 1, not {retention_days}")
    files = scan_inbox(inbox)
    read = {path.stem for path in (lake / "raw_feeds__messages").glob("*.parquet")}
    of_content = {file.file_sha256: file.partition_key for file in files if file.partition_key}
    found = []
    for file in files:
        if file.kind != "feed" or file.status == "quarantined":
            continue
        changed = datetime.fromtimestamp(file.path.stat().st_mtime, UTC)
        age = now - changed
        if age > timedelta(days=retention_days):
            found.append(ExpiredFile(file, age.days, of_content.get(file.file_sha256) in read))
    return found


def remove_expired(expired: list[ExpiredFile]) -> list[ExpiredFile]:
    """Delete expired files that were read; those never read are left for a person to look at.

    Returns:
        The files removed.
    """
    removed = [one for one in expired if one.is_read]
    for one in removed:
        one.file.path.unlink(missing_ok=True)
    return removed
