from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.survey.decomposition import decomposition, kitagawa
from models.survey.design import SurveyInputError


def _side(shares: list[float], means: list[float]) -> pl.DataFrame:
    return pl.DataFrame({"cell": ["a", "b"][: len(shares)], "share": shares, "mean": means})


def test_a_worked_example():
    parts = kitagawa(_side([0.5, 0.5], [0.6, 0.8]), _side([0.25, 0.75], [0.7, 0.8]))
    assert parts["composition"].to_list() == pytest.approx([-0.25 * 0.65, 0.25 * 0.8])
    assert parts["attitude"].to_list() == pytest.approx([0.1 * 0.375, 0.0])


share = st.floats(0.01, 0.99)
mean = st.floats(0, 1)


@given(share, share, st.tuples(mean, mean), st.tuples(mean, mean))
def test_parts_add_up_and_change_sign_with_the_sides(p, q, m, n):
    first, second = _side([p, 1 - p], list(m)), _side([q, 1 - q], list(n))
    there, back = kitagawa(first, second), kitagawa(second, first)
    total = q * n[0] + (1 - q) * n[1] - p * m[0] - (1 - p) * m[1]
    assert there.select(pl.col("composition", "attitude").sum()).row(0) == pytest.approx(
        [-x for x in back.select(pl.col("composition", "attitude").sum()).row(0)]
    )
    assert sum(there.select(pl.col("composition", "attitude").sum()).row(0)) == pytest.approx(total, abs=1e-12)


def test_same_people_otherwise_minded_is_all_attitude_and_the_reverse():
    moved = kitagawa(_side([0.3, 0.7], [0.6, 0.8]), _side([0.3, 0.7], [0.7, 0.9]))
    assert moved["composition"].sum() == pytest.approx(0)
    mixed = kitagawa(_side([0.3, 0.7], [0.6, 0.8]), _side([0.6, 0.4], [0.6, 0.8]))
    assert mixed["attitude"].sum() == pytest.approx(0)


def test_a_cell_that_only_one_side_has_is_composition():
    parts = kitagawa(_side([1.0], [0.6]), _side([0.5, 0.5], [0.6, 0.9]))
    assert parts["attitude"].to_list() == pytest.approx([0.0, 0.0])
    assert parts["composition"].sum() == pytest.approx(0.15)


def test_shares_that_do_not_add_to_one_are_an_error():
    with pytest.raises(SurveyInputError, match=r"first side add to 0\.9"):
        kitagawa(_side([0.5, 0.4], [1, 1]), _side([0.5, 0.5], [1, 1]))


def _sample(rng: np.random.Generator, year: int, city: float, chances: tuple[float, float]) -> pl.DataFrame:
    psu = np.repeat(np.arange(40), 10)
    is_city = rng.random(400) < np.repeat(rng.beta(20 * city, 20 * (1 - city), 40), 10)
    y = rng.random(400) < np.where(is_city, *chances)
    return pl.DataFrame(
        {
            "year": [year] * 400,
            "settlement_code": np.where(is_city, "urban", "rural"),
            "y": y.astype(float),
            "calibrated_weight": rng.uniform(0.5, 1.5, 400),
            "stratum_id": [f"{year}/{p % 4}" for p in psu],
            "psu_id": [f"{year}/{p}" for p in psu],
        }
    )


def test_standard_errors_match_the_spread_over_repeated_samples():
    rng = np.random.default_rng(8)
    found = []
    for _ in range(120):
        both = pl.concat([_sample(rng, 2025, 0.4, (0.7, 0.5)), _sample(rng, 2026, 0.6, (0.8, 0.5))])
        found.append(decomposition(both, outcome="y", side="year", values=(2025, 2026), by=["settlement_code"]))
    for name, truth in (("composition", 0.2 * 0.25), ("attitude", 0.1 * 0.5)):
        values = np.array([getattr(part, name) for part in found])
        errors = np.array([getattr(part, f"{name}_se") for part in found])
        assert values.mean() == pytest.approx(truth, abs=4 * values.std() / 120**0.5)
        assert np.sqrt((errors**2).mean()) == pytest.approx(values.std(ddof=1), rel=0.2)
    assert found[0].difference == pytest.approx(found[0].composition + found[0].attitude)


def test_a_side_without_answers_is_an_error_that_names_it():
    sample = _sample(np.random.default_rng(1), 2025, 0.5, (0.5, 0.5))
    with pytest.raises(SurveyInputError, match="2030"):
        decomposition(sample, outcome="y", side="year", values=(2025, 2030), by=["settlement_code"])
