from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.contract import table_contract
from data_contracts.indicator_registry import Registry, ScoreRule, registry
from data_contracts.schemas import conform
from models.survey.comparability import indicator_comparability, item_comparability, observed_comparability
from models.survey.design import SurveyInputError
from models.survey.indicators import (
    estimates,
    item_scores,
    rebased,
    respondent_scores,
    rule_scores,
    scored_sample,
)
from models.survey.sensitivity import sensitivity
from models.survey.weighting import weights

ACCORD = [entry.item_id for entry in registry().current()["accord"].items]


def _answers(codes: list[int | str | None]) -> pl.DataFrame:
    """One respondent's answers to the five accord items: a code, or the name of a missing status."""
    rows = [
        ("w", "r", item, code if isinstance(code, int) else None, "valid" if isinstance(code, int) else code)
        for item, code in zip(ACCORD, codes, strict=True)
    ]
    columns = ["wave_id", "respondent_id", "item_id", "answer_code", "answer_status"]
    return pl.DataFrame(rows, schema=columns, orient="row", schema_overrides={"answer_code": pl.Int64()})


PERSON = pl.DataFrame({"wave_id": ["w"], "respondent_id": ["r"]})


@pytest.mark.parametrize(
    ("codes", "score"),
    [
        ([4, 5, 4, 1, 4], 1.0),  # three of five positive; the fifth item is reversed: only 1 is positive
        ([4, 5, 3, 1, 4], 0.0),
        ([4, 5, 3, 1, 1], 1.0),  # "never" came across a quarrel
        ([4, 5, 1, "dont_know", "refused"], 1.0),  # two of three answered
        ([4, 1, 1, "dont_know", "refused"], 0.0),
        ([4, 4, 1, 1, "dont_know"], 0.0),  # half of four is less than 60 %
        ([5, 5, "dont_know", "refused", "no_answer"], None),  # two answers are too few
    ],
)
def test_the_headline_rule(codes, score):
    found = respondent_scores(_answers(codes), PERSON, registry())
    assert found.item(0, "accord") == score
    assert found.item(0, "tolerance") is None


def test_the_composite_turns_reversed_items_round():
    best = respondent_scores(_answers([5, 5, 5, 5, 1]), PERSON, registry())
    worst = respondent_scores(_answers([1, 1, 1, 1, 4]), PERSON, registry())
    assert (best.item(0, "accord_composite"), worst.item(0, "accord_composite")) == (100.0, 0.0)


def test_dont_know_may_count_as_not_positive():
    items = item_scores(_answers([4, 4, 1, "dont_know", "dont_know"]), registry().current()["accord"], registry())
    rule = ScoreRule(kind="share_positive", minimum_valid=3, positive_share_at_least=0.6)
    kept = rule_scores(items, rule).item(0, "score")
    strict = rule_scores(items, rule.model_copy(update={"dont_know": "not_positive"})).item(0, "score")
    assert (kept, strict) == (1.0, 0.0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([1, 2, 3, 4, 5]), min_size=4, max_size=4), st.sampled_from([1, 2, 3, 4]))
def test_a_better_answer_never_lowers_a_score(codes, quarrels):
    lower = respondent_scores(_answers([*codes, quarrels]), PERSON, registry())
    higher = respondent_scores(_answers([*(min(code + 1, 5) for code in codes), quarrels]), PERSON, registry())
    assert higher.item(0, "accord") >= lower.item(0, "accord")
    assert higher.item(0, "accord_composite") >= lower.item(0, "accord_composite")


def test_estimates_hold_the_truth_in_their_form(make_wave, small_margins, items):
    people, answers = make_wave(positive={"kazakh": 0.85, "russian": 0.7, "uzbek": 0.6}, size=2400)
    table = estimates(people, answers, weights(people, small_margins), items, "2025-Q3", margins=small_margins)
    assert conform(table, table_contract("out_indicators__estimates")).height == table.height
    country = table.filter((pl.col("domain") == "country") & (pl.col("indicator_id") == "accord"))
    truth = 0.7 * 85 + 0.2 * 70 + 0.1 * 60
    row = country.row(0, named=True)
    assert row["ci_low_pct"] < truth < row["ci_high_pct"]
    assert row["domain_value"] == row["region_code"] == "KZ"
    groups = table.filter((pl.col("domain") == "group") & (pl.col("indicator_id") == "tolerance"))
    for value, true in (("kazakh", 85), ("russian", 70), ("uzbek", 60)):
        cell = groups.filter(pl.col("domain_value") == value).row(0, named=True)
        assert abs(cell["estimate_pct"] - true) < 4 * cell["se_pct"]
    assert table.select("domain", "domain_value", "indicator_id").is_unique().all()


def test_calibrated_errors_are_smaller_where_the_margin_explains_the_answers(make_wave, small_margins, items):
    people, answers = make_wave(positive={"kazakh": 0.95, "russian": 0.1, "uzbek": 0.1}, size=1500)
    weighted = weights(people, small_margins)
    table = estimates(people, answers, weighted, items, "2025-Q3", margins=small_margins)
    se = table.filter((pl.col("domain") == "country") & (pl.col("indicator_id") == "accord")).item(0, "se_pct")
    sample = scored_sample(people, answers, weighted, items, margins=small_margins)
    w, y = sample["calibrated_weight"].to_numpy(), sample["accord"].to_numpy()
    naive = 100 * np.sqrt((w**2 * (y - np.average(y, weights=w)) ** 2).sum()) / w.sum()
    assert se < 0.7 * naive


def test_only_the_last_wave_of_a_year_counts(make_wave, small_margins, items):
    first, first_answers = make_wave(2025, positive=0.5)
    second, second_answers = make_wave(2025, positive=0.9, seed=5)
    later = second.with_columns(
        wave_id=pl.lit("2025-autumn"), interview_date=pl.col("interview_date").dt.offset_by("2mo")
    )
    people = pl.concat([later, first])
    answers = pl.concat([second_answers.with_columns(wave_id=pl.lit("2025-autumn")), first_answers])
    table = estimates(people, answers, weights(people, small_margins), items, "2025-Q4", margins=small_margins)
    assert table["wave_id"].unique().to_list() == ["2025-autumn"]


def test_missing_weights_are_an_error_with_their_number(make_wave, small_margins, items):
    people, answers = make_wave()
    some = weights(people, small_margins).head(1000)
    with pytest.raises(SurveyInputError, match="200 respondents"):
        estimates(people, answers, some, items, "2025-Q3", margins=small_margins)


def test_no_survey_this_quarter_is_an_empty_table(make_wave, items):
    people, answers = make_wave()
    table = estimates(people.clear(), answers.clear(), pl.DataFrame(), items, "2025-Q3")
    assert table.is_empty()
    assert conform(table, table_contract("out_indicators__estimates")).is_empty()


def test_an_indicator_that_was_not_asked_has_no_rows(make_wave, small_margins, items):
    people, answers = make_wave()
    kept = answers.with_columns(
        answer_status=pl.when(pl.col("item_id").str.starts_with("accord"))
        .then("answer_status")
        .otherwise(pl.lit("not_asked"))
    )
    kept = kept.with_columns(answer_code=pl.when(pl.col("answer_status") == "valid").then("answer_code"))
    table = estimates(people, kept, weights(people, small_margins), items, "2025-Q3", margins=small_margins)
    assert table["indicator_id"].unique().to_list() == ["accord"]


def test_rebased_index_is_100_in_its_base_year():
    rows = [
        ("2025-Q3", "accord", "1.0", "country", "KZ", year, pct, 1.0, False, "comparable")
        for year, pct in ((2021, 80.0), (2022, 84.0))
    ]
    columns = ["quarter", "indicator_id", "indicator_version", "domain", "domain_value", "year"]
    frame = pl.DataFrame(
        rows, schema=[*columns, "estimate_pct", "se_pct", "is_suppressed", "comparability"], orient="row"
    )
    index = rebased(frame, 2021).sort("year")
    assert index["index_score"].to_list() == pytest.approx([100.0, 105.0])
    assert index["index_se_score"].to_list() == pytest.approx([0.0, 100 * np.hypot(1, 1.05) / 80])


def test_sensitivity_shows_each_definition_beside_the_headline(make_wave, small_margins, items):
    people, answers = make_wave(positive=0.8)
    sample = scored_sample(people, answers, weights(people, small_margins), items, margins=small_margins)
    table = sensitivity(sample, answers, items, "2025-Q3")
    names = [alternative.alternative_id for alternative in items.current()["accord"].alternatives]
    own = table.filter(pl.col("indicator_id") == "accord")
    assert own["alternative_id"].to_list() == ["headline", *names]
    # Everybody answers all alike, so only the composite differs: four items at .75 of the scale, one at 1.
    values = dict(own.select("alternative_id", "estimate_pct").iter_rows())
    assert values.pop("composite_mean") == pytest.approx(0.8 * values["headline"])
    assert list(values.values()) == pytest.approx([values["headline"]] * len(values))


def test_comparability_from_questionnaires_names_the_reason(questionnaire, items):
    other = questionnaire.model_copy(update={"wave_id": "2026-test", "mode_code": "phone"})
    table = item_comparability([questionnaire, other], items)
    reasons = {(wave, item): reason for wave, item, reason in table.select("wave_id", "item_id", "reason").iter_rows()}
    assert reasons["2025-test", "accord_q1_relations_country"] is None
    assert reasons["2025-test", "wellbeing_q1_equal_treatment"] == "scale"
    assert reasons["2025-test", "accord_q3_unity"] == "not_asked"
    flags = indicator_comparability(table, items)
    assert flags["comparability"].unique().to_list() == ["not_comparable"]
    assert reasons["2026-test", "accord_q1_relations_country"] in {"mode"}


def test_comparability_from_data_sees_mode_language_and_missing_items(make_wave, items):
    parts = [make_wave(year, seed=year) for year in (2022, 2023, 2024, 2025)]
    parts[1] = (parts[1][0].with_columns(mode_code=pl.lit("phone")), parts[1][1])
    parts[2] = (parts[2][0].with_columns(language=pl.lit("ru")), parts[2][1])
    unasked = pl.when(pl.col("item_id") == "accord_q3_unity").then(pl.lit("not_asked")).otherwise("answer_status")
    parts[3] = (parts[3][0], parts[3][1].with_columns(answer_status=unasked))
    people, answers = (pl.concat([part[i] for part in parts]) for i in (0, 1))
    table = observed_comparability(people, answers, items).filter(pl.col("indicator_id") == "accord")
    assert table.sort("wave_id")["reason"].to_list() == [
        None,
        "mode",
        "language: no kk",
        "accord_q3_unity: not_asked",
    ]


def test_the_registry_refuses_an_item_without_its_scale():
    content = registry().model_dump()
    content["items"][0]["scale_id"] = "none"
    with pytest.raises(ValueError, match="no scale named none"):
        Registry.model_validate(content)
