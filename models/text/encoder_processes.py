"""Many passages read by the encoder on every core: the same vectors as in one process, sooner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TypeVar

import numpy as np

from models.processes import cores, on_cores
from models.text.encoder import Passage, encoded

WORTH_PASSAGES = 1_000
"""Passages from which on a second process, which takes seconds to start, saves time."""

PART = 250

Found = TypeVar("Found")


def vectors_of(passages: Sequence[Passage]) -> tuple[np.ndarray, list[np.ndarray]]:
    """As `encoder.encoded`; long lists in parts on several processes."""
    if not passages:
        return encoded(passages)
    means, targets = zip(*in_parts(_rows, passages), strict=True)
    return np.vstack(means), list(targets)


def _rows(passages: Sequence[Passage]) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(zip(*encoded(passages), strict=True))


def in_parts(read: Callable[[Sequence[Passage]], Sequence[Found]], passages: Sequence[Passage]) -> list[Found]:
    """What `read` finds of each passage; from `WORTH_PASSAGES` on in parts on several processes.

    Passages are dealt out by length, so that what is read together is of one length.

    Args:
        read: a function of a module, which gives one thing for each passage.
        passages: in any order.
    """
    if len(passages) < WORTH_PASSAGES or cores() < 2:
        return list(read(passages))
    order = sorted(range(len(passages)), key=lambda row: len(passages[row].text))
    parts = [[passages[row] for row in order[first : first + PART]] for first in range(0, len(order), PART)]
    found = list(chain.from_iterable(on_cores(read, [(part,) for part in reversed(parts)])[::-1]))
    return [found[place] for place in np.argsort(order)]
