"""Numbers as each language writes them, and nouns that agree with them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bulletin.inputs import BulletinInputError
from models.bulletin.narrative.agreement import agreeing_noun
from models.bulletin.narrative.number_format import shown, with_unit, written, written_date
from models.bulletin.narrative.survey_sentences import probability_word
from models.bulletin.narrative.voice import phrasebook

RUSSIAN_REGIONS = {
    1: "регион",
    2: "региона",
    4: "региона",
    5: "регионов",
    11: "регионов",
    12: "регионов",
    14: "регионов",
    20: "регионов",
    21: "регион",
    22: "региона",
    111: "регионов",
    101: "регион",
}


@pytest.mark.parametrize(("count", "form"), RUSSIAN_REGIONS.items())
def test_russian_plural(count: int, form: str) -> None:
    assert agreeing_noun(Decimal(count), phrasebook("ru").nouns["regions"], "ru") == form


@given(st.integers(0, 10**6))
def test_russian_plural_follows_the_last_two_digits(count: int) -> None:
    noun = phrasebook("ru").nouns["messages"]
    if 11 <= count % 100 <= 14 or count % 10 in (0, 5, 6, 7, 8, 9):
        assert agreeing_noun(Decimal(count), noun, "ru") == "сообщений"
    elif count % 10 == 1:
        assert agreeing_noun(Decimal(count), noun, "ru") == "сообщение"
    else:
        assert agreeing_noun(Decimal(count), noun, "ru") == "сообщения"


@given(st.floats(-50, 50, allow_nan=False))
def test_russian_decimals_take_the_genitive_singular(value: float) -> None:
    noun = phrasebook("ru").nouns["points"]
    assert agreeing_noun(shown(value, "percentage_point"), noun, "ru") == "процентного пункта"


def test_a_noun_without_the_form_is_refused() -> None:
    with pytest.raises(ValueError, match="no form"):
        agreeing_noun(Decimal(5), {"one": "регион"}, "ru")


def test_signs_and_separators() -> None:
    assert written(-0.04, "percentage_point", "ru") == "0,0"
    assert written(-0.44, "percentage_point", "ru") == "−0,4"
    assert written(1.26, "percentage_point", "en") == "+1.3"
    assert written(54321, "count", "kk").replace("\u00a0", " ") == "54 321"
    assert written(54321, "count", "en") == "54,321"
    assert with_unit("80,2", "percent", "ru") == "80,2\u00a0%"
    assert with_unit("80,2", "percent", "kk") == "80,2%"
    assert written(0.0063, "share", "ru") == "0,63"
    assert written(0.063, "share", "ru") == "6,3"


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_probabilities_never_claim_certainty(probability: float) -> None:
    assert 1 <= shown(probability, "probability") <= 99


@given(st.floats(0, 1), st.floats(0, 1))
def test_probability_words_are_ordered(first: float, second: float) -> None:
    words = [
        "almost_excluded",
        "very_unlikely",
        "unlikely",
        "even",
        "likely",
        "very_likely",
        "almost_certain",
    ]
    low, high = sorted((first, second))
    assert words.index(probability_word(low)) <= words.index(probability_word(high))


@given(st.floats(-100, 100, allow_nan=False))
def test_languages_write_the_same_digits(value: float) -> None:
    texts = {written(value, "percent", language).replace(",", ".") for language in ("kk", "ru", "en")}
    assert len(texts) == 1


def test_dates() -> None:
    from datetime import date

    assert written_date(date(2026, 10, 5), "en") == "5 October 2026"
    assert "октября" in written_date(date(2026, 10, 5), "ru")
    assert "қазан" in written_date(date(2026, 10, 5), "kk")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(BulletinInputError, match="kk, ru, en"):
        phrasebook("de")
