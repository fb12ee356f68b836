from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.survey.design import SurveyInputError
from models.survey.recoding import ANSWER_RULES, age_group, answers, respondents, row_problems

AS_OF = date(2026, 1, 1)


def test_a_good_row_becomes_one_respondent_with_our_codes(make_raw, questionnaire):
    found = respondents(make_raw({}), questionnaire)
    assert found.row(0, named=True) == {
        "wave_id": "2025-test",
        "year": 2025,
        "respondent_id": "p1",
        "interview_date": date(2025, 8, 17),
        "region_code": "KZ-71",
        "settlement_code": "urban",
        "stratum_id": "2025-test/7",
        "psu_id": "2025-test/3",
        "interviewer_id": None,
        "sex_code": "female",
        "age_years": 41,
        "age_group_code": "30-44",
        "group_code": "kazakh",
        "language": "kk",
        "mode_code": "face_to_face",
        "design_weight": 1.5,
    }


@pytest.mark.parametrize(
    ("cells", "column", "rule"),
    [
        ({"reg": "77"}, "reg", "unknown_region"),
        ({"reg": "3"}, "reg", "unknown_region"),  # the questionnaire itself leads to a region that is none
        ({"reg": None}, "reg", "missing_value"),
        ({"sex": "9"}, "sex", "unknown_code"),
        ({"eth": "9"}, "eth", "unknown_code"),
        ({"lang": None}, "lang", "missing_value"),
        ({"lang": " "}, "lang", "missing_value"),
        ({"age": "17"}, "age", "age_out_of_range"),
        ({"age": "111"}, "age", "age_out_of_range"),
        ({"age": "forty"}, "age", "unreadable_number"),
        ({"w": "-1"}, "w", "negative_weight"),
        ({"w": "0"}, "w", "zero_weight"),
        ({"w": "inf"}, "w", "unreadable_number"),
        ({"w": None}, "w", "missing_value"),
        ({"day": "2025-10-01"}, "day", "future_date"),
        ({"day": "31.02.2025"}, "day", "unreadable_date"),
        ({"id": None}, "id", "missing_value"),
        ({"id": "p1"}, "id", "duplicate_respondent"),
    ],
)
def test_a_bad_cell_quarantines_its_row_and_only_its_row(make_raw, questionnaire, cells, column, rule):
    raw = make_raw({}, cells, {})
    problems = row_problems(raw, questionnaire, AS_OF)
    assert problems.select("row_number", "column_name", "rule").rows() == [(2, column, rule)]
    assert problems.item(0, "file_name") == "wave.csv"
    assert respondents(raw, questionnaire).get_column("respondent_id").to_list() == ["p1", "p3"]
    assert answers(raw, questionnaire).get_column("respondent_id").unique().sort().to_list() == ["p1", "p3"]


def test_the_first_good_row_of_an_id_is_kept_even_when_a_bad_one_comes_before(make_raw, questionnaire):
    raw = make_raw({"id": "x", "age": "5"}, {"id": "x", "age": "50"}, {"id": "x", "age": "60"})
    assert respondents(raw, questionnaire).get_column("age_years").to_list() == [50]
    assert row_problems(raw, questionnaire, AS_OF).get_column("rule").to_list() == [
        "age_out_of_range",
        "duplicate_respondent",
    ]


def test_rows_in_are_rows_kept_plus_rows_quarantined(make_raw, questionnaire):
    raw = make_raw({}, {"age": "5", "w": "-2"}, {"q1": "7"}, {"id": "p1"}, {"reg": "50"}, {})
    problems = row_problems(raw, questionnaire, AS_OF)
    lost = problems.filter(~pl.col("rule").is_in(list(ANSWER_RULES))).get_column("row_number").n_unique()
    assert respondents(raw, questionnaire).height + lost == 6


def test_an_interview_after_the_day_of_the_run_lies_in_the_future(make_raw, questionnaire):
    raw = make_raw({"day": "2025-08-17"}, {"day": "2025-09-20"})
    early = date(2025, 9, 1)
    assert row_problems(raw, questionnaire, early).get_column("rule").to_list() == ["future_date"]
    assert respondents(raw, questionnaire, early).height == 1
    assert respondents(raw, questionnaire).height == 2


def test_an_id_is_never_repeated_in_the_quarantine(make_raw, questionnaire):
    problems = row_problems(make_raw({"id": "Aigul"}, {"id": "Aigul"}), questionnaire, AS_OF)
    assert problems.get_column("detail").to_list() == [""]


def test_dates_with_a_time_and_dotted_dates_are_read(make_raw, questionnaire):
    raw = make_raw({"day": "2025-08-17 10:05:00"}, {"day": "17.08.2025"})
    assert respondents(raw, questionnaire).get_column("interview_date").to_list() == [date(2025, 8, 17)] * 2


def test_answers_keep_apart_why_there_is_none(make_raw, questionnaire):
    raw = make_raw({"q1": "5"}, {"q1": "98"}, {"q1": "99"}, {"q1": None}, {"q1": "3"}, user_missing=((5, "q1"),))
    own = answers(raw, questionnaire).filter(pl.col("item_id") == "accord_q1_relations_country")
    assert own.select("answer_code", "answer_status").rows() == [
        (5, "valid"),
        (None, "dont_know"),
        (None, "refused"),
        (None, "no_answer"),
        (None, "no_answer"),
    ]


def test_a_code_outside_the_list_loses_the_answer_not_the_respondent(make_raw, questionnaire):
    raw = make_raw({"q1": "7"})
    own = answers(raw, questionnaire).filter(pl.col("item_id") == "accord_q1_relations_country")
    assert own.select("answer_code", "answer_status").row(0) == (None, "no_answer")
    problems = row_problems(raw, questionnaire, AS_OF)
    assert problems.select("column_name", "rule", "detail").rows() == [("q1", "code_outside_list", "7")]
    assert respondents(raw, questionnaire).height == 1


def test_items_are_recoded_and_unknown_scales_are_not_asked(make_raw, questionnaire, items):
    found = answers(make_raw({"q2": "1", "q3": "5"}), questionnaire)
    assert found.height == len(items.items)
    values = {item: (code, status) for item, code, status in found.select(pl.col("^item_id|answer.*$")).iter_rows()}
    assert values["tolerance_q1_neighbour"] == (4, "valid")
    assert values["wellbeing_q1_equal_treatment"] == (None, "not_asked")  # asked on seven points
    assert values["accord_q3_unity"] == (None, "not_asked")


def test_an_item_that_the_registry_does_not_know_is_an_error_that_names_it(make_raw, questionnaire):
    mapping = questionnaire.items["accord_q1_relations_country"]
    wrong = questionnaire.model_copy(update={"items": {"accord_q9_moon": mapping}})
    with pytest.raises(SurveyInputError, match=r"2025-test.*accord_q9_moon"):
        answers(make_raw({}), wrong)


def test_rows_of_another_wave_are_refused(make_raw, questionnaire):
    raw = make_raw({}).with_columns(wave_id=pl.lit("2024-test"))
    with pytest.raises(SurveyInputError, match="2024-test"):
        respondents(raw, questionnaire)


@given(st.integers(18, 110))
def test_every_adult_age_has_one_age_group(age):
    group = pl.DataFrame({"age": [age]}).select(age_group("age")).item()
    low, _, high = group.partition("-")
    assert int(low.rstrip("+")) <= age <= (int(high) if high else 110)
