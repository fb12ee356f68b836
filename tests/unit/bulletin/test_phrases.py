"""The phrase files and the glossary: complete in three languages, without numbers, fields in step."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from models.bulletin.figure_book import FigureBook
from models.bulletin.glossary import glossary
from models.bulletin.inputs import LANGUAGES, BulletinInputError
from models.bulletin.narrative import kazakh
from models.bulletin.narrative.voice import Phrasebook, Voice, phrasebook


def _fields(phrase: str) -> list[tuple[str, str]]:
    return [(name, spec or "") for _, name, spec, _ in Formatter().parse(phrase) if name]


def test_languages_have_the_same_phrases_and_fields() -> None:
    books = {language: phrasebook(language).phrases for language in LANGUAGES}
    assert len(books["en"]) > 250
    for language in ("kk", "ru"):
        assert set(books[language]) == set(books["en"])
        for key, phrase in books[language].items():
            names = {name for name, _ in _fields(phrase)}
            assert names == {name for name, _ in _fields(books["en"][key])}, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_phrases_hold_no_digits_and_use_known_nouns(language: str) -> None:
    book = phrasebook(language)
    for key, phrase in book.phrases.items():
        assert not re.search(r"\d", phrase), key
        for _, spec in _fields(phrase):
            known = {"", "bare", "capital", "locative", "genitive"} | set(book.nouns)
            assert spec in known | (kazakh.CASES if language == "kk" else set()), key


def test_glossary_has_terms_without_digits() -> None:
    assert len(glossary()) >= 15
    for term in glossary().values():
        for language in LANGUAGES:
            text = term.term.in_language(language) + term.definition.in_language(language)
            assert not re.search(r"\d", text), term.term_id


def test_a_missing_phrase_or_field_is_named() -> None:
    voice = Voice(Phrasebook("kk", {"known": "{x}"}, {}), FigureBook({}))
    with pytest.raises(BulletinInputError, match=r"phrases/kk\.yml: no phrase 'absent'"):
        voice.say("absent")
    with pytest.raises(BulletinInputError, match="asks for unknown"):
        voice.say("known")


def test_names_are_escaped_and_listed() -> None:
    voice = Voice(phrasebook("ru"), FigureBook({}))
    assert voice.listing(["<b>", "б", "в"]) == "&lt;b&gt;, б и в"
    assert voice.label("signal", '"><script>') == "&#34;&gt;&lt;script&gt;"
