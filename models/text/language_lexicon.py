"""Words, stems and endings that speak for a language, from `data/language_words.yml`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import polars as pl
import yaml

from models.text.inflection import folded

LANGUAGES = ("kk", "ru", "uz", "ky", "tr", "en", "other")
# A grammar word says about as much as a letter that only one of the languages has.
_FUNCTION_WORD, _COMMON_WORD = 3.0, 2.0


class Lexicon(NamedTuple):
    """Exact words with their log-odds, Kazakh stems in folded spelling, and endings."""

    exact: dict[str, dict[str, float]]
    kazakh_stems: dict[str, float]
    kazakh_endings: frozenset[str]
    russian_endings: frozenset[str]
    russian_inflection: frozenset[str]


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    content = yaml.safe_load((files("models.text") / "data" / "language_words.yml").read_text("utf-8"))
    return {
        name: {kind: words.split() for kind, words in (entry if isinstance(entry, dict) else {"all": entry}).items()}
        for name, entry in content.items()
    }


@cache
def lexicon() -> Lexicon:
    """Everything that single words are compared with."""
    words = _words()
    exact: dict[str, dict[str, float]] = {}
    for name in LANGUAGES:
        for kind, weight in (("function", _FUNCTION_WORD), ("common", _COMMON_WORD)):
            for word in words[name][kind]:
                exact.setdefault(word, {}).setdefault(name, weight)
    kazakh: dict[str, float] = {}
    for kind, weight in (("function", _FUNCTION_WORD - 0.6), ("common", _COMMON_WORD - 0.2)):
        for word in words["kk"][kind]:
            if len(word) > 1:
                kazakh.setdefault(folded(word), weight)
    for word, by in exact.items():
        # `жана` is Kyrgyz "and", and Kazakh "new" typed without its letters.
        if "kk" not in by and "ru" not in by and word in kazakh:
            by["kk"] = max(by.values())
    return Lexicon(
        {word: {name: w / len(by) ** 0.5 for name, w in by.items()} for word, by in exact.items()},
        kazakh,
        frozenset(folded(ending) for ending in words["kazakh_endings"]["all"]),
        frozenset(words["russian_endings"]["all"]),
        frozenset(words["russian_inflection"]["all"]),
    )


def kazakh_function_words() -> frozenset[str]:
    """Kazakh grammar words and very common words, in standard spelling."""
    return frozenset(_words()["kk"]["function"])


@cache
def latin_kazakh_stems() -> dict[str, float]:
    """Kazakh stems of three letters and more as skeletons, with their weights."""
    return {_cyrillic_skeleton(stem): weight for stem, weight in lexicon().kazakh_stems.items() if len(stem) > 2}


@cache
def latin_kazakh_endings() -> frozenset[str]:
    """Kazakh endings as skeletons."""
    return frozenset(_cyrillic_skeleton(ending) for ending in lexicon().kazakh_endings)


_SKELETON = str.maketrans(
    {"ы": "и", "й": "и", "э": "е", "ц": "с", "щ": "ш", "ъ": "", "ь": "", "я": "иа", "ю": "иу", "ё": "ио"}
)
_PAIRS = (("sh", "ш"), ("ch", "ш"), ("zh", "ж"), ("kh", "х"), ("gh", "г"), ("ng", "н"), ("dj", "ж"))
_LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyzäáöóüúūñńğǵşçıýɵəīïŋ",
        "абсдефгхижклмнопкрстувукизааооуууннггшшииоаиин",
        strict=True,
    )
)


def _cyrillic_skeleton(word: str) -> str:
    return word.translate(_SKELETON)


def latin_skeletons(words: pl.Series) -> pl.Series:
    """Latin Kazakh words of any orthography as folded Cyrillic skeletons: `qazaqşa` -> `казакша`."""
    pairs = words.str.replace_many([pair for pair, _ in _PAIRS], [letter for _, letter in _PAIRS])
    return pairs.str.replace_many([*_LETTERS, "'"], [*_LETTERS.values(), ""])
