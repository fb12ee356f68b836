from __future__ import annotations

import numpy as np
import pytest

from models.survey.adjustment import benjamini_hochberg, holm
from models.survey.design import SurveyInputError
from models.survey.small_areas import benchmarked, fay_herriot, smoothed_variances
from tests.unit.survey.r_reference import areas, assert_close, expected


def covariates() -> np.ndarray:
    table = areas()
    kind = table["kind"].to_numpy()
    return np.column_stack([table["x"].to_numpy(), kind == "b", kind == "c"]).astype(float)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_fit_agrees_with_r(method: str) -> None:
    fit = fay_herriot(areas()["y"], areas()["variance"], covariates(), method)  # type: ignore[arg-type]
    wanted = expected(f"fay_herriot.{method}")
    assert_close(fit.beta, wanted["beta"], 1e-5)
    assert_close(fit.sigma2_v, wanted["sigma2_v"], 1e-5)
    assert_close(fit.eblup, wanted["eblup"], 1e-5)
    assert fit.loglik == pytest.approx(wanted["loglik"], rel=1e-8)


def test_predictions_lie_between_direct_and_synthetic_and_cover_the_truth() -> None:
    generator = np.random.default_rng(9)
    x = generator.uniform(0, 1, 40)
    covered, better, rounds = 0, 0, 60
    for _ in range(rounds):
        d = generator.uniform(0.3, 2, 40)
        truth = 1 + 2 * x + generator.normal(0, 0.7, 40)
        y = truth + generator.normal(0, np.sqrt(d))
        fit = fay_herriot(y, d, x)
        half = 1.96 * np.sqrt(fit.mse)
        covered += int(((fit.eblup - half <= truth) & (truth <= fit.eblup + half)).sum())
        better += float(np.mean((fit.eblup - truth) ** 2)) < float(np.mean((y - truth) ** 2))
    assert 0.92 <= covered / (40 * rounds) <= 0.99
    assert better > 0.95 * rounds


def test_areas_without_an_estimate_get_the_synthetic_one() -> None:
    y, d = areas()["y"].to_numpy().copy(), areas()["variance"].to_numpy().copy()
    y[3], d[3] = np.nan, np.nan
    fit = fay_herriot(y, d, covariates())
    assert fit.gamma[3] == 0
    assert fit.eblup[3] == pytest.approx(float(np.r_[1, covariates()[3]] @ fit.beta))
    assert fit.mse[3] > fit.sigma2_v


def test_no_variance_between_areas_ends_at_zero() -> None:
    y = 3 + np.tile([0.01, -0.01], 10)
    fit = fay_herriot(y, np.ones(20))
    assert fit.sigma2_v == pytest.approx(0, abs=1e-9)
    assert_close(fit.eblup, np.full(20, y.mean()), 1e-6)


def test_trouble_is_told_with_numbers() -> None:
    y, d = areas()["y"].to_numpy(), areas()["variance"].to_numpy()
    with pytest.raises(SurveyInputError, match=r"not above zero in 1 area\(s\), first: row 1 \(0\)"):
        fay_herriot(y, np.r_[0, d[1:]], covariates())
    with pytest.raises(SurveyInputError, match="collinear"):
        fay_herriot(y, d, np.column_stack([covariates(), covariates()[:, 0]]))
    with pytest.raises(SurveyInputError, match=r"4 areas .* too few for 4 coefficients"):
        fay_herriot(y[:4], d[:4], covariates()[:4])


def test_smoothed_variances_recover_a_common_design_effect() -> None:
    generator = np.random.default_rng(2)
    n = generator.integers(20, 200, 400)
    p = np.full(400, 0.4)
    true = 1.7 * p * (1 - p) / n
    noisy = true * generator.chisquare(8, 400) / 8
    noisy[:5] = 0
    smooth = smoothed_variances(noisy, n, p)
    assert_close(smooth, true, 0.1)
    with pytest.raises(SurveyInputError, match="nothing to smooth from"):
        smoothed_variances([0, 0], [10, 10])


def test_benchmarking_meets_the_total_and_moves_certain_areas_least() -> None:
    parts, mse = np.array([0.6, 0.7, 0.8]), np.array([0.001, 0.002, 0.01])
    share = np.array([2.0, 1.0, 1.0])
    moved, errors = benchmarked(parts, mse, share, 0.7)
    assert moved @ share / 4 == pytest.approx(0.7)
    assert np.argmax(np.abs(moved - parts)) == 2
    assert (errors >= mse).all()


def test_adjusted_p_values_agree_with_r_and_pass_over_missing() -> None:
    wanted = expected("adjustment")
    assert_close(holm(wanted["p"]), wanted["holm"], 1e-12)
    assert_close(benjamini_hochberg(wanted["p"]), wanted["bh"], 1e-12)
    with_gap = holm([0.01, np.nan, 0.02])
    assert np.isnan(with_gap[1])
    assert_close(with_gap[[0, 2]], [0.02, 0.02], 1e-12)
    with pytest.raises(SurveyInputError, match="between 0 and 1"):
        holm([1.2])
