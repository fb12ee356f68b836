from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from data_contracts import indicator_registry
from models.simulation.attitudes import answer_codes, chance_positive, indicator_ids, items_of, positive_curve
from models.simulation.populations import adult_counts, region_codes
from models.simulation.primary_units import sampling_frame
from models.simulation.truth import true_indicators
from models.simulation.waves import UnknownWaveError, approached, wave

SEED = 2026


def positive_score(frame: pl.DataFrame, indicator_id: str) -> pl.Series:
    """The registry's rule, written a second time."""
    rule = indicator_registry.indicators()[indicator_id].rule
    items = items_of(indicator_id)
    valid = sum((pl.col(item.item_id) < 98).cast(pl.Int64) for item in items)
    positive = sum(pl.col(item.item_id).is_in(list(item.positive_codes)).cast(pl.Int64) for item in items)
    share = pl.when(valid >= rule.minimum_valid).then(positive / valid)
    return frame.select((share >= rule.positive_share_at_least).cast(pl.Float64).alias("score"))["score"]


def weighted_pct(frame: pl.DataFrame, indicator_id: str) -> float:
    score = positive_score(frame, indicator_id)
    is_scored = score.is_not_null()
    weight = frame["design_weight"].filter(is_scored).to_numpy()
    return float(np.average(score.drop_nulls().to_numpy(), weights=weight) * 100)


def truth(domain: str, value: str, year: int, indicator_id: str) -> float:
    return true_indicators(SEED).row(
        by_predicate=(pl.col("domain") == domain)
        & (pl.col("domain_value") == value)
        & (pl.col("year") == year)
        & (pl.col("indicator_id") == indicator_id),
        named=True,
    )["true_pct"]


@pytest.fixture(scope="module")
def large_sample() -> pl.DataFrame:
    """Everybody approached in a wave of about 60,000, without non-response."""
    return approached(2023, SEED, 30_000)


@pytest.fixture(scope="module")
def respondents() -> pl.DataFrame:
    return wave(2026, SEED)


def test_country_truth_is_what_the_model_promises() -> None:
    country = true_indicators(SEED).filter(pl.col("domain") == "country")
    assert country.height == 18
    ranges = {"accord": (79, 81), "tolerance": (66, 70), "wellbeing": (73, 77)}
    for indicator_id, (low, high) in ranges.items():
        values = country.filter(pl.col("indicator_id") == indicator_id)["true_pct"]
        assert values.is_between(low, high).all()
    assert truth("country", "KZ", 2026, "accord") == pytest.approx(79.1, abs=0.01)


def test_some_regions_are_clearly_lower_than_the_country() -> None:
    for indicator_id in indicator_ids():
        country = truth("country", "KZ", 2026, indicator_id)
        lowest = min(truth("region", code, 2026, indicator_id) for code in region_codes())
        assert lowest < country - 5


def test_region_and_group_truths_add_up_to_the_country() -> None:
    table = true_indicators(SEED).filter((pl.col("year") == 2024) & (pl.col("indicator_id") == "tolerance"))
    country = truth("country", "KZ", 2024, "tolerance")
    for domain in ("region", "group", "region_group", "settlement", "age_group", "language"):
        part = table.filter(pl.col("domain") == domain)
        assert np.average(part["true_pct"], weights=part["adult_count"]) == pytest.approx(country, abs=1e-3)


@pytest.mark.parametrize("indicator_id", ["accord", "tolerance", "wellbeing"])
def test_weighted_sample_without_nonresponse_estimates_the_truth(large_sample: pl.DataFrame, indicator_id: str) -> None:
    """Standard error near 0.3 points for the country and 1 for a region at 60,000 persons in 4,000 draws."""
    assert weighted_pct(large_sample, indicator_id) == pytest.approx(
        truth("country", "KZ", 2023, indicator_id), abs=1.0
    )
    errors = [
        weighted_pct(large_sample.filter(pl.col("region_code") == code), indicator_id)
        - truth("region", code, 2023, indicator_id)
        for code in region_codes()
    ]
    assert abs(float(np.mean(errors))) < 0.8
    assert max(map(abs, errors)) < 5


def test_design_weights_estimate_population_totals(large_sample: pl.DataFrame) -> None:
    counts = adult_counts(SEED)
    total = float(large_sample["design_weight"].sum())
    assert total == pytest.approx(counts.sum(), rel=0.005)
    by_group = dict(large_sample.group_by("group_code").agg(pl.col("design_weight").sum()).iter_rows())
    assert by_group["russian"] == pytest.approx(counts[:, :, 1].sum(), rel=0.04)
    assert by_group["uzbek"] == pytest.approx(counts[:, :, 2].sum(), rel=0.15)
    by_region = dict(large_sample.group_by("region_code").agg(pl.col("design_weight").sum()).iter_rows())
    for at, code in enumerate(region_codes()):
        assert by_region[code] == pytest.approx(counts[at].sum(), rel=0.03)


def test_design_weights_are_unbiased_over_seeds_of_the_draw() -> None:
    """Sum of weights of a small group over independent waves of one frame."""
    totals = [
        float(approached(year, SEED, 4_000).filter(pl.col("group_code") == "uyghur")["design_weight"].sum())
        for year in (2021, 2023, 2025)
    ]
    assert np.mean(totals) == pytest.approx(adult_counts(SEED)[:, :, 4].sum(), rel=0.2)


def test_nonresponse_leaves_calibration_something_to_do(respondents: pl.DataFrame) -> None:
    counts = adult_counts(SEED)
    weights = respondents["design_weight"]
    young = respondents["age_group_code"] == "18-29"
    share = float(weights.filter(young).sum()) / float(weights.sum())
    assert share < counts[..., 0].sum() / counts.sum() - 0.03
    rural = respondents["settlement_code"] == "rural"
    assert float(weights.filter(rural).sum()) / float(weights.sum()) > counts[:, 1].sum() / counts.sum() + 0.02
    assert float(weights.max() / weights.min()) > 5  # type: ignore[operator]


def test_wave_has_the_design_it_claims(respondents: pl.DataFrame) -> None:
    assert 7_500 < respondents.height < 8_500
    assert respondents["respondent_id"].is_unique().all()
    assert respondents["stratum_id"].n_unique() == 37
    draws = respondents.group_by("stratum_id").agg(pl.col("psu_id").n_unique())
    assert draws["psu_id"].min() >= 2  # type: ignore[operator]
    assert respondents["group_code"].n_unique() == 18
    smallest = respondents["group_code"].value_counts()["count"].min()
    assert smallest >= 25  # type: ignore[operator]
    nested = respondents.group_by("psu_id").agg(pl.col("stratum_id").n_unique())
    assert nested["stratum_id"].max() == 1
    assert set(respondents["language"]) == {"kk", "ru"}


def test_consecutive_waves_share_primary_units() -> None:
    psus = {year: set(wave(year, SEED)["psu_id"]) for year in (2024, 2025)}
    shared = len(psus[2024] & psus[2025]) / len(psus[2025])
    assert 0.4 < shared < 0.8


def test_items_are_missing_about_as_often_as_the_model_says(respondents: pl.DataFrame) -> None:
    codes = respondents["accord_q1_relations_country"]
    assert (codes == 98).mean() == pytest.approx(0.025, abs=0.006)
    assert set(codes) == {1, 2, 3, 4, 5, 98, 99}
    assert set(respondents["accord_q5_conflict_experience"]) == {1, 2, 3, 4, 98, 99}


def test_chance_of_a_positive_score_matches_simulated_answers() -> None:
    rng = np.random.default_rng(5)
    traits = 0.6 + rng.normal(size=200_000)
    columns = {item.item_id: answer_codes(rng, item, at, traits) for at, item in enumerate(items_of("accord"))}
    frame = pl.DataFrame({**columns, "design_weight": np.ones(len(traits))})
    expected = chance_positive("accord", np.array([0.6]))[0] * 100
    assert weighted_pct(frame, "accord") == pytest.approx(expected, abs=0.4)


def test_missing_answers_lower_the_share_and_chance_grows_with_the_trait() -> None:
    with_missing, complete = positive_curve("wellbeing"), positive_curve("wellbeing", False)
    assert np.all(np.diff(with_missing) > 0)
    middle = slice(1000, 1600)
    assert np.all(complete[middle] > with_missing[middle])


def test_seed_reproduces_a_wave_and_another_seed_does_not() -> None:
    first, again, other = wave(2022, 3, 1_500), wave(2022, 3, 1_500), wave(2022, 4, 1_500)
    assert first.equals(again)
    assert not first["design_weight"].head(100).equals(other["design_weight"].head(100))


def test_frame_adds_up_to_the_population() -> None:
    frame = sampling_frame(SEED)
    counts = adult_counts(SEED)
    assert frame.adults.sum(axis=0) == pytest.approx(counts.sum(axis=(0, 1, 3, 4)), rel=1e-9)
    assert len(set(frame.psu_ids)) == len(frame.psu_ids)


def test_unknown_year_is_refused_with_the_years_there_are() -> None:
    with pytest.raises(UnknownWaveError, match=r"2019.*2021\.\.2026"):
        wave(2019)
