"""Feeds are polled from a server that the test itself starts on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assets.sources.articles import article_text
from assets.sources.polling import FeedPoller, PollResult
from assets.sources.syndication import read_syndication
from data_contracts.contract import ContractError
from data_contracts.subscriptions import Subscription, Subscriptions, read_subscriptions

FEED = (
    '<rss version="2.0"><channel><title>Ел</title><link>https://el.example</link><item><title>Жиын</title>'
    "<guid>1</guid><link>{page}</link><pubDate>Wed, 01 Jul 2026 10:00:00 GMT</pubDate></item></channel></rss>"
)
BODY = "Ауылда татулық мерекесі өтті. Көршілер бір дастарқан басына жиналып, бір-бірін құттықтады. " * 5
PAGE = (
    "<html><head><title>x</title></head><body><nav>мәзір</nav>"
    f"<article><h1>Жиын</h1><p>{BODY}</p></article></body></html>"
)


class Site:
    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.robots = "User-agent: *\nDisallow: /closed\n"
        self.failing = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                site.answer(self)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path
        if path == "/robots.txt":
            return self.send(handler, 200, self.robots.encode())
        if path == "/busy":
            return self.send(handler, 429, b"", {"Retry-After": "7200"})
        if self.failing:
            self.failing -= 1
            return self.send(handler, 503, b"")
        if path == "/page":
            return self.send(handler, 200, PAGE.encode(), {"Content-Type": "text/html; charset=utf-8"})
        if path == "/error-page":
            return self.send(handler, 200, b"<!doctype html><html>maintenance</html>")
        if path == "/huge":
            return self.send(handler, 200, b"<rss>" + b" " * 4_000_000)
        if handler.headers.get("If-None-Match") == '"v1"':
            return self.send(handler, 304, b"")
        body = FEED.format(page=f"{self.url}/page").encode()
        return self.send(handler, 200, body, {"ETag": '"v1"', "Last-Modified": "Wed, 01 Jul 2026 10:00:00 GMT"})

    @staticmethod
    def send(handler: BaseHTTPRequestHandler, code: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        handler.send_response(code)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 7, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def poll(home: Path, clock: Clock, *feeds: Subscription) -> list[PollResult]:
    listed = Subscriptions(feeds=feeds, feed_bytes=1_000_000, page_pause_seconds=0)
    return FeedPoller(listed, home / "inbox", home / "polling.json", clock).poll()


def test_new_content_is_saved_once_and_asked_for_conditionally(site: Site, tmp_path: Path, run) -> None:
    clock, feed = Clock(), Subscription(url=f"{site.url}/feed")
    (first,) = poll(tmp_path, clock, feed)
    assert first.outcome == "saved"
    assert first.file_name is not None
    result = read_syndication(tmp_path / "inbox" / first.file_name, **run)
    assert (result.rows_kept, result.rows["source_id"][0]) == (1, "el-example")
    clock.now += timedelta(hours=1)
    (second,) = poll(tmp_path, clock, feed)
    assert second.outcome == "not_modified"
    headers = site.asked[-1][1]
    assert headers["if-none-match"] == '"v1"'
    assert headers["if-modified-since"] == "Wed, 01 Jul 2026 10:00:00 GMT"
    assert "kelisim" in headers["user-agent"]
    assert len(list((tmp_path / "inbox").iterdir())) == 1


def test_pages_of_entries_give_the_full_text_once(site: Site, tmp_path: Path, run) -> None:
    (first,) = poll(tmp_path, Clock(), Subscription(url=f"{site.url}/feed", with_articles=True))
    assert (first.outcome, first.article_count) == ("saved", 1)
    text = read_syndication(tmp_path / "inbox" / str(first.file_name), **run).rows["text"][0]
    assert "татулық мерекесі" in text
    assert "мәзір" not in text
    assert article_text("<html><body></body></html>") is None


def test_robots_limits_and_pages_instead_of_feeds_are_told(site: Site, tmp_path: Path) -> None:
    feeds = [Subscription(url=f"{site.url}{path}") for path in ("/closed/feed", "/huge", "/error-page", "/busy")]
    outcomes = [result.outcome for result in poll(tmp_path, Clock(), *feeds)]
    assert outcomes == ["refused_by_robots", "too_large", "not_a_feed", "http_error"]
    assert "/closed/feed" not in [path for path, _ in site.asked]
    assert [path for path, _ in site.asked].count("/robots.txt") == 1
    assert not (tmp_path / "inbox").exists()


def test_failures_back_off_twice_as_long_each_time(site: Site, tmp_path: Path) -> None:
    clock, feed = Clock(), Subscription(url=f"{site.url}/feed")
    site.failing = 2
    assert poll(tmp_path, clock, feed)[0].outcome == "http_error"
    assert poll(tmp_path, clock, feed)[0].outcome == "waiting"
    clock.now += timedelta(minutes=16)
    assert poll(tmp_path, clock, feed)[0].outcome == "http_error"
    clock.now += timedelta(minutes=16)
    assert poll(tmp_path, clock, feed)[0].outcome == "waiting"
    clock.now += timedelta(minutes=15)
    assert poll(tmp_path, clock, feed)[0].outcome == "saved"


def test_a_server_that_asks_for_patience_gets_it(site: Site, tmp_path: Path) -> None:
    clock, feed = Clock(), Subscription(url=f"{site.url}/busy")
    poll(tmp_path, clock, feed)
    clock.now += timedelta(minutes=119)
    assert poll(tmp_path, clock, feed)[0].outcome == "waiting"


def test_an_unreachable_host_is_told(tmp_path: Path) -> None:
    assert poll(tmp_path, Clock(), Subscription(url="http://127.0.0.1:9/feed"))[0].outcome == "unreachable"


@pytest.mark.parametrize("line", ["url: file:///etc/passwd", "url: http://user:pass@host.example/feed", "adress: x"])
def test_a_list_with_a_wrong_address_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "subscriptions.yml"
    path.write_text(f"feeds:\n  - {line}\n", encoding="utf-8")
    with pytest.raises(ContractError, match=r"subscriptions\.yml"):
        read_subscriptions(path)
