"""What the councils answer, the events no alert had told of, and the frames from which the institute learns."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import polars as pl

from data_contracts.councils import case_kinds, council_book, councils
from data_contracts.reference import regions
from desk.book import Book, Entry
from desk.decisions import case_now, move, row_of
from desk.models import Alert, Dispatch, Event, MissedEvent, Reply
from desk.people import require
from models.warning.dispatching import local_date
from models.warning.histories import ALERTS, CORRECTIONS, LETTERS, MISSED, MISSED_CAUSES, Histories
from models.warning.lifecycle import Action
from models.warning.refusals import Refused

RECEIVED = "received"
ARRIVED = ("sent", "uncertain")


class ReplyError(Refused):
    """A reply or report that cannot be taken; the message says why and what to do."""


def record_reply(
    book: Book, alert_id: str, body_code: str, reply_code: str, *, actor: str, confirmed: date | None = None
) -> None:
    """Write down what a body answered; the first answer acknowledges the alert.

    Args:
        book: the ledger.
        alert_id: which alert.
        body_code: who answered; a letter must have gone to it.
        reply_code: a reply of that body in `councils.yml`, or `received`.
        actor: who writes it down.
        confirmed: day of the first confirmed report of the event, if it was confirmed.

    Raises:
        LedgerError: if there is no such alert.
        ReplyError: if the body was sent nothing, or may not answer so, or the day lies in the future.
        PeopleError: if the actor may not record replies.
    """
    with book.writing():
        row = row_of(book, alert_id)
        name = require(book, actor, "reply")
        sent_to = Dispatch.objects.using(book.alias).filter(alert=row, state__in=ARRIVED)
        known = list(sent_to.values_list("body_code", flat=True))
        if body_code not in known:
            raise ReplyError("not_addressed", alert=alert_id, body=body_code, known=", ".join(known) or "-")
        choices = (RECEIVED, *councils()[body_code].replies)
        if reply_code not in choices:
            raise ReplyError("wrong_reply", reply=reply_code, known=", ".join(choices))
        _not_in_future(confirmed, book.now())
        day = None if confirmed is None else confirmed.isoformat()
        content = {"body": body_code, "reply": reply_code, "confirmed_date": day}
        moment = book.append(Entry("reply", name, alert_id, payload=content))
        Reply(alert=row, body_code=body_code, reply_code=reply_code, confirmed_date=confirmed, replied_at=moment).save(
            using=book.alias
        )
        if case_now(book, alert_id).status == "dispatched":
            move(book, alert_id, Action("acknowledge", name))


def record_missed_event(
    book: Book,
    *,
    event_date: date,
    region_code: str,
    body_code: str,
    case_kind: str,
    cause_code: str,
    actor: str,
) -> str:
    """Write down an event that a body reports and no alert had told of.

    Returns:
        Id of the entry in the error book.

    Raises:
        ReplyError: naming the code that is not known, or the day that lies in the future.
        PeopleError: if the actor may not record it.
    """
    for rule, name, value, known in (
        ("no_body", "body", body_code, councils()),
        ("no_region", "region", region_code, (*regions(), "unknown")),
        ("wrong_cause", "cause", cause_code, MISSED_CAUSES),
        ("wrong_reply", "reply", case_kind, case_kinds()),
    ):
        if value not in known:
            raise ReplyError(rule, known=", ".join(known), **{name: value})
    with book.writing():
        name = require(book, actor, "missed")
        _not_in_future(event_date, book.now())
        number = MissedEvent.objects.using(book.alias).count() + 1
        entry_id = f"missed-{event_date.isoformat()}-{number}"
        content = {"entry": entry_id, "region": region_code, "body": body_code, "cause": cause_code}
        moment = book.append(Entry("missed_event", name, payload=content))
        MissedEvent(
            entry_id=entry_id,
            event_date=event_date,
            reported_at=moment,
            region_code=region_code,
            body_code=body_code,
            case_kind=case_kind,
            cause_code=cause_code,
        ).save(using=book.alias)
    return entry_id


def _not_in_future(day: date | None, now: datetime) -> None:
    if day is not None and day > local_date(now):
        raise ReplyError("bad_moment", value=day.isoformat())


def histories(book: Book) -> Histories:
    """Alerts, letters, corrections and missed events as frames, without persons."""
    return Histories(
        alerts=_frame(_alerts(book), ALERTS),
        letters=_frame(_letters(book), LETTERS),
        corrections=_frame(_corrections(book), CORRECTIONS),
        missed=_frame(
            list(MissedEvent.objects.using(book.alias).order_by("reported_at", "entry_id").values(*MISSED)), MISSED
        ),
    )


def _frame(rows: list[dict[str, Any]], schema: Any) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema, orient="row")


def _alerts(book: Book) -> list[dict[str, Any]]:
    rows = []
    for row in Alert.objects.using(book.alias).order_by("registered_at", "alert_id"):
        case = json.loads(row.case_state)
        ended = row.status in ("dismissed", "expired", "closed")
        rows.append(
            {
                "candidate_id": row.alert_id,
                "week_date": row.week_date,
                "region_code": row.region_code,
                "case_kind": row.case_kind,
                "signal": json.loads(row.payload)["signals"][0],
                "severity": row.severity,
                "primary_body": row.primary_body,
                "registered_at": row.registered_at,
                "status": row.status,
                "outcome": case["outcome"],
                "ended_at": row.status_since if ended else None,
            }
        )
    return rows


def _letters(book: Book) -> list[dict[str, Any]]:
    """One row a letter; the last reply with a verdict counts, promptness is that of the first answer."""
    verdicts = {reply.reply_code for reply in council_book().replies}
    first: dict[tuple[str, str], datetime] = {}
    last: dict[tuple[str, str], Reply] = {}
    for reply in Reply.objects.using(book.alias).order_by("replied_at", "pk"):
        key = (reply.alert_id, reply.body_code)
        first.setdefault(key, reply.replied_at)
        if reply.reply_code in verdicts:
            last[key] = reply
    return [
        {
            "candidate_id": row.alert_id,
            "body_code": row.body_code,
            "sent_at": row.sent_at,
            "replied_at": first.get((row.alert_id, row.body_code)),
            "reply_code": last[key].reply_code if (key := (row.alert_id, row.body_code)) in last else None,
            "confirmed_date": last[key].confirmed_date if key in last else None,
        }
        for row in Dispatch.objects.using(book.alias).order_by("queued_at", "idempotency_key")
    ]


def _corrections(book: Book) -> list[dict[str, Any]]:
    events = Event.objects.using(book.alias).filter(kind="correct").order_by("sequence")
    return [
        {
            "candidate_id": event.alert_id,
            "corrected_at": datetime.fromisoformat(event.recorded_at),
            "outcome_before": json.loads(event.payload)["outcome_before"],
            "outcome_after": json.loads(event.payload)["outcome"],
        }
        for event in events
    ]
