from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import special, stats

from data_contracts.contract import table_contract
from data_contracts.indicator_registry import plan
from data_contracts.schemas import conform
from models.survey.design import SurveyInputError
from models.survey.outlook import SeriesPrior, forecasts, outlook

YEARS = [2021, 2022, 2023, 2024, 2025]


def _kalman(y, noise, times, step, drift_sd, ahead):
    """An independent check: the same state space run forward by a Kalman filter."""
    state, cov = np.array([y.mean(), 0.0]), np.diag([100.0, drift_sd**2])
    observed = dict(zip(times, zip(y, noise, strict=True), strict=True))
    for t in range(times[0], ahead + 1):
        if t > times[0]:
            move = np.array([[1.0, 1.0], [0.0, 1.0]])
            state, cov = move @ state, move @ cov @ move.T + np.diag([step**2, 0.0])
        if t in observed:
            value, variance = observed[t]
            gain = cov[:, 0] / (cov[0, 0] + variance)
            state, cov = state + gain * (value - state[0]), cov - np.outer(gain, cov[0])
    return state[0], cov[0, 0] ** 0.5


def test_forecast_equals_a_kalman_filter_for_one_step_size():
    years, values, ses = (
        [2021, 2022, 2024, 2025],
        np.array([80.0, 80.6, 79.9, 81.2]),
        np.array([0.6, 0.5, 0.7, 0.6]),
    )
    prior = SeriesPrior(level_step_sd=0.08, drift_sd=0.05, grid=1)
    step = 0.08 * stats.halfnorm.ppf(0.5)
    y = special.logit(values / 100)
    noise = (ses / 100 / (values / 100 * (1 - values / 100))) ** 2
    for year in (2025, 2026, 2028):
        found = forecasts(years, values, ses, [year], prior=prior)[0]
        mean, sd = _kalman(y, noise, years, step, 0.05, year)
        assert found.means[0] == pytest.approx(mean, abs=1e-6)
        assert found.sds[0] == pytest.approx(sd, rel=1e-4)


def test_exact_steady_growth_is_carried_on_and_doubt_grows_with_distance():
    values = 100 * special.expit(np.array([1.0, 1.1, 1.2, 1.3, 1.4]))
    near, far = forecasts(YEARS, values, [0.01] * 5, [2026, 2030], prior=SeriesPrior(0.001, 1.0))
    assert special.logit(near.quantile_pct(0.5) / 100) == pytest.approx(1.5, abs=0.01)
    wide = [f.quantile_pct(0.975) - f.quantile_pct(0.025) for f in forecasts(YEARS, values, [1.0] * 5, [2026, 2030])]
    assert wide[1] > wide[0]
    assert far.quantile_pct(0.5) > near.quantile_pct(0.5)


def test_chances_fall_as_targets_rise_and_end_at_the_edges():
    found = forecasts(YEARS, [80, 80.5, 80.2, 80.8, 81.0], [0.6] * 5, [2026])[0]
    chances = [found.probability_at_least(target) for target in (0, 75, 80, 81, 85, 100)]
    assert chances == sorted(chances, reverse=True)
    assert (chances[0], chances[-1]) == (1.0, 0.0)
    assert found.probability_at_least(found.quantile_pct(0.5)) == pytest.approx(0.5, abs=1e-6)


def test_intervals_cover_simulated_histories():
    """600 histories of six waves, steps and drifts from the prior: intervals two years ahead hold 95 %."""
    rng = np.random.default_rng(3)
    prior = SeriesPrior()
    covered, below = [], []
    for _ in range(600):
        step = abs(rng.normal(0, prior.level_step_sd))
        drift = rng.normal(0, prior.drift_sd)
        level = 1.2 + np.cumsum(rng.normal(drift, step, 8))
        true = 100 * special.expit(level)
        observed = true[:6] + rng.normal(0, 0.6, 6)
        found = forecasts(range(2021, 2027), observed, [0.6] * 6, [2028], prior=prior)[0]
        covered.append(found.quantile_pct(0.025) <= true[7] <= found.quantile_pct(0.975))
        below.append(found.probability_at_least(float(true[7])))
    assert 0.93 < np.mean(covered) < 0.97
    # Calibrated probabilities are uniform.
    assert stats.kstest(below, "uniform").pvalue > 0.01


@pytest.mark.parametrize("step", [0.0, 0.03, 0.08])
def test_intervals_cover_when_the_step_is_fixed(step):
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(300):
        true = 100 * special.expit(1.2 + np.cumsum(rng.normal(0.02, step, 7)))
        found = forecasts(range(2021, 2027), true[:6] + rng.normal(0, 0.6, 6), [0.6] * 6, [2027])[0]
        covered.append(found.quantile_pct(0.025) <= true[6] <= found.quantile_pct(0.975))
    assert np.mean(covered) > 0.92


def _table(years: list[int], **other: object) -> pl.DataFrame:
    rows = [
        {
            "indicator_id": "accord",
            "indicator_version": "1.0",
            "year": year,
            "domain": "country",
            "estimate_pct": 80.0 + 0.2 * (year - 2021),
            "se_pct": 0.6,
            "is_suppressed": False,
            "comparability": "comparable",
            **other,
        }
        for year in years
    ]
    return pl.DataFrame(rows)


def test_outlook_runs_to_the_last_year_of_the_plan():
    table = outlook(_table([2021, 2022, 2023]), "2023-Q3", plan())
    assert conform(table, table_contract("out_indicators__outlook")).height == 4
    assert table["year"].to_list() == [2023, 2024, 2025, 2026]
    assert table["target_pct"].to_list() == [80.4, 80.6, 80.8, 81.0]
    assert (table["ci_high_pct"] - table["ci_low_pct"]).is_sorted()


def test_after_the_plan_one_more_year_without_a_target():
    table = outlook(_table([2024, 2025, 2026]), "2026-Q3", plan())
    assert table.select("year", "target_pct").rows() == [(2026, 81.0), (2027, None)]
    assert table["p_target_met"].null_count() == 1


def test_broken_or_single_years_have_no_outlook():
    assert outlook(_table([2024]), "2024-Q3", plan()).is_empty()
    broken = _table([2024, 2025], comparability="not_comparable")
    assert outlook(broken, "2025-Q3", plan()).is_empty()


def test_impossible_series_are_errors():
    with pytest.raises(SurveyInputError, match="two years"):
        forecasts([2021], [80], [1], [2022])
    with pytest.raises(SurveyInputError, match="between 0 and 100"):
        forecasts([2021, 2022], [80, 100], [1, 1], [2023])
    with pytest.raises(SurveyInputError, match="ascend"):
        forecasts([2022, 2021], [80, 81], [1, 1], [2023])
