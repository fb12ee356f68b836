"""True indicators of the simulated population, for every cell that an estimate may be asked about."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from models.simulation.attitudes import Floats, chance_positive, indicator_ids, years
from models.simulation.populations import ADULT_AGE_GROUPS, SETTLEMENTS, census_groups, region_codes
from models.simulation.primary_units import Frame, sampling_frame
from models.simulation.waves import kazakh_chance


@cache
def true_indicators(seed: int = 2026) -> pl.DataFrame:
    """True percents by year for the country and every domain of `out_indicators__estimates`.

    Computed, not sampled: the chance of a positive score (residual trait integrated by quadrature, items
    enumerated) is averaged over the adults of every PSU x group x age. What is left out is only the chance
    in the individual answers of the 12.7 million adults, below 0.02 points for the country and 1.5 points
    in a cell of 1,000 adults.

    Args:
        seed: Seed of the population and frame.

    Returns:
        `year`, `indicator_id`, `domain` (country|region|group|region_group|settlement|age_group|language),
        `domain_value`, `region_code`, `group_code` (null where not part of the domain), `true_pct` (the
        registry's rule with the simulated don't-knows and refusals, what an estimator aims at),
        `complete_pct` (had everybody answered every item), `adult_count`.
    """
    frame = sampling_frame(seed)
    tables = []
    for index, name in enumerate(indicator_ids()):
        for at, year in enumerate(years()):
            means = frame.trait_means(index, at)
            table = _domain_table(frame, chance_positive(name, means), chance_positive(name, means, False))
            tables.append(table.with_columns(pl.lit(year).alias("year"), pl.lit(name).alias("indicator_id")))
    columns = ["year", "indicator_id", "domain", "domain_value", "region_code", "group_code"]
    return pl.concat(tables).select([*columns, "true_pct", "complete_pct", "adult_count"])


def _domain_table(frame: Frame, chances: Floats, complete: Floats) -> pl.DataFrame:
    """All domains of one indicator and year."""
    adults = frame.adults_by_age
    measures = np.stack([adults, adults * chances, adults * complete])
    place = np.stack([frame.region, frame.settlement], axis=1) @ np.array([len(SETTLEMENTS), 1])
    starts = np.flatnonzero(np.r_[True, np.diff(place) != 0])
    cells = np.zeros((3, len(region_codes()) * len(SETTLEMENTS), *adults.shape[1:]))
    cells[:, place[starts]] = np.add.reduceat(measures, starts, axis=1)
    cells = cells.reshape(3, len(region_codes()), len(SETTLEMENTS), *adults.shape[1:])
    region_group = cells.sum(axis=(2, 4))
    regions, groups = np.array(region_codes()), np.array(census_groups())
    region_at, group_at = np.divmod(np.arange(regions.size * groups.size), groups.size)
    pair = np.char.add(np.char.add(regions[region_at], "/"), groups[group_at])
    kazakh, russian = _by_language(cells)
    none: list[str | None] = [None]
    parts = [
        _part("country", ["KZ"], none, none, cells.sum(axis=(1, 2, 3, 4))[:, None]),
        _part("region", regions, regions, none * len(regions), region_group.sum(axis=2)),
        _part("group", groups, none * len(groups), groups, region_group.sum(axis=1)),
        _part("region_group", pair, regions[region_at], groups[group_at], region_group.reshape(3, -1)),
        _part("settlement", SETTLEMENTS, none * 2, none * 2, cells.sum(axis=(1, 3, 4))),
        _part("age_group", ADULT_AGE_GROUPS, none * 4, none * 4, cells.sum(axis=(1, 2, 3))),
        _part("language", ["kk", "ru"], none * 2, none * 2, np.stack([kazakh, russian], axis=1)),
    ]
    return pl.concat(parts).filter(pl.col("adult_count") > 0.5)


def _by_language(cells: Floats) -> tuple[Floats, Floats]:
    """Sums over adults who would be interviewed in Kazakh, and in Russian."""
    place = np.indices(cells.shape[1:4])
    chance = kazakh_chance(place[0], place[1], place[2])[..., None]
    axes = (1, 2, 3, 4)
    return (cells * chance).sum(axis=axes), (cells * (1 - chance)).sum(axis=axes)


def _part(
    domain: str,
    values: object,
    regions: object,
    groups: object,
    sums: Floats,
) -> pl.DataFrame:
    count = sums[0]
    share = np.divide(sums[1:], count, out=np.zeros_like(sums[1:]), where=count > 0)
    return pl.DataFrame(
        {
            "domain": np.full(len(count), domain),
            "domain_value": pl.Series(list(values), dtype=pl.String),  # type: ignore[call-overload]
            "region_code": pl.Series(list(regions), dtype=pl.String),  # type: ignore[call-overload]
            "group_code": pl.Series(list(groups), dtype=pl.String),  # type: ignore[call-overload]
            "true_pct": share[0] * 100,
            "complete_pct": share[1] * 100,
            "adult_count": count,
        }
    )
