"""The default detector: its stated rate is kept, surges over two weeks are seen, their ends are not told again."""

from __future__ import annotations

import numpy as np
import pytest

from models.warning.calibration import SeriesShape, draw_series, realised_rates
from models.warning.detectors.calibrated_levels import calibrated_probability, raw_level
from models.warning.detectors.farrington_flexible import FarringtonFlexibleOptions, farrington_flexible
from models.warning.detectors.log_linear import SeasonDesign, fit_season
from models.warning.detectors.temporal_scan import TemporalScanOptions, temporal_scan


def test_the_fit_solves_its_equations_and_knows_season_and_trend() -> None:
    weeks = np.arange(-416.0, 0.0)
    design = SeasonDesign()
    truth = np.array([3.0, 0.1, 0.4, -0.2, 0.0, 0.1])
    columns = design.columns(weeks)
    counts = np.random.default_rng(1).poisson(np.exp(columns @ truth), (40, weeks.size)).astype(float)
    result = fit_season(counts, np.ones_like(counts), columns, design.precision())
    score = (counts - result.mean) @ columns[:, 1:] - design.precision()[1:] * result.coefficients[:, 1:]
    np.testing.assert_allclose(score, 0, atol=0.05)
    np.testing.assert_allclose(result.coefficients.mean(axis=0), truth, atol=0.02)
    assert result.dispersion.mean() == pytest.approx(1.05, abs=0.05)


@pytest.mark.parametrize("expected", [0.5, 60.0])
def test_the_stated_rate_is_the_realised_one(expected: float) -> None:
    # Seed and expected counts are none of those the table of levels was made with.
    shape = SeriesShape()
    counts = draw_series(np.random.default_rng(31), expected, 150, shape, 390)
    found = temporal_scan(counts, np.arange(342, 390, 6))
    rates = {alpha: float((found.p_value <= alpha).mean()) for alpha in (0.01, 0.05)}
    # 1,200 weeks: three standard errors of a rate of .05 are .019. `benchmarks.warning scenarios` measures more.
    assert rates[0.05] == pytest.approx(0.05, abs=0.02)
    assert rates[0.01] <= 0.018
    assert found.alarm.mean() == pytest.approx(rates[0.01], abs=1e-3)


def test_calibrated_probability_and_raw_level_are_inverse_and_monotone() -> None:
    expected = np.geomspace(0.05, 500, 30)
    for alpha in (0.001, 0.01, 0.03):
        np.testing.assert_allclose(calibrated_probability(raw_level(alpha, expected), expected), alpha, rtol=1e-6)
    raw = np.geomspace(1e-9, 1, 200)
    assert (np.diff(calibrated_probability(raw, np.full(200, 4.0))) >= 0).all()
    assert calibrated_probability(np.array([0.0, 1.0]), np.array([2.0, 2.0])).tolist() == [0.0, 1.0]


def test_a_surge_over_two_weeks_is_seen_where_single_weeks_are_not_unusual() -> None:
    counts = np.random.default_rng(2).poisson(20, (200, 300)).astype(float)
    counts[:, -2:] += 10
    scan = temporal_scan(counts, [299]).alarm.mean()
    single = farrington_flexible(counts, [299], FarringtonFlexibleOptions(b=5)).alarm.mean()
    assert scan > single + 0.2


def test_the_end_of_a_surge_does_not_alarm_again() -> None:
    counts = np.random.default_rng(3).poisson(20, (100, 300)).astype(float)
    counts[:, -2] += 60
    counts[:, -1] = 15
    found = temporal_scan(counts, [298, 299])
    assert found.alarm[:, 0].all()
    assert not found.alarm[:, 1].any()


def test_bound_and_alarm_agree() -> None:
    counts = np.random.default_rng(4).negative_binomial(3, 0.4, (12, 300)).astype(float)
    found = temporal_scan(counts, range(260, 300))
    np.testing.assert_array_equal(found.alarm, counts[:, 260:300] > found.upperbound)


def test_past_outbreaks_and_holes_hardly_move_the_expectation() -> None:
    counts = np.random.default_rng(5).poisson(10, (50, 320)).astype(float)
    plain = temporal_scan(counts, [319])
    struck = counts.copy()
    struck[:, [100, 101, 180, 250]] += 40
    struck[:, 40:60] = np.nan
    found = temporal_scan(struck, [319])
    np.testing.assert_allclose(found.expected, plain.expected, rtol=0.15)
    np.testing.assert_allclose(found.upperbound, plain.upperbound, atol=4)


def test_an_unobserved_week_gives_no_alarm_and_a_short_history_no_answer() -> None:
    counts = np.full((1, 300), 5.0)
    counts[0, -1] = np.nan
    found = temporal_scan(counts, [60, 299])
    assert found.is_known.tolist() == [[False, True]]
    assert not found.alarm.any()
    assert np.isnan(found.p_value[0, 1])
    counts[0, -2:] = [np.nan, 40]
    assert temporal_scan(counts, [299]).alarm[0, 0]


def test_calibration_is_reproducible() -> None:
    arguments = {"expected": [3.0], "levels": [0.01, 0.1], "shape": SeriesShape(weeks=(200,))}
    first, again = (realised_rates(9, 6, **arguments) for _ in range(2))  # type: ignore[arg-type]
    np.testing.assert_array_equal(first, again)
    assert TemporalScanOptions().alpha == 0.01
