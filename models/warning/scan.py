"""Prospective space-time scan statistics (Kulldorff 2001, Kulldorff et al. 2005) over neighbouring regions.

A cylinder is a connected set of regions (Tango and Takahashi 2005: sets of any shape, up to a size) over the
latest weeks. Its likelihood ratio compares cases inside with those expected, given all cases. The p value of the
most likely cylinder is its Monte-Carlo rank among replicates without a cluster, all replicates at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import random_table

from models.warning.detectors.outcome import DetectionError, FloatArray

ScanModel = Literal["poisson", "permutation"]


@dataclass(frozen=True)
class ScanOptions:
    """Options of the scan.

    Attributes:
        model: `poisson` needs expected counts; `permutation` needs none (expected from the margins).
        longest: weeks of the longest cylinder.
        most_regions: regions of the largest cylinder.
        replicates: Monte-Carlo replicates; the smallest p value is 1 / (replicates + 1).
        dispersion: variance over mean of the counts (poisson only): replicates are negative binomial above 1.
        seed: of the replicates.
    """

    model: ScanModel = "poisson"
    longest: int = 3
    most_regions: int = 3
    replicates: int = 999
    dispersion: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse options that cannot work."""
        if self.model not in ("poisson", "permutation"):
            raise DetectionError(f"unknown scan model {self.model!r}: choose poisson or permutation")
        if self.longest < 1 or self.most_regions < 1 or self.replicates < 19:
            raise DetectionError("longest and most_regions must be at least 1, replicates at least 19")
        if self.dispersion < 1:
            raise DetectionError(f"dispersion {self.dispersion} must be at least 1")


@dataclass(frozen=True)
class Cluster:
    """A cylinder.

    Attributes:
        regions: its regions, in the order given.
        weeks: its length in weeks, ending with the last.
        observed, expected: cases inside.
        log_ratio: log likelihood ratio.
        p_value: rank among the largest ratios of the replicates.
    """

    regions: tuple[str, ...]
    weeks: int
    observed: float
    expected: float
    log_ratio: float
    p_value: float


def connected_sets(regions: Sequence[str], neighbours: Mapping[str, Sequence[str]], most: int) -> list[tuple[int, ...]]:
    """Positions of all connected sets of at most `most` regions, each set once."""
    place = {region: number for number, region in enumerate(regions)}
    near = [{place[other] for other in neighbours.get(region, ()) if other in place} for region in regions]
    layer = {frozenset([number]) for number in range(len(regions))}
    found = set(layer)
    for _ in range(most - 1):
        layer = {held | {other} for held in layer for number in held for other in near[number] - held}
        found |= layer
    return sorted(tuple(sorted(held)) for held in found)


def space_time_scan(
    observed: FloatArray,
    regions: Sequence[str],
    neighbours: Mapping[str, Sequence[str]],
    expected: FloatArray | None = None,
    options: ScanOptions | None = None,
) -> list[Cluster]:
    """Most likely clusters alive in the last week.

    Args:
        observed: (regions, weeks) whole counts, the last week being now.
        regions: their codes.
        neighbours: codes of the neighbours of each region.
        expected: (regions, weeks) expected counts without a cluster; for the model `poisson`.
        options: see `ScanOptions`.

    Returns:
        Clusters with more cases than expected, the most likely first, each with no region of a likelier one.
        Empty without cases.

    Raises:
        DetectionError: if shapes disagree, a count is no whole number >= 0, or an expected count is not above 0.
    """
    options = options or ScanOptions()
    counts = _checked(observed, regions, expected, options)
    total = counts.sum()
    if total == 0:
        return []
    sets = connected_sets(regions, neighbours, options.most_regions)
    member = np.zeros((len(sets), len(regions)))
    for row, held in enumerate(sets):
        member[row, list(held)] = 1.0
    longest = min(options.longest, counts.shape[1])
    base = _expected(counts, expected)
    inside, hoped = _cylinders(counts[None], member, longest)[0], _cylinders(base[None], member, longest)[0]
    ratio = _log_ratio(inside, hoped, np.array([[total]]))
    simulated = _replicates(counts, base, options)
    totals = simulated.sum(axis=(1, 2))[:, None, None]
    share = hoped[None] / total * totals
    largest = _log_ratio(_cylinders(simulated, member, longest), share, totals).max(axis=(1, 2))
    return _ranked(ratio, inside, hoped, largest, [tuple(regions[place] for place in held) for held in sets])


def _checked(
    observed: FloatArray, regions: Sequence[str], expected: FloatArray | None, options: ScanOptions
) -> FloatArray:
    counts = np.asarray(observed, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != len(regions) or counts.shape[1] == 0:
        raise DetectionError(f"scan: counts of shape {counts.shape} do not fit {len(regions)} regions x weeks")
    if not (np.isfinite(counts).all() and (counts >= 0).all() and (counts == np.floor(counts)).all()):
        raise DetectionError("scan: counts must be whole numbers >= 0; leave out weeks that were not observed")
    if options.model == "permutation":
        if expected is not None:
            raise DetectionError("scan: the permutation model takes no expected counts")
        return counts
    if expected is None or np.shape(expected) != counts.shape or not (np.asarray(expected) > 0).all():
        raise DetectionError("scan: the poisson model needs an expected count above 0 for each region and week")
    return counts


def _expected(counts: FloatArray, expected: FloatArray | None) -> FloatArray:
    """Expected counts that sum to the cases: scaled, or from the margins."""
    total = counts.sum()
    if expected is None:
        return counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / total
    values = np.asarray(expected, dtype=np.float64)
    return values * total / values.sum()


def _cylinders(tables: FloatArray, member: FloatArray, longest: int) -> FloatArray:
    """(tables, sets, lengths): sums over each set and the last 1..longest weeks."""
    latest = np.cumsum(tables[:, :, ::-1], axis=2)[:, :, :longest]
    return np.einsum("kr,nrl->nkl", member, latest, optimize=True)


def _log_ratio(inside: FloatArray, hoped: FloatArray, total: FloatArray) -> FloatArray:
    """Log likelihood ratio given all cases; 0 where there are no more than expected, or all of them are inside."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = inside * np.log(inside / hoped) + (total - inside) * np.log((total - inside) / (total - hoped))
    return np.where((inside > hoped) & np.isfinite(ratio), ratio, 0.0)


def _replicates(counts: FloatArray, base: FloatArray, options: ScanOptions) -> FloatArray:
    """(replicates, regions, weeks) tables without a cluster."""
    rng = np.random.default_rng(options.seed)
    if options.model == "permutation":
        rows, columns = counts.sum(axis=1).astype(int), counts.sum(axis=0).astype(int)
        tables = random_table(rows, columns).rvs(size=options.replicates, random_state=rng)
        return np.asarray(tables, dtype=np.float64).reshape(options.replicates, *counts.shape)
    if options.dispersion == 1.0:
        drawn = rng.multinomial(int(counts.sum()), base.ravel() / base.sum(), options.replicates)
    else:
        size = base.ravel() / (options.dispersion - 1.0)
        drawn = rng.negative_binomial(size, 1 / options.dispersion, (options.replicates, size.size))
    return drawn.reshape(options.replicates, *counts.shape).astype(np.float64)


def _ranked(
    ratio: FloatArray, inside: FloatArray, hoped: FloatArray, largest: FloatArray, sets: list[tuple[str, ...]]
) -> list[Cluster]:
    clusters: list[Cluster] = []
    taken: set[str] = set()
    order = np.argsort(-ratio, axis=None, kind="stable")
    for place in order[: np.count_nonzero(ratio)]:
        row, length = np.unravel_index(place, ratio.shape)
        if taken & set(sets[row]):
            continue
        taken |= set(sets[row])
        beaten = int((largest >= ratio[row, length] - 1e-9).sum())
        clusters.append(
            Cluster(
                sets[row],
                int(length) + 1,
                float(inside[row, length]),
                float(hoped[row, length]),
                float(ratio[row, length]),
                (1 + beaten) / (largest.size + 1),
            )
        )
    return clusters
