"""The gazetteer of `data/places.csv` as a table of word forms: regions, cities, districts, places abroad."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from babel import Locale

from models.text.form_search import FormSearch
from models.text.inflection import (
    folded,
    kazakh_izafet_forms,
    kazakh_noun_forms,
    kazakh_resident_forms,
    russian_noun_forms,
    spaced_hyphens,
)

Mode = Literal[
    "bare",  # the name alone is enough
    "capital",  # also a common word: must be written with a capital letter
    "marked",  # also a person's name or a word: needs `қаласы`, `ауданы`, `город`, `район` beside it
    "named",  # as marked, or a capital and a case of place (`Қонаевта`), which persons hardly take
    "country_case",  # also a people or an adjective: the bare nominative says nothing
]
_MODES = ("bare", "capital", "marked", "named", "country_case")
_HEADS = ("облысы", "ауданы", "қаласы", "республикасы", "одақ")


class Place(NamedTuple):
    """One row of the gazetteer; names in lower case, empty where a language has none of its own."""

    region_code: str
    kind: str
    kk: str
    ru: str
    ru_class: str
    ru_adjective: str
    mode: Mode


class PlaceForm(NamedTuple):
    """What one form points at: `KZ-..`, `KZ` for the whole country, or `abroad`."""

    region_code: str
    mode: Mode
    is_kazakh_place_case: bool = False


class Gazetteer(NamedTuple):
    """Forms of all places and the search over them."""

    forms: dict[str, PlaceForm]
    search: FormSearch


# Territories of CLDR that are none, or whose forms are words: `того`, `самое`, `судан` ("from water").
_NOT_COUNTRIES = frozenset(
    {"KZ", "TG", "TO", "SD", "GH", "WS", "CC", "KY", "JE", "EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
)


@cache
def places_listed() -> tuple[Place, ...]:
    """The rows of the gazetteer, then the countries of the world by their names in CLDR.

    Raises:
        ValueError: naming the line, if a row has an unknown mode or no name.
    """
    text = (files("models.text") / "data" / "places.csv").read_text("utf-8")
    rows: list[Place] = []
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        if row["mode"] not in _MODES or not (row["kk"] or row["ru"]):
            raise ValueError(f"places.csv line {number}: unknown mode {row['mode']!r} or no name")
        rows.append(Place(**row))  # pyright: ignore[reportArgumentType]
    return (*rows, *_countries())


def _countries() -> Iterator[Place]:
    """Countries with a name of one word in Kazakh and Russian (Unicode CLDR, through Babel)."""
    kazakh, russian = (Locale(language).territories for language in ("kk", "ru"))
    for code in sorted(kazakh):
        if len(code) != 2 or not code.isalpha() or code in _NOT_COUNTRIES:
            continue
        kk = kazakh[code].lower().partition(" (")[0].removesuffix(" аралдары")
        ru = russian.get(code, "").lower().partition(" (")[0]
        if " " in kk or not kk:
            continue
        ru = "" if " " in ru else ru
        yield Place("abroad", "country", kk, ru, _russian_class(ru) if ru else "", "", "capital")


def _russian_class(name: str) -> str:
    for ending, inflection in (("ия", "country"), ("а", "a"), ("ь", "soft"), ("ы", "plural")):
        if name.endswith(ending):
            return inflection
    return "fixed" if name[-1] in "аеёиоуэюя" else "m"


@cache
def gazetteer() -> Gazetteer:
    """All forms of the places that come with the package."""
    return compiled_gazetteer(places_listed())


def compiled_gazetteer(listed: Iterable[Place]) -> Gazetteer:
    """Forms of places and the search over them; where two places share a form, the earlier one wins."""
    forms: dict[str, PlaceForm] = {}
    lexemes: list[frozenset[str]] = []
    for place in listed:
        of_place = frozenset(_place_cases(place.kk) | _place_cases(place.ru))
        for lexeme, mode in _lexemes(place):
            lexemes.append(lexeme)
            other, inside = (PlaceForm(place.region_code, mode, is_case) for is_case in (False, True))
            for form in lexeme:
                forms.setdefault(form, inside if form in of_place else other)
    return Gazetteer(forms, FormSearch.compiled(lexemes))


_CASE_ENDINGS = frozenset(
    (
        "",
        *("ның", "нің", "дың", "дің", "тың", "тің", "ға", "ге", "қа", "ке", "ны", "ні", "ды", "ді", "ты", "ті"),
        *("да", "де", "та", "те", "дан", "ден", "тан", "тен", "нан", "нен", "мен", "бен", "пен"),
        *("дағы", "дегі", "тағы", "тегі"),
    )
)
_OF_PLACE = ("да", "де", "та", "те", "дан", "ден", "тан", "тен", "нан", "нен", "дағы", "дегі", "тағы", "тегі")


def _place_cases(name: str) -> set[str]:
    forms = {name + ending for ending in _OF_PLACE} if name else set[str]()
    return forms | {folded(form) for form in forms}


def _lexemes(place: Place) -> Iterator[tuple[frozenset[str], Mode]]:
    if place.kk:
        yield from _kazakh(place)
    if place.ru:
        yield from _russian(place)
        if place.region_code == "abroad" and not place.kk and " " not in place.ru:
            yield _foreign(place.ru) - {place.ru}, place.mode if place.mode != "country_case" else "bare"
        if place.kind in ("city", "settlement") and " " not in place.ru and place.ru[-1] not in "аяеоиый":
            # Kazakh endings on the Russian name: `Лисаковскта`.
            yield _singular(place.ru) - russian_noun_forms(place.ru, place.ru_class), place.mode
    if place.ru_adjective:
        adjective_mode: Mode = "bare" if place.mode == "capital" else place.mode
        yield russian_noun_forms(place.ru_adjective, "adj"), adjective_mode
        if place.ru_adjective.endswith("ский") and place.region_code.startswith("KZ-"):
            yield russian_noun_forms(place.ru_adjective.removesuffix("ский") + "ец", "ec"), adjective_mode


def _kazakh(place: Place) -> Iterator[tuple[frozenset[str], Mode]]:
    if place.kk.endswith(_HEADS) and " " in place.kk:
        forms = kazakh_izafet_forms(place.kk)
        yield forms | {folded(form) for form in forms}, place.mode
        return
    forms = spaced_hyphens(_singular(place.kk))
    if place.region_code == "abroad":
        forms |= _foreign(place.kk)
    elif place.region_code == "KZ":
        forms |= kazakh_noun_forms(place.kk)
    mode = place.mode
    if mode == "country_case":
        forms, mode = forms - {place.kk}, "bare"
    yield forms | {folded(form) for form in forms}, mode
    residents = kazakh_resident_forms(place.kk) if len(place.kk) > 3 else frozenset[str]()
    if residents and mode != "marked":
        yield residents, "bare"


_OTHER_HARMONY = str.maketrans("ыіаеғгқк", "іыеагғкқ")


def _foreign(name: str) -> frozenset[str]:
    """Kazakh cases in either harmony, with and without a soft sign: `Нью-Йорктен`, `Беларусьте`."""
    plain = name.removesuffix("ь")
    endings = {form[len(plain) :] for form in _singular(plain)}
    endings |= {ending.translate(_OTHER_HARMONY) for ending in endings}
    return spaced_hyphens(frozenset(stem + ending for stem in (name, plain) for ending in endings if ending) | {name})


def _singular(stem: str) -> frozenset[str]:
    """Case forms without plurals, possessives and predicatives, which place names hardly take."""
    forms = {form for form in kazakh_noun_forms(stem) if form[len(stem) :] in _CASE_ENDINGS}
    if stem.endswith(("ау", "еу", "оу", "әу")):
        # A glide at the end takes the endings of a voiced consonant: `Ақтаудың`.
        forms |= {stem + ending for ending in (("дың", "ды") if stem[-2] in "ао" else ("дің", "ді"))}
    if stem.endswith("ев"):
        # Surnames in -ев take the endings of back vowels: `Қонаевта`.
        back = stem[:-2] + "ов"
        forms |= {stem + form[len(stem) :] for form in kazakh_noun_forms(back) if form[len(stem) :] in _CASE_ENDINGS}
    return frozenset(forms)


def _russian(place: Place) -> Iterator[tuple[frozenset[str], Mode]]:
    first, _, rest = place.ru.partition(" ")
    if place.ru_class == "fixed" and first in ("область", "город", "район"):
        inflection = "soft" if first == "область" else "m"
        forms = {f"{head} {rest}" for head in russian_noun_forms(first, inflection)}
        forms |= {f"{short} {rest}" for short in {"область": ("обл",), "город": ("г",)}.get(first, ())}
        yield frozenset(forms), place.mode
        return
    mode: Mode = "bare" if place.mode == "country_case" else place.mode
    if " " in place.ru and place.ru_class == "fixed":
        adjective, noun = place.ru.split(" ")
        inflection = "phrase_adj" if adjective.endswith("ая") else "fixed"
        forms = set(russian_noun_forms(place.ru, inflection))
        if adjective.endswith("ый") and noun.endswith("стан"):
            forms |= {f"{adjective[:-2]}{a} {noun}{n}" for a, n in (("ого", "а"), ("ому", "у"), ("ом", "е"))}
        yield frozenset(forms), mode
        return
    # The genitive plural of a name in -а is no form of the place (`украин` is a people in Kazakh).
    surplus = {place.ru[:-1]} if place.ru_class == "a" else set[str]()
    yield spaced_hyphens(russian_noun_forms(place.ru, place.ru_class) - surplus), mode
