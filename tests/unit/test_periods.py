"""Quarters and weeks partition the calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.periods import (
    QuarterError,
    monday,
    quarter_before,
    quarter_end,
    quarter_of,
    quarter_start,
    weeks_of,
)

DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))


@given(DAYS)
def test_every_day_lies_in_its_quarter(day: date) -> None:
    quarter = quarter_of(day)
    assert quarter_start(quarter) <= day <= quarter_end(quarter)
    assert quarter_of(quarter_start(quarter) - timedelta(days=1)) == quarter_before(quarter)


@given(DAYS)
def test_every_week_belongs_to_exactly_one_quarter(day: date) -> None:
    week = monday(day)
    quarter = quarter_of(week + timedelta(days=6))
    assert week in weeks_of(quarter)
    assert week not in weeks_of(quarter_before(quarter))


@pytest.mark.parametrize("wrong", ["2026-Q5", "2026Q3", "26-Q3", "2026-q3", "", "2026-Q3 "])
def test_a_wrong_quarter_is_named(wrong: str) -> None:
    with pytest.raises(QuarterError, match="write it like 2026-Q3"):
        quarter_start(wrong)
