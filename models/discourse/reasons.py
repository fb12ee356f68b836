"""Why a message got its label: words as written and named signals, and how an analyst reads them in three languages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Literal

import numpy as np
import yaml
from scipy import sparse

from models.discourse.features import ADJECTIVE_MASK, GROUP_MASK, SLUR_MASK, Reading

Language = Literal["kk", "ru", "en"]

REASON_COUNT = 5
CODE = "#"
"""First letter of a reason that is a code; any other reason is words of the message."""

_MASK_CODES = {GROUP_MASK: "#people_named", SLUR_MASK: "#slur_named", ADJECTIVE_MASK: "#adjective_named"}


def deciding(
    matrix: sparse.csr_matrix,
    weights: np.ndarray,
    chosen: Sequence[int | None],
    names: Sequence[str],
    read: Sequence[Reading],
) -> list[list[str]]:
    """What spoke most for the label of each message.

    Args:
        matrix: messages x features.
        weights: labels x features.
        chosen: row of `weights` per message; None gives no reasons.
        names: of the features: a stem or two, `~` and letters (never a reason), or `signal:` and a signal.
        read: the messages.

    Returns:
        Up to `REASON_COUNT` per message, strongest first: words as written, or `#` and the code of a signal.
    """
    reasons: list[list[str]] = []
    for row, (label, one) in enumerate(zip(chosen, read, strict=True)):
        if label is None:
            reasons.append([])
            continue
        held = slice(matrix.indptr[row], matrix.indptr[row + 1])
        columns = matrix.indices[held]
        pull = matrix.data[held] * weights[label, columns]
        best = columns[np.argsort(-pull, kind="stable")[: REASON_COUNT * 4]]
        strongest = [str(names[column]) for column in best[: int((pull > 0).sum())].tolist()]
        reasons.append(_found(strongest, one))
    return reasons


def quick_reason(names_official: bool) -> str:
    """The reason of a message that the first look keeps from the classifier."""
    return "#official" if names_official else "#nothing_interethnic"


def _found(names: Sequence[str], read: Reading) -> list[str]:
    said: list[str] = []
    for name in names:
        if name.startswith("~"):
            continue
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
