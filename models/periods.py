"""Quarters and weeks of the institute's calendar, as pure functions of dates."""

from __future__ import annotations

import re
from datetime import date, timedelta

TIMEZONE = "Asia/Almaty"
"""The institute's days, weeks and quarters begin and end here."""

QUARTER = re.compile(r"(\d{4})-Q([1-4])")


class QuarterError(ValueError):
    """A quarter that is not written like 2026-Q3."""


def quarter_start(quarter: str) -> date:
    """First day of a quarter written `2026-Q3`.

    Raises:
        QuarterError: if it is not written so.
    """
    match = QUARTER.fullmatch(quarter)
    if match is None:
        raise QuarterError(f"{quarter!r} is not a quarter; write it like 2026-Q3")
    return date(int(match[1]), 3 * int(match[2]) - 2, 1)


def quarter_end(quarter: str) -> date:
    """Last day of a quarter."""
    start = quarter_start(quarter)
    return (start + timedelta(days=100)).replace(day=1) - timedelta(days=1)


def quarter_of(day: date) -> str:
    """The quarter a day lies in, as `2026-Q3`."""
    return f"{day.year}-Q{(day.month - 1) // 3 + 1}"


def quarter_before(quarter: str) -> str:
    """The quarter that ended when this one began."""
    return quarter_of(quarter_start(quarter) - timedelta(days=1))


def monday(day: date) -> date:
    """Monday of the week a day lies in."""
    return day - timedelta(days=day.weekday())


def weeks_of(quarter: str) -> list[date]:
    """Mondays of the weeks whose Sunday lies inside the quarter, so that each week belongs to one quarter."""
    first = monday(quarter_start(quarter))
    mondays = (first + timedelta(weeks=number) for number in range(15))
    return [week for week in mondays if quarter_of(week + timedelta(days=6)) == quarter]
