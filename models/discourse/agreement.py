"""Agreement of two annotators beyond chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def krippendorff_alpha(first: Sequence[str | None], second: Sequence[str | None]) -> float:
    """Krippendorff's alpha for nominal labels of two annotators.

    Units that one of them did not label are left out, as the coefficient demands (Krippendorff 2004, Content
    Analysis, ch. 11): alpha = 1 - observed / expected disagreement, over the coincidence matrix.

    Args:
        first: labels of the first annotator, None where there is none.
        second: labels of the second one, same units in the same order.

    Returns:
        1 for full agreement, 0 for what chance gives, below 0 for less than that.

    Raises:
        ValueError: if the lengths differ, or fewer than two units were labelled by both.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} labels: both annotators must be given for every unit")
    pairs = [(one, two) for one, two in zip(first, second, strict=True) if one is not None and two is not None]
    if len(pairs) < 2:
        raise ValueError("fewer than two units were labelled by both annotators")
    totals = Counter(label for pair in pairs for label in pair)
    values = 2 * len(pairs)
    expected = 1 - sum(count * (count - 1) for count in totals.values()) / (values * (values - 1))
    observed = sum(one != two for one, two in pairs) / len(pairs)
    return 1.0 if expected == 0 else 1 - observed / expected
