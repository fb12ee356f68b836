"""Cyrillic word forms as they are written in Latin letters: official Kazakh alphabets and the habits of chats."""

from __future__ import annotations


def _letters(spaced: str, *last: str) -> tuple[str, ...]:
    return (*spaced.split(), *last)


# Kazakh: the alphabet of 2021, the one of 2018 with acute accents, plain keyboards with q and with k.
_KAZAKH = "абвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя"
_ALPHABETS: tuple[tuple[str, ...], ...] = (
    _letters(
        "a b v g ğ d e io j z i i k q l m n ñ o ö p r s t u ū ü f h h ts ch ş şş", "", "y", "ı", "", "e", "iu", "ia"),
    _letters(
        "a b v g ğ d e io j z i i k q l m n ñ o ö p r s t u u ü f h h ts ch ş şş", "", "y", "i", "", "e", "iu", "ia"),
    _letters(
        "a b v g ǵ d e io j z ı ı k q l m n ń o ó p r s t ý u ú f h h ts ch sh sh", "", "y", "i", "", "e", "iu", "ia"),
    _letters(
        "a b v g g d e yo zh z i i k q l m n n o o p r s t u u u f h h ts ch sh sh", "", "y", "i", "", "e", "yu", "ya"),
    _letters(
        "a b v g g d e yo j z i i k k l m n n o o p r s t u u u f h h ts ch sh sh", "", "y", "i", "", "e", "yu", "ya"),
)  # fmt: skip
_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_CHATS: tuple[tuple[str, ...], ...] = (
    _letters("a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh sch", "", "y", "", "e", "yu", "ya"),
    _letters("a b v g d e e j z i i k l m n o p r s t u f h c ch sh sh", "", "i", "", "e", "u", "ya"),
    _letters("a b v g d e yo zh z i j k l m n o p r s t u f h ts ch sh sh", "", "y", "", "e", "yu", "ya"),
)
_TO_LATIN_KAZAKH = tuple(
    str.maketrans({"ә": "ä" if at < 2 else "á" if at == 2 else "a"} | dict(zip(_KAZAKH, letters, strict=True)))
    for at, letters in enumerate(_ALPHABETS)
)
_TO_LATIN_RUSSIAN = tuple(str.maketrans(dict(zip(_RUSSIAN, letters, strict=True))) for letters in _CHATS)


def kazakh_in_latin(forms: frozenset[str]) -> frozenset[str]:
    """Lower-case Kazakh forms in each Latin spelling (`қазақтар`: qazaqtar, kazaktar)."""
    return frozenset(form.translate(table) for form in forms for table in _TO_LATIN_KAZAKH)


def russian_in_latin(forms: frozenset[str]) -> frozenset[str]:
    """Lower-case Russian forms in the spellings of chats (`узбеки`: uzbeki; `казахи`: kazakhi, kazahi)."""
    return frozenset(form.translate(table) for form in forms for table in _TO_LATIN_RUSSIAN)
