"""Polling and retention as jobs: what they do to the inbox, and which of them runs by itself."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dagster as dg
import pytest

from assets.sources.inbox import scan_inbox
from pipelines.home import open_home, pseudonym_key
from pipelines.inbox_upkeep import expire_raw_files, poll_feeds
from pipelines.schedules import expire_every_night, poll_every_hour
from pipelines.settings import Settings

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
FEED = (
    '<rss version="2.0"><channel><title>Ел</title><link>https://el.example</link><item><title>Жиын</title>'
    "<guid>1</guid><pubDate>Wed, 01 Jul 2026 10:00:00 GMT</pubDate></item></channel></rss>"
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "feed.xml").write_text(FEED, encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    chosen = Settings(home=tmp_path / "home", as_of=NOW, retention_days=30)
    open_home(chosen)
    return chosen


def run(job: dg.JobDefinition, settings: Settings) -> dg.ExecuteInProcessResult:
    return job.execute_in_process(resources={"settings": settings}, raise_on_error=False)


def test_polling_brings_new_entries_once(settings: Settings, site: str) -> None:
    (settings.root / "subscriptions.yml").write_text(f"feeds:\n  - url: {site}/feed.xml\n", encoding="utf-8")
    assert run(poll_feeds, settings).success
    assert [file.source_format for file in scan_inbox(settings.root / "inbox")] == ["syndication"]
    assert run(poll_feeds, settings).success
    assert len(list((settings.root / "inbox").iterdir())) == 1


def test_polling_says_what_is_wrong(settings: Settings, site: str) -> None:
    without = run(poll_feeds, settings)
    (settings.root / "subscriptions.yml").write_text(f"feeds:\n  - url: {site}/nothing.xml\n", encoding="utf-8")
    unanswered = run(poll_feeds, settings)
    assert not without.success
    assert not unanswered.success
    failures = [event.step_failure_data.error for event in unanswered.all_events if event.is_step_failure]
    assert "http_error" in str(failures[0])


def test_old_files_go_once_read(settings: Settings) -> None:
    inbox = settings.root / "inbox"
    for name in ("read", "unread"):
        export = {"name": "Ел", "type": "public_channel", "id": 1, "messages": [
            {"type": "message", "id": 1, "date": "2026-06-01T10:00:00", "text": name}
        ]}  # fmt: skip
        (inbox / f"{name}.json").write_text(json.dumps(export), encoding="utf-8")
        moment = (NOW - timedelta(days=40)).timestamp()
        os.utime(inbox / f"{name}.json", (moment, moment))
    key = next(file.partition_key for file in scan_inbox(inbox) if file.file_name == "read.json")
    (settings.root / "lake" / "raw_feeds__messages").mkdir(parents=True)
    (settings.root / "lake" / "raw_feeds__messages" / f"{key}.parquet").touch()
    assert run(expire_raw_files, settings).success
    assert [path.name for path in inbox.iterdir()] == ["unread.json"]


def test_the_network_is_asked_only_when_the_operator_says_so() -> None:
    assert poll_every_hour.default_status is dg.DefaultScheduleStatus.STOPPED
    assert expire_every_night.default_status is dg.DefaultScheduleStatus.RUNNING


def test_a_secret_of_the_operator_yields_another_key_each_quarter(tmp_path: Path) -> None:
    settings = Settings.model_validate({"home": tmp_path, "pseudonym_key": "a secret of the operator"})
    third = pseudonym_key(settings, tmp_path, datetime(2026, 9, 30, tzinfo=UTC))
    assert third == pseudonym_key(settings, tmp_path, datetime(2026, 7, 1, tzinfo=UTC))
    assert third != pseudonym_key(settings, tmp_path, NOW)
    assert b"secret" not in third
