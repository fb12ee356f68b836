from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assets.sources.inbox import scan_inbox
from assets.sources.retention import expired_files, remove_expired
from models.text.privacy import pseudonyms
from pipelines.home import open_home, pseudonym_key
from pipelines.settings import Settings

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def aged(path: Path, days: int) -> None:
    moment = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (moment, moment))


def test_only_read_feeds_past_their_time_are_removed(tmp_path: Path, write_telegram) -> None:
    inbox, lake = tmp_path, tmp_path.parent / f"{tmp_path.name}-lake"
    message = {"type": "message", "id": 1, "date": "2026-06-01T10:00:00", "text": "Сәлем"}
    for name in ("old_read", "old_unread", "fresh"):
        write_telegram([{**message, "text": name}], f"{name}.json")
    (inbox / "wave.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    for name, days in (("old_read.json", 100), ("old_unread.json", 100), ("fresh.json", 5), ("wave.csv", 400)):
        aged(inbox / name, days)
    keys = {file.file_name: file.partition_key for file in scan_inbox(inbox)}
    (lake / "raw_feeds__messages").mkdir(parents=True)
    (lake / "raw_feeds__messages" / f"{keys['old_read.json']}.parquet").touch()
    expired = expired_files(inbox, lake, NOW, 90)
    assert [(one.file.file_name, one.age_days, one.is_read) for one in expired] == [
        ("old_read.json", 100, True),
        ("old_unread.json", 100, False),
    ]
    assert [one.file.file_name for one in remove_expired(expired)] == ["old_read.json"]
    assert sorted(path.name for path in inbox.iterdir()) == ["fresh.json", "old_unread.json", "wave.csv"]
    with pytest.raises(ValueError, match="retention_days"):
        expired_files(inbox, lake, NOW, 0)


def test_the_key_changes_with_the_quarter_and_the_old_one_is_destroyed(tmp_path: Path) -> None:
    import polars as pl

    settings = Settings(home=tmp_path)
    root = open_home(settings)
    third = pseudonym_key(settings, root, datetime(2026, 9, 30, tzinfo=UTC))
    assert pseudonym_key(settings, root, datetime(2026, 7, 1, tzinfo=UTC)) == third
    authors = pl.Series(["user1", "user2", "user1"])
    before = pseudonyms(authors, third).to_list()
    fourth = pseudonym_key(settings, root, datetime(2026, 10, 1, tzinfo=UTC))
    after = pseudonyms(authors, fourth).to_list()
    assert before[0] == before[2] != before[1]
    assert not set(before) & set(after)
    assert [path.name for path in (root / "keys").iterdir()] == ["pseudonyms-2026-Q4.key"]
    assert all(third not in path.read_bytes() for path in root.rglob("*") if path.is_file())
    assert (root / "keys").stat().st_mode & 0o077 == 0
    assert next((root / "keys").iterdir()).stat().st_mode & 0o077 == 0
