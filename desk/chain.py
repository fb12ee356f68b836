"""The hash chain checked from its first event to its last, and alerts and letters against what the events say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from desk.book import CHAINED, GENESIS, Book, canonical, chain_hash
from desk.models import Alert, Dispatch, Event
from models.warning.lifecycle import Case


@dataclass(frozen=True)
class Verification:
    """Result of checking the whole chain.

    Attributes:
        is_intact: every event hashes to what it says and follows the one before, and alerts and letters agree
            with the events.
        event_count: events that hold.
        last_hash: hash of the last event that holds; keep it elsewhere to notice a shortened chain.
        problem: the first thing found wrong.
        broken_sequence: number of the first event that does not hold, if it is an event.
    """

    is_intact: bool
    event_count: int
    last_hash: str
    problem: str | None = None
    broken_sequence: int | None = None


@dataclass
class Told:
    """What the events say of all alerts and letters."""

    digests: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)


def verify(book: Book, known_hash: str | None = None) -> Verification:
    """Recompute the chain and compare alerts and letters with it.

    Args:
        book: the ledger.
        known_hash: hash of an event noted down earlier; a chain cut off before it is noticed.
    """
    previous, expected = GENESIS, 1
    told, hashes = Told(), {GENESIS}
    for event in Event.objects.using(book.alias).order_by("sequence").values().iterator(chunk_size=2000):
        problem = _fault(event, previous, expected)
        if problem:
            return Verification(False, expected - 1, previous, problem, expected)
        _learn(told, event)
        previous, expected = event["event_hash"], expected + 1
        hashes.add(previous)
    problem = _disagreement(book, told)
    if problem is None and known_hash is not None and known_hash not in hashes:
        problem = f"the event with hash {known_hash} is gone: the chain was cut off or rewritten"
    return Verification(problem is None, expected - 1, previous, problem)


def told_case(book: Book, alert_id: str) -> Case:
    """Where an alert stands by its events alone, whatever its row says; a case nobody decided without events."""
    case = Case()
    for payload in (
        Event.objects.using(book.alias).filter(alert_id=alert_id).order_by("sequence").values_list("payload", flat=True)
    ):
        content = json.loads(payload)
        if "case" in content:
            case = Case(**content["case"])
    return case


def _learn(told: Told, event: Mapping[str, Any]) -> None:
    content = json.loads(event["payload"])
    if event["kind"] == "registered":
        told.digests[event["alert_id"]] = content["payload_sha256"]
        told.states[event["alert_id"]] = canonical(asdict(Case()))
    if "case" in content:
        told.states[event["alert_id"]] = canonical(content["case"])
    if event["kind"] == "sent":
        told.sent.add(content["key"])


def _fault(event: Mapping[str, Any], previous: str, expected: int) -> str | None:
    if event["sequence"] != expected:
        return f"event {expected} is missing"
    if event["previous_hash"] != previous:
        return f"event {expected} does not follow the event before it"
    if chain_hash({name: event[name] for name in CHAINED}) != event["event_hash"]:
        return f"event {expected} was changed after it was written"
    return None


def _disagreement(book: Book, told: Told) -> str | None:
    seen = set()
    for row in Alert.objects.using(book.alias).values("alert_id", "payload", "case_state", "status"):
        name = row["alert_id"]
        seen.add(name)
        if name not in told.digests:
            return f"candidate {name} was never registered by an event"
        if hashlib.sha256(row["payload"].encode()).hexdigest() != told.digests[name]:
            return f"candidate {name} was changed after it was registered"
        if row["case_state"] != told.states[name] or row["status"] != json.loads(told.states[name])["status"]:
            return f"candidate {name} stands at {row['status']}, the events say otherwise"
    missing = sorted(set(told.digests) - seen)
    if missing:
        return f"candidate {missing[0]} was removed"
    sent = set(Dispatch.objects.using(book.alias).filter(state="sent").values_list("idempotency_key", flat=True))
    untold = sorted(sent - told.sent)
    return f"letter {untold[0]} stands as sent, no event says so" if untold else None
