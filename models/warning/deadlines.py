"""Time limits of alerts: when analysts are told, when a candidate expires, when a story may be sent again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from data_contracts.councils import council_book
from models.warning.lifecycle import FINAL, Status
from models.warning.refusals import Refused

SMALL_CLOCK_STEP = timedelta(minutes=5)
UNDECIDED: tuple[Status, ...] = ("awaiting_review", "first_reviewed")


@dataclass(frozen=True)
class SentAlert:
    """What the cooldown needs to know of an alert: its story, its severity and, once sent, when.

    Attributes:
        continues: first candidate of the story, when this one continues it.
    """

    alert_id: str
    region_code: str
    case_kind: str
    group_codes: frozenset[str]
    severity: int
    continues: str | None = None
    sent_at: datetime | None = None


def is_urgent(severity: int) -> bool:
    """Severe enough to pass working hours and to be decided within the short limits."""
    return severity >= council_book().delivery.urgent.severity_from


def elapsed(since: datetime, now: datetime) -> timedelta:
    """Time passed; zero, never negative, when the clock has gone back."""
    return max(now - since, timedelta(0))


def time_limit(status: str, severity: int) -> timedelta | None:
    """How long an alert may stay in a status before analysts are told; None where there is no limit."""
    limits = council_book().time_limits
    hours = (limits.urgent_hours if is_urgent(severity) else limits.hours).get(status)
    return None if hours is None else timedelta(hours=hours)


def is_overdue(status: str, severity: int, since: datetime, now: datetime) -> bool:
    """True when an alert has stayed in its status for longer than the limit."""
    limit = time_limit(status, severity)
    return limit is not None and elapsed(since, now) > limit


def time_to_expiry(status: str, registered_at: datetime, now: datetime) -> timedelta | None:
    """Time until an undecided candidate expires, zero when it should; None for one that never does."""
    if status in FINAL or status not in UNDECIDED:
        return None
    left = timedelta(days=council_book().time_limits.expires_after_days) - elapsed(registered_at, now)
    return max(left, timedelta(0))


def earlier_alert_in_cooldown(
    alert: SentAlert, sent: Sequence[SentAlert], now: datetime
) -> tuple[SentAlert, int] | None:
    """The alert of the same story that went out too recently to send this one without a reason.

    The same story is the same region and kind of case with a group in common, or one that continues the other. An
    alert more severe than the earlier one is never held back.

    Returns:
        The latest such alert and the whole days since it was sent, or None.
    """
    days = council_book().delivery.cooldown_days
    near = [
        other
        for other in sent
        if other.alert_id != alert.alert_id
        and other.sent_at is not None
        and elapsed(other.sent_at, now) < timedelta(days=days)
        and alert.severity <= other.severity
        and _same_story(alert, other)
    ]
    if not near:
        return None
    latest = max(near, key=lambda other: other.sent_at or now)
    return latest, elapsed(latest.sent_at or now, now).days


def _same_story(alert: SentAlert, other: SentAlert) -> bool:
    if alert.continues is not None and alert.continues in (other.alert_id, other.continues):
        return True
    groups_meet = bool(alert.group_codes & other.group_codes) or not (alert.group_codes or other.group_codes)
    return alert.region_code == other.region_code and alert.case_kind == other.case_kind and groups_meet


def recorded_moment(now: datetime, last: datetime | None) -> tuple[datetime, str | None]:
    """The time an event gets: never before the last event's.

    Returns:
        The time, and what the clock read when it had gone back by more than five minutes (else None).
    """
    if last is None or now >= last:
        return now, None
    return last, now.isoformat(timespec="seconds") if last - now > SMALL_CLOCK_STEP else None


def clock_warning(payload: Mapping[str, object], recorded_at: str) -> Refused | None:
    """The sentence about a clock that has gone back, if an event's payload tells of one."""
    if "clock_read" not in payload:
        return None
    return Refused("clock_back", now=payload["clock_read"], last=recorded_at)
