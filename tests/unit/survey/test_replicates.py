from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.survey.design import Design, SurveyInputError
from models.survey.estimation import estimate
from models.survey.replicates import replicate_estimates, replicate_weights
from tests.unit.survey.r_reference import DESIGNS, assert_close, expected, respondents


def test_jackknives_agree_with_r() -> None:
    data = respondents()
    stratified = replicate_weights(data, DESIGNS["one_stage"], "JKn")
    single = replicate_weights(data, DESIGNS["people"], "JK1")
    for frame, name in (
        (replicate_estimates(data, stratified, "talks"), "JKn"),
        (replicate_estimates(data, single, "talks", "ratio", denominator="hours"), "JK1"),
    ):
        wanted = expected(f"replicates.{name}")
        assert_close(frame["estimate"], wanted["est"], 1e-8)
        assert_close(frame["se"], wanted["se"], 1e-8)
        assert_close(frame["ci_low"], wanted["lo"], 1e-6)
        assert frame["df"][0] == wanted["df"]


def test_all_methods_equal_linearisation_for_totals() -> None:
    generator = np.random.default_rng(1)
    frame = pl.DataFrame(
        {"h": np.repeat(np.arange(7), 12), "v": np.repeat(np.arange(14), 6), "y": generator.normal(5, 2, 84)}
    )
    design = Design(strata="h", psu=("v",))
    wanted = estimate(frame, design, "y", "total").frame["se"][0]
    for method in ("JKn", "BRR", "Fay"):
        found = replicate_estimates(frame, replicate_weights(frame, design, method), "y", "total")  # type: ignore[arg-type]
        assert found["se"][0] == pytest.approx(wanted, rel=1e-10)
    booted = replicate_weights(frame, design, "bootstrap", replicates=4000, seed=5)
    assert replicate_estimates(frame, booted, "y", "total")["se"][0] == pytest.approx(wanted, rel=0.05)


def test_bootstrap_repeats_with_its_seed_and_knows_domains() -> None:
    data, design = respondents(), DESIGNS["one_stage"]
    first = replicate_estimates(
        data, replicate_weights(data, design, "bootstrap", seed=4), "friend", "proportion", by=["sex"]
    )
    again = replicate_estimates(
        data, replicate_weights(data, design, "bootstrap", seed=4), "friend", "proportion", by=["sex"]
    )
    assert first.equals(again)
    linear = estimate(data, design, "friend", "proportion", by=["sex"]).frame
    assert_close(first["estimate"], linear["estimate"], 1e-12)
    assert_close(first["se"], linear["se"], 0.15)


def test_methods_that_do_not_suit_the_design_say_so() -> None:
    data = respondents()
    with pytest.raises(SurveyInputError, match="without strata; this one has 6: use JKn"):
        replicate_weights(data, DESIGNS["one_stage"], "JK1")
    with pytest.raises(SurveyInputError, match=r"two sampling units in every stratum; 6 stratum.*abai \(4\)"):
        replicate_weights(data, DESIGNS["one_stage"], "BRR")
