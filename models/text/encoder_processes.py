"""Many passages read by the encoder on every core: the same vectors as in one process, sooner."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from models.processes import cores, on_cores
from models.text.encoder import Passage, encoded

WORTH_PASSAGES = 1_000
"""Passages from which on a second process, which takes seconds to start, saves time."""

PART = 250


def vectors_of(passages: Sequence[Passage]) -> tuple[np.ndarray, list[np.ndarray]]:
    """As `encoder.encoded`; from `WORTH_PASSAGES` on in parts on several processes.

    Passages are dealt out by length, so that what is read together is of one length.
    """
    if len(passages) < WORTH_PASSAGES or cores() < 2:
        return encoded(passages)
    order = sorted(range(len(passages)), key=lambda row: len(passages[row].text))
    parts = [[passages[row] for row in order[first : first + PART]] for first in range(0, len(order), PART)]
    found = on_cores(encoded, [(part,) for part in reversed(parts)])[::-1]
    place = np.argsort(order)
    targets = list(chain.from_iterable(of_part for _, of_part in found))
    return np.concatenate([means for means, _ in found])[place], [targets[row] for row in place]
