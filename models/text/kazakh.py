"""Kazakh for spaCy, which has no `kk` of its own: tokens, abbreviations, stop words, numbers and norms."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from spacy.attrs import LIKE_NUM, NORM
from spacy.language import BaseDefaults, Language
from spacy.symbols import ORTH
from spacy.util import registry

from models.text.language_lexicon import kazakh_function_words
from models.text.normalisation import folded_with_offsets

_ORDINAL_FIGURE = re.compile(r"\d+-(?:ші|шы|інші|ыншы|нші|ншы)")


_CAPITALS = "АӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩІЭЮЯ"


@cache
def _tokens() -> dict[str, frozenset[str]]:
    content = yaml.safe_load((files("models.text") / "data" / "kazakh_tokens.yml").read_text("utf-8"))
    return {name: frozenset(words.split()) for name, words in content.items()}


def like_num(text: str) -> bool:
    """Figures, ordinals in figures (`5-ші`), and cardinal, ordinal and collective number words."""
    plain = text.lower().lstrip("+-±~").replace(",", "").replace(".", "").replace("\u00a0", "")
    if plain.isdigit() or _ORDINAL_FIGURE.fullmatch(plain):
        return True
    numerator, slash, denominator = plain.partition("/")
    if slash and numerator.isdigit() and denominator.isdigit():
        return True
    words = _tokens()
    return plain in words["cardinals"] or plain in words["ordinals"] or plain in words["collectives"]


def norm(text: str) -> str:
    """The word in one spelling: lower case, homoglyphs and invisible marks undone."""
    return folded_with_offsets(text)[0] or text.lower()


def _exceptions() -> dict[str, list[dict[int, str]]]:
    found: dict[str, list[dict[int, str]]] = {}
    for word in _tokens()["abbreviations"]:
        for spelling in (word, word.capitalize()):
            found[spelling] = [{ORTH: spelling}]
    for letter in _CAPITALS:
        found[f"{letter}."] = [{ORTH: f"{letter}."}]
    return found


def _infixes() -> list[str]:
    # Pair words (`ата-ана`) and suffixes after figures and names (`2026-жылы`, `COVID-ке`) are one word.
    return [str(rule) for rule in BaseDefaults.infixes or () if "-|–|—" not in str(rule)]


class KazakhDefaults(BaseDefaults):
    """Language data of Kazakh."""

    tokenizer_exceptions = {  # noqa: RUF012 (spaCy reads class attributes)
        **(BaseDefaults.tokenizer_exceptions or {}),
        **_exceptions(),
    }
    infixes = _infixes()
    stop_words = set(kazakh_function_words())  # noqa: RUF012
    lex_attr_getters: dict[int, Callable[[str], Any]] = {  # noqa: RUF012
        **BaseDefaults.lex_attr_getters,
        LIKE_NUM: like_num,
        NORM: norm,
    }


@registry.languages("kk")
class Kazakh(Language):
    """spaCy `Language` for Kazakh in Cyrillic; `spacy.blank("kk")` finds it through its entry point."""

    lang = "kk"
    Defaults = KazakhDefaults
