"""The 28 scenarios of Noufaily et al. (2013): false positive rate and probability of detection of each detector.

Protocol: series of 624 weeks; four outbreaks (k = 2, 3, 5, 10) start at random in the five years before the last
49 weeks; one outbreak starts at random in the last 49 weeks. An outbreak has Poisson(k standard deviations of its
first week) cases, spread over weeks by a lognormal(0, .5) delay cut down to whole weeks. It is detected if any week
from its first to its last case alarms. The false positive rate is the share of alarms in the last 49 weeks of the
same series without the last outbreak.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.warning.detection import Options, run_method
from models.warning.detectors.ears import EarsOptions
from models.warning.detectors.farrington import FarringtonOptions
from models.warning.detectors.farrington_flexible import FarringtonFlexibleOptions
from models.warning.detectors.gamma_poisson import GammaPoissonOptions
from models.warning.detectors.nb_cusum import NbCusumOptions
from models.warning.detectors.outcome import FloatArray, IntArray
from models.warning.detectors.temporal_scan import TemporalScanOptions

WEEKS = 624
TESTED = np.arange(WEEKS - 49, WEEKS)
FIRST_BASELINE = 312
SIZES = (2, 5, 8, 10)
PAST_SIZES = (2, 3, 5, 10)
REPORTED_SEED = 2013
PUBLISHED = {2: 0.11, 5: 0.59, 8: 0.85, 10: 1.0}
# theta, beta, gamma1, gamma2, phi; each with trend and season on and off.
PARAMETERS = (
    (0.1, 0.0025, 0.6, 0.6, 1.5),
    (-2.0, 0.005, 0.1, 0.3, 2.0),
    (1.5, 0.003, 0.2, -0.4, 1.0),
    (0.5, 0.002, 0.5, 0.5, 5.0),
    (2.5, 0.001, 1.0, 0.1, 3.0),
    (3.75, 0.001, 0.1, -0.1, 1.1),
    (5.0, 0.0001, 0.05, 0.01, 1.2),
)


def scenario_means() -> list[tuple[FloatArray, float]]:
    """Mean series and dispersion of the 28 scenarios."""
    week = np.arange(1, WEEKS + 1)
    angle = 2 * np.pi * week / 52
    return [
        (
            np.exp(theta + beta * week * trend + (gamma1 * np.cos(angle) + gamma2 * np.sin(angle)) * season),
            phi,
        )
        for theta, beta, gamma1, gamma2, phi in PARAMETERS
        for trend in (0, 1)
        for season in (0, 1)
    ]


def counts_of(rng: np.random.Generator, mean: FloatArray, phi: float, replicates: int) -> FloatArray:
    """Negative binomial counts (replicates, weeks)."""
    wide = np.broadcast_to(mean, (replicates, mean.size))
    if phi <= 1:
        return rng.poisson(wide).astype(np.float64)
    return rng.negative_binomial(wide / (phi - 1), 1 / phi).astype(np.float64)


def with_outbreaks(
    rng: np.random.Generator, counts: FloatArray, mean: FloatArray, *, phi: float, k: float, starts: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Counts with one outbreak a row, and the cases of the outbreak alone; cases after the last week are dropped."""
    extra = np.zeros_like(counts)
    for row, start in enumerate(starts):
        size = rng.poisson(k * np.sqrt(mean[start] * phi))
        weeks = start + np.floor(rng.lognormal(0, 0.5, size)).astype(int)
        np.add.at(extra[row], weeks[weeks < counts.shape[1]], 1)
    return counts + extra, extra


def detectors(alpha: float = 0.01) -> dict[str, Options]:
    """The detectors compared, at one nominal level; the first is the default."""
    return {
        "temporal_scan (default)": TemporalScanOptions(alpha=alpha),
        "farrington_flexible nbPlugin": FarringtonFlexibleOptions(b=5, alpha=alpha),
        "farrington_flexible muan": FarringtonFlexibleOptions(b=5, alpha=alpha, threshold_method="muan"),
        "farrington": FarringtonOptions(b=5, alpha=2 * alpha),
        "ears_c1": EarsOptions(method="C1", alpha=alpha),
        "ears_c2": EarsOptions(method="C2", alpha=alpha),
        "ears_c3": EarsOptions(method="C3", alpha=alpha),
        "nb_cusum": NbCusumOptions(alpha=alpha, past_weeks_excluded=26),
        "gamma_poisson": GammaPoissonOptions(alpha=alpha, past_weeks_excluded=26),
    }


def evaluate(
    compared: Mapping[str, Options], replicates: int, seed: int
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """False positive rates (28,) and probabilities of detection (28, sizes) of each detector."""
    rng = np.random.default_rng(seed)
    rates: dict[str, list[float]] = {name: [] for name in compared}
    found: dict[str, list[list[float]]] = {name: [] for name in compared}
    for mean, phi in scenario_means():
        past = counts_of(rng, mean, phi, replicates)
        for k in PAST_SIZES:
            starts = rng.integers(FIRST_BASELINE, TESTED[0] - 5, replicates)
            past, _ = with_outbreaks(rng, past, mean, phi=phi, k=k, starts=starts)
        starts = rng.integers(TESTED[0], WEEKS - 5, replicates)
        hit = [with_outbreaks(rng, past, mean, phi=phi, k=k, starts=starts) for k in SIZES]
        for name, options in compared.items():
            rates[name].append(float(run_method(past, TESTED, options).alarm.mean()))
            found[name].append([_detected(counts, extra, options) for counts, extra in hit])
    return (
        {name: np.array(values) for name, values in rates.items()},
        {name: np.array(values) for name, values in found.items()},
    )


def _detected(counts: FloatArray, extra: FloatArray, options: Options) -> float:
    alarm = run_method(counts, TESTED, options).alarm
    during = extra[:, TESTED] > 0
    last = during.shape[1] - np.argmax(during[:, ::-1], axis=1)
    first = np.argmax(during, axis=1)
    week = np.arange(during.shape[1])
    between = (week >= first[:, None]) & (week < last[:, None]) & during.any(axis=1, keepdims=True)
    return float((alarm & between).any(axis=1).mean())


def report(replicates: int = 40, seed: int = REPORTED_SEED) -> None:
    """Print the table; medians and means are over scenarios."""
    published = " ".join(f"{value:.2f}" for value in PUBLISHED.values())
    print(f"28 scenarios, {replicates} replicates each, seed {seed}, stated rate .01")
    print(f"  {'':30s} FPR median mean    POD at k = {SIZES}: median of scenarios (mean)")
    rates, found = evaluate(detectors(), replicates, seed)
    for name, realised in rates.items():
        medians = " ".join(f"{value:.2f}" for value in np.median(found[name], axis=0))
        means = " ".join(f"{value:.2f}" for value in np.mean(found[name], axis=0))
        print(f"  {name:30s} {np.median(realised):.4f} {np.mean(realised):.4f}  {medians} ({means})")
    print(f"  {'published (Noufaily 2013)':30s} .009           {published}")
