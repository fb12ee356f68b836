"""Pairs of text and group for the encoder: the text as a whole beside the words that name the group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.discourse.features import LONGEST_TEXT, SLUR_MASK, Span
from models.discourse.pairs import Pair
from models.discourse.tuned_reader import tuned_reader
from models.text.encoder import Passage
from models.text.encoder_processes import in_parts, vectors_of

STANCES = (-1, 0, 1)

SHORT_TEXT = 300
"""Characters of a text that the encoder surely sees whole, so that its pairs can be read in one go."""


def pair_vectors(pairs: Sequence[Pair]) -> np.ndarray:
    """One row per pair by the frozen encoder, names shown: the mean of the target's words, then of the text."""
    rows, asked = _passages(pairs, names_shown=True)
    means, targets = vectors_of(asked)
    found = np.zeros((len(pairs), 2 * means.shape[1]), dtype=np.float32)
    for some, mean, of_rows in zip(rows, means, targets, strict=True):
        found[some] = np.hstack([of_rows, np.tile(mean, (len(some), 1))])
    return found


def pair_logs(pairs: Sequence[Pair]) -> np.ndarray:
    """Logarithms of the probabilities of hostile, neutral, positive by the tuned encoder, one row per pair.

    Names of peoples are hidden. Groups that stand close together in a long text are read in one go.
    """
    rows, asked = _passages(pairs, names_shown=False)
    found = np.zeros((len(pairs), len(STANCES)))
    for some, logs in zip(rows, in_parts(_stance_rows, asked), strict=True):
        found[some] = logs
    return found


def _stance_rows(passages: Sequence[Passage]) -> list[np.ndarray]:
    return tuned_reader().stance_logs(passages)


def _passages(pairs: Sequence[Pair], names_shown: bool) -> tuple[list[list[int]], list[Passage]]:
    """Passages to read, and the pairs whose groups are the targets of each, in order.

    Pairs of a long text share a passage only where names are hidden and the groups stand close together.
    """
    together: dict[tuple, list[int]] = {}
    for row, pair in enumerate(pairs):
        hidden = () if names_shown else _hidden(pair)
        part = -1
        if len(pair.text) > SHORT_TEXT:
            part = row if names_shown else min((span.start for span in pair.target_spans), default=0) // SHORT_TEXT
        together.setdefault((pair.text, hidden, part), []).append(row)
    asked = [
        Passage(text[:LONGEST_TEXT], hidden, tuple(_places(pairs[row].target_spans) for row in rows))
        for (text, hidden, _), rows in together.items()
    ]
    return list(together.values()), asked


def _hidden(pair: Pair) -> tuple[tuple[int, int], ...]:
    shown = [] if pair.is_slur else list(pair.target_spans)
    shown += [span for span in pair.other_spans if span.mask != SLUR_MASK]
    return tuple(sorted(_places(shown)))


def _places(spans: Sequence[Span]) -> tuple[tuple[int, int], ...]:
    return tuple((span.start, span.end) for span in spans)
