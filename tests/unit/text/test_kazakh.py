"""The spaCy language `kk`."""

from __future__ import annotations

import pytest

from models.text.kazakh import Kazakh


@pytest.fixture(scope="module")
def nlp():
    return Kazakh()


def test_pair_words_suffixes_and_abbreviations_are_one_token(nlp):
    words = [token.text for token in nlp("Ата-ана мен 2026-жылы 5-ші сынып, т.б. А. Құнанбаев келді.")]
    assert words == [
        "Ата-ана",
        "мен",
        "2026-жылы",
        "5-ші",
        "сынып",
        ",",
        "т.б.",
        "А.",
        "Құнанбаев",
        "келді",
        ".",
    ]


def test_numbers_stop_words_and_norms(nlp):
    doc = nlp("Екінші мектепте 1500,5 теңге мен жиырма бала, казaқ")
    assert [token.text for token in doc if token.like_num] == ["Екінші", "1500,5", "жиырма"]
    assert doc[4].is_stop and not doc[1].is_stop
    assert doc[-1].norm_ == "казақ"


def test_text_is_kept(nlp):
    text = "«Қазақстан — біздің ортақ үйіміз!» — деді ол;  бәрі қол соқты."
    assert nlp(text).text == text
