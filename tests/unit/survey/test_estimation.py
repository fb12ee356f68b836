from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.survey.contrasts import change, contrast, covariance_between
from models.survey.design import Design, SurveyInputError
from models.survey.estimation import estimate
from models.survey.quantiles import quantiles
from tests.unit.survey.r_reference import DESIGNS, assert_close, expected, respondents

ESTIMATE, INTERVAL = 1e-8, 1e-6


def check(frame: pl.DataFrame, wanted: dict[str, object], *, deff: bool = False) -> None:
    assert_close(frame["estimate"], wanted["est"], ESTIMATE)
    assert_close(frame["se"], wanted["se"], ESTIMATE)
    assert_close(frame["ci_low"], wanted["lo"], INTERVAL)
    assert_close(frame["ci_high"], wanted["hi"], INTERVAL)
    assert set(frame["df"]) == {float(str(wanted["df"]))}
    if deff:
        assert_close(frame["deff"], wanted["deff"], ESTIMATE)


@pytest.mark.parametrize("name", DESIGNS)
def test_means_totals_ratios_agree_with_r(name: str) -> None:
    data, design = respondents(), DESIGNS[name]
    check(estimate(data, design, "trust").frame, expected(f"{name}.mean"), deff=True)
    check(estimate(data, design, "talks", "total").frame, expected(f"{name}.total"), deff=True)
    ratio = estimate(data, design, "talks", "ratio", denominator="hours").frame
    check(ratio, expected(f"{name}.ratio"), deff=True)


@pytest.mark.parametrize("name", DESIGNS)
def test_domains_and_their_covariance_agree_with_r(name: str) -> None:
    found = estimate(respondents(), DESIGNS[name], "talks", by=["sex"])
    check(found.frame, expected(f"{name}.by_sex"), deff=True)
    assert_close(found.covariance.ravel(), np.ravel(expected(f"{name}.by_sex_covariance")), ESTIMATE)
    difference = contrast(found, {"f": 1, "m": -1})
    assert_close(difference["difference"], expected(f"{name}.contrast")["est"], ESTIMATE)
    assert_close(difference["se"], expected(f"{name}.contrast")["se"], ESTIMATE)


@pytest.mark.parametrize("name", DESIGNS)
def test_categories_and_quantiles_agree_with_r(name: str) -> None:
    levels = estimate(respondents(), DESIGNS[name], "answer", "proportion", ci="wald").frame
    assert levels["level"].to_list() == expected(f"{name}.levels")["level"]
    check(levels, expected(f"{name}.levels"))
    wanted = expected(f"{name}.quantiles")
    found = quantiles(respondents(), DESIGNS[name], "trust", (0.1, 0.5, 0.9))
    for column, key in (("estimate", "est"), ("ci_low", "lo"), ("ci_high", "hi"), ("se", "se")):
        assert_close(found[column], wanted[key], ESTIMATE)


@pytest.mark.parametrize("policy", ["adjust", "average", "certainty", "remove"])
def test_lonely_strata_agree_with_r(policy: str) -> None:
    data = respondents().filter((pl.col("stratum") != "ulytau") | (pl.col("village") == 1))
    design = Design("weight", "stratum", ("village",), nest=True, lonely=policy)  # type: ignore[arg-type]
    check(estimate(data, design, "trust").frame, expected(f"lonely.{policy}"))
    check(estimate(data, design, "talks", "total").frame, expected(f"lonely.{policy}_total"))


def test_lonely_stratum_fails_by_default_and_is_named() -> None:
    data = respondents().filter((pl.col("stratum") != "ulytau") | (pl.col("village") == 1))
    with pytest.raises(SurveyInputError, match=r"1 stratum.*ulytau.*--lonely"):
        estimate(data, DESIGNS["replacement"], "trust")


def test_a_domain_is_not_a_filter() -> None:
    data, design = respondents(), DESIGNS["replacement"]
    inside = estimate(data, design, "talks", by=["age"]).frame.filter(pl.col("age") == "55+")
    filtered = estimate(data.filter(pl.col("age") == "55+"), design, "talks").frame
    assert inside["estimate"][0] == pytest.approx(filtered["estimate"][0])
    assert inside["se"][0] != pytest.approx(filtered["se"][0], rel=1e-6)


def test_missing_outcomes_and_classes_leave_the_domain_not_the_design() -> None:
    data, design = respondents(), DESIGNS["replacement"]
    found = estimate(data, design, "trust").frame
    assert found["n"][0] == data["trust"].drop_nulls().len() < data.height
    blanked = data.with_columns(sex=pl.when(pl.col("village") > 1).then(pl.col("sex")))
    assert estimate(blanked, design, "talks", by=["sex"]).frame["n"].sum() < data.height
    nobody = data.with_columns(trust=pl.when(pl.col("sex") == "m").then(pl.col("trust")))
    row = estimate(nobody, design, "trust", by=["sex"]).frame.row(0, named=True)
    assert (row["sex"], row["n"], row["estimate"], row["se"], row["ci_low"]) == ("f", 0, None, None, None)


def test_waves_with_the_same_villages_equal_a_joint_analysis() -> None:
    data = respondents().with_columns(later=pl.col("talks") + (pl.col("person") % 2))
    design = DESIGNS["one_stage"]
    stacked = pl.concat([data.with_columns(year=1, y=pl.col("talks")), data.with_columns(year=2, y=pl.col("later"))])
    joint = contrast(estimate(stacked, design, "y", by=["year"]), {"2": 1, "1": -1})
    first, second = estimate(data, design, "talks"), estimate(data, design, "later")
    apart = change(first, second)
    assert apart["difference"] == pytest.approx(joint["difference"], rel=1e-10)
    assert apart["se"] == pytest.approx(joint["se"], rel=1e-10)
    assert change(first, second, overlap=False)["se"] > 2 * apart["se"]
    elsewhere = data.with_columns(pl.col("village") + 100)
    assert not covariance_between(first, estimate(elsewhere, design, "later")).any()


def test_several_outcomes_share_one_covariance() -> None:
    data = respondents().with_columns(
        positive=(pl.col("talks") > 4).cast(pl.Int64), negative=(pl.col("talks") < 2).cast(pl.Int64)
    )
    data = data.with_columns(net=pl.col("positive") - pl.col("negative"))
    parts = estimate(data, DESIGNS["two_stage"], ["positive", "negative"])
    net = contrast(parts, {("positive",): 100, ("negative",): -100})
    direct = estimate(data, DESIGNS["two_stage"], "net").frame
    assert net["difference"] == pytest.approx(100 * direct["estimate"][0], rel=1e-10)
    assert net["se"] == pytest.approx(100 * direct["se"][0], rel=1e-10)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 50))
def test_estimates_follow_shifts_scales_and_row_order(seed: int, factor: float) -> None:
    data, design = respondents(), DESIGNS["two_stage"]
    plain = estimate(data, design, "talks", by=["age"]).frame
    moved = data.sample(fraction=1, shuffle=True, seed=seed).with_columns(
        talks=pl.col("talks") * factor + 7, weight=pl.col("weight") * factor
    )
    other = estimate(moved, design, "talks", by=["age"]).frame
    assert_close(other["estimate"], plain["estimate"] * factor + 7, 1e-9)
    assert_close(other["se"], plain["se"] * factor, 1e-9)
    assert_close(other["deff"], plain["deff"], 1e-8)


def test_shares_of_categories_add_up_to_one_with_no_variance() -> None:
    found = estimate(respondents(), DESIGNS["two_stage"], "answer", "proportion")
    assert found.frame["estimate"].sum() == pytest.approx(1)
    assert abs(found.covariance.sum()) < 1e-15


TROUBLE = [
    ({"weight": [1.0, None, 2.0, 1.0]}, {}, r"weight column weight is missing.*1 row .*data row 2"),
    ({"weight": [1.0, 1.0, -2.0, 1.0]}, {}, r"negative in 1 row \(first: data row 3\)"),
    ({"weight": [0.0, 0.0, 0.0, 0.0]}, {}, r"zero in all 4 rows"),
    ({"weight": ["1", "x", "2", "1"]}, {}, r"'x' is not a number"),
    ({"stratum": ["a", None, "b", "b"]}, {}, r"strata column stratum is missing in 1 row"),
    ({"psu": [1, 1, 1, 2]}, {}, r"1 in stratum a and b: use --nest"),
    ({"exist": [1, 1, 5, 5]}, {"fpc": ("exist",)}, r"1 units are said to exist in a but 2"),
    ({"exist": [4, 6, 5, 5]}, {"fpc": ("exist",)}, r"varies inside 1 stratum.*from 4 to 6 in a"),
    ({"exist": [4.0, 4.0, 0.5, 0.5]}, {"fpc": ("exist",)}, r"mix sizes .* and sampling fractions"),
    ({"y": [None] * 4}, {}, r"y is missing in all 4 rows"),
]


@pytest.mark.parametrize(("change_", "options", "message"), TROUBLE)
def test_trouble_is_told_with_names_and_numbers(
    change_: dict[str, list[object]], options: dict[str, object], message: str
) -> None:
    good = {"y": [1, 0, 1, 1], "weight": [1.0] * 4, "stratum": ["a", "a", "b", "b"], "psu": [1, 2, 3, 4]}
    design = Design("weight", "stratum", ("psu",), **options)  # type: ignore[arg-type]
    with pytest.raises(SurveyInputError, match=message):
        estimate(pl.DataFrame(good | change_), design, "y", "proportion")


def test_unknown_columns_bring_suggestions() -> None:
    with pytest.raises(SurveyInputError, match=r"no column trusty.*did you mean trust"):
        estimate(respondents(), DESIGNS["people"], "trusty")
    with pytest.raises(SurveyInputError, match=r"holds 2, 3.*a proportion needs 0 and 1"):
        estimate(respondents(), DESIGNS["people"], "talks", "proportion")
    with pytest.raises(SurveyInputError, match="ratio needs a denominator"):
        estimate(respondents(), DESIGNS["people"], "talks", "ratio")


def test_zero_weights_keep_their_unit_in_the_design() -> None:
    data = respondents().with_columns(weight=pl.when(pl.col("sex") == "m").then(0.0).otherwise("weight"))
    found = estimate(data, DESIGNS["replacement"], "talks")
    domain = estimate(respondents(), DESIGNS["replacement"], "talks", by=["sex"]).frame
    assert found.frame["se"][0] == pytest.approx(domain["se"][0], rel=1e-12)
    assert any("zero" in text for text in found.notices)


def test_intervals_cover_the_truth_in_a_clustered_population() -> None:
    generator = np.random.default_rng(3)
    strata, villages, people = 10, 60, 30
    lean = generator.normal(0, 0.5, (strata, villages, 1)) + np.linspace(-1, 1, strata)[:, None, None]
    population = (generator.random((strata, villages, people)) < 1 / (1 + np.exp(-lean))).astype(float)
    truth, hits, rounds = population.mean(), 0, 300
    code = np.arange(strata * 6)
    frame = pl.DataFrame({"h": np.repeat(code // 6, 8), "v": np.repeat(code, 8)})
    design = Design(strata="h", psu=("v",))
    for _ in range(rounds):
        drawn = [
            population[h, v, generator.choice(people, 8, replace=False)]
            for h in range(strata)
            for v in generator.choice(villages, 6, replace=False)
        ]
        row = estimate(frame.with_columns(y=np.concatenate(drawn)), design, "y", "proportion").frame.row(0, named=True)
        hits += row["ci_low"] <= truth <= row["ci_high"]
    assert 0.92 <= hits / rounds <= 0.99
