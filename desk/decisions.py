"""What happens to alerts before they leave: registered, reviewed by two people, escalated, expired."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from desk.book import Book, Entry, canonical
from desk.configuration import LedgerError
from desk.models import Alert
from desk.people import NEEDED, require
from models.warning.deadlines import is_overdue, time_to_expiry
from models.warning.lifecycle import FINAL, Action, Case, LifecycleError, advance

SYSTEM = "kelisim"
BY_ITSELF = ("expire", "dispatch", "acknowledge")


@dataclass(frozen=True)
class Housekeeping:
    """What passing time has brought about: alerts escalated to the analysts, candidates expired."""

    escalated: tuple[str, ...]
    expired: tuple[str, ...]


def register(book: Book, rows: Iterable[Mapping[str, Any]], *, is_synthetic: bool = False) -> int:
    """Insert candidates that are not there yet, as awaiting review; known ones stay as they are.

    Args:
        book: the ledger.
        rows: rows of `out_warning__candidates`.
        is_synthetic: they come from synthetic data; every letter about them will say so.

    Returns:
        Number of candidates inserted.
    """
    inserted = 0
    with book.writing():
        known = set(Alert.objects.using(book.alias).values_list("alert_id", flat=True))
        for row in rows:
            if row["candidate_id"] in known:
                continue
            known.add(row["candidate_id"])
            _insert(book, row, is_synthetic)
            inserted += 1
    return inserted


def _insert(book: Book, row: Mapping[str, Any], is_synthetic: bool) -> None:
    case, payload = Case(), canonical(row)
    entry = Entry(
        "registered",
        SYSTEM,
        row["candidate_id"],
        to_status=case.status,
        payload={"payload_sha256": hashlib.sha256(payload.encode()).hexdigest(), "is_synthetic": is_synthetic},
    )
    moment = book.append(entry)
    Alert(
        alert_id=row["candidate_id"],
        week_date=row["week_date"],
        region_code=row["region_code"],
        case_kind=row["case_kind"],
        severity=row["severity"],
        primary_body=row["primary_body"],
        status=case.status,
        status_since=moment,
        registered_at=moment,
        version=case.version,
        case_state=canonical(asdict(case)),
        payload=payload,
        is_synthetic=is_synthetic,
    ).save(using=book.alias, force_insert=True)


def decide(book: Book, alert_id: str, action: Action, *, notes: Mapping[str, Any] | None = None) -> Case:
    """Apply one step of the lifecycle by a person who may take it, and record it.

    Args:
        book: the ledger.
        alert_id: which alert.
        action: the step; its actor must be a user of the desk. What follows from a letter, a reply or from time
            (dispatch, acknowledge, expire) is not decided.
        notes: what else the event should say.

    Raises:
        LedgerError: if there is no such alert.
        LifecycleError: if the rules do not allow the step; nothing is recorded then.
        PeopleError: if the actor is not known or may not do this.
    """
    with book.writing():
        case_now(book, alert_id)
        if action.kind in BY_ITSELF:
            raise LifecycleError("not_a_decision", alert=alert_id, action=action.kind)
        if action.actor.strip() and action.kind in NEEDED:
            action = replace(action, actor=require(book, action.actor, action.kind))
        return move(book, alert_id, action, notes=notes)


def move(book: Book, alert_id: str, action: Action, *, notes: Mapping[str, Any] | None = None) -> Case:
    """Apply one step inside `writing`, whoever takes it; for the desk's own modules.

    Raises:
        LedgerError: if there is no such alert.
        LifecycleError: if the rules do not allow the step, or somebody else has taken one meanwhile.
    """
    row = row_of(book, alert_id)
    before = Case(**json.loads(row.case_state))
    case = advance(before, action)
    content = {"case": asdict(case), "rabat": dict(action.rabat) if action.rabat else None, **(notes or {})}
    if action.outcome is not None:
        content |= {"outcome": action.outcome, "outcome_before": before.outcome}
    entry = Entry(action.kind, action.actor, alert_id, before.status, case.status, action.reason or "", content)
    moment = book.append(entry)
    changed = (
        Alert.objects.using(book.alias)
        .filter(alert_id=alert_id, version=before.version)
        .update(
            status=case.status,
            status_since=moment if case.status != before.status else row.status_since,
            escalated_at=None,
            version=case.version,
            case_state=canonical(asdict(case)),
        )
    )
    if changed != 1:
        raise LifecycleError("moved_on", action=action.kind, version="?", seen=before.version)
    return case


def housekeeping(book: Book) -> Housekeeping:
    """Tell analysts of alerts whose time limit has passed (once a status) and expire what nobody decided."""
    escalated: list[str] = []
    expired: list[str] = []
    with book.writing():
        now = book.now()
        for row in Alert.objects.using(book.alias).exclude(status__in=FINAL):
            left = time_to_expiry(row.status, row.registered_at, now)
            if left is not None and not left:
                move(book, row.alert_id, Action("expire", SYSTEM))
                expired.append(row.alert_id)
            elif row.escalated_at is None and is_overdue(row.status, row.severity, row.status_since, now):
                moment = book.append(Entry("escalated", SYSTEM, row.alert_id, row.status, row.status))
                Alert.objects.using(book.alias).filter(alert_id=row.alert_id).update(escalated_at=moment)
                escalated.append(row.alert_id)
    return Housekeeping(tuple(escalated), tuple(expired))


def row_of(book: Book, alert_id: str) -> Alert:
    """The row of an alert.

    Raises:
        LedgerError: if there is no such alert.
    """
    row = Alert.objects.using(book.alias).filter(alert_id=alert_id).first()
    if row is None:
        raise LedgerError("no_alert", alert=alert_id)
    return row


def case_now(book: Book, alert_id: str) -> Case:
    """Where an alert stands.

    Raises:
        LedgerError: if there is no such alert.
    """
    return Case(**json.loads(row_of(book, alert_id).case_state))
