from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from data_contracts.contract import ContractError, table_contract
from data_contracts.indicator_registry import plan
from data_contracts.schemas import conform
from models.survey.intervals import logit
from models.survey.plan import (
    plan_notices,
    plan_test,
    proportion_plan_test,
    sample_needed,
    verdicts,
    years_without_plan,
)


def _estimates(estimate: float, se: float, year: int = 2026, n: int = 8000, **other: object) -> pl.DataFrame:
    low, high = logit(np.array([estimate / 100]), np.array([se / 100]), 900.0)
    row = {
        "quarter": "2026-Q3",
        "indicator_id": "accord",
        "indicator_version": "1.0",
        "year": year,
        "domain": "country",
        "estimate_pct": estimate,
        "se_pct": se,
        "ci_low_pct": 100 * float(low[0]),
        "ci_high_pct": 100 * float(high[0]),
        "n_count": n,
        "df": 900.0,
        "is_suppressed": False,
    }
    return pl.DataFrame([{**row, **other}])


def test_t_test_against_a_target_with_two_degrees_of_freedom():
    """With two degrees of freedom Student's distribution is 1/2 + t / (2 sqrt(2 + t^2))."""
    test = plan_test(estimate=52.5, se=2.0, df=2, target=50.0)
    assert test.t == 1.25
    assert test.p_one_sided == pytest.approx(0.5 + 1.25 / (2 * (2 + 1.25**2) ** 0.5))
    assert test.probability_below == pytest.approx(1 - test.p_one_sided)
    assert test.p_two_sided == pytest.approx(2 * test.probability_below)


@pytest.mark.shared_data
@pytest.mark.parametrize("sample", ["apistrat", "apiclus1"])
def test_one_sided_p_equals_r_survey(shared_data: Path, sample: str):
    """R calls pt(t, df) `p_below_plan`; it is the p value of "at least the plan", our `p_one_sided`."""
    reference = json.loads((shared_data / "survey" / "reference.json").read_text())
    wanted = reference[f"{sample}.plan_test_api00_vs_650"]["value"]
    test = plan_test(650 + wanted["diff"], wanted["se"], wanted["df"], 650)
    assert test.p_one_sided == pytest.approx(wanted["p_below_plan"], rel=1e-10)
    assert test.p_two_sided == pytest.approx(wanted["p_two"], rel=1e-10)


def test_a_plan_cannot_be_tested_without_an_error():
    with pytest.raises(ValueError, match="standard error 0"):
        plan_test(80, 0.0, 10, 81)


@pytest.mark.parametrize(
    ("estimate", "se", "verdict"),
    [
        (83.0, 0.6, "met"),
        (78.0, 0.6, "not_met"),
        (80.6, 0.6, "cannot_be_told"),
        (81.0, 0.6, "cannot_be_told"),
    ],
)
def test_three_verdicts(estimate, se, verdict):
    table = verdicts(_estimates(estimate, se), plan())
    assert conform(table, table_contract("out_indicators__verdicts")).height == 1
    row = table.row(0, named=True)
    assert (row["verdict"], row["target_pct"], row["plan_version"]) == (verdict, 81.0, "concept-2022-2026")
    assert (row["n_needed"] is None) == (verdict != "cannot_be_told" or estimate == 81.0)
    assert row["difference_pp"] == pytest.approx(estimate - 81.0)


@pytest.mark.parametrize("estimate", np.linspace(79.0, 83.0, 41).tolist())
def test_verdict_and_interval_never_contradict_each_other(estimate):
    row = verdicts(_estimates(estimate, 0.6), plan()).row(0, named=True)
    inside = row["ci_low_pct"] < 81.0 < row["ci_high_pct"]
    assert inside == (row["verdict"] == "cannot_be_told")
    assert (row["p_below_plan"] > 0.5) == (estimate < 81.0) or estimate == 81.0


def test_logit_test_falls_back_on_the_percent_scale_at_the_edges():
    assert proportion_plan_test(99.0, 0.5, 50, 100.0).probability_below == pytest.approx(stats.t.sf(-2.0, 50))


def test_the_sample_needed_would_tell_with_the_stated_power():
    needed = sample_needed(difference=0.5, se=0.6, n=8000)
    assert needed == 90420  # 8000 (1.959964 + 0.841621)^2 (0.6 / 0.5)^2 = 90419.1
    rng = np.random.default_rng(4)
    se = 0.6 * (8000 / needed) ** 0.5
    told = np.abs(rng.normal(0.5, se, 20_000) / se) > 1.959964
    assert told.mean() == pytest.approx(0.8, abs=0.01)
    assert sample_needed(0.0, 0.6, 8000) is None
    assert sample_needed(0.001, 0.6, 8000) is None


def test_suppressed_years_and_years_without_a_plan_have_no_verdict():
    assert verdicts(_estimates(80.0, 0.6, is_suppressed=True), plan()).is_empty()
    late = _estimates(80.0, 0.6, year=2031)
    assert verdicts(late, plan()).is_empty()
    assert years_without_plan(late, plan()).rows() == [("accord", 2031)]
    assert plan_notices(late, plan()) == [
        "plan.yml has no target for accord in 2031 (it has 2021..2026): no verdict; add the row"
    ]
    with pytest.raises(ContractError, match=r"2031.*2021\.\.2026"):
        plan().for_year(2031)


def test_the_plan_holds_the_targets_of_the_concept():
    version = plan().for_year(2026)
    found = {
        name: [row.target_pct for row in version.rows if row.indicator_id == name] for name in ("accord", "tolerance")
    }
    assert found == {
        "accord": [80.0, 80.2, 80.4, 80.6, 80.8, 81.0],
        "tolerance": [67.0, 67.5, 68.0, 68.5, 69.0, 69.5],
    }
