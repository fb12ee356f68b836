from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.survey.design import Design, SurveyInputError
from models.survey.estimation import estimate
from models.survey.intervals import METHODS, proportion_interval
from tests.unit.survey.r_reference import DESIGNS, assert_close, expected, respondents


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("method", ["logit", "beta"])
def test_proportions_agree_with_r(name: str, method: str) -> None:
    whole = estimate(respondents(), DESIGNS[name], "friend", "proportion", ci=method).frame  # type: ignore[arg-type]
    old = estimate(respondents(), DESIGNS[name], "friend", "proportion", by=["age"], ci=method).frame  # type: ignore[arg-type]
    for frame, key in ((whole, ""), (old.filter(pl.col("age") == "55+"), "_old")):
        wanted = expected(f"{name}.{method}{key}")
        # R fits a logistic regression for "logit" and stops it at about 1e-8
        assert_close(frame["estimate"], wanted["est"], 1e-7)
        assert_close(frame["se"], wanted["se"], 1e-8)
        assert_close(frame["ci_low"], wanted["lo"], 1e-6)
        assert_close(frame["ci_high"], wanted["hi"], 1e-6)
        assert frame["df"][0] == wanted["df"]


def test_wilson_and_beta_are_the_textbook_intervals_under_simple_random_sampling() -> None:
    n, hits = 80, 12
    frame = pl.DataFrame({"y": [1] * hits + [0] * (n - hits)})
    p = hits / n
    se = np.sqrt(p * (1 - p) / n)
    bounds = {
        method: [
            float(end[0])
            for end in proportion_interval(
                method, np.array([p]), np.array([se]), df=np.inf, n=np.array([1e9]), n_kish=np.array([n])
            )
        ]
        for method in METHODS
    }
    z = stats.norm.ppf(0.975)
    root = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert bounds["wilson"] == pytest.approx(
        [(p + z**2 / (2 * n) - root) / (1 + z**2 / n), (p + z**2 / (2 * n) + root) / (1 + z**2 / n)]
    )
    exact = stats.binomtest(hits, n).proportion_ci()
    assert bounds["beta"] == pytest.approx([exact.low, exact.high])
    assert estimate(frame, Design(), "y", "proportion", ci="wald", df="inf").frame["ci_low"][0] == pytest.approx(
        p - z * np.sqrt(p * (1 - p) / (n - 1))
    )


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("method", ["logit", "beta", "wilson"])
def test_none_and_all_have_an_interval_with_width(value: int, method: str) -> None:
    frame = pl.DataFrame({"y": [value] * 40, "psu": np.arange(40) // 4})
    row = estimate(frame, Design(psu=("psu",)), "y", "proportion", ci=method).frame.row(0, named=True)  # type: ignore[arg-type]
    assert row["estimate"] == value
    assert row["se"] == 0
    assert row["n_eff"] == pytest.approx(40)
    exact = stats.binomtest(40 * value, 40).proportion_ci()
    assert row["ci_high"] - row["ci_low"] >= exact.high - exact.low
    assert 0 <= row["ci_low"] <= value <= row["ci_high"] <= 1


@given(
    st.floats(0.001, 0.999),
    st.floats(0.001, 0.1),
    st.integers(1, 400),
    st.sampled_from(["logit", "beta", "wilson"]),
)
def test_intervals_hold_the_estimate_and_stay_inside(p: float, se: float, df: int, method: str) -> None:
    low, high = proportion_interval(
        method,
        np.array([p]),
        np.array([se]),
        df=np.array([float(df)]),
        n=np.array([500.0]),
        n_kish=np.array([300.0]),  # type: ignore[arg-type]
    )
    assert -1e-12 <= low[0] <= p + 1e-9
    assert p - 1e-9 <= high[0] <= 1 + 1e-12


def test_fewer_degrees_of_freedom_widen_every_interval() -> None:
    arguments = (np.array([0.3]), np.array([0.04]))
    for method in METHODS:
        narrow = proportion_interval(
            method, *arguments, df=np.array([200.0]), n=np.array([400.0]), n_kish=np.array([400.0])
        )
        wide = proportion_interval(
            method, *arguments, df=np.array([4.0]), n=np.array([400.0]), n_kish=np.array([400.0])
        )
        assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_other_numbers_than_proportions_refuse_proportion_intervals() -> None:
    with pytest.raises(SurveyInputError, match="a logit interval is for proportions; talks"):
        estimate(respondents(), DESIGNS["people"], "talks", ci="logit")
    with pytest.raises(SurveyInputError, match="confidence level 95"):
        estimate(respondents(), DESIGNS["people"], "talks", level=95)
