"""Agreement of annotators beyond chance: Krippendorff's alpha for any number of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

Level = Literal["nominal", "ordinal"]
FEWEST_UNITS = 2


def alpha_of_units(units: Sequence[Sequence[object]], level: Level = "nominal") -> float:
    """Krippendorff's alpha for any number of annotators and missing labels.

    Units with fewer than two labels are left out, as the coefficient demands (Krippendorff 2004, Content Analysis,
    ch. 11): alpha = 1 - observed / expected disagreement over the coincidence matrix. The ordinal distance is the
    squared sum of the marginals between two ranks.

    Args:
        units: for each message the labels it was given, whoever gave them; no None.
        level: `nominal` for labels without order, `ordinal` for severities and stances (sorted by value).

    Returns:
        1 for full agreement, 0 for what chance gives, below 0 for less than that.

    Raises:
        ValueError: if fewer than two units were labelled by two annotators.
    """
    paired = [list(unit) for unit in units if len(unit) >= 2]
    if len(paired) < FEWEST_UNITS:
        raise ValueError("fewer than two units were labelled by two annotators")
    values = sorted({label for unit in paired for label in unit})  # pyright: ignore[reportArgumentType]
    place = {label: number for number, label in enumerate(values)}
    coincidences = np.zeros((len(values), len(values)))
    for unit in paired:
        counts = np.bincount([place[label] for label in unit], minlength=len(values)).astype(float)
        coincidences += (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)
    marginals = coincidences.sum(axis=1)
    distance = _ordinal_distance(marginals) if level == "ordinal" else 1.0 - np.eye(len(values))
    total = marginals.sum()
    expected = float((np.outer(marginals, marginals) * distance).sum() / (total - 1))
    observed = float((coincidences * distance).sum())
    return 1.0 if expected == 0 else 1.0 - observed / expected


def _ordinal_distance(marginals: np.ndarray) -> np.ndarray:
    upto = np.cumsum(marginals)
    between = np.abs(upto[:, None] - upto[None, :])
    lower = np.minimum.outer(np.arange(len(marginals)), np.arange(len(marginals)))
    higher = np.maximum.outer(np.arange(len(marginals)), np.arange(len(marginals)))
    return (between + marginals[lower] - (marginals[lower] + marginals[higher]) / 2) ** 2


def krippendorff_alpha(first: Sequence[str | None], second: Sequence[str | None]) -> float:
    """Krippendorff's alpha for nominal labels of two annotators.

    Args:
        first: labels of the first annotator, None where there is none.
        second: labels of the second one, same units in the same order.

    Returns:
        As `alpha_of_units`.

    Raises:
        ValueError: if the lengths differ, or fewer than two units were labelled by both.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} labels: both annotators must be given for every unit")
    pairs = [(one, two) for one, two in zip(first, second, strict=True) if one is not None and two is not None]
    if len(pairs) < FEWEST_UNITS:
        raise ValueError("fewer than two units were labelled by both annotators")
    return alpha_of_units(pairs)
