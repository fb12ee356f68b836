"""Calibrated levels of the temporal scan: which uncorrected p value keeps a stated rate of false alarms.

The table was made by `models.warning.calibration` on simulated series that share neither seeds nor parameters
with the benchmarks. It depends on the expected count, because counts are whole numbers and the p values of
sparse series cannot take every value.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
import yaml

from models.warning.detectors.outcome import FloatArray

TABLE = "calibrated_levels.yml"


@cache
def calibrated_levels() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log expected counts (n,), log uncorrected levels (m,), log realised rates (n, m), from the package data."""
    content = yaml.safe_load((files("models.warning.detectors") / TABLE).read_text(encoding="utf-8"))
    means = np.log(np.array([row["expected"] for row in content["realised"]], dtype=np.float64))
    realised = np.log(np.array([row["rates"] for row in content["realised"]], dtype=np.float64))
    return means, np.log(np.array(content["levels"], dtype=np.float64)), realised


def calibrated_probability(raw: FloatArray, expected: FloatArray) -> FloatArray:
    """The realised probability of an uncorrected p value at least this small.

    Beyond the table the ratio of realised to uncorrected stays that of its end.
    """
    _, levels, _ = calibrated_levels()
    curves = _curves(expected)
    with np.errstate(divide="ignore"):
        wanted = np.log(np.where(raw > 0, raw, np.nan))
    place = np.clip(np.searchsorted(levels, np.clip(wanted, levels[0], levels[-1])) - 1, 0, levels.size - 2)
    rows = np.arange(place.size)
    low, high = curves[rows, place], curves[rows, place + 1]
    share = (np.clip(wanted, levels[0], levels[-1]) - levels[place]) / (levels[place + 1] - levels[place])
    inside = low + share * (high - low)
    below = np.minimum(wanted - levels[0], 0.0)
    result = np.exp(np.minimum(inside + below, 0.0))
    return np.where(
        raw <= 0, 0.0, np.where(raw >= 1.0, 1.0, np.where(wanted > levels[-1], np.maximum(result, raw), result))
    )


def raw_level(alpha: float, expected: FloatArray) -> FloatArray:
    """The uncorrected p value at which the realised rate is `alpha`, for each expected count."""
    _, levels, _ = calibrated_levels()
    curves = _curves(expected)
    wanted = np.log(alpha)
    place = np.clip((curves < wanted).sum(axis=1) - 1, 0, levels.size - 2)
    rows = np.arange(place.size)
    low, high = curves[rows, place], curves[rows, place + 1]
    inside = levels[place] + (levels[place + 1] - levels[place]) * np.clip((wanted - low) / (high - low), 0.0, 1.0)
    return np.exp(inside + np.minimum(wanted - curves[:, 0], 0.0) + np.maximum(wanted - curves[:, -1], 0.0)).clip(
        max=0.5
    )


def _curves(expected: FloatArray) -> FloatArray:
    """Log realised rate at each level of the table, interpolated in the log of the expected count."""
    means, _, realised = calibrated_levels()
    with np.errstate(divide="ignore", invalid="ignore"):
        log_mean = np.nan_to_num(np.log(expected), nan=means[0], neginf=means[0], posinf=means[-1])
    log_mean = np.clip(log_mean, means[0], means[-1])
    place = np.clip(np.searchsorted(means, log_mean) - 1, 0, means.size - 2)
    share = ((log_mean - means[place]) / (means[place + 1] - means[place]))[:, None]
    return realised[place] * (1 - share) + realised[place + 1] * share
