"""Messages as rows of numbers: words, letters within words, and lexicon signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from models.discourse.features import Reading, signal_names, signals
from models.discourse.grams import GramCounts, GramRule, Grams, gram_counts

WORD_GRAMS = GramRule("words", 1, 2, fewest=2, most=60_000)
LETTER_GRAMS = GramRule("letters", 3, 5, fewest=3, most=60_000)
SIGNAL_WEIGHT = 0.3


@dataclass(frozen=True)
class MessageFields:
    """Labelled messages counted once, so that every fold cuts its own vocabulary from the same table."""

    words: GramCounts
    letters: GramCounts
    signals: np.ndarray


def message_fields(read: Sequence[Reading]) -> MessageFields:
    """Count the words, the letters and the signals of readings."""
    return MessageFields(
        gram_counts([one.stems for one in read], WORD_GRAMS),
        gram_counts([one.folded for one in read], LETTER_GRAMS),
        np.vstack([signals(one) for one in read]),
    )


@dataclass
class FeatureSpace:
    """Word 1-2-gram and character 3-5-gram TF-IDF of the masked text beside the lexicon signals."""

    words: Grams
    letters: Grams
    signal_weight: float = SIGNAL_WEIGHT

    @classmethod
    def learnt(cls, fields: MessageFields, rows: np.ndarray | None = None) -> tuple[FeatureSpace, sparse.csr_matrix]:
        """Vocabularies learnt from some rows (None: all), and every row of `fields` in them."""
        words, word_columns = Grams.learnt(fields.words, rows)
        letters, letter_columns = Grams.learnt(fields.letters, rows)
        space = cls(words, letters)
        blocks = [
            words.weighted(fields.words.matrix[:, word_columns]),
            letters.weighted(fields.letters.matrix[:, letter_columns]),
        ]
        return space, space._beside(blocks, fields.signals)

    def matrix(self, read: Sequence[Reading]) -> sparse.csr_matrix:
        """One row per reading: words, letters, signals."""
        counted = np.vstack([signals(one) for one in read])
        blocks = [
            self.words.transform([one.stems for one in read]),
            self.letters.transform([one.folded for one in read]),
        ]
        return self._beside(blocks, counted)

    def _beside(self, blocks: Sequence[sparse.csr_matrix], counted: np.ndarray) -> sparse.csr_matrix:
        held = sparse.csr_matrix(counted * self.signal_weight)
        return sparse.csr_matrix(sparse.hstack([*blocks, held], format="csr"))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names: a stem or two, `~` and letters, or `signal:` and the signal's name."""
        letters = (f"~{name}" for name in self.letters.names)
        return (*self.words.names, *letters, *(f"signal:{name}" for name in signal_names()))

    @cached_property
    def readable(self) -> np.ndarray:
        """Which columns an analyst can read: words and signals, not letters."""
        sizes = (len(self.words.names), len(self.letters.names), len(signal_names()))
        return np.repeat([True, False, True], sizes)
