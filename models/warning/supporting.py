"""What stands beside an alarm: appeals to mediators, falls of survey indicators, the same rise in regions nearby.

These signals come too late or too rarely to raise a candidate by themselves; they support one and are told with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from data_contracts.reference import regions
from models.warning.detectors.count_distributions import upper_tail
from models.warning.scan import Cluster, ScanOptions, space_time_scan

SUPPORTING_SIGNALS = ("mediation_cases", "indicator_fall")
LEAST_QUARTERS = 4
MOST_QUARTERS = 8
UNUSUAL = 0.01
DAYS_REMEMBERED = 370
SCAN_WEEKS = 3
SCAN_LEVEL = 0.05
SMALLEST_EXPECTED = 0.01
EVIDENCE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "region_code": pl.String,
    "signal": pl.String,
    "quarter": pl.String,
    "item": pl.String,
    "observed": pl.Float64,
    "expected": pl.Float64,
}


@dataclass(frozen=True)
class Evidence:
    """One supporting fact.

    Attributes:
        signal: `mediation_cases` or `indicator_fall`.
        quarter: such as 2026-Q2.
        item: indicator of a fall, empty otherwise.
        observed: appeals, or the change in percentage points.
        expected: appeals expected; 0 for a change.
    """

    signal: str
    quarter: str
    item: str
    observed: float
    expected: float

    @property
    def code(self) -> str:
        """A short text without language, for the table."""
        if self.signal == "mediation_cases":
            return f"{self.signal}:{self.quarter}:{self.observed:.0f}/{self.expected:.1f}"
        return f"{self.signal}:{self.quarter}:{self.item}:{self.observed:+.1f}"


def appeal_rises(returns: pl.DataFrame) -> pl.DataFrame:
    """Quarters in which a region's mediators had unusually many appeals.

    A quarter is compared with up to eight quarters before it (at least four): negative binomial with their mean
    and variance, the error of the mean included; unusual is a probability of at most .01. Quarters without a
    return are not zeros, they are left out.

    Args:
        returns: rows of `core_councils__returns`.

    Returns:
        Columns of `EVIDENCE_SCHEMA`, signal `mediation_cases`.
    """
    totals = returns.group_by("region_code", "quarter").agg(pl.col("appeal_count").sum()).sort("region_code", "quarter")
    rows: list[tuple[str, str, str, str, float, float]] = []
    for (region,), of_region in totals.group_by("region_code", maintain_order=True):
        counts = of_region["appeal_count"].to_numpy().astype(np.float64)
        for place in range(LEAST_QUARTERS, counts.size):
            past = counts[max(place - MOST_QUARTERS, 0) : place]
            mean = max(float(past.mean()), 0.5 / past.size)
            dispersion = max(float(past.var(ddof=1)) / mean, 1.0) * (1 + 1 / past.size)
            tail = float(upper_tail(counts[place : place + 1], np.array([mean]), np.array([dispersion]))[0])
            if tail <= UNUSUAL:
                rows.append((str(region), "mediation_cases", of_region["quarter"][place], "", counts[place], mean))
    return pl.DataFrame(rows, schema=EVIDENCE_SCHEMA, orient="row")


def indicator_falls(changes: pl.DataFrame) -> pl.DataFrame:
    """Indicators whose fall in a region is told (verdict `down`, corrected for many regions).

    Args:
        changes: rows of `out_indicators__changes`.

    Returns:
        Columns of `EVIDENCE_SCHEMA`, signal `indicator_fall`; of several versions and years the last.
    """
    return (
        changes.filter((pl.col("domain") == "region") & (pl.col("verdict") == "down"))
        .sort("indicator_version", "year_to", "year_from")
        .unique(["region_code", "quarter", "indicator_id"], keep="last", maintain_order=True)
        .select(
            "region_code",
            pl.lit("indicator_fall").alias("signal"),
            "quarter",
            pl.col("indicator_id").alias("item"),
            pl.col("difference_pp").alias("observed"),
            pl.lit(0.0).alias("expected"),
        )
        .sort("region_code", "quarter", "item")
    )


def evidence_for(evidence: pl.DataFrame, region_code: str, week: date) -> list[Evidence]:
    """Facts of a region that were over before the week and not older than a year, the latest of each kind."""
    found: dict[tuple[str, str], Evidence] = {}
    rows = evidence.filter(pl.col("region_code") == region_code).sort("quarter", "signal", "item")
    for _, signal, quarter, item, observed, expected in rows.iter_rows():
        if timedelta(0) < week - _quarter_end(quarter) <= timedelta(days=DAYS_REMEMBERED):
            found[signal, item] = Evidence(signal, quarter, item, observed, expected)
    return [found[key] for key in sorted(found, key=lambda key: (SUPPORTING_SIGNALS.index(key[0]), key[1]))]


def _quarter_end(quarter: str) -> date:
    year, number = int(quarter[:4]), int(quarter[-1])
    return date(year + number // 4, 3 * number % 12 + 1, 1) - timedelta(days=1)


def neighbouring_cluster(
    signals: pl.DataFrame, week: date, region_code: str, cells: Iterable[tuple[str, str]]
) -> Cluster | None:
    """The cluster of neighbouring regions that a case belongs to, if there is one.

    The Poisson scan runs over the last weeks of one group and signal, over all regions with an expectation in
    every one of them; its replicates have the overdispersion found in those counts.

    Args:
        signals: rows of `out_warning__signals`.
        week: Monday of the case.
        region_code: region of the case.
        cells: groups and signals of the case, the strongest first; the first with a cluster counts.

    Returns:
        The first cluster of at least two regions, the case's own among them, with a p value of at most .05.
    """
    recent = signals.filter(
        pl.col("week_date").is_between(week - timedelta(weeks=SCAN_WEEKS - 1), week)
        & pl.col("expected").is_not_null()
        & pl.col("is_covered")
        & pl.col("region_code").is_in(list(regions()))
    )
    for group, signal in cells:
        cluster = _cluster(recent.filter((pl.col("group_code") == group) & (pl.col("signal") == signal)), region_code)
        if cluster is not None:
            return cluster
    return None


def _cluster(recent: pl.DataFrame, region_code: str) -> Cluster | None:
    weeks = recent["week_date"].n_unique()
    whole = recent.filter(pl.len().over("region_code") == weeks).sort("region_code", "week_date")
    codes = whole["region_code"].unique(maintain_order=True).to_list()
    if region_code not in codes or len(codes) < 2:
        return None
    observed = whole["observed_count"].to_numpy().reshape(len(codes), weeks).astype(np.float64)
    expected = np.maximum(whole["expected"].to_numpy().reshape(len(codes), weeks), SMALLEST_EXPECTED)
    # Regions far above expectation are what is looked for, so the median of the squares tells the ordinary spread.
    spread = float(np.median((observed - expected) ** 2 / expected)) / 0.455
    near = {code: regions()[code].neighbours for code in codes}
    options = ScanOptions(longest=weeks, dispersion=float(np.clip(spread, 1.0, 5.0)), replicates=399)
    for cluster in space_time_scan(observed, codes, near, expected, options):
        if region_code in cluster.regions:
            return cluster if len(cluster.regions) > 1 and cluster.p_value <= SCAN_LEVEL else None
    return None
