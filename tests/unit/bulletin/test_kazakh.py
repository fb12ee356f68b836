"""Kazakh endings after numbers and names: known forms and properties that hold for every number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bulletin.narrative import kazakh
from models.bulletin.narrative.number_format import written

KNOWN_NUMBERS = {
    ("80,5", "ablative"): "тен",
    ("82,7", "dative"): "ге",
    ("76,9", "dative"): "ға",
    ("81,0", "ablative"): "ден",
    ("40", "ablative"): "тан",
    ("30", "ablative"): "дан",
    ("50", "dative"): "ге",
    ("60", "dative"): "қа",
    ("100", "dative"): "ге",
    ("1 000", "ablative"): "нан",
    ("2000000", "ablative"): "нан",
    ("12", "possessive_locative"): "сінде",
    ("4", "possessive_locative"): "інде",
    ("6", "possessive_locative"): "сында",
    ("20", "possessive_locative"): "сында",
    ("9", "genitive"): "дың",
    ("8", "accusative"): "ді",
    ("0", "dative"): "ге",
}
KNOWN_NAMES = {
    ("қазақтар", "genitive"): "қазақтардың",
    ("өзбектер", "dative"): "өзбектерге",
    ("Астана", "locative"): "Астанада",
    ("Шымкент", "locative"): "Шымкентте",
    ("Атырау", "dative"): "Атырауға",
    ("Жетісу", "locative"): "Жетісуда",
    ("Түркістан", "ablative"): "Түркістаннан",
    ("Абай облысы", "locative"): "Абай облысында",
    ("Астана қаласы", "dative"): "Астана қаласына",
    ("кәріс", "accusative"): "кәрісті",
    ("қырғыз", "genitive"): "қырғыздың",
}
FRONT, BACK = set("әөүіе"), set("аоұы")


@pytest.mark.parametrize(("asked", "ending"), KNOWN_NUMBERS.items())
def test_number_endings(asked: tuple[str, str], ending: str) -> None:
    assert kazakh.number_suffix(*asked) == ending


@pytest.mark.parametrize(("asked", "form"), KNOWN_NAMES.items())
def test_name_endings(asked: tuple[str, str], form: str) -> None:
    assert kazakh.attach(*asked) == form


@given(st.floats(0, 1e6, allow_nan=False), st.sampled_from(sorted(kazakh.CASES)))
def test_endings_harmonise_with_the_word_read_last(value: float, case: str) -> None:
    text = written(value, "percent", "kk")
    ending = kazakh.number_suffix(text, case)
    allowed, barred = (BACK, FRONT) if kazakh.is_back(kazakh.last_word(text)) else (FRONT, BACK)
    assert set(ending) & allowed
    assert not set(ending) & barred


@given(st.integers(0, 10**9))
def test_endings_depend_on_the_last_word_only(number: int) -> None:
    assert kazakh.last_word(str(number)) == kazakh.last_word(f"{number:,}".replace(",", "\u00a0"))
    if number % 10:
        assert kazakh.last_word(str(number)) == kazakh.last_word(str(number % 10))


def test_what_cannot_be_inflected_is_refused() -> None:
    with pytest.raises(ValueError, match="not a Kazakh case"):
        kazakh.suffix("қала", "vocative")
    with pytest.raises(ValueError, match="no letter"):
        kazakh.suffix("—", "dative")
    with pytest.raises(ValueError, match="not a number"):
        kazakh.number_suffix("жоқ", "dative")
