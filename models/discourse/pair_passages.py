"""Pairs of text and group for the encoder: the text as a whole beside the words that name the group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.discourse.features import LONGEST_TEXT, SLUR_MASK, Span
from models.discourse.pairs import Pair
from models.text.encoder import Passage
from models.text.encoder_processes import vectors_of

SHORT_TEXT = 300
"""Characters of a text that the encoder surely sees whole, so that its pairs can be read in one go."""


def pair_vectors(pairs: Sequence[Pair], surfaces_of_all: bool) -> np.ndarray:
    """One row per pair: the mean of the target's words, then of the text.

    Args:
        pairs: what to read.
        surfaces_of_all: show names of peoples to the encoder. Off, they are hidden and only slurs are shown, so that
            the name of a people cannot decide.
    """
    groups: dict[tuple, list[int]] = {}
    for row, pair in enumerate(pairs):
        hidden = () if surfaces_of_all else _hidden(pair)
        alone = row if len(pair.text) > SHORT_TEXT else -1
        groups.setdefault((pair.text, hidden, alone), []).append(row)
    asked = [
        Passage(text[:LONGEST_TEXT], hidden, tuple(_places(pairs[row].target_spans) for row in rows))
        for (text, hidden, _), rows in groups.items()
    ]
    means, targets = vectors_of(asked)
    found = np.zeros((len(pairs), 2 * means.shape[1]), dtype=np.float32)
    for rows, mean, of_rows in zip(groups.values(), means, targets, strict=True):
        found[rows] = np.hstack([of_rows, np.tile(mean, (len(rows), 1))])
    return found


def _hidden(pair: Pair) -> tuple[tuple[int, int], ...]:
    shown = [] if pair.is_slur else list(pair.target_spans)
    shown += [span for span in pair.other_spans if span.mask != SLUR_MASK]
    return tuple(sorted(_places(shown)))


def _places(spans: Sequence[Span]) -> tuple[tuple[int, int], ...]:
    return tuple((span.start, span.end) for span in spans)
