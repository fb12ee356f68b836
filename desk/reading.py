"""What people read from the ledger: alerts, letters, and an export without persons."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Count

from desk.book import Book
from desk.configuration import LedgerError
from desk.decisions import row_of
from desk.models import Alert, Dispatch, Event, Reply
from models.warning.deadlines import clock_warning
from models.warning.lifecycle import STATUSES
from models.warning.refusals import Refused

EXPORTED = (
    "candidate_id",
    "week_date",
    "region_code",
    "group_codes",
    "signals",
    "case_kind",
    "severity",
    "is_continuation_of",
    "message_count",
    "cluster_count",
    "expected_false_alarms_per_year",
    "primary_body",
    "supporting_bodies",
)
SHOWN_EVENT = ("sequence", "kind", "actor", "from_status", "to_status", "reason", "recorded_at")


def alerts(book: Book, status: str | None = None, *, only_overdue: bool = False) -> list[dict[str, Any]]:
    """Alerts, newest week first, optionally of one status or those escalated.

    Raises:
        LedgerError: if there is no such status.
    """
    if status is not None and status not in STATUSES:
        raise LedgerError("no_status", status=status, known=", ".join(STATUSES))
    rows = Alert.objects.using(book.alias).all()
    if status is not None:
        rows = rows.filter(status=status)
    if only_overdue:
        rows = rows.exclude(escalated_at=None)
    return [
        {
            **json.loads(row.payload),
            "status": row.status,
            "version": row.version,
            "escalated_at": _iso(row.escalated_at),
        }
        for row in rows
    ]


def alert(book: Book, alert_id: str) -> dict[str, Any]:
    """What was registered for an alert, where it stands, its events, letters and replies.

    Raises:
        LedgerError: if there is no such alert.
    """
    row = row_of(book, alert_id)
    events = Event.objects.using(book.alias).filter(alert_id=alert_id).order_by("sequence")
    shown = [
        {
            **{name: getattr(event, name) for name in SHOWN_EVENT},
            **{
                name: value for name, value in json.loads(event.payload).items() if name in ("rabat", "outcome", "body")
            },
        }
        for event in events
    ]
    case = json.loads(row.case_state)
    return {
        **json.loads(row.payload),
        "status": row.status,
        "version": row.version,
        "outcome": case["outcome"],
        "escalated_at": _iso(row.escalated_at),
        "is_synthetic": row.is_synthetic,
        "events": shown,
        "letters": letters(book, alert_id),
        "replies": [
            {"body_code": reply.body_code, "reply_code": reply.reply_code, "replied_at": _iso(reply.replied_at)}
            for reply in Reply.objects.using(book.alias).filter(alert_id=alert_id).order_by("replied_at", "pk")
        ],
    }


def letters(book: Book, alert_id: str | None = None, *, only_stuck: bool = False) -> list[dict[str, Any]]:
    """Letters and what became of them, without addresses; `only_stuck` leaves the dead and the uncertain."""
    rows = Dispatch.objects.using(book.alias).all()
    if alert_id is not None:
        rows = rows.filter(alert_id=alert_id)
    if only_stuck:
        rows = rows.filter(state__in=("dead", "uncertain"))
    return [
        {
            "alert_id": row.alert_id,
            "body_code": row.body_code,
            "region_code": row.region_code,
            "state": row.state,
            "attempts": row.attempts,
            "next_attempt_at": _iso(row.next_attempt_at) if row.state == "queued" else None,
            "sent_at": _iso(row.sent_at),
            "problem": row.problem,
            "detail": row.detail,
        }
        for row in rows
    ]


def counts_by_status(book: Book) -> dict[str, int]:
    """Number of alerts in every status, zeros included."""
    rows = Alert.objects.using(book.alias).order_by().values_list("status").annotate(Count("alert_id"))
    found = {str(status): int(count) for status, count in rows}
    return {status: found.get(status, 0) for status in STATUSES}


def export(book: Book) -> list[dict[str, Any]]:
    """Every alert with its dates and outcome: no names, no reasons in words, no message texts, no addresses.

    It is meant for analysis by the institute and the councils. There is no export for police or prosecutors.
    """
    moments: dict[str, dict[str, str]] = {}
    for name, kind, at in Event.objects.using(book.alias).values_list("alert_id", "kind", "recorded_at").order_by("pk"):
        moments.setdefault(name, {})[kind] = at
    return [
        {
            **{name: value for name, value in json.loads(row.payload).items() if name in EXPORTED},
            "is_synthetic": row.is_synthetic,
            "status": row.status,
            "outcome": json.loads(row.case_state)["outcome"],
            **{
                f"{kind}_at": moments.get(row.alert_id, {}).get(kind)
                for kind in ("registered", "first_review", "approve", "dismiss", "dispatch", "acknowledge", "close")
            },
        }
        for row in Alert.objects.using(book.alias).all()
    ]


def last_clock_warning(book: Book) -> Refused | None:
    """A sentence if the clock had gone back when the last event was written."""
    last = Event.objects.using(book.alias).order_by("-sequence").first()
    return None if last is None else clock_warning(json.loads(last.payload), last.recorded_at)


def _iso(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
