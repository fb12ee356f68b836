"""Why a message got its label: words as written and named signals, and how an analyst reads them in three languages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Literal

import numpy as np
import yaml
from scipy import sparse

from models.discourse.features import ADJECTIVE_MASK, GROUP_MASK, SLUR_MASK, Reading
from models.discourse.message_space import FeatureSpace

Language = Literal["kk", "ru", "en"]

REASON_COUNT = 5
LOOKED_AT = 2 * REASON_COUNT
"""Strongest features looked at: some say the same thing twice."""

CODE = "#"
"""First letter of a reason that is a code; any other reason is words of the message."""

_MASK_CODES = {GROUP_MASK: "#people_named", SLUR_MASK: "#slur_named", ADJECTIVE_MASK: "#adjective_named"}


def deciding(
    matrix: sparse.csr_matrix,
    weights: np.ndarray,
    chosen: Sequence[int | None],
    space: FeatureSpace,
    read: Sequence[Reading],
) -> list[list[str]]:
    """What spoke most for the label of each message.

    Args:
        matrix: messages x features.
        weights: labels x features.
        chosen: row of `weights` per message; None gives no reasons.
        space: the features; letters are never a reason.
        read: the messages.

    Returns:
        Up to `REASON_COUNT` per message, strongest first: words as written, or `#` and the code of a signal.
    """
    rows = np.repeat(np.arange(len(read)), np.diff(matrix.indptr))
    labels = np.array([-1 if one is None else one for one in chosen])[rows]
    can_speak = np.flatnonzero((labels >= 0) & space.readable[matrix.indices])
    pull = matrix.data[can_speak] * weights[labels[can_speak], matrix.indices[can_speak]]
    can_speak, pull = can_speak[pull > 0], pull[pull > 0]
    order = can_speak[np.lexsort((-pull, rows[can_speak]))]
    starts = np.searchsorted(rows[order], np.arange(len(read) + 1)).tolist()
    strongest = [matrix.indices[order[first : min(after, first + LOOKED_AT)]] for first, after in pairwise(starts)]
    return [
        _found([space.names[column] for column in columns.tolist()], one)
        for columns, one in zip(strongest, read, strict=True)
    ]


def quick_reason(names_official: bool) -> str:
    """The reason of a message that the first look keeps from the classifier."""
    return "#official" if names_official else "#nothing_interethnic"


def _found(names: Sequence[str], read: Reading) -> list[str]:
    said: list[str] = []
    for name in names:
        if name.startswith("signal:"):
            parts = [CODE + name.removeprefix("signal:")]
        else:
            stems = name.split(" ")
            masks = [_MASK_CODES[stem] for stem in stems if stem in _MASK_CODES]
            words = " ".join(_as_written(stem, read) for stem in stems if stem not in _MASK_CODES)
            parts = [*masks, words] if words else masks
        said += [part for part in parts if part not in said]
    return said[:REASON_COUNT]


def _as_written(stem: str, read: Reading) -> str:
    return read.words[read.stems.index(stem)] if stem in read.stems else stem


@cache
def _phrases() -> dict[str, dict[str, dict[str, str]]]:
    file = resources.files("models.discourse").joinpath("lexicons", "reasons.yml")
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def in_words(reasons: Sequence[str], language: Language) -> list[str]:
    """Reasons as sentences of one language.

    Args:
        reasons: as `deciding` and `quick_reason` give them.
        language: kk, ru or en.

    Raises:
        KeyError: if a code has no phrase.
    """
    return list(dict.fromkeys(_sentence(one, language) for one in reasons))


def _sentence(reason: str, language: Language) -> str:
    phrases = _phrases()
    if not reason.startswith(CODE):
        return phrases["words"]["word"][language].format(word=reason)
    code = reason.removeprefix(CODE)
    if code in phrases["signals"]:
        return phrases["signals"][code][language]
    means, _, beside = code.partition("_near_")
    return phrases["places"][beside][language].format(what=phrases["signals"][means][language])
