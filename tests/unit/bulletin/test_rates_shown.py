"""What is shown of a rate is never narrower than sampling alone allows."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bulletin.rates_shown import _shown


def rates(share: float, low: float, high: float, count: int) -> pl.DataFrame:
    values = {"share": share, "ci_low_share": low, "ci_high_share": high}
    corrected = {f"corrected_{name}": value for name, value in values.items()}
    return pl.DataFrame([values | corrected | {"cluster_count": count}])


def test_nothing_observed_is_not_known_to_be_nothing() -> None:
    shown = _shown(rates(0.0, 0.0, 0.0, 390)).row(0, named=True)
    assert shown["shown_ci_low_share"] == 0.0
    assert shown["shown_ci_high_share"] == pytest.approx(0.00975, abs=0.0001)


@given(st.floats(0, 1), st.floats(0, 0.2), st.integers(30, 10_000))
def test_the_interval_holds_the_share_and_both_errors(share: float, width: float, count: int) -> None:
    low, high = max(0.0, share - width), min(1.0, share + width)
    shown = _shown(rates(share, low, high, count)).row(0, named=True)
    assert shown["shown_ci_low_share"] <= low
    assert shown["shown_ci_high_share"] >= high
    assert shown["shown_ci_low_share"] < shown["shown_ci_high_share"]


def test_too_few_messages_show_nothing() -> None:
    shown = _shown(rates(0.1, 0.0, 0.3, 29)).row(0, named=True)
    assert shown["shown_share"] is None
    assert shown["shown_ci_high_share"] is None
