from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.population_margins import population_margins
from data_contracts.reference import ethnic_groups, regions
from models.simulation.populations import (
    RakingError,
    adult_margins,
    census_groups,
    population,
    raked,
    whole_numbers,
)


@pytest.mark.parametrize("seed", [2026, 7])
@pytest.mark.parametrize("only_adults", [False, True])
def test_ethnic_shares_round_to_the_published_census_shares(seed: int, only_adults: bool) -> None:
    cells = population(seed)
    if only_adults:
        cells = cells.filter(pl.col("age_group_code") != "0-17")
    counts = dict(cells.group_by("group_code").agg(pl.col("person_count").sum()).iter_rows())
    total = sum(counts.values())
    published = {code: group.census_2021_share for code, group in ethnic_groups().items() if group.is_census_group}
    assert {code: round(count / total, 3) for code, count in counts.items()} == published


def test_population_is_the_census_total_in_twenty_regions_and_cities_have_no_villages() -> None:
    cells = population()
    assert cells["person_count"].sum() == 19_186_015
    assert set(cells["region_code"]) == set(regions())
    cities = [code for code, region in regions().items() if region.kind == "city"]
    rural = cells.filter(pl.col("region_code").is_in(cities) & (pl.col("settlement_code") == "rural"))
    assert len(cities) == 3
    assert rural["person_count"].sum() == 0


def test_adult_margins_are_the_ones_weights_are_calibrated_to() -> None:
    totals = population_margins().totals()
    adults = population().filter(pl.col("age_group_code") != "0-17")
    for variables in (("region_code", "settlement_code"), ("sex_code", "age_group_code")):
        counted = adults.group_by(variables).agg(pl.col("person_count").sum())
        found = {tuple(row[:-1]): row[-1] for row in counted.iter_rows()}
        for category, wanted in totals[variables].items():
            assert found[category] == pytest.approx(wanted, rel=2e-4)
    by_margin = adult_margins().group_by("margin").agg(pl.col("person_count").sum())
    assert set(by_margin["person_count"]) == {adults["person_count"].sum()}


def test_seed_moves_the_interior_and_not_the_margins() -> None:
    first, again, other = population(1), population(1), population(2)
    assert first.equals(again)
    assert not first.equals(other)
    for margin in ("group_code", "region_code"):
        sums = [
            frame.group_by(margin, maintain_order=True).agg(pl.col("person_count").sum()) for frame in (first, other)
        ]
        gap = (sums[0]["person_count"] - sums[1]["person_count"]).abs().max()
        assert isinstance(gap, int)
        assert gap <= 60


def test_regional_compositions_are_plausible() -> None:
    cells = population().group_by("region_code", "group_code").agg(pl.col("person_count").sum())
    share = cells.with_columns(
        (pl.col("person_count") / pl.col("person_count").sum().over("region_code")).alias("share")
    )
    lookup = {(region, group): value for region, group, _, value in share.iter_rows()}
    assert lookup["KZ-61", "uzbek"] > 0.12
    assert lookup["KZ-59", "russian"] > 0.4
    assert lookup["KZ-43", "kazakh"] > 0.93
    assert lookup["KZ-31", "dungan"] > 0.03
    assert lookup["KZ-33", "uyghur"] > 0.03


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 6))
def test_raking_reproduces_any_margins(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = rng.uniform(1, 50, (rows, columns))
    fitted = raked(rng.uniform(0.5, 2, (rows, columns)), wanted.sum(axis=1), wanted.sum(axis=0))
    assert np.allclose(fitted.sum(axis=1), wanted.sum(axis=1), rtol=1e-7)
    assert np.allclose(fitted.sum(axis=0), wanted.sum(axis=0), rtol=1e-12)


def test_raking_refuses_totals_that_disagree() -> None:
    with pytest.raises(RakingError, match="differ"):
        raked(np.ones((2, 2)), np.array([1.0, 1.0]), np.array([1.0, 2.0]))


def test_raking_says_when_it_cannot_converge() -> None:
    with pytest.raises(RakingError, match="no convergence"):
        raked(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([1.0, 1.0]), np.array([1.0, 1.0]), rounds=20)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=30))
def test_rounding_keeps_the_total_and_moves_nothing_by_one(values: list[float]) -> None:
    array = np.array(values)
    whole = whole_numbers(array)
    assert whole.sum() == round(float(array.sum()))
    assert np.all(np.abs(whole - array) <= 1)


def test_census_groups_are_the_seventeen_named_and_the_rest() -> None:
    assert len(census_groups()) == 18
    assert census_groups()[0] == "kazakh"
