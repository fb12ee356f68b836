"""The ledger: idempotent, append-only, tamper-evident, and strict about who decides."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from models.warning.candidates import CANDIDATE_SCHEMA
from models.warning.lifecycle import Action, LifecycleError
from pipelines.resources.ledger import Ledger, LedgerError


def frame(*names: str) -> pl.DataFrame:
    row = {
        "week_date": date(2026, 8, 10), "region_code": "KZ-31", "group_codes": ["dungan"], "signals": ["tension"],
        "case_kind": "local_tension", "severity": 4, "score": 2.5, "is_continuation_of": None, "message_count": 9,
        "cluster_count": 7, "expected_false_alarms_per_year": 0.1, "primary_body": "mediation_council",
        "supporting_bodies": ["accord_council"], "explanation_kk": "қаз", "explanation_ru": "рус",
        "explanation_en": "eng", "example_texts": ["[tension 0.90] ..."], "would_go_away": "x",
        "status": "awaiting_review",
    }  # fmt: skip
    return pl.DataFrame([{"candidate_id": name, **row} for name in names], schema=CANDIDATE_SCHEMA)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    opened = Ledger(f"sqlite:///{path}")
    yield opened
    opened.close()


def test_candidates_are_inserted_once(ledger: Ledger) -> None:
    assert ledger.register_candidates(frame("a", "b")) == 2
    assert ledger.register_candidates(frame("a", "b", "c", "c")) == 1
    assert ledger.counts_by_status()["awaiting_review"] == 3
    assert ledger.verify().event_count == 3
    assert ledger.register_candidates(frame()) == 0


def test_registering_again_does_not_undo_decisions(ledger: Ledger) -> None:
    ledger.register_candidates(frame("a"))
    ledger.decide("a", Action("first_review", "Aigerim"))
    ledger.register_candidates(frame("a"))
    assert ledger.case("a").status == "first_reviewed"


def test_two_people_then_dispatch_and_every_step_is_told(ledger: Ledger) -> None:
    ledger.register_candidates(frame("a"))
    ledger.decide("a", Action("first_review", "Aigerim"))
    with pytest.raises(LifecycleError, match="another person"):
        ledger.decide("a", Action("approve", "aigerim"))
    with pytest.raises(LifecycleError, match="possible from approved only"):
        ledger.decide("a", Action("dispatch", "Daniyar"))
    ledger.decide("a", Action("approve", "Daniyar"))
    shown = ledger.candidate("a")
    assert [event["kind"] for event in shown["events"]] == ["registered", "first_review", "approve"]
    assert shown["status"] == "approved"
    assert ledger.case("a").may_leave
    assert ledger.verify().is_intact


def test_events_cannot_be_changed_through_the_database(ledger: Ledger, path: Path) -> None:
    ledger.register_candidates(frame("a"))
    with sqlite3.connect(path) as raw:
        for statement in ("UPDATE warning_events SET actor = 'x'", "DELETE FROM warning_events"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                raw.execute(statement)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE warning_events SET actor = 'x' WHERE sequence = 2", "event 2 was changed"),
        ("DELETE FROM warning_events WHERE sequence = 1", "event 1 is missing"),
        ("UPDATE warning_candidates SET severity = 1, payload = replace(payload, '4', '1')", "was changed after"),
        ("UPDATE warning_candidates SET status = 'approved' WHERE candidate_id = 'b'", "events say otherwise"),
        ("DELETE FROM warning_candidates WHERE candidate_id = 'b'", "candidate b was removed"),
        ("INSERT INTO warning_candidates SELECT 'z', week_date, region_code, severity, status, version, case_state,"
         " payload FROM warning_candidates WHERE candidate_id = 'b'", "z was never registered"),
    ],
)  # fmt: skip
def test_tampering_is_noticed(ledger: Ledger, path: Path, statement: str, problem: str) -> None:
    ledger.register_candidates(frame("a", "b"))
    ledger.decide("a", Action("first_review", "Aigerim"))
    assert ledger.verify().is_intact
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TRIGGER warning_events_no_update")
        raw.execute("DROP TRIGGER warning_events_no_delete")
        raw.execute(statement)
    found = ledger.verify()
    assert not found.is_intact
    assert problem in (found.problem or "")


def test_a_clock_that_jumps_back_keeps_the_order(path: Path) -> None:
    moments = iter([datetime(2026, 8, 10, tzinfo=UTC), datetime(2026, 8, 10, tzinfo=UTC) - timedelta(days=3)])
    ledger = Ledger(f"sqlite:///{path}", clock=lambda: next(moments))
    ledger.register_candidates(frame("a"))
    ledger.decide("a", Action("first_review", "Aigerim"))
    times = [event["recorded_at"] for event in ledger.candidate("a")["events"]]
    assert times == sorted(times)
    assert ledger.verify().is_intact
    ledger.close()


def test_two_reviewers_at_once_take_one_step(path: Path) -> None:
    Ledger(f"sqlite:///{path}").register_candidates(frame("a"))
    results: list[str] = []

    def review(name: str) -> None:
        own = Ledger(f"sqlite:///{path}")
        try:
            results.append(own.decide("a", Action("first_review", name, expected_version=0)).status)
        except LifecycleError:
            results.append("refused")
        own.close()

    threads = [threading.Thread(target=review, args=(f"reviewer {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["first_reviewed", "refused", "refused", "refused"]
    assert Ledger(f"sqlite:///{path}").verify().event_count == 2


def test_unknown_names_are_said(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="no candidate 'ghost'"):
        ledger.candidate("ghost")
    with pytest.raises(LedgerError, match="no status"):
        ledger.candidates("sent")
