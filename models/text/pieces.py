"""Pieces of words as the text encoder reads them: the most probable segmentation of each word (unigram model)."""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

LONGEST_WORD = 60
_WORDS_KEPT = 50_000
_WORD_BEGINS = "▁"
_UNKNOWN_PENALTY = 10.0

# What the encoder was trained without: control marks go; joiners, directional marks and the sign that begins a word
# count as spaces. Everything else that its own table changes is what NFKC changes.
_CLEANED: dict[int, str | None] = {code: None for code in range(0xA0) if unicodedata.category(chr(code)) == "Cc"}
_CLEANED |= dict.fromkeys([*map(ord, "\t\n\f\r\ufeff\ufffd▁"), *range(0x200B, 0x2010)], " ")


@dataclass(frozen=True)
class Vocabulary:
    """Known pieces and the numbers of those with a meaning of their own.

    Attributes:
        numbers: piece -> its number; special pieces are left out, so no message can spell them.
        scores: logarithm of the probability of each piece, by number.
        begin: number of the piece that opens every text.
        end: number of the piece that closes it.
        pad: number of the piece that fills a batch.
        unknown: number of the piece for signs that no piece has.
        mask: number of the piece for a hidden word.
    """

    numbers: Mapping[str, int]
    scores: array[float]
    begin: int
    end: int
    pad: int
    unknown: int
    mask: int


class Pieces:
    """Words to numbers of pieces; words seen before are remembered.

    Attributes:
        vocabulary: the known pieces.
        of_word: numbers of the pieces of one word. It is read in NFKC and up to `LONGEST_WORD` characters, so its time
            and result are bounded whatever it expands to. A word of invisible marks alone has no pieces.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.of_word: Callable[[str], tuple[int, ...]] = lru_cache(_WORDS_KEPT)(self._of_word)
        self._longest_piece = max(map(len, vocabulary.numbers))
        self._unknown_score = min(vocabulary.scores) - _UNKNOWN_PENALTY

    def _of_word(self, word: str) -> tuple[int, ...]:
        plain = unicodedata.normalize("NFKC", word[:LONGEST_WORD])[:LONGEST_WORD].translate(_CLEANED)
        return tuple(number for part in plain.split() for number in self._segmented(_WORD_BEGINS + part))

    def _segmented(self, word: str) -> list[int]:
        """The segmentation with the largest sum of scores (Viterbi); neighbouring unknown signs are one piece."""
        numbers, scores, unknown = self.vocabulary.numbers, self.vocabulary.scores, self.vocabulary.unknown
        size = len(word)
        best = [0.0] + [float("-inf")] * size
        back = [(0, unknown)] * (size + 1)
        for start in range(size):
            for end in range(start + 1, min(size, start + self._longest_piece) + 1):
                number = numbers.get(word[start:end])
                if number is not None and best[start] + scores[number] > best[end]:
                    best[end], back[end] = best[start] + scores[number], (start, number)
            if best[start] + self._unknown_score > best[start + 1]:
                best[start + 1], back[start + 1] = best[start] + self._unknown_score, (start, unknown)
        found: list[int] = []
        end = size
        while end > 0:
            end, number = back[end]
            if number != unknown or found[-1:] != [unknown]:
                found.append(number)
        return found[::-1]
