"""Calibration: which uncorrected level of the temporal scan keeps a stated rate of false alarms.

Series are drawn around given expected counts with random length, season, trend and overdispersion and four outbreaks
in their past, as watched series have them, and tested without any outbreak in the tested weeks. Every draw comes from
the seed given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.warning.detectors.outcome import FloatArray
from models.warning.detectors.temporal_scan import TemporalScanOptions, temporal_scan

EXPECTED = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
LEVELS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
PAST_OUTBREAKS = 4


@dataclass(frozen=True)
class SeriesShape:
    """The series drawn for calibration.

    Attributes:
        weeks: lengths, the tested weeks at the end included; each serves the same number of series.
        tested: weeks tested at the end.
        largest_slope: of the log mean per year, either way.
        largest_season: amplitude of the yearly wave of the log mean.
        largest_dispersion: variance over mean; the smallest is 1.
        outbreak_share: share of the series with outbreaks in their past.
    """

    weeks: tuple[int, ...] = (286, 494)
    tested: int = 52
    largest_slope: float = 0.2
    largest_season: float = 0.8
    largest_dispersion: float = 4.0
    outbreak_share: float = 1.0


def draw_series(rng: np.random.Generator, expected: float, count: int, shape: SeriesShape, weeks: int) -> FloatArray:
    """(count, weeks) negative binomial series whose mean in the tested weeks is around `expected`."""
    years = (np.arange(weeks) - weeks + shape.tested / 2) / 52
    slope = rng.uniform(-shape.largest_slope, shape.largest_slope, (count, 1))
    season = rng.uniform(0, shape.largest_season, (count, 1))
    phase = rng.uniform(0, 1, (count, 1))
    level = np.log(expected) + rng.uniform(-0.6, 0.6, (count, 1))
    mean = np.exp(level + slope * years + season * np.cos(2 * np.pi * (years + phase)))
    dispersion = 1 + rng.uniform(0.01, shape.largest_dispersion - 1, (count, 1))
    counts = rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion).astype(np.float64)
    struck = rng.random(count) < shape.outbreak_share
    for row in np.flatnonzero(struck):
        for _ in range(PAST_OUTBREAKS):
            start = int(rng.integers(0, weeks - shape.tested - 30))
            size = rng.poisson(rng.uniform(2, 10) * np.sqrt(mean[row, start] * dispersion[row, 0]))
            np.add.at(counts[row], start + np.floor(rng.lognormal(0, 0.5, size)).astype(int).clip(max=8), 1)
    return counts


def realised_rates(
    seed: int,
    count: int,
    *,
    expected: Sequence[float] = EXPECTED,
    levels: Sequence[float] = LEVELS,
    shape: SeriesShape | None = None,
) -> FloatArray:
    """Share of tested weeks whose uncorrected p value is at most each level.

    Args:
        seed: of the draws; take another one for what is reported.
        count: series for each expected count and length.
        expected: expected counts of the tested weeks.
        levels: uncorrected p values.
        shape: see `SeriesShape`.

    Returns:
        (expected, levels) rates; a cell in which nothing was seen holds half of one alarm.
    """
    shape = shape or SeriesShape()
    rng = np.random.default_rng(seed)
    options = TemporalScanOptions(is_calibrated=False)
    rates = np.zeros((len(expected), len(levels)))
    for row, mean in enumerate(expected):
        for weeks in shape.weeks:
            tested = np.arange(weeks - shape.tested, weeks)
            p_value = temporal_scan(draw_series(rng, mean, count, shape, weeks), tested, options).p_value
            rates[row] += [(p_value <= level).mean() / len(shape.weeks) for level in levels]
    return np.maximum(rates, 0.5 / (len(shape.weeks) * count * shape.tested))
