from __future__ import annotations

import polars as pl
import pytest

from data_contracts.contract import table_contract
from data_contracts.schemas import conform
from models.survey.wave_quality import wave_quality
from models.survey.weighting import weights


def _report(people: pl.DataFrame, answers: pl.DataFrame, margins: dict, items, **other) -> pl.DataFrame:
    return wave_quality(people, answers, weights(people, margins), items, "2025-Q3", margins=margins, **other)


def _value(table: pl.DataFrame, measure: str, domain: str = "all") -> float:
    return table.filter((pl.col("measure") == measure) & (pl.col("domain_value") == domain)).item(0, "value")


def _with_status(answers: pl.DataFrame, chosen: pl.Expr, status: str) -> pl.DataFrame:
    return answers.with_columns(
        answer_status=pl.when(chosen).then(pl.lit(status)).otherwise("answer_status"),
        answer_code=pl.when(~chosen).then("answer_code"),
    )


def test_non_response_is_told_by_item_and_language_and_kind(make_wave, small_margins, items):
    people, answers = make_wave()
    kazakh = people.filter(pl.col("language") == "kk")["respondent_id"].implode()
    item = "tolerance_q3_family_member"
    chosen = pl.col("respondent_id").is_in(kazakh) & (pl.col("item_id") == item)
    table = _report(people, _with_status(answers, chosen, "dont_know"), small_margins, items)
    assert conform(table, table_contract("out_survey__wave_quality")).height == table.height
    assert table.select("wave_id", "measure", "domain_value").is_unique().all()
    assert _value(table, "item_nonresponse_share", f"{item}/kk") == 1.0
    assert _value(table, "item_nonresponse_share", f"{item}/ru") == 0.0
    assert _value(table, "dont_know_share", "kk") == pytest.approx(1 / 15)
    assert _value(table, "refused_share", "kk") == 0.0
    assert _value(table, "language_gap_pp", "kk-ru") == pytest.approx(100 / 15)


def test_a_language_in_which_more_stay_silent_is_told_with_its_p(make_wave, small_margins, items):
    people, answers = make_wave()
    draw = pl.struct("respondent_id", "item_id").hash(seed=2) % 100
    kazakh = pl.col("respondent_id").is_in(people.filter(pl.col("language") == "kk")["respondent_id"].implode())
    same = _report(people, _with_status(answers, draw < 10, "no_answer"), small_margins, items)
    other = _report(people, _with_status(answers, draw < 10 + 10 * kazakh, "no_answer"), small_margins, items)
    assert _value(same, "language_gap_p", "kk-ru") > 0.01
    assert _value(other, "language_gap_p", "kk-ru") < 1e-6
    assert _value(other, "language_gap_pp", "kk-ru") == pytest.approx(10, abs=2)


def test_straight_lining_is_found(make_wave, small_margins, items):
    people, answers = make_wave(size=900)
    # The fixture answers every scale with one code throughout; then a third of the people do not.
    varied = people["respondent_id"].head(300).implode()
    other = pl.col("respondent_id").is_in(varied) & pl.col("item_id").str.ends_with("_neighbour")
    table = _report(people, answers, small_margins, items)
    mixed = _report(
        people,
        answers.with_columns(pl.when(other).then(2).otherwise("answer_code").alias("answer_code")),
        small_margins,
        items,
    )
    assert _value(table, "straight_lining_share") == 1.0
    assert _value(mixed, "straight_lining_share") == pytest.approx(2 / 3)


def test_an_interviewer_who_gets_no_answers_stands_out(make_wave, small_margins, items):
    people, answers = make_wave(size=1500, positive=0.5)
    rates = answers.select(pl.struct("respondent_id", "item_id").hash(seed=3) % 100 < 10).to_series()
    noisy = _with_status(answers, rates, "no_answer")
    bad = people.filter(pl.col("interviewer_id") == "KZ-31/4i")["respondent_id"].implode()
    half = pl.col("respondent_id").is_in(bad) & (pl.struct("respondent_id", "item_id").hash(seed=5) % 2 == 0)
    table = _report(people, _with_status(noisy, half, "refused"), small_margins, items)
    outliers = table.filter(pl.col("measure") == "interviewer_outlier")["domain_value"].to_list()
    assert outliers == ["KZ-31/4i:nonresponse"]
    calm = _report(people, noisy, small_margins, items)
    assert calm.filter(pl.col("measure") == "interviewer_outlier").is_empty()


def test_interviewer_effects_show_in_the_icc(make_wave, small_margins, items):
    none = _report(*make_wave(size=1500, positive=0.5), small_margins, items)
    strong = _report(*make_wave(size=1500, positive=0.5, psu_spread=0.25), small_margins, items)
    assert abs(_value(none, "interviewer_icc")) < 0.02
    assert _value(strong, "interviewer_icc") > 0.1


def test_copied_interviews_are_found(make_wave, small_margins, items):
    people, answers = make_wave(size=900)
    code = 1 + pl.struct("respondent_id", "item_id").hash(seed=1) % 4
    varied = answers.with_columns(answer_code=code.cast(pl.Int64))
    assert _value(_report(people, varied, small_margins, items), "duplicate_pattern_share") == 0.0
    twin = pl.col("respondent_id").replace({"r00001": "r00000", "r00002": "r00000"})
    copied = varied.with_columns(answer_code=(1 + pl.struct(twin, "item_id").hash(seed=1) % 4).cast(pl.Int64))
    is_twin = pl.col("respondent_id").is_in(["r00001", "r00002"])
    same = people.with_columns(
        pl.when(is_twin).then(pl.lit(people.item(0, name))).otherwise(pl.col(name)).alias(name)
        for name in ("psu_id", "stratum_id", "interviewer_id", "sex_code", "age_group_code")
    )
    assert _value(_report(same, copied, small_margins, items), "duplicate_pattern_share") == pytest.approx(3 / 900)


def test_quarantine_is_counted_by_rule(make_wave, small_margins, items):
    people, answers = make_wave()
    rows = [
        (1, "zero_weight"),
        (1, "age_out_of_range"),
        (7, "zero_weight"),
        (8, "code_outside_list"),
        (8, "code_outside_list"),
    ]
    quarantine = pl.DataFrame(rows, schema=["row_number", "rule"], orient="row").with_columns(
        wave_id=pl.lit("2025-test")
    )
    table = _report(people, answers, small_margins, items, quarantine=quarantine)
    assert _value(table, "rows_quarantined", "zero_weight") == 2
    assert _value(table, "answers_quarantined", "code_outside_list") == 2


def test_no_respondents_no_report(make_wave, items):
    people, answers = make_wave()
    assert wave_quality(people.clear(), answers, pl.DataFrame(), items, "2025-Q3").is_empty()
