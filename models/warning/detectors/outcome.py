"""What a detector says about a block of series: expectation, upper bound, alarm, score and p value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


class DetectionError(ValueError):
    """A series or an option a detector cannot work with; the message names the week, series or option."""


@dataclass(frozen=True)
class Outcome:
    """Answers of one detector, arrays of shape (series, tested weeks).

    Attributes:
        expected: expected count of the tested week; nan where the method gives none.
        upperbound: bound above which the count is unusual; nan where the method gives none.
        alarm: True where the count is unusual.
        score: the method's own scaled exceedance; above 1 for Farrington, in standard deviations for EARS.
        p_value: probability of a count at least this high without an outbreak; nan where not defined.
        dispersion: predictive variance over mean, estimation error of the mean included; nan where not defined.
        is_known: False where the method could not be computed at all (no convergence, no history).
    """

    expected: FloatArray
    upperbound: FloatArray
    alarm: BoolArray
    score: FloatArray
    p_value: FloatArray
    dispersion: FloatArray
    is_known: BoolArray


def empty_outcome(shape: tuple[int, ...]) -> Outcome:
    """An outcome in which nothing is known yet, to be filled in place."""
    return Outcome(
        expected=np.full(shape, np.nan),
        upperbound=np.full(shape, np.nan),
        alarm=np.zeros(shape, dtype=bool),
        score=np.full(shape, np.nan),
        p_value=np.full(shape, np.nan),
        dispersion=np.full(shape, np.nan),
        is_known=np.zeros(shape, dtype=bool),
    )


def as_counts(counts: FloatArray) -> FloatArray:
    """Counts as a (series, weeks) float matrix, nan for weeks without observation.

    Raises:
        DetectionError: if a count is negative, infinite or not a whole number.
    """
    matrix = np.atleast_2d(np.asarray(counts, dtype=np.float64))
    seen = matrix[~np.isnan(matrix)]
    if seen.size and (not np.isfinite(seen).all() or (seen < 0).any() or (seen != np.floor(seen)).any()):
        row, column = np.argwhere((matrix < 0) | (matrix != np.floor(matrix)) & ~np.isnan(matrix))[0]
        raise DetectionError(
            f"series {row + 1}, week {column + 1}: count {matrix[row, column]} is not a whole number >= 0; "
            "correct the input or leave the week empty"
        )
    return matrix


def as_positions(positions: IntArray | range | list[int], weeks: int) -> IntArray:
    """Tested weeks as 0-based positions.

    Raises:
        DetectionError: if there is none, or one lies outside the series.
    """
    tested = np.asarray(list(positions), dtype=np.int64)
    if tested.size == 0:
        raise DetectionError("no week to test: the series is shorter than the history the method needs")
    if tested.min() < 0 or tested.max() >= weeks:
        raise DetectionError(
            f"tested weeks {tested.min() + 1}..{tested.max() + 1} lie outside the series of {weeks} weeks"
        )
    return tested
