"""Whole words found in many texts at once: an Aho-Corasick pass over stems, then a look-up of the word."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from models.text.normalisation import folded_with_offsets

WORD = re.compile(r"[^\W\d_]+")
_RARE_LENGTH = 5


class Hit(NamedTuple):
    """One form found: `row` in the series, the form, and its half-open span in the normalised text."""

    row: int
    form: str
    start: int
    end: int


@dataclass(frozen=True)
class FormSearch:
    """Compiled search for a set of lower-case forms of one or more words.

    Attributes:
        forms: every form that counts as found, words parted by one space.
        stems: beginnings such that each form starts with one of them.
        longest: most words in a form that starts with this word.
    """

    forms: frozenset[str]
    stems: tuple[str, ...]
    longest: dict[str, int]

    @classmethod
    def compiled(cls, lexemes: Iterable[Collection[str]]) -> FormSearch:
        """Build from lexemes, each the forms of one word; a lexeme is searched by its common beginning."""
        forms: set[str] = set()
        stems: set[str] = set()
        longest: dict[str, int] = {}
        for lexeme in lexemes:
            forms.update(lexeme)
            stems.update(_beginnings(lexeme))
        for form in forms:
            words = WORD.findall(form)
            longest[words[0]] = max(longest.get(words[0], 1), len(words))
        kept = [stem for stem in stems if not any(stem[:size] in stems for size in range(1, len(stem)))]
        return cls(frozenset(forms), tuple(sorted(kept)), longest)

    def hits(self, normalised: pl.Series) -> Iterator[Hit]:
        """Every whole-word occurrence in normalised texts, by row and place; the longest form wins."""
        offsets = normalised.str.find_many(list(self.stems), leftmost=True)
        rows = (offsets.list.len().fill_null(0) > 0).arg_true()
        for row, text, starts in zip(
            rows.to_list(), normalised.gather(rows).to_list(), offsets.gather(rows).to_list(), strict=True
        ):
            yield from self._in_text(row, text, starts)

    def _in_text(self, row: int, text: str, starts: list[int]) -> Iterator[Hit]:
        encoded = text.encode()
        done = 0
        for byte in starts:
            start = len(encoded[:byte].decode())
            if start < done or (start and text[start - 1].isalnum()):
                continue
            form = self._longest_form(text, start)
            if form is not None:
                done = start + len(form)
                yield Hit(row, form, start, done)

    def _longest_form(self, text: str, start: int) -> str | None:
        first = WORD.match(text, start)
        if first is None:
            return None
        found = first.group() if first.group() in self.forms else None
        end = first.end()
        for _ in range(self.longest.get(first.group(), 1) - 1):
            if end >= len(text) or text[end] not in " \u00a0-":
                break
            following = WORD.match(text, end + 1)
            if following is None:
                break
            end = following.end()
            written = text[start:end].replace("\u00a0", " ")
            if written in self.forms:
                found = written
        return found


def _beginnings(lexeme: Collection[str]) -> set[str]:
    """The common beginning of all forms; where it is short, enough of each form to be rare in texts."""
    low, high = min(lexeme), max(lexeme)
    size = 0
    while size < min(len(low), len(high)) and low[size] == high[size]:
        size += 1
    return {form[: max(size, _RARE_LENGTH)] for form in lexeme}


def original_span(text: str, normalised: str, start: int, end: int) -> tuple[int, int]:
    """Where a span of the normalised text stands in the text as written.

    Equal lengths mean that only case changed, character by character.
    """
    if len(text) == len(normalised):
        return start, end
    places = _places(text)
    if end > len(places):
        return start, min(end, len(text))
    return places[start], places[end - 1] + 1


@lru_cache(maxsize=64)
def _places(text: str) -> list[int]:
    return folded_with_offsets(text)[1]
