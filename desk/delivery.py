"""Letters: queued by a person for an approved alert, sent when rules allow, each to its body exactly once."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from desk.book import Book, Entry
from desk.chain import told_case
from desk.channels import Channels, Report, Sender
from desk.decisions import case_now, move, row_of
from desk.models import Alert, Dispatch, Recipient
from desk.people import require
from models.warning.briefs import Envelope, letter
from models.warning.deadlines import SentAlert, earlier_alert_in_cooldown
from models.warning.dispatching import (
    Delivery,
    Letter,
    after_attempt,
    day_start,
    hold_until,
    idempotency_key,
    is_broken_off,
)
from models.warning.lifecycle import Action, clearance, normal_name
from models.warning.refusals import Refused

STUCK = ("uncertain", "dead")


class DeliveryError(Refused):
    """A letter that cannot be queued or sent; the message says why and what to do."""


def enqueue(book: Book, alert_id: str, actor: str, reason: str | None = None) -> int:
    """Queue one letter for each body of an approved alert; asking twice queues nothing twice.

    Returns:
        Number of letters that are new.

    Raises:
        LedgerError: if there is no such alert.
        LifecycleError: unless two different people have approved it.
        DeliveryError: if the same story went to the region a short while ago and no reason is given.
        PeopleError: if the actor may not send.
    """
    with book.writing():
        row, case = row_of(book, alert_id), case_now(book, alert_id)
        name = require(book, actor, "dispatch")
        clearance(alert_id, case)
        clearance(alert_id, told_case(book, alert_id))
        known = set(Dispatch.objects.using(book.alias).filter(alert=row).values_list("body_code", flat=True))
        if not known:
            _check_cooldown(book, row, reason)
        payload, moment = json.loads(row.payload), book.now()
        new = [body for body in (payload["primary_body"], *payload["supporting_bodies"]) if body not in known]
        for body in new:
            Dispatch(
                idempotency_key=idempotency_key(alert_id, body, row.region_code, 1),
                alert=row,
                body_code=body,
                region_code=row.region_code,
                edition=1,
                severity=row.severity,
                state="queued",
                queued_at=moment,
                next_attempt_at=moment,
            ).save(using=book.alias, force_insert=True)
        if new:
            book.append(Entry("queued", name, alert_id, reason=reason or "", payload={"bodies": new}))
    return len(new)


def send_again(book: Book, alert_id: str, body_code: str, actor: str, reason: str) -> None:
    """Put a letter that is dead or uncertain back into the queue: a person's decision, with its reason.

    Raises:
        DeliveryError: if there is no such letter, it is in another state, or the reason is missing.
        PeopleError: if the actor may not send.
    """
    with book.writing():
        row_of(book, alert_id)
        name = require(book, actor, "resend")
        rows = Dispatch.objects.using(book.alias).filter(alert_id=alert_id)
        row = rows.filter(body_code=body_code).first()
        if row is None:
            known = ", ".join(rows.values_list("body_code", flat=True)) or "-"
            raise DeliveryError("no_letter", alert=alert_id, body=body_code, known=known)
        if row.state not in STUCK:
            raise DeliveryError("not_uncertain", alert=alert_id, body=body_code, state=row.state)
        if not reason.strip():
            raise DeliveryError("reason_needed", action="resend")
        before = row.state
        row.state, row.attempts, row.next_attempt_at, row.problem = "queued", 0, book.now(), ""
        row.save(using=book.alias)
        book.append(Entry("queued_again", name, alert_id, before, "queued", reason, {"body": body_code}))


def deliver(book: Book, channels: Channels, actor: str, alert_id: str | None = None) -> Report:
    """Send every letter that is due, most severe first; each attempt is written down before it is made.

    A letter whose attempt was broken off by a dying process becomes uncertain: it may have arrived, so only a
    person sends it again.

    Raises:
        PeopleError: if the actor may not send.
    """
    report = Report()
    with book.writing():
        name = require(book, actor, "dispatch")
        _find_broken_off(book)
    due = Dispatch.objects.using(book.alias).filter(state="queued")
    if alert_id is not None:
        due = due.filter(alert_id=alert_id)
    for key in list(due.order_by("-severity", "queued_at", "body_code").values_list("idempotency_key", flat=True)):
        try:
            _deliver_one(book, channels, key, name, report)
        except Refused as refusal:
            report.refusals.append(refusal)
    stuck = Dispatch.objects.using(book.alias).filter(state__in=STUCK)
    report.stuck = [(row.alert_id, row.body_code, row.state) for row in stuck]
    return report


def _deliver_one(book: Book, channels: Channels, key: str, actor: str, report: Report) -> None:
    with book.writing():
        row = Dispatch.objects.using(book.alias).get(idempotency_key=key)
        now = book.now()
        if row.state != "queued":
            return
        if row.next_attempt_at > now:
            report.waiting.append((row.alert_id, row.body_code, row.next_attempt_at.isoformat(timespec="minutes")))
            return
        claimed = _claim(book, channels, row, now)
    if isinstance(claimed, Refused):
        report.refusals.append(claimed)
        return
    if isinstance(claimed, datetime):
        report.waiting.append((row.alert_id, row.body_code, claimed.isoformat(timespec="minutes")))
        return
    sender, written = claimed
    outcome = sender.send(written)
    with book.writing():
        _record(book, row.idempotency_key, outcome, actor, report)


def _claim(book: Book, channels: Channels, row: Dispatch, now: datetime) -> tuple[Sender, Letter] | datetime | Refused:
    """Take a letter for one attempt, or say until when, or why, it must wait."""
    alert = row_of(book, row.alert_id)
    cleared = clearance(row.alert_id, told_case(book, row.alert_id))
    place = _place(book, channels, row)
    if isinstance(place, Refused):
        Dispatch.objects.using(book.alias).filter(pk=row.pk).update(problem=place.rule)
        return place
    held = hold_until(row.body_code, row.severity, _letters_today(book, row, now), now)
    if held is not None:
        Dispatch.objects.using(book.alias).filter(pk=row.pk).update(problem=held[0], next_attempt_at=held[1])
        return held[1]
    channel, address = place
    envelope = Envelope(row.body_code, address, row.idempotency_key)
    written = letter(
        json.loads(alert.payload), cleared, envelope, contact=channels.contact, is_synthetic=alert.is_synthetic
    )
    row.state, row.started_at, row.attempts, row.channel, row.problem = "sending", now, row.attempts + 1, channel, ""
    row.save(using=book.alias)
    content = {"key": row.idempotency_key, "body": row.body_code, "attempt": row.attempts, "channel": channel}
    book.append(Entry("attempt", "kelisim", row.alert_id, "queued", "sending", payload=content))
    return channels.senders[channel], written


def _place(book: Book, channels: Channels, row: Dispatch) -> tuple[str, str] | Refused:
    """Channel and address of a letter. Addresses of `councils.yml` are examples: only the folder uses them."""
    named = Recipient.objects.using(book.alias).filter(body_code=row.body_code, region_code=row.region_code).first()
    channel = named.channel if named else channels.default
    in_book = channels.book_address(row.body_code, row.region_code)
    address = named.address if named else in_book
    if address is None or (channel != "folder" and (named is None or not address)):
        return DeliveryError("no_address", body=row.body_code, region=row.region_code)
    if channel not in channels.senders:
        setting = {"smtp": "KELISIM_SMTP_HOST"}.get(channel, "KELISIM_CHANNEL")
        return DeliveryError("channel_not_set", channel=channel, setting=setting)
    return channel, address


def _record(book: Book, key: str, outcome: Delivery, actor: str, report: Report) -> None:
    row = Dispatch.objects.using(book.alias).get(idempotency_key=key)
    now = book.now()
    state, next_attempt = after_attempt(outcome, row.attempts, now)
    row.state, row.detail = state, outcome.detail
    row.next_attempt_at = next_attempt or row.next_attempt_at
    row.problem = "" if state == "sent" else outcome.verdict
    if state == "sent":
        row.sent_at = now
        report.sent.append((row.alert_id, row.body_code))
    elif next_attempt is not None:
        report.waiting.append((row.alert_id, row.body_code, next_attempt.isoformat(timespec="minutes")))
    row.save(using=book.alias)
    content = {"key": key, "body": row.body_code, "attempt": row.attempts, "detail": outcome.detail}
    book.append(
        Entry(
            "sent" if state == "sent" else outcome.verdict, "kelisim", row.alert_id, "sending", state, payload=content
        )
    )
    if state == "sent" and case_now(book, row.alert_id).status == "approved":
        move(book, row.alert_id, Action("dispatch", normal_name(actor)))


def _find_broken_off(book: Book) -> None:
    now = book.now()
    for row in Dispatch.objects.using(book.alias).filter(state="sending"):
        if row.started_at is not None and is_broken_off(row.started_at, now):
            row.state, row.problem = "uncertain", "broken_off"
            row.save(using=book.alias)
            content = {"key": row.idempotency_key, "body": row.body_code, "attempt": row.attempts}
            book.append(Entry("uncertain", "kelisim", row.alert_id, "sending", "uncertain", payload=content))


def _letters_today(book: Book, row: Dispatch, now: datetime) -> int:
    """Letters that went, or may have gone, to this body of this region since midnight."""
    today = Dispatch.objects.using(book.alias).filter(
        body_code=row.body_code, region_code=row.region_code, started_at__gte=day_start(now)
    )
    return today.filter(state__in=("sent", "sending", "uncertain")).exclude(pk=row.pk).count()


def _check_cooldown(book: Book, row: Alert, reason: str | None) -> None:
    sent = [
        _sent_alert(letter_row.alert, letter_row.sent_at)
        for letter_row in Dispatch.objects.using(book.alias).filter(state="sent").select_related("alert")
    ]
    found = earlier_alert_in_cooldown(_sent_alert(row, None), sent, book.now())
    if found is not None and not (reason or "").strip():
        raise DeliveryError("in_cooldown", alert=row.alert_id, earlier=found[0].alert_id, days=found[1])


def _sent_alert(row: Alert, sent_at: Any) -> SentAlert:
    payload = json.loads(row.payload)
    return SentAlert(
        alert_id=row.alert_id,
        region_code=row.region_code,
        case_kind=row.case_kind,
        group_codes=frozenset(payload["group_codes"]),
        severity=row.severity,
        continues=payload.get("is_continuation_of"),
        sent_at=sent_at,
    )
