"""Our own word lists of hostile, authority and other talk, matched by beginnings of words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise

import yaml

FOLDED_LETTERS = str.maketrans("ёәғқңөұүіһ", "еагкноууих")
"""Kazakh letters to the Russian ones people type instead, and ё to е."""

INTERETHNIC = ("people", "umbrella", "slur", "loyalty", "language", "origin", "hint")
"""Categories that make a message possibly interethnic even when no group is named."""

HOSTILE_MEANS = ("expulsion", "violence", "dehumanise", "insult", "collective", "denial")
"""What hostility is done with; counted beside a group and beside an official apart."""

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
        self._phrases: dict[tuple[str, str], list[tuple[tuple[str, ...], int]]] = {}
        for number, patterns in enumerate(entries.values()):
            for pattern in patterns:
                self._add(pattern, number)
        self.of_token = lru_cache(maxsize=300_000)(self._of_token)

    def _add(self, pattern: str, number: int) -> None:
        parts = fold(pattern).replace("-", " ").split()
        if len(parts) > 1:
            parts = [part if len(part) > _LONGEST_WHOLE or part.endswith("$") else f"{part}$" for part in parts]
            key = (parts[0].rstrip("$")[:2], parts[1].rstrip("$")[:2])
            self._phrases.setdefault(key, []).append((tuple(parts), number))
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
        starts = [token[:2] for token in tokens]
        for place, key in enumerate(pairwise(starts)):
            if key in self._phrases:
                more = {number for parts, number in self._phrases[key] if _phrase_at(tokens, place, parts)}
                found[place] = found[place] | more
        return found

    def substrings(self, categories: Sequence[str]) -> list[str]:
        """Patterns of some categories as substrings of a text padded with single spaces (a first look)."""
        numbers = {self.categories.index(category) for category in categories}
        wanted = [f" {stem}" for stem, held in self._prefixes.items() if held & numbers]
        wanted += [f" {word} " for word, held in self._words.items() if held & numbers]
        for phrases in self._phrases.values():
            wanted += [f" {' '.join(parts).replace('$', '')}" for parts, number in phrases if number in numbers]
        return sorted(wanted)


def _phrase_at(tokens: Sequence[str], place: int, parts: tuple[str, ...]) -> bool:
    if place + len(parts) > len(tokens):
        return False
    for token, part in zip(tokens[place:], parts, strict=False):
        if part.endswith("$"):
            if token != part[:-1]:
                return False
        elif not token.startswith(part):
            return False
    return True


_FILES = ("hostility.yml", "context.yml", "power.yml", "speech.yml", "places_of_origin.yml", "evaluation.yml")


@cache
def _contents() -> tuple[str, ...]:
    folder = resources.files("models.discourse").joinpath("lexicons")
    return tuple(folder.joinpath(name).read_text(encoding="utf-8") for name in _FILES)


@cache
def lexicon() -> Lexicon:
    """The lexicon the house ships: every file under `lexicons/`, categories of one name joined."""
    entries: dict[str, list[str]] = {}
    for content in _contents():
        for category, patterns in yaml.safe_load(content).items():
            entries.setdefault(category, []).extend(patterns)
    return Lexicon(entries)


def lexicon_sha256() -> str:
    """Hash of the lexicon files; part of the version of the code that made a model."""
    return hashlib.sha256("\n".join(_contents()).encode()).hexdigest()
