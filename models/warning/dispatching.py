"""Rules of delivery: when a letter may go, how often it is tried, and what a broken attempt means."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Literal

from data_contracts.councils import WorkingHours, council_book, councils
from models.warning.deadlines import is_urgent
from models.warning.lifecycle import Clearance

DispatchState = Literal["queued", "sending", "sent", "uncertain", "dead"]
DISPATCH_STATES: tuple[DispatchState, ...] = ("queued", "sending", "sent", "uncertain", "dead")
Verdict = Literal["sent", "temporary", "permanent", "uncertain"]
Hold = Literal["working_hours", "rate_limit"]


@dataclass(frozen=True)
class Letter:
    """One brief for one body; it cannot be made without the clearance of its alert.

    Attributes:
        clearance: proof of two approvals of this very alert.
        idempotency_key: same for every attempt of this letter, and for no other.
        body_code, region_code: who it is for.
        address: where to, in the terms of the channel; empty for the folder.
        subject, text, html: what it says.

    Raises:
        TypeError: without a clearance.
    """

    clearance: Clearance
    idempotency_key: str
    body_code: str
    region_code: str
    address: str
    subject: str
    text: str
    html: str

    def __post_init__(self) -> None:
        if not isinstance(self.clearance, Clearance):
            raise TypeError("a letter needs the clearance of an approved alert")


@dataclass(frozen=True)
class Delivery:
    """What came of one attempt.

    Attributes:
        verdict: `sent`; `temporary` (not delivered, try again); `permanent` (not delivered, never will be);
            `uncertain` (it may have been delivered: only a person may send it again).
        detail: what the other side answered, without addresses.
    """

    verdict: Verdict
    detail: str = ""


def idempotency_key(alert_id: str, body_code: str, region_code: str, edition: int) -> str:
    """One key for one letter: the alert, the body, the region and the edition of the brief."""
    return hashlib.sha256(f"{alert_id}|{body_code}|{region_code}|{edition}".encode()).hexdigest()[:32]


def retry_delay(attempts: int) -> timedelta | None:
    """Wait before the next attempt: exponential, capped; None when there is none left.

    Args:
        attempts: attempts made so far, at least 1.
    """
    rule = council_book().delivery.attempts
    if attempts >= rule.most:
        return None
    minutes = min(rule.first_delay_minutes * rule.factor ** (attempts - 1), rule.longest_delay_minutes)
    return timedelta(minutes=minutes)


def after_attempt(delivery: Delivery, attempts: int, now: datetime) -> tuple[DispatchState, datetime | None]:
    """State of a letter after an attempt, and when the next one is due."""
    if delivery.verdict == "sent":
        return "sent", None
    if delivery.verdict == "uncertain":
        return "uncertain", None
    delay = retry_delay(attempts) if delivery.verdict == "temporary" else None
    return ("dead", None) if delay is None else ("queued", now + delay)


def is_broken_off(started_at: datetime, now: datetime) -> bool:
    """True for an attempt that began so long ago that its process must have died."""
    return now - started_at > timedelta(minutes=council_book().delivery.attempts.lease_minutes)


def local_date(now: datetime) -> date:
    """The calendar day in Kazakhstan."""
    return now.astimezone(_zone()).date()


def day_start(now: datetime) -> datetime:
    """Midnight in Kazakhstan at the beginning of the day of `now`."""
    return datetime.combine(local_date(now), time(0), _zone())


def hold_until(body_code: str, severity: int, sent_today: int, now: datetime) -> tuple[Hold, datetime] | None:
    """Why a letter to a body must wait and until when, or None if it may go now.

    Args:
        body_code: code of `councils.yml`.
        severity: 1 to 5; the urgent ones pass the working hours and have more letters a day.
        sent_today: letters that went to this body of this region since midnight, or may have gone.
        now: with a time zone.
    """
    rules, body = council_book().delivery, councils()[body_code]
    urgent = is_urgent(severity)
    hours = body.working_hours or rules.working_hours
    most = body.letters_per_day or rules.letters_per_day
    if sent_today >= most + (rules.urgent.more_letters_per_day if urgent else 0):
        tomorrow = day_start(now) + timedelta(days=1)
        passes = urgent and rules.urgent.passes_working_hours
        return "rate_limit", tomorrow if passes else next_opening(hours, tomorrow)
    if urgent and rules.urgent.passes_working_hours:
        return None
    opening = next_opening(hours, now)
    return None if opening <= now else ("working_hours", opening)


def next_opening(hours: WorkingHours, now: datetime) -> datetime:
    """`now` within working hours, else the beginning of the next ones."""
    local = now.astimezone(_zone())
    for days in range(15):
        day = local.date() + timedelta(days=days)
        if day.isoweekday() not in hours.weekdays or f"{day:%m-%d}" in council_book().delivery.holidays:
            continue
        opens = datetime.combine(day, time.fromisoformat(hours.opens), _zone())
        closes = datetime.combine(day, time.fromisoformat(hours.closes), _zone())
        if local < closes:
            return max(opens, local)
    return local + timedelta(days=15)


def _zone() -> timezone:
    return timezone(timedelta(hours=council_book().delivery.utc_offset_hours))
