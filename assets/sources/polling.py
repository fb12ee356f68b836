"""Polling of feeds into the inbox: conditional requests, robots.txt, size limits and back-off."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

import httpx

from assets.sources.articles import with_full_texts
from assets.sources.outlets import slug
from assets.whole_file import whole_file
from data_contracts.subscriptions import Subscription, Subscriptions

AGENT = "kelisim"
HEADERS = {"User-Agent": f"{AGENT}/0.1 (research monitoring of interethnic accord)"}
TIMEOUT = httpx.Timeout(20.0, connect=10.0)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=15), timedelta(days=1)
ROBOTS_BYTES = 500 * 2**10
XML_SIGNS = (b"<rss", b"<feed", b"<rdf", b"jsonfeed.org/version")

Outcome = Literal[
    "saved", "not_modified", "waiting", "refused_by_robots", "too_large", "http_error", "unreachable", "not_a_feed"
]


@dataclass
class FeedState:
    """What is remembered of a feed between two polls."""

    etag: str | None = None
    last_modified: str | None = None
    content_sha256: str | None = None
    not_before: str | None = None
    failures: int = 0
    articles_seen: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PollResult:
    """What came of polling one feed; `file_name` is in the inbox."""

    url: str
    outcome: Outcome
    file_name: str | None = None
    detail: str = ""
    article_count: int = 0


class TooLarge(ValueError):
    """A body that goes on beyond its limit."""


class FeedPoller:
    """Polls feeds with one client; robots.txt is asked once a host and run."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        inbox: Path,
        state_file: Path,
        now: Callable[[], datetime],
        client: httpx.Client | None = None,
    ) -> None:
        self._subscriptions = subscriptions
        self._inbox = inbox
        self._state_file = state_file
        self._now = now
        self._client = client or httpx.Client(headers=HEADERS, timeout=TIMEOUT, follow_redirects=True, max_redirects=5)
        self._robots: dict[str, RobotFileParser | None] = {}
        self._states = self._read_states()

    def poll(self) -> list[PollResult]:
        """Poll every feed that is due; new content goes to the inbox, and what is remembered to the state file."""
        results = []
        for feed in self._subscriptions.feeds:
            state = self._states.setdefault(feed.url, FeedState())
            results.append(self._poll_one(feed, state))
            self._write_states()
        self._client.close()
        return results

    def _poll_one(self, feed: Subscription, state: FeedState) -> PollResult:
        if state.not_before is not None and self._now() < datetime.fromisoformat(state.not_before):
            return PollResult(feed.url, "waiting", detail=f"until {state.not_before}")
        try:
            if not self.may_fetch(feed.url):
                return self._failed(feed, state, "refused_by_robots")
            response, body = self._get(feed.url, self._subscriptions.feed_bytes, _conditions(state))
        except TooLarge as error:
            return self._failed(feed, state, "too_large", str(error))
        except httpx.HTTPError as error:
            return self._failed(feed, state, "unreachable", type(error).__name__)
        if response.status_code == httpx.codes.NOT_MODIFIED:
            state.failures, state.not_before = 0, None
            return PollResult(feed.url, "not_modified")
        if response.status_code != httpx.codes.OK:
            wait = _retry_after(response, self._now())
            return self._failed(feed, state, "http_error", str(response.status_code), wait)
        if not any(sign in body[:4000].lower() for sign in XML_SIGNS):
            return self._failed(feed, state, "not_a_feed", response.headers.get("content-type", ""))
        return self._kept(feed, state, response, body)

    def _kept(self, feed: Subscription, state: FeedState, response: httpx.Response, body: bytes) -> PollResult:
        digest = hashlib.sha256(body).hexdigest()
        state.etag = response.headers.get("etag")
        state.last_modified = response.headers.get("last-modified")
        state.failures, state.not_before = 0, None
        if digest == state.content_sha256:
            return PollResult(feed.url, "not_modified", detail="same content")
        articles = 0
        if feed.with_articles:
            body, articles = with_full_texts(
                body, self._page, set(state.articles_seen), state.articles_seen, self._subscriptions
            )
        state.content_sha256 = digest
        host = urlsplit(feed.url).hostname or "feed"
        mark = hashlib.sha256(feed.url.encode()).hexdigest()[:6]
        suffix = "json" if body.lstrip()[:1] == b"{" else "xml"
        name = f"poll-{slug(host)}-{mark}-{self._now():%Y%m%dT%H%M%S}.{suffix}"
        with whole_file(self._inbox / name) as beside:
            beside.write_bytes(body)
        return PollResult(feed.url, "saved", name, article_count=articles)

    def _page(self, url: str) -> str | None:
        """The HTML of an article's page, or None if it must not or cannot be had."""
        try:
            if not self.may_fetch(url):
                return None
            response, body = self._get(url, self._subscriptions.page_bytes, {})
        except (TooLarge, httpx.HTTPError):
            return None
        if response.status_code != httpx.codes.OK or "html" not in response.headers.get("content-type", "html"):
            return None
        return body.decode(response.charset_encoding or "utf-8", "replace")

    def _get(self, url: str, limit: int, headers: dict[str, str]) -> tuple[httpx.Response, bytes]:
        with self._client.stream("GET", url, headers=headers) as response:
            told = response.headers.get("content-length", "")
            if told.isdigit() and int(told) > limit:
                raise TooLarge(f"{told} bytes, at most {limit}")
            body = bytearray()
            for part in response.iter_bytes():
                body += part
                if len(body) > limit:
                    raise TooLarge(f"more than {limit} bytes")
        return response, bytes(body)

    def may_fetch(self, url: str) -> bool:
        """Whether robots.txt of the host allows the address; a host whose robots.txt fails allows nothing.

        Raises:
            httpx.HTTPError: if the host cannot be reached.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            return False
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._robots:
            self._robots[origin] = self._robots_of(origin)
        rules = self._robots[origin]
        return rules is not None and rules.can_fetch(AGENT, url)

    def _robots_of(self, origin: str) -> RobotFileParser | None:
        try:
            response, body = self._get(f"{origin}/robots.txt", ROBOTS_BYTES, {})
        except TooLarge:
            return None
        rules = RobotFileParser()
        if response.status_code >= 500 or response.status_code in (401, 403, 429):
            return None
        allowed = response.status_code >= 400
        rules.parse([] if allowed else body.decode("utf-8", "replace").splitlines())
        return rules

    def _failed(
        self, feed: Subscription, state: FeedState, outcome: Outcome, detail: str = "", wait: timedelta | None = None
    ) -> PollResult:
        """Remember when to try again: twice as long after each failure, or as the server asked."""
        backed_off = min(FIRST_WAIT * 2 ** min(state.failures, 10), LONGEST_WAIT)
        state.failures += 1
        state.not_before = (self._now() + max(backed_off, min(wait or timedelta(), LONGEST_WAIT))).isoformat()
        return PollResult(feed.url, outcome, detail=detail)

    def _read_states(self) -> dict[str, FeedState]:
        if not self._state_file.is_file():
            return {}
        held = json.loads(self._state_file.read_text(encoding="utf-8"))
        return {url: FeedState(**state) for url, state in held.items()}

    def _write_states(self) -> None:
        held = {url: asdict(state) for url, state in self._states.items()}
        with whole_file(self._state_file) as beside:
            beside.write_text(json.dumps(held, indent=1, sort_keys=True), encoding="utf-8")


def _conditions(state: FeedState) -> dict[str, str]:
    given = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {name: value for name, value in given.items() if value}


def _retry_after(response: httpx.Response, now: datetime) -> timedelta | None:
    told = response.headers.get("retry-after", "")
    if told.isdigit():
        return timedelta(seconds=min(int(told), int(LONGEST_WAIT.total_seconds())))
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta())
