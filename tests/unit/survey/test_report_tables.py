"""The tables beside the estimates: small areas, decomposition, sensitivity, reliability, waves, comparability."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest

from data_contracts.contract import table_contract
from data_contracts.indicator_registry import Registry, registry
from data_contracts.questionnaire import packaged_questionnaires
from data_contracts.schemas import schema
from models.simulation.truth import true_indicators
from models.simulation.waves import wave
from models.survey import change, indicators, measurement, region_groups, weighting
from models.survey.comparability import known_comparability
from models.survey.decomposition import decompositions
from models.survey.sensitivity import sensitivity
from models.survey.wave_changes import wave_changes, wave_order

MISSING = {98: "dont_know", 99: "refused"}
CELL = ["indicator_id", "region_code", "group_code"]
Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


@pytest.fixture(scope="module")
def country() -> Frames:
    """Two simulated waves of the country: respondents, answers, weights."""
    frame = pl.concat([wave(year, respondents=4000) for year in (2025, 2026)])
    items = [item.item_id for item in registry().items]
    frame = frame.with_columns(pl.col("year").cast(pl.Int64))
    code = pl.col("answer_code")
    answers = frame.unpivot(
        on=items, index=["wave_id", "respondent_id"], variable_name="item_id", value_name="answer_code"
    ).with_columns(
        answer_code=pl.when(~code.is_in(list(MISSING))).then(code).cast(pl.Int64),
        answer_status=code.cast(pl.Int64).replace_strict(MISSING, default="valid", return_dtype=pl.String),
    )
    people = frame.drop(items)
    return people, answers, weighting.weights(people)


@pytest.fixture(scope="module")
def estimates(country: Frames) -> pl.DataFrame:
    return indicators.estimates(*country, registry(), "2026-Q3")


@pytest.fixture(scope="module")
def sample(country: Frames) -> pl.DataFrame:
    return indicators.scored_sample(*country, registry())


@pytest.fixture(scope="module")
def areas(sample: pl.DataFrame, estimates: pl.DataFrame) -> pl.DataFrame:
    return region_groups.small_areas(sample, estimates, registry(), "2026-Q3")


def keeps_contract(table: pl.DataFrame, name: str) -> None:
    contract = table_contract(name)
    assert table.height > 0
    assert table.schema == schema(contract)
    assert not table.select(contract.key).is_duplicated().any()
    holds = pl.SQLContext(t=table)
    for rule in contract.rules:
        broken = holds.execute(f"SELECT COUNT(*) AS n FROM t WHERE NOT ({rule.sql})", eager=True)
        assert broken.item() == 0, rule.name


def test_small_areas_keep_their_contract(areas: pl.DataFrame) -> None:
    keeps_contract(areas, "out_indicators__small_areas")
    assert set(areas["estimate_kind"]) == {"direct", "modelled"}
    preferred = areas.filter("is_preferred").group_by(CELL).len()
    assert preferred["len"].max() == 1


def test_modelled_cells_add_up_to_the_region_and_beat_direct_ones(
    sample: pl.DataFrame, estimates: pl.DataFrame
) -> None:
    last = sample.filter(pl.col("year") == 2026)
    cells = region_groups.modelled_cells(last, registry())
    adults = last.filter(pl.col("accord").is_not_null())
    shares = adults.group_by("region_code", "group_code").agg(adults=pl.col("calibrated_weight").sum())
    own = cells.filter(pl.col("indicator_id") == "accord").join(shares, on=["region_code", "group_code"])
    means = own.group_by("region_code").agg(
        mean=(pl.col("estimate_pct") * pl.col("adults")).sum() / pl.col("adults").sum()
    )
    direct = estimates.filter(
        (pl.col("indicator_id") == "accord") & (pl.col("year") == 2026) & (pl.col("domain") == "region")
    )
    both = means.join(direct.select("region_code", "estimate_pct").drop_nulls(), on="region_code")
    assert both.height > 15
    # Predictions held off 0 and 1 for their intervals may miss by that little.
    assert both.select((pl.col("mean") - pl.col("estimate_pct")).abs().max()).item() < 0.2
    truth = true_indicators().filter((pl.col("year") == 2026) & (pl.col("domain") == "region_group"))
    raw = (
        last.drop_nulls("accord")
        .group_by("region_code", "group_code")
        .agg(raw=100 * (pl.col("accord") * pl.col("calibrated_weight")).sum() / pl.col("calibrated_weight").sum())
    )
    known = own.join(truth, on=CELL).join(raw, on=["region_code", "group_code"])
    error = {
        name: known.select(((pl.col(name) - pl.col("true_pct")) ** 2).mean()).item() for name in ("estimate_pct", "raw")
    }
    assert error["estimate_pct"] < 0.5 * error["raw"]
    inside = known.select(pl.col("true_pct").is_between("ci_low_pct", "ci_high_pct").mean()).item()
    # One draw, whose cells move together; the long run is the business of benchmarks/survey_coverage.
    assert inside > 0.88


def test_hidden_direct_estimates_cannot_be_solved_for(areas: pl.DataFrame) -> None:
    wide = areas.filter(pl.col("estimate_kind") == "modelled").join(
        areas.filter(pl.col("estimate_kind") == "direct"), on=CELL, suffix="_direct"
    )
    secret = wide.filter(pl.col("suppression_rule_direct").is_in(["small_cell", "near_certainty", "secondary"]))
    assert secret.height > 50
    assert secret["direct_share"].null_count() == secret.height
    assert set(secret["n_count"]) <= {0, 10, 30}


def test_decomposition_adds_up_to_the_published_change(sample: pl.DataFrame, estimates: pl.DataFrame) -> None:
    table = decompositions(sample, estimates, registry(), "2026-Q3")
    keeps_contract(table, "out_indicators__decomposition")
    moved = change.changes(estimates).filter(pl.col("domain") == "country")
    both = table.join(moved, on=["indicator_id", "year_from", "year_to"], suffix="_published")
    assert both.height == 6
    assert both.select((pl.col("difference_pp") - pl.col("difference_pp_published")).abs().max()).item() < 1e-9


def test_decomposition_is_blank_where_years_do_not_compare(sample: pl.DataFrame, estimates: pl.DataFrame) -> None:
    broken = pl.when(pl.col("year") == 2025).then(pl.lit("not_comparable")).otherwise("comparability")
    table = decompositions(sample, estimates.with_columns(comparability=broken), registry(), "2026-Q3")
    assert table.height == 6
    assert table["difference_pp"].null_count() == 6


def test_index_keeps_its_contract(estimates: pl.DataFrame) -> None:
    table = indicators.rebased(estimates, 2025)
    keeps_contract(table, "out_indicators__index")
    assert set(table["year"]) == {2025, 2026}
    assert indicators.rebased(estimates.with_columns(comparability=pl.lit("not_comparable")), 2025).height == 0


def test_sensitivity_and_reliability_keep_their_contracts(country: Frames, sample: pl.DataFrame) -> None:
    keeps_contract(sensitivity(sample, country[1], registry(), "2026-Q3"), "out_indicators__sensitivity")
    table = measurement.reliabilities(*country, registry(), "2026-Q3")
    keeps_contract(table, "out_survey__reliability")
    omega = table.filter(pl.col("measure") == "omega")
    assert omega.height == 6
    assert omega["value"].is_between(0.6, 0.95).all()


def test_reliability_says_why_it_cannot_be_computed(make_wave: Callable[..., tuple], small_margins: dict) -> None:
    people, answers = make_wave(size=400)
    weights = weighting.weights(people, small_margins)
    same = answers.with_columns(answer_code=pl.lit(1, dtype=pl.Int64))
    table = measurement.reliabilities(people, same, weights, registry(), "2025-Q3")
    keeps_contract(table, "out_survey__reliability")
    assert table["value"].null_count() == table.height == 6
    assert table["note"].str.contains("same answer").all()


def test_tables_of_no_wave_are_empty() -> None:
    nobody = pl.DataFrame(schema=schema(table_contract("core_survey__respondents")))
    replies = pl.DataFrame(schema=schema(table_contract("core_survey__answers")))
    weights = pl.DataFrame(schema=schema(table_contract("core_survey__weights")))
    sample = indicators.scored_sample(nobody, replies, weights, registry())
    none = indicators.estimates(nobody, replies, weights, registry(), "2026-Q3")
    found = {
        "out_indicators__small_areas": region_groups.small_areas(sample, none, registry(), "2026-Q3"),
        "out_indicators__decomposition": decompositions(sample, none, registry(), "2026-Q3"),
        "out_indicators__sensitivity": sensitivity(sample, replies, registry(), "2026-Q3"),
        "out_indicators__wave_changes": wave_changes(nobody, replies, weights, registry(), "2026-Q3"),
        "out_survey__reliability": measurement.reliabilities(nobody, replies, weights, registry(), "2026-Q3"),
    }
    for name, table in found.items():
        assert table.schema == schema(table_contract(name)), name
        assert table.height == 0


def quarterly(make_wave: Callable[..., tuple]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Three waves, two of them in 2025, on the same PSUs: 60 %, 60 % and 80 % positive."""
    parts = []
    for number, (day, chance) in enumerate(
        ((date(2024, 11, 5), 0.6), (date(2025, 2, 9), 0.6), (date(2025, 5, 9), 0.8))
    ):
        people, answers = make_wave(year=day.year, positive=chance, seed=number, frame="panel")
        name = pl.lit(f"{day.year}-w{number}")
        parts.append(
            (
                people.with_columns(wave_id=name, interview_date=pl.lit(day)),
                answers.with_columns(wave_id=name),
            )
        )
    return pl.concat([p for p, _ in parts]), pl.concat([a for _, a in parts])


def test_waves_of_one_year_are_compared_one_after_the_other(
    make_wave: Callable[..., tuple], small_margins: dict
) -> None:
    people, answers = quarterly(make_wave)
    weights = weighting.weights(people, small_margins)
    assert wave_order(people)["fieldwork_quarter"].to_list() == ["2024-Q4", "2025-Q1", "2025-Q2"]
    table = wave_changes(people, answers, weights, registry(), "2025-Q2", margins=small_margins)
    annual = indicators.estimates(people, answers, weights, registry(), "2025-Q2", margins=small_margins)
    keeps_contract(table, "out_indicators__wave_changes")
    country = table.filter((pl.col("domain") == "country") & (pl.col("indicator_id") == "accord"))
    assert country.select("wave_from", "wave_to", "quarters_between").rows() == [
        ("2024-w0", "2025-w1", 1),
        ("2025-w1", "2025-w2", 1),
    ]
    assert country["verdict"].to_list() == ["no_significant_change", "up"]
    assert country["difference_pp"][1] == pytest.approx(20, abs=6)
    keeps_contract(annual, "out_indicators__estimates")
    assert set(annual.filter(pl.col("year") == 2025)["wave_id"]) == {"2025-w2"}


def test_shared_units_make_wave_changes_surer(make_wave: Callable[..., tuple], small_margins: dict) -> None:
    people, answers = quarterly(make_wave)
    apart = people.with_columns(stratum_id=pl.concat_str("wave_id", "stratum_id"))
    errors = []
    for frame in (people, apart):
        weights = weighting.weights(frame, small_margins)
        table = wave_changes(frame, answers, weights, registry(), "2025-Q2", margins=small_margins)
        errors.append(table.filter(pl.col("domain") == "country")["se_pp"].to_numpy())
    assert not np.allclose(errors[0], errors[1], rtol=1e-6)


def test_a_changed_wording_breaks_the_series(country: Frames, items: Registry) -> None:
    packaged = packaged_questionnaires()
    waves = [packaged["2025-synthetic"], packaged["2026-synthetic"]]
    whole = known_comparability(country[0], country[1], waves, items)
    assert set(whole["comparability"]) == {"comparable"}
    item_id = items.current()["tolerance"].items[0].item_id
    reworded = waves[1].model_copy(
        update={
            "items": {**waves[1].items, item_id: waves[1].items[item_id].model_copy(update={"wording_version": "2"})}
        }
    )
    flags = known_comparability(country[0], country[1], [waves[0], reworded], items)
    broken = flags.filter(pl.col("comparability") == "not_comparable")
    assert broken.select("wave_id", "indicator_id", "reason").rows() == [
        ("2026-synthetic", "tolerance", f"{item_id}: wording")
    ]
    published = indicators.estimates(*country, items, "2026-Q3", comparability=flags, domains=("country", "region"))
    moved = change.changes(published).filter(pl.col("indicator_id") == "tolerance")
    assert set(moved["verdict"]) == {"not_comparable"}


def test_a_wave_without_questionnaire_is_judged_by_its_data(country: Frames, items: Registry) -> None:
    only = [packaged_questionnaires()["2026-synthetic"]]
    flags = known_comparability(country[0], country[1], only, items)
    assert flags.height == 6
    assert set(flags["comparability"]) == {"comparable"}
