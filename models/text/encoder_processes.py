"""Many passages read by the encoder on every core: the same vectors as in one process, sooner."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import current_process, get_context

import numpy as np

from models.text.encoder import Passage, encoded

WORTH_PASSAGES = 1_000
"""Passages from which on a second process, which takes seconds to start, saves time."""

PART = 250
MOST_PROCESSES = 4


def vectors_of(passages: Sequence[Passage]) -> tuple[np.ndarray, list[np.ndarray]]:
    """As `encoder.encoded`; from `WORTH_PASSAGES` on in parts on several processes.

    Passages are dealt out by length, so that what is read together is of one length.
    """
    cores = min(MOST_PROCESSES, len(os.sched_getaffinity(0)))
    if len(passages) < WORTH_PASSAGES or cores < 2 or current_process().daemon:
        return encoded(passages)
    order = sorted(range(len(passages)), key=lambda row: len(passages[row].text))
    parts = [[passages[row] for row in order[first : first + PART]] for first in range(0, len(order), PART)]
    with ProcessPoolExecutor(cores, mp_context=get_context("forkserver")) as pool:
        found = list(pool.map(encoded, reversed(parts)))[::-1]
    place = np.argsort(order)
    targets = list(chain.from_iterable(of_part for _, of_part in found))
    return np.concatenate([means for means, _ in found])[place], [targets[row] for row in place]
