"""Candidates: one story once, grown stories again, plain words, no personal data."""

from __future__ import annotations

import re
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from data_contracts.contract import table_contract
from models.warning.candidates import CANDIDATE_SCHEMA, candidates
from models.warning.explanation import example_text, russian_plural, scrub
from models.warning.series import series
from models.warning.severity import CaseFacts, assess
from models.warning.signals import SIGNAL_SCHEMA, last_weeks, signals
from tests.unit.warning.test_signals import START, feed, quiet_weeks

OUTBREAK_WEEK = 40


def story(week: int, size: int, **more: object) -> list[dict[str, object]]:
    """An outbreak of hostile, hard and tense texts about one group."""
    day = 7 * week + 2
    kinds = [("hostile", 1), ("hostile", 3), ("tension", 0)]
    return [
        {"day": day, "label": kinds[number % 3][0], "severity": kinds[number % 3][1], **more} for number in range(size)
    ]


def background(weeks: int) -> list[dict[str, object]]:
    """Single hostile and tense texts here and there, as every region has them."""
    rng = np.random.default_rng(5)
    regions_drawn = rng.integers(10, 40, 20 * weeks)
    return [
        {
            "day": int(day),
            "region": "KZ-10" if region < 25 else "KZ-31",
            "groups": [str(rng.choice(["dungan", "uzbek", "russian", "uyghur"]))],
            "label": str(rng.choice(["hostile", "tension"])),
        }
        for day, region in zip(rng.integers(0, 7 * weeks, 20 * weeks), regions_drawn, strict=True)
    ]


def found(rows: list[dict[str, object]], weeks: int = 44) -> pl.DataFrame:
    messages, labels = feed(quiet_weeks(weeks) + background(weeks) + rows)
    counted = series(messages, labels)
    return candidates(signals(counted, last_weeks(counted, 6)), messages, labels)


def test_many_signals_of_one_story_are_one_candidate() -> None:
    result = found(story(OUTBREAK_WEEK, 24, text="Драка на базаре, звоните +7 701 123 45 67 или @vasya"))
    assert result.height == 1
    row = result.row(0, named=True)
    assert row["group_codes"] == ["dungan"]
    assert {"hostile", "hard_hostile", "tension"} == set(row["signals"])
    assert row["week_date"] == START + timedelta(weeks=OUTBREAK_WEEK)
    assert row["case_kind"] == "household_dispute"
    assert row["primary_body"] == "accord_council"
    assert row["status"] == "awaiting_review"
    assert row["severity"] >= 4
    assert 24 <= row["cluster_count"] <= 34
    assert all(len(text) <= 280 for text in row["example_texts"])
    shown = " ".join(row["example_texts"])
    assert "701" not in shown
    assert "vasya" not in shown
    assert "дунган" in row["explanation_ru"].casefold()
    assert "Жамбыл облысында" in row["explanation_kk"]
    for language in ("kk", "ru", "en"):
        text = row[f"explanation_{language}"]
        assert not re.search(r"\{|\}|None|nan", text)
        assert text.endswith(".")


def test_the_same_input_gives_the_same_candidates() -> None:
    rows = story(OUTBREAK_WEEK, 24)
    assert found(rows).equals(found(rows))


def test_separate_groups_are_separate_stories_and_shared_texts_join() -> None:
    apart = found(story(OUTBREAK_WEEK, 18) + story(OUTBREAK_WEEK, 18, groups=["uzbek"]))
    assert sorted(row for (row,) in apart["group_codes"].to_list()) == ["dungan", "uzbek"]
    together = found(story(OUTBREAK_WEEK, 18, groups=["dungan", "uzbek"]))
    assert together["group_codes"].to_list() == [["dungan", "uzbek"]]


def test_a_continuing_story_is_told_again_only_when_it_grows() -> None:
    same = found(story(40, 18) + story(41, 18))
    assert same.height == 1
    grown = found(story(40, 18) + story(41, 45))
    assert grown["is_continuation_of"].to_list() == [None, grown["candidate_id"][0]]
    assert "усилился" in grown["explanation_ru"][1]
    later = found(story(36, 18) + story(41, 45), weeks=42)
    assert later["is_continuation_of"].to_list() == [None, None]


def test_accord_raises_nothing_and_stands_beside() -> None:
    assert found([{"day": 7 * OUTBREAK_WEEK, "label": "accord"} for _ in range(30)]).height == 0
    beside = found(story(OUTBREAK_WEEK, 18) + [{"day": 7 * OUTBREAK_WEEK, "label": "accord"} for _ in range(3)])
    assert "О согласии в ту же неделю: 3 текста" in beside["explanation_ru"][0]


def test_tables_have_the_columns_they_promise() -> None:
    assert tuple(SIGNAL_SCHEMA) == table_contract("out_warning__signals").column_names
    assert tuple(CANDIDATE_SCHEMA) == table_contract("out_warning__candidates").column_names
    assert found([]).schema == CANDIDATE_SCHEMA


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("пишите vasya@mail.kz", "vasya"),
        ("мой ИИН 900101300123", "900101300123"),
        ("карта 4400 4301 2345 6789", "6789"),
        ("тел 8 (701) 123-45-67", "123-45-67"),
        ("см. https://t.me/kanal/12", "kanal"),
        ("привет @user_name", "user_name"),
    ],
)
def test_examples_are_scrubbed_again(text: str, gone: str) -> None:
    assert gone not in scrub(text)


def test_examples_are_cut_with_their_label() -> None:
    text = example_text("ы" * 1000, "hostile", 0.987)
    assert text.startswith("[hostile 0.99] ")
    assert len(text) == 280


@pytest.mark.parametrize(
    ("number", "form"), [(1, "текст"), (3, "текста"), (11, "текстов"), (21, "текст"), (112, "текстов")]
)
def test_russian_plurals(number: int, form: str) -> None:
    assert russian_plural(number, "текст", "текста", "текстов") == form


def test_severity_grows_with_each_computed_factor() -> None:
    calm = CaseFacts(3, 1, 2.0, 3, 0, 0, 0.0, has_tension=False, late_share=0.0, is_growing=False)
    grave = CaseFacts(30, 9, 1.0, 30, 20, 12, 2.6, has_tension=True, late_share=0.8, is_growing=True)
    assert assess(calm).severity == 1
    assert assess(grave).severity == 5
