"""The table of ethnonym forms, expanded once from `data/ethnonyms.yml`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

import yaml

from data_contracts.reference import ethnic_groups
from models.text.form_search import FormSearch
from models.text.inflection import (
    folded,
    kazakh_language_forms,
    kazakh_noun_forms,
    kazakh_predicative_forms,
    russian_noun_forms,
)
from models.text.latin_spelling import kazakh_in_latin, russian_in_latin

Kind = Literal[
    "person",  # a noun for people
    "adjective",  # Russian adjective: the noun after it decides
    "country_adjective",  # kept only before people
    "kk_bare",  # Kazakh nominative singular: may stand before a noun as an attribute
    "kk_resident_bare",  # a people named after a place (`қытайлық`): people only before a word for people
    "kk_country_bare",
    "kk_country_case",  # case forms of a word that is first of all a country
    "language",  # in the language or manner of
    "ambiguous",  # a homograph with a rule of its own
]


class Form(NamedTuple):
    """What one word form stands for."""

    group_code: str
    kind: Kind
    is_slur: bool


class Phrase(NamedTuple):
    """Several words, each given by its beginning."""

    group_code: str
    is_slur: bool
    words: tuple[str, ...]


class EthnonymTable(NamedTuple):
    """Forms by spelling, bare Kazakh stems, phrases by their first beginning, and the search over all forms."""

    forms: dict[str, Form]
    kazakh_stems: frozenset[str]
    phrases: tuple[Phrase, ...]
    search: FormSearch


@cache
def contexts() -> dict[str, frozenset[str]]:
    """Word lists of `data/ethnonym_contexts.yml` by name."""
    content = yaml.safe_load((files("models.text") / "data" / "ethnonym_contexts.yml").read_text("utf-8"))
    return {name: frozenset(words.split()) for name, words in content.items()}


@cache
def _content() -> dict[str, Any]:
    return yaml.safe_load((files("models.text") / "data" / "ethnonyms.yml").read_text("utf-8"))


def ethnonyms_sha256() -> str:
    """Hash of the table of names and of the words around them; part of the version of the code that made a model."""
    names = ("ethnonyms.yml", "ethnonym_contexts.yml")
    return hashlib.sha256(b"".join((files("models.text") / "data" / name).read_bytes() for name in names)).hexdigest()


@cache
def _severities() -> dict[str, int]:
    return {
        spelling: degree
        for degree, beginnings in _content()["slur_severity"].items()
        for word in beginnings.split()
        for spelling in (word, *russian_in_latin(frozenset({word})))
    }


_LONGEST_GRADED = 40


def slur_severity(surface: str) -> int:
    """How abusive a slur is: 1 demeaning or mocking, 2 abusive, 3 dehumanising.

    Args:
        surface: the slur in lower case, normalised; one that is not graded has degree 2.
    """
    graded = _severities()
    sizes = range(min(len(surface), _LONGEST_GRADED), 1, -1)
    return next((graded[surface[:size]] for size in sizes if surface[:size] in graded), 2)


@cache
def ethnonym_table() -> EthnonymTable:
    """Every ethnonym form; earlier meanings win where forms of two groups coincide.

    Raises:
        ValueError: if the data names a group that `ethnic_groups.yml` does not hold.
    """
    content = _content()
    groups: dict[str, dict[str, str]] = content["groups"]
    phrases = tuple(Phrase(p["group"], p["is_slur"], tuple(p["words"].split())) for p in content["phrases"])
    unknown = sorted(({*groups, *(p.group_code for p in phrases)}) - set(ethnic_groups()))
    if unknown:
        raise ValueError(f"ethnonyms.yml: groups not in ethnic_groups.yml: {', '.join(unknown)}")
    forms: dict[str, Form] = {}
    lexemes: list[frozenset[str]] = []
    for expand in (_exact, _russian_people, _kazakh, _adjectives, _folded_kazakh, _in_latin):
        for group, words in groups.items():
            for lexeme, kind, is_slur in expand(words):
                kept = (lexeme | _single_letters(lexeme)) - contexts()["not_ethnonyms"]
                meaning = Form(group, kind, is_slur)
                for form in kept:
                    forms.setdefault(form, meaning)
                lexemes.append(kept)
    stems = frozenset(stem for words in groups.values() for stem in words.get("kk", "").split()) & forms.keys()
    return EthnonymTable(forms, stems, phrases, FormSearch.compiled(lexeme for lexeme in lexemes if lexeme))


Lexeme = tuple[frozenset[str], Kind, bool]


def _exact(words: dict[str, str]) -> Iterable[Lexeme]:
    kinds: tuple[tuple[str, Kind, bool], ...] = (
        ("exact_slur", "person", True),
        ("exact", "person", False),
        ("ambiguous", "ambiguous", False),
        ("kk_adjective", "language", False),
    )
    for field, kind, is_slur in kinds:
        for form in words.get(field, "").split():
            yield frozenset({form, form.replace("ё", "е")}), kind, is_slur


def _russian_people(words: dict[str, str]) -> Iterable[Lexeme]:
    for field, is_slur in (("ru", False), ("ru_slur", True)):
        for entry in words.get(field, "").split():
            lemma, inflection = entry.split("/")
            yield russian_noun_forms(lemma, inflection), "person", is_slur


def _adjectives(words: dict[str, str]) -> Iterable[Lexeme]:
    kinds: tuple[tuple[str, Kind], ...] = (
        ("adjective_slur", "person"),
        ("adjective_person", "person"),
        ("adjective", "adjective"),
        ("country_adjective", "country_adjective"),
    )
    for field, kind in kinds:
        for lemma in words.get(field, "").split():
            yield russian_noun_forms(lemma, "adj"), kind, field == "adjective_slur"
            if lemma.endswith("ский") and kind == "adjective":
                yield frozenset({lemma[:-1]}), "language", False


def _kazakh(words: dict[str, str]) -> Iterable[Lexeme]:
    yield from _kazakh_lexemes(words, lambda form: form)


def _folded_kazakh(words: dict[str, str]) -> Iterable[Lexeme]:
    yield from _kazakh_lexemes(words, folded)


def _kazakh_lexemes(words: dict[str, str], spelling: Callable[[str], str]) -> Iterable[Lexeme]:
    def spelled(forms: Iterable[str]) -> frozenset[str]:
        return frozenset(spelling(form) for form in forms)

    for field in ("kk", "kk_resident", "kk_slur", "kk_country", "ambiguous_kk"):
        for stem in words.get(field, "").split():
            if spelling is folded and stem in contexts()["no_fold"]:
                continue
            forms = kazakh_noun_forms(stem)
            plural = {form for form in forms if form[len(stem) : len(stem) + 3] in _PLURALS}
            is_slur = field == "kk_slur"
            yield spelled(plural), "person", is_slur
            if field == "kk_country":
                said_of_oneself = kazakh_predicative_forms(stem) - plural
                yield spelled(said_of_oneself), "person", False
                yield spelled({stem}), "kk_country_bare", False
                yield spelled(forms - plural - said_of_oneself - {stem}), "kk_country_case", False
            elif field == "ambiguous_kk":
                yield spelled(forms - plural), "ambiguous", False
            else:
                yield spelled({stem}), "kk_resident_bare" if field == "kk_resident" else "kk_bare", is_slur
                yield spelled(forms - plural - {stem}), "person", is_slur
            if field in ("kk", "kk_country"):
                yield spelled(kazakh_language_forms(stem)), "language", False


def _in_latin(words: dict[str, str]) -> Iterable[Lexeme]:
    """Forms for people in Latin letters; short ones and words of other languages are left out."""
    expanded = (
        (_exact, russian_in_latin),
        (_russian_people, russian_in_latin),
        (_adjectives, russian_in_latin),
        (_kazakh, kazakh_in_latin),
    )
    for expand, spelling in expanded:
        for forms, kind, is_slur in expand(words):
            if kind in ("ambiguous", "country_adjective", "kk_country_bare", "kk_country_case"):
                continue
            usual = frozenset(form for form in forms if len(form) <= _LONGEST_IN_LATIN)
            spelled = frozenset(form for form in spelling(usual) if len(form) >= _SHORTEST_IN_LATIN)
            yield spelled - contexts()["not_ethnonyms_in_latin"], kind, is_slur


_SHORTEST_IN_LATIN, _LONGEST_IN_LATIN = 5, 14
_PLURALS = {onset + ending for onset in "лдт" for ending in ("ар", "ер")}


_DOUBLED = re.compile(r"(.)\1")


def _single_letters(forms: frozenset[str]) -> frozenset[str]:
    """Forms with doubled letters written once, as drawn-out words are normalised: `русский` -> `руский`."""
    return frozenset(_DOUBLED.sub(r"\1", form) for form in forms if _DOUBLED.search(form))
