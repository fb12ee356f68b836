from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.survey.calibration import calibrate, kish_deff, trim_weights
from models.survey.design import Calibration, SurveyInputError
from models.survey.estimation import estimate
from tests.unit.survey.r_reference import DESIGNS, assert_close, expected, respondents

PEOPLE = {"f": 5200.0, "m": 4800.0}
AGES = {"18-34": 4100.0, "35-54": 3500.0, "55+": 2400.0}
MARGINS = {"sex": PEOPLE, "age": AGES, "hours": 71000.0}
OPTIONS = {"linear": {}, "raking": {}, "logit": {"bounds": (0.2, 4)}, "truncated": {"bounds": (0.2, 4)}}
FULL = Calibration("weight", ("sex", "age", "hours"))


def design_of(weights: np.ndarray, calibration: Calibration):
    data = respondents().with_columns(final=weights)
    return data, dataclasses.replace(DESIGNS["replacement"], weight="final", calibration=calibration)


@pytest.mark.parametrize("method", OPTIONS)
def test_weights_and_their_errors_agree_with_r(method: str) -> None:
    result = calibrate(respondents(), MARGINS, method, weight="weight", **OPTIONS[method])  # type: ignore[arg-type]
    wanted = expected(f"calibrated.{method}")
    assert_close(result.weights, wanted["weights"], 1e-6)
    check_errors(*design_of(result.weights, FULL), wanted)


def test_raking_over_margins_alone_agrees_with_r_rake() -> None:
    result = calibrate(respondents(), {"sex": PEOPLE, "age": AGES}, "raking", weight="weight")
    wanted = expected("calibrated.rake")
    assert_close(result.weights, wanted["weights"], 1e-6)
    check_errors(*design_of(result.weights, Calibration("weight", ("sex", "age"), residual_weights="equal")), wanted)


def check_errors(data, design, wanted) -> None:
    tolerance = 1e-8
    for frame, key in (
        (estimate(data, design, "talks").frame, "mean"),
        (estimate(data, design, "talks", "total", by=["sex"]).frame.head(1), "total_women"),
        (estimate(data, design, "talks", by=["age"]).frame, "by_age"),
    ):
        assert_close(frame["estimate"], wanted[key]["est"], tolerance)
        assert_close(frame["se"], wanted[key]["se"], tolerance)
        assert_close(frame["ci_low"], wanted[key]["lo"], 1e-6)


def test_what_was_calibrated_on_has_no_error_left() -> None:
    result = calibrate(respondents(), MARGINS, "linear", weight="weight")
    data, design = design_of(result.weights, FULL)
    hours = estimate(data, design, "hours", "total").frame
    assert hours["estimate"][0] == pytest.approx(71000)
    assert hours["se"][0] < 1e-6
    naive = estimate(data, dataclasses.replace(design, calibration=None), "hours", "total").frame
    assert naive["se"][0] > 1000
    found = estimate(data, design, "talks", by=["sex"])
    assert_close(np.sqrt(np.diag(found.influence.covariance(np.arange(2)))), found.frame["se"], 1e-10)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.25, 0.75), st.floats(0.2, 0.5), st.sampled_from(["raking", "linear", "logit"]))
def test_margins_are_met(women: float, young: float, method: str) -> None:
    margins = {"sex": {"f": women, "m": 1 - women}, "age": {"18-34": young, "35-54": 0.3, "55+": 0.7 - young}}
    bounds = (0.05, 12.0) if method == "logit" else None
    result = calibrate(respondents(), margins, method, bounds=bounds, weight="weight")  # type: ignore[arg-type]
    assert result.diagnostics["gap_after_pct"].abs().max() < 1e-6  # type: ignore[operator]
    assert result.weights.sum() == pytest.approx(respondents()["weight"].sum())
    assert result.kish_deff_after == pytest.approx(kish_deff(result.weights))


def test_joint_margins_and_shares() -> None:
    data = respondents()
    cells = data.group_by("sex", "age").len().rows()
    joint = {f"{sex}|{age}": 1 / len(cells) for sex, age, _ in cells}
    result = calibrate(data, {("sex", "age"): joint, "population": 600.0}, weight="weight")
    sums = data.with_columns(w=result.weights).group_by("sex", "age").agg(pl.col("w").sum())
    assert_close(sums["w"], [100.0] * 6, 1e-9)


def test_trimming_keeps_margins_when_asked() -> None:
    start = calibrate(respondents(), {"sex": PEOPLE, "age": AGES}, weight="weight")
    data = respondents().with_columns(raked=start.weights)
    upper = float(np.quantile(start.weights, 0.95))
    kept = trim_weights(data, "raked", 10.0, upper, {"sex": PEOPLE, "age": AGES})
    assert kept.weights.min() >= 10 * (1 - 1e-9)
    assert kept.weights.max() <= upper * (1 + 1e-9)
    assert kept.diagnostics["gap_after_pct"].abs().max() < 1e-6  # type: ignore[operator]
    spread = trim_weights(data, "raked", 10.0, upper)
    assert spread.weights.sum() == pytest.approx(10000)
    women = data.with_columns(w=spread.weights).filter(pl.col("sex") == "f")["w"].sum()
    assert women != pytest.approx(5200, abs=1)


TROUBLE = [
    ({"sex": {"f": 5200.0}}, {}, r"margin sex: the data hold m \(\d+ rows\)"),
    ({"sex": PEOPLE | {"x": 3.0}}, {}, r"margin sex: no respondent in x \(total 3\)"),
    ({"sex": PEOPLE | {"m": 0.0}}, {}, r"the total of m is zero but there are respondents"),
    ({"sex": PEOPLE | {"m": -1.0}}, {}, r"the total of m is -1"),
    (
        {"sex": PEOPLE, "age": AGES | {"55+": 9000.0}},
        {},
        r"contradict.*age adds up to 16600 but sex to 10000",
    ),
    ({"sex": PEOPLE, "hours": 200000.0}, {}, r"did not converge: .*hours should be 200000 and reached"),
    (MARGINS, {"method": "logit", "bounds": (0.99, 1.01)}, r"bounds that are too tight \(0.99 to 1.01\)"),
    (MARGINS, {"method": "logit"}, r"needs bounds"),
    (MARGINS, {"method": "truncated", "bounds": (2.0, 3.0)}, r"bounds 2 and 3 must hold"),
    (MARGINS, {"method": "raking", "bounds": (0.5, 3.0)}, r"raking calibration takes no bounds"),
    ({"trust": 100.0, "sex": PEOPLE}, {}, r"auxiliary column trust is missing in 4 rows"),
    ({}, {}, r"no margins were given"),
]


@pytest.mark.parametrize(("margins", "options", "message"), TROUBLE)
def test_margins_that_cannot_be_met_are_named(margins, options, message: str) -> None:
    with pytest.raises(SurveyInputError, match=message):
        calibrate(respondents(), margins, weight="weight", **options)
