"""Our own word lists of hostile, authority and other talk, matched by beginnings of words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from itertools import chain

import yaml

FOLDED_LETTERS = str.maketrans("ёәғқңөұүіһ", "еагкноууих")
"""Kazakh letters to the Russian ones people type instead, and ё to е."""

INTERETHNIC = ("people", "umbrella", "slur", "loyalty", "language", "origin", "hint", "covert")
"""Categories that make a message possibly interethnic even when no group is named."""

HOSTILE_MEANS = ("expulsion", "violence", "dehumanise", "insult", "collective", "denial")
"""What hostility is done with; counted beside a group and beside an official apart."""

_Phrase = tuple[tuple[str, ...], int]
"""Words of a phrase, `$` behind those that are whole, and its category."""

_KEY_LETTERS = 2
_LONGEST_STEM = 16
_LONGEST_WHOLE = 2
"""Letters up to which a word of a phrase is the whole word: "не прода" is not the beginning of "немцы продают"."""


def fold(text: str) -> str:
    """Lower case with Kazakh letters folded to the Russian ones people type instead."""
    return text.lower().translate(FOLDED_LETTERS)


class Lexicon:
    """Word beginnings by category, ready for matching on folded tokens.

    Attributes:
        categories: names of the categories, in file order.
    """

    def __init__(self, entries: Mapping[str, Sequence[str]]) -> None:
        """Index `entries` (category -> patterns, see lexicons/hostility.yml for their form)."""
        self.categories: tuple[str, ...] = tuple(entries)
        self._prefixes: dict[str, set[int]] = {}
        self._words: dict[str, set[int]] = {}
        self._phrases: dict[str, dict[str, list[_Phrase]]] = {}
        self._longest_begin = 0
        for number, patterns in enumerate(entries.values()):
            for pattern in patterns:
                self._add(pattern, number)
        self.of_token = lru_cache(maxsize=300_000)(self._of_token)
        self._begun_by = lru_cache(maxsize=300_000)(self._phrases_begun_by)

    def _add(self, pattern: str, number: int) -> None:
        parts = fold(pattern).replace("-", " ").split()
        if len(parts) > 1:
            parts = [part if len(part) > _LONGEST_WHOLE or part.endswith("$") else f"{part}$" for part in parts]
            following = self._phrases.setdefault(parts[0], {})
            following.setdefault(_key(parts[1]), []).append((tuple(parts), number))
            self._longest_begin = max(self._longest_begin, len(parts[0]))
        elif parts[0].endswith("$"):
            self._words.setdefault(parts[0][:-1], set()).add(number)
        else:
            self._prefixes.setdefault(parts[0][:_LONGEST_STEM], set()).add(number)

    def _of_token(self, token: str) -> frozenset[int]:
        found = set(self._words.get(token, ()))
        for length in range(2, min(len(token), _LONGEST_STEM) + 1):
            found |= self._prefixes.get(token[:length], set())
        return frozenset(found)

    def hits(self, tokens: Sequence[str]) -> list[frozenset[int]]:
        """Category numbers per token; a phrase counts at its first token.

        Args:
            tokens: folded words in order.
        """
        found = list(map(self.of_token, tokens))
        for place, token in enumerate(tokens[:-1]):
            begun = self._begun_by(token)
            if begun:
                following = begun.get(tokens[place + 1][:_KEY_LETTERS], ())
                more = {number for parts, number in following if _phrase_at(tokens, place, parts)}
                if more:
                    found[place] = found[place] | more
        return found

    def _phrases_begun_by(self, token: str) -> dict[str, list[_Phrase]]:
        """Phrases whose first word this may be, by the first letters of their second."""
        found: dict[str, list[_Phrase]] = {}
        beginnings = (token[:length] for length in range(1, min(len(token), self._longest_begin) + 1))
        for begin in (f"{token}$", *beginnings):
            for key, phrases in self._phrases.get(begin, {}).items():
                found.setdefault(key, []).extend(phrases)
        return found

    def substrings(self, categories: Sequence[str]) -> list[str]:
        """Patterns of some categories as substrings of a text padded with single spaces (a first look)."""
        numbers = {self.categories.index(category) for category in categories}
        wanted = [f" {stem}" for stem, held in self._prefixes.items() if held & numbers]
        wanted += [f" {word} " for word, held in self._words.items() if held & numbers]
        for following in self._phrases.values():
            for parts, number in chain.from_iterable(following.values()):
                if number in numbers:
                    wanted.append(f" {' '.join(parts).replace('$', '')}")
        return sorted(wanted)


def _key(part: str) -> str:
    return part.rstrip("$")[:_KEY_LETTERS]


def _stands_for(token: str, part: str) -> bool:
    return token == part[:-1] if part.endswith("$") else token.startswith(part)


def _phrase_at(tokens: Sequence[str], place: int, parts: tuple[str, ...]) -> bool:
    """Whether a phrase whose first word stands at `place` goes on there."""
    if place + len(parts) > len(tokens):
        return False
    following = tokens[place + 1 : place + len(parts)]
    return all(_stands_for(token, part) for token, part in zip(following, parts[1:], strict=True))


_FILES = (
    "hostility.yml", "context.yml", "power.yml", "speech.yml", "places_of_origin.yml", "evaluation.yml",
    "covert.yml",
)  # fmt: skip


@cache
def _contents() -> tuple[str, ...]:
    folder = resources.files("models.discourse").joinpath("lexicons")
    return tuple(folder.joinpath(name).read_text(encoding="utf-8") for name in _FILES)


@cache
def lexicon() -> Lexicon:
    """The lexicon the house ships: every file under `lexicons/`, categories of one name joined."""
    entries: dict[str, list[str]] = {}
    for content in _contents():
        for category, patterns in yaml.load(content, Loader=yaml.CSafeLoader).items():
            entries.setdefault(category, []).extend(patterns)
    return Lexicon(entries)


def lexicon_sha256() -> str:
    """Hash of the lexicon files; part of the version of the code that made a model."""
    return hashlib.sha256("\n".join(_contents()).encode()).hexdigest()
