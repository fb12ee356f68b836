"""The ledger: idempotent, append-only, tamper-evident, and strict about who decides."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.configuration import LedgerError
from models.warning.lifecycle import Action, LifecycleError
from models.warning.refusals import Refused
from pipelines.resources.ledger import Ledger
from tests.desk_cases import PASSWORD, PEOPLE, RABAT, MovableClock, approve, frame, new_ledger

REVIEW = Action("first_review", "Aigerim", rabat=RABAT)
BEFORE = len(PEOPLE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    opened = new_ledger(path)
    yield opened
    opened.close()


def test_candidates_are_inserted_once(ledger: Ledger) -> None:
    assert ledger.register_candidates(frame("a", "b")) == 2
    assert ledger.register_candidates(frame("a", "b", "c", "c")) == 1
    assert ledger.counts_by_status()["awaiting_review"] == 3
    assert ledger.verify().event_count == BEFORE + 3
    assert ledger.register_candidates(frame()) == 0


def test_registering_again_does_not_undo_decisions(ledger: Ledger) -> None:
    ledger.register_candidates(frame("a"))
    ledger.decide("a", REVIEW)
    ledger.register_candidates(frame("a"))
    assert ledger.case("a").status == "first_reviewed"


def test_two_people_and_every_step_is_told(ledger: Ledger) -> None:
    ledger.register_candidates(frame("a"))
    ledger.decide("a", REVIEW)
    with pytest.raises(LifecycleError, match="another person"):
        ledger.decide("a", Action("approve", " aigerim ", rabat=RABAT))
    ledger.decide("a", Action("approve", "Daniyar", rabat=RABAT))
    shown = ledger.candidate("a")
    assert [event["kind"] for event in shown["events"]] == ["registered", "first_review", "approve"]
    assert shown["events"][1]["rabat"] == RABAT
    assert shown["status"] == "approved"
    assert ledger.case("a").may_leave
    assert ledger.verify().is_intact


@pytest.mark.parametrize(
    ("action", "rule"),
    [
        (Action("first_review", "nobody", rabat=RABAT), "no_user"),
        (Action("first_review", "saule", rabat=RABAT), "not_permitted"),
        (Action("first_review", " ", rabat=RABAT), "empty_actor"),
        (Action("first_review", "olga"), "rabat_missing"),
        (Action("first_review", "olga", rabat={**RABAT, "speaker": 4}), "rabat_range"),
        (Action("first_review", "olga", rabat={**RABAT, "mood": 1}), "rabat_unknown"),
        (Action("expire", "olga"), "not_a_decision"),
        (Action("dispatch", "olga"), "not_a_decision"),
    ],
)
def test_who_may_not_or_does_not_answer_changes_nothing(ledger: Ledger, action: Action, rule: str) -> None:
    ledger.register_candidates(frame("a"))
    with pytest.raises(Refused) as refusal:
        ledger.decide("a", action)
    assert refusal.value.rule == rule
    assert ledger.case("a").version == 0
    assert ledger.verify().event_count == BEFORE + 1


def test_nobody_becomes_two_people(ledger: Ledger) -> None:
    with pytest.raises(Refused, match="case and spaces"):
        ledger.add_user(" AIGERIM ", "reviewer", PASSWORD)
    with pytest.raises(Refused, match="will not do"):
        ledger.add_user("new", "reviewer", "12345")
    with pytest.raises(Refused, match="no group"):
        ledger.add_user("new", "police", PASSWORD)
    assert ledger.authenticate("Aigerim", PASSWORD) == "aigerim"
    ledger.disable_user("aigerim")
    with pytest.raises(Refused, match="password is wrong"):
        ledger.authenticate("aigerim", PASSWORD)


def test_events_and_alerts_cannot_be_changed_through_the_database(ledger: Ledger, path: Path) -> None:
    ledger.register_candidates(frame("a"))
    statements = {
        "UPDATE desk_event SET actor = 'x'": "append-only",
        "DELETE FROM desk_event": "append-only",
        "DELETE FROM desk_alert": "never deleted",
        "UPDATE desk_alert SET payload = '{}'": "never changes",
        "INSERT INTO desk_dispatch VALUES ('k','mediation_council','KZ-31',1,3,'','queued',0,'2026','2026',NULL,NULL,"
        "'','','a')": "before two people",
    }
    with sqlite3.connect(path) as raw:
        for statement, message in statements.items():
            with pytest.raises(sqlite3.IntegrityError, match=message):
                raw.execute(statement)


def test_events_cannot_be_changed_through_the_models(ledger: Ledger) -> None:
    from desk.models import Event

    rows = Event.objects.using(ledger.book.alias)
    event = rows.order_by("sequence").first()
    assert event is not None
    for attempt in (
        lambda: rows.update(actor="x"),
        lambda: rows.all().delete(),
        lambda: rows.bulk_update([event], ["actor"]),
        lambda: event.save(using=ledger.book.alias),
        lambda: event.delete(using=ledger.book.alias),
    ):
        with pytest.raises(Refused, match="append-only"):
            attempt()


SECOND = BEFORE + 2


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (f"UPDATE desk_event SET actor = 'x' WHERE sequence = {SECOND}", f"event {SECOND} was changed"),
        (f"UPDATE desk_event SET reason = 'x' WHERE sequence = {SECOND}", f"event {SECOND} was changed"),
        ("DELETE FROM desk_event WHERE sequence = 1", "event 1 is missing"),
        ("UPDATE desk_alert SET severity = 1, payload = replace(payload, '3', '1')", "was changed after"),
        ("UPDATE desk_alert SET status = 'approved' WHERE alert_id = 'b'", "events say otherwise"),
        ("DELETE FROM desk_alert WHERE alert_id = 'b'", "candidate b was removed"),
        ("UPDATE desk_alert SET alert_id = 'z' WHERE alert_id = 'b'", "z was never registered"),
    ],
)
def test_tampering_is_noticed(ledger: Ledger, path: Path, statement: str, problem: str) -> None:
    ledger.register_candidates(frame("a", "b"))
    ledger.decide("a", REVIEW)
    assert ledger.verify().is_intact
    with sqlite3.connect(path) as raw:
        for name in ("event_no_update", "event_no_delete", "alert_no_delete", "alert_payload"):
            raw.execute(f"DROP TRIGGER desk_{name}")
        raw.execute(statement)
    found = ledger.verify()
    assert not found.is_intact
    assert problem in (found.problem or "")
    assert (found.broken_sequence is not None) == ("event" in statement)


def test_a_chain_cut_off_is_noticed_by_whoever_kept_its_last_hash(ledger: Ledger, path: Path) -> None:
    kept = ledger.verify().last_hash
    ledger.register_candidates(frame("a"))
    assert ledger.verify(kept).is_intact
    assert not ledger.verify("f" * 64).is_intact


def test_a_clock_that_jumps_back_keeps_the_order_and_is_told(path: Path, clock: MovableClock) -> None:
    ledger = new_ledger(path, clock)
    ledger.register_candidates(frame("a"))
    assert ledger.clock_warning() is None
    clock.move(days=-3)
    ledger.decide("a", REVIEW)
    times = [event["recorded_at"] for event in ledger.candidate("a")["events"]]
    assert times == sorted(times)
    warning = ledger.clock_warning()
    assert warning is not None
    assert "set the clock right" in warning.said("en")
    assert ledger.housekeeping().expired == ()
    assert ledger.verify().is_intact
    ledger.close()


def test_two_reviewers_at_once_take_one_step(path: Path) -> None:
    new_ledger(path).register_candidates(frame("a"))
    results: list[str] = []

    def review(name: str) -> None:
        own = Ledger(f"sqlite:///{path}")
        try:
            results.append(own.decide("a", Action("first_review", name, rabat=RABAT, expected_version=0)).status)
        except LifecycleError as error:
            results.append(error.rule)
        own.close()

    threads = [threading.Thread(target=review, args=(name,)) for name in ("aigerim", "daniyar", "olga", "olga")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["first_reviewed", "moved_on", "moved_on", "moved_on"]
    assert new_ledger(path).verify().event_count == BEFORE + 2


def test_time_limits_escalate_once_and_expire(path: Path, clock: MovableClock) -> None:
    ledger = new_ledger(path, clock)
    ledger.register_candidates(frame("slow", "decided"))
    ledger.register_candidates(frame("urgent", severity=5))
    approve(ledger, "decided")
    clock.move(hours=5)
    assert ledger.housekeeping().escalated == ("urgent",)
    assert ledger.housekeeping().escalated == ()
    assert [row["candidate_id"] for row in ledger.candidates(only_overdue=True)] == ["urgent"]
    ledger.decide("urgent", REVIEW)
    assert ledger.candidates(only_overdue=True) == []
    clock.move(days=2)
    assert set(ledger.housekeeping().escalated) == {"slow", "urgent", "decided"}
    clock.move(days=27)
    assert set(ledger.housekeeping().expired) == {"slow", "urgent"}
    assert ledger.case("decided").status == "approved"
    assert ledger.verify().is_intact
    ledger.close()


def test_synthetic_candidates_are_marked(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    ledger = new_ledger(tmp_path / "ledger.sqlite", inbox=inbox)
    ledger.register_candidates(frame("real"))
    (inbox / "synthetic_wave_2026.csv").touch()
    ledger.register_candidates(frame("made"))
    assert [ledger.candidate(name)["is_synthetic"] for name in ("real", "made")] == [False, True]
    ledger.close()


def test_unknown_names_are_said(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="no candidate 'ghost'"):
        ledger.candidate("ghost")
    with pytest.raises(LedgerError, match="no status"):
        ledger.candidates("sent")


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:///", "postgresql://user:secret@host", "postgresql://h:x/d"])
def test_a_url_that_is_not_understood_is_not_repeated(url: str) -> None:
    with pytest.raises(LedgerError) as error:
        Ledger(url)
    assert "secret" not in str(error.value)


def test_a_database_that_does_not_open_is_said(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.sqlite'}")
    (tmp_path / "text.sqlite").write_text("this is no database at all, only words" * 99)
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger(f"sqlite:///{tmp_path / 'text.sqlite'}")
