"""Whole words found in many texts at once: an Aho-Corasick pass over stems, then a look-up of the word."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from models.text.normalisation import folded_with_offsets

WORD = re.compile(r"[^\W\d_]+")
_FIRST_WORD = r"^[\p{L}\p{Nl}\p{No}]+"
_RARE_LENGTH = 5
# Counting characters takes some bytes for each byte of text, so long columns go through in runs.
_ROWS_AT_ONCE = 100_000


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
        for lexeme in lexemes:
            forms.update(lexeme)
            stems.update(_beginnings(lexeme))
        longest = {form: 1 for form in forms if form.isalpha()}
        for form in forms - longest.keys():
            words = WORD.findall(form)
            longest[words[0]] = max(longest.get(words[0], 1), len(words))
        return cls(frozenset(forms), tuple(_shortest(stems)), longest)

    def hits(self, normalised: pl.Series) -> Iterator[Hit]:
        """Every whole-word occurrence in normalised texts, by row and place; the longest form wins.

        Time grows with the length of the texts, not with its square: a text of a megabyte is read once.
        """
        for first in range(0, len(normalised), _ROWS_AT_ONCE):
            yield from self._hits(normalised.slice(first, _ROWS_AT_ONCE), first)

    def _hits(self, texts: pl.Series, first_row: int) -> Iterator[Hit]:
        candidates = list(self._candidates(texts))
        longer = sorted({row for row, word, _ in candidates if self.longest[word] > 1})
        lines = dict(zip(longer, texts.gather(pl.Series(longer, dtype=pl.UInt32)).to_list(), strict=True))
        last_row, done = -1, 0
        for row, word, start in candidates:
            if row != last_row:
                last_row, done = row, 0
            if start < done:
                continue
            form = word if word in self.forms else None
            if self.longest[word] > 1:
                form = self._longest_form(lines[row], word, start)
            if form is not None:
                done = start + len(form)
                yield Hit(first_row + row, form, start, done)

    def _candidates(self, texts: pl.Series) -> Iterator[tuple[int, str, int]]:
        """Words that some form begins with: row, word and its first character, by row and place."""
        found = texts.str.find_many(list(self.stems), leftmost=True)
        counts = found.list.len().fill_null(0).to_numpy()
        held = np.flatnonzero(counts)
        if len(held) == 0:
            return
        texts = texts.gather(held)
        content, starts, lengths = _bytes_of(texts)
        rows = np.repeat(np.arange(len(held)), counts[held])
        at = starts[rows] + found.gather(held).explode().to_numpy()
        opens = _opens_word(content, at, starts[rows])
        rows, at = rows[opens], at[opens]
        sizes = _sizes(content, at, (starts + lengths)[rows], self._longest_bytes)
        words = _slices(texts, rows, at - starts[rows], sizes).str.extract(f"({_FIRST_WORD})")
        known = np.array([word in self.longest for word in words.to_list()], dtype=np.bool_)
        rows, at = rows[known], at[known]
        places = _characters_before(texts, rows, at - starts[rows])
        yield from zip(held[rows].tolist(), words.filter(known).to_list(), places.tolist(), strict=True)

    @cached_property
    def _longest_bytes(self) -> int:
        """A word cut here is longer than any form begins with."""
        return max((len(word.encode()) for word in self.longest), default=0) + 4

    def _longest_form(self, text: str, first: str, start: int) -> str | None:
        found = first if first in self.forms else None
        end = start + len(first)
        for _ in range(self.longest[first] - 1):
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


def _shortest(stems: set[str]) -> Iterator[str]:
    """Stems in order, without those that begin with another one."""
    last = None
    for stem in sorted(stems):
        if last is None or not stem.startswith(last):
            last = stem
            yield stem


def _beginnings(lexeme: Collection[str]) -> set[str]:
    """The common beginning of all forms; where it is short, enough of each form to be rare in texts."""
    low, high = min(lexeme), max(lexeme)
    size = 0
    while size < min(len(low), len(high)) and low[size] == high[size]:
        size += 1
    return {form[: max(size, _RARE_LENGTH)] for form in lexeme}


def _bytes_of(texts: pl.Series) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """All bytes of a string column in UTF-8, where each string starts in them, and its length."""
    array = pa.array(texts.fill_null("").to_arrow(), type=pa.large_string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    _, ends, content = array.buffers()
    offsets = np.frombuffer(ends, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    held = np.frombuffer(content, dtype=np.uint8) if content is not None else np.zeros(0, np.uint8)
    return held[: offsets[-1]], offsets[:-1], np.diff(offsets)


def _opens_word(content: NDArray[np.uint8], at: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which places do not follow a letter or figure of their own text."""
    one, two, three = (content[np.maximum(at - back, 0)].astype(np.int64) for back in (1, 2, 3))
    ascii_only, short = one < 0x80, two >= 0xC0
    letter = np.where(
        ascii_only,
        one,
        np.where(
            short,
            (two & 0x1F) << 6 | one & 0x3F,
            (three & 0x0F) << 12 | (two & 0x3F) << 6 | one & 0x3F,
        ),
    )
    # Four bytes: emoji and letters of scripts that no form is written in; they part words.
    astral = ~ascii_only & ~short & (three < 0xE0)
    return (at == starts) | astral | ~_alphanumeric()[letter]


@cache
def _alphanumeric() -> NDArray[np.bool_]:
    return np.fromiter((chr(code).isalnum() for code in range(0x10000)), dtype=np.bool_, count=0x10000)


def _sizes(
    content: NDArray[np.uint8], at: NDArray[np.int64], ends: NDArray[np.int64], longest: int
) -> NDArray[np.int64]:
    """How many bytes to read from each place: at most `longest`, and no character cut in two."""
    cut = np.minimum(at + longest, ends)
    for _ in range(3):
        inside = cut < ends
        cut[inside] -= (content[cut[inside]] & 0xC0) == 0x80
    return cut - at


def _slices(
    texts: pl.Series, rows: NDArray[np.int64], offsets: NDArray[np.int64], lengths: NDArray[np.int64]
) -> pl.Series:
    frame = pl.DataFrame({"text": texts.gather(pl.Series(rows, dtype=pl.UInt32)), "at": offsets, "size": lengths})
    return frame.select(pl.col("text").cast(pl.Binary).bin.slice("at", "size").cast(pl.String)).to_series()


def _characters_before(texts: pl.Series, rows: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Characters between the beginning of its text and each place; places ascend, each stretch is counted once."""
    if len(rows) == 0:
        return offsets
    opens_text = np.concatenate([[True], rows[1:] != rows[:-1]])
    since = np.where(opens_text, 0, np.concatenate([[0], offsets[:-1]]))
    total = np.cumsum(_slices(texts, rows, since, offsets - since).str.len_chars().to_numpy().astype(np.int64))
    row = np.cumsum(opens_text) - 1
    before = np.concatenate([[0], total[np.flatnonzero(opens_text)[1:] - 1]])
    return total - before[row]


def original_span(text: str, normalised: str, start: int, end: int) -> tuple[int, int]:
    """Where a span of the normalised text stands in the text as written.

    Equal lengths, or the same letters up to the end, mean that only case changed before it.
    """
    if len(text) == len(normalised) or text[:end].lower() == normalised[:end]:
        return start, end
    first = start + len(text) - len(normalised)
    if _is_same_from(text, first, normalised, start, end):
        return first, first + end - start
    places = _places(text)
    if end > len(places):
        return start, min(end, len(text))
    return places[start], places[end - 1] + 1


_SHORT = 2_000


def _is_same_from(text: str, first: int, normalised: str, start: int, end: int) -> bool:
    """Whether a short text is its normalised form, but for case, from the beginning of a word to its end."""
    if first < 0 or len(text) > _SHORT or (first and text[first - 1].isalnum()):
        return False
    rest = normalised[start:]
    return text[first : first + end - start].lower() == rest[: end - start] and text[first:].lower() == rest


@lru_cache(maxsize=64)
def _places(text: str) -> list[int]:
    return folded_with_offsets(text)[1]
