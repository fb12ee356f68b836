from __future__ import annotations

import polars as pl
import pytest

from models.text.ethnonym_forms import slur_severity
from models.text.ethnonyms import mentions
from models.text.russian_dictionary import are_russian_words


@pytest.mark.parametrize(
    ("text", "group", "is_person"),
    [
        ("qazaqtar men orystar dos", "kazakh", True),
        ("kazaktardyn arasynda", "kazakh", True),
        ("ózbekterge qarsy", "uzbek", True),
        ("uiğyrlar keldi", "uyghur", True),
        ("uzbeki vsegda pomogut", "uzbek", True),
        ("russkie ludi dobrye", "russian", True),
        ("qazaq tili", "kazakh", False),
        ("russkiy yazyk", "russian", False),
    ],
)
def test_groups_in_latin_letters(text: str, group: str, is_person: bool) -> None:
    first = mentions(pl.Series(["1"]), pl.Series([text])).row(0, named=True)
    assert (first["group_code"], first["is_person"]) == (group, is_person)


@pytest.mark.parametrize(
    "text", ["the Indus river in German maps", "Turkey and Korea", "persona grata", "harasho", "a marina"]
)
def test_words_of_other_languages_are_no_groups(text: str) -> None:
    assert mentions(pl.Series(["1"]), pl.Series([text])).is_empty()


def test_slurs_have_a_degree_and_nothing_else_has() -> None:
    texts = pl.Series(["азеры", "чурки", "черножопые", "churki", "мамбет", "орыстар", "русский язык"])
    found = mentions(pl.int_range(len(texts), eager=True), texts)
    assert found["slur_severity"].to_list() == [1, 2, 3, 2, 1, 0, 0]
    assert slur_severity("жиды") == 2


def test_the_dictionary_answers_for_a_whole_column() -> None:
    words = pl.Series(["люди", "еще", "ещё", "елка", "қазақ", "абвгд", "", "зелёный", "зеленый", "а" * 80, "люд\x01"])
    assert are_russian_words(words).tolist() == [
        True, True, True, True, False, False, False, True, True, False, False,
    ]  # fmt: skip
    assert are_russian_words(words.clear()).tolist() == []
