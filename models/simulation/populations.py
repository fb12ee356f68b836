"""A population of Kazakhstan with known margins: region, settlement, ethnic group, sex and age."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_contracts import reference
from data_contracts.population_margins import population_margins
from models.simulation.data_files import simulation_data

Floats = NDArray[np.float64]

AGE_GROUPS = ("0-17", "18-29", "30-44", "45-59", "60+")
ADULT_AGE_GROUPS = AGE_GROUPS[1:]
SEXES = ("male", "female")
SETTLEMENTS = ("urban", "rural")

_DATA_FILE = "population.yml"
_COMPOSITION_STREAM = 11


class RakingError(ValueError):
    """Row and column totals that no table can have; the message says how far apart they stayed."""


@cache
def region_codes() -> tuple[str, ...]:
    """The twenty regions in the order every array of the simulation uses."""
    return tuple(reference.regions())


@cache
def census_groups() -> tuple[str, ...]:
    """The census groups, largest first, in the order every array of the simulation uses."""
    return tuple(code for code, group in reference.ethnic_groups().items() if group.is_census_group)


def census_shares() -> dict[str, float]:
    """Share of each census group, adding up to one.

    The published percentages are rounded and add up to 100.2; the excess is taken off evenly, so that every
    share returned here still rounds to the published one.
    """
    groups = reference.ethnic_groups()
    published = np.array([groups[code].census_2021_share or 0.0 for code in census_groups()])
    exact = published - (published.sum() - 1.0) / len(published)
    return dict(zip(census_groups(), exact.tolist(), strict=True))


def region_totals() -> dict[str, float]:
    """Assumed residents of each region, scaled to the country's total."""
    margins = population_margins()
    found = {row.region_code: row.population_thousand for row in margins.regions.rows}
    thousands = {code: found[code] for code in region_codes()}
    scale = margins.population_total.value / sum(thousands.values())
    return {code: value * scale for code, value in thousands.items()}


def raked(seed_table: Floats, row_totals: Floats, column_totals: Floats, rounds: int = 500) -> Floats:
    """`seed_table` scaled by rows and columns until both totals hold (iterative proportional fitting).

    Args:
        seed_table: Non-negative rows x columns.
        row_totals: Wanted sums of the rows.
        column_totals: Wanted sums of the columns, adding up to the same number.
        rounds: Upper limit of passes; fitting stops earlier at a relative gap below 1e-10.

    Returns:
        The fitted table; columns hold exactly, rows to 1e-10 of the total.

    Raises:
        RakingError: if the totals disagree or no convergence is reached.
    """
    if not np.isclose(row_totals.sum(), column_totals.sum(), rtol=1e-9):
        raise RakingError(f"totals of rows {row_totals.sum()} and columns {column_totals.sum()} differ")
    table = seed_table.astype(float, copy=True)
    gap = np.inf
    for _ in range(rounds):
        row_sums = table.sum(axis=1)
        table *= np.divide(row_totals, row_sums, out=np.zeros_like(row_sums), where=row_sums > 0)[:, None]
        column_sums = table.sum(axis=0)
        table *= np.divide(column_totals, column_sums, out=np.zeros_like(column_sums), where=column_sums > 0)
        gaps = (table.sum(axis=1) - row_totals, table.sum(axis=0) - column_totals)
        gap = max(float(np.abs(part).max()) for part in gaps) / float(row_totals.sum())
        if gap < 1e-10:
            return table
    raise RakingError(f"no convergence after {rounds} rounds; the largest row gap is {gap:.2e} of the total")


def population(seed: int = 2026) -> pl.DataFrame:
    """Residents by region, settlement, ethnic group, sex and age group.

    Ethnic shares round to the published 2021 census shares, over all residents and over adults; region,
    settlement, sex and age totals are those of `population_margins.yml`. The joint distribution between the
    margins is an assumption (`population.yml`); the seed moves its region x group interior a little and
    never a margin.

    Args:
        seed: Seed of the interior.

    Returns:
        One row per cell: `region_code`, `settlement_code` (urban|rural), `group_code`, `sex_code`
        (male|female), `age_group_code` (0-17 and the four adult groups), `person_count` (persons, whole
        numbers, may be 0). The sum is the census total.
    """
    counts = _cell_counts(seed)
    totals = whole_numbers(counts.sum(axis=(0, 1, 3, 4)))
    whole = np.stack([whole_numbers(counts[:, :, at], int(total)) for at, total in enumerate(totals)], axis=2)
    names = (region_codes(), SETTLEMENTS, census_groups(), SEXES, AGE_GROUPS)
    columns = ("region_code", "settlement_code", "group_code", "sex_code", "age_group_code")
    index = np.indices(whole.shape).reshape(len(names), -1)
    frame = pl.DataFrame(
        {
            column: np.array(values)[index[axis]]
            for axis, (column, values) in enumerate(zip(columns, names, strict=True))
        }
    )
    return frame.with_columns(person_count=pl.Series(whole.ravel(), dtype=pl.Int64))


def adult_counts(seed: int = 2026) -> NDArray[np.int64]:
    """Adults as an array region x settlement x group x sex x adult age group, in this module's orders."""
    frame = population(seed)
    shape = (len(region_codes()), len(SETTLEMENTS), len(census_groups()), len(SEXES), len(AGE_GROUPS))
    return frame["person_count"].to_numpy().reshape(shape)[..., 1:]


def adult_margins(seed: int = 2026) -> pl.DataFrame:
    """Adult population totals to calibrate a wave of this simulation to.

    Returns:
        `margin` (region_code, settlement_code, sex_code, age_group_code, group_code), `category`,
        `person_count`.
    """
    adults = population(seed).filter(pl.col("age_group_code") != AGE_GROUPS[0])
    margins = ("region_code", "settlement_code", "sex_code", "age_group_code", "group_code")
    return pl.concat(
        adults.group_by(pl.col(margin).alias("category"), maintain_order=True)
        .agg(pl.col("person_count").sum())
        .select(pl.lit(margin).alias("margin"), "category", "person_count")
        for margin in margins
    )


def _cell_counts(seed: int) -> Floats:
    """Expected residents: region x settlement x group x sex x age."""
    data = simulation_data(_DATA_FILE)
    by_region_group = _region_group_counts(seed, data)
    urban = _urban_shares(data, by_region_group)
    settled = by_region_group[:, None, :] * np.stack([urban, 1 - urban], axis=1)
    return settled[..., None, None] * _sex_age_shares(data)[None, None]


def _region_group_counts(seed: int, data: dict[str, Any]) -> Floats:
    national = census_shares()
    totals = np.array(list(region_totals().values()))
    group_totals = np.array(list(national.values())) * totals.sum()
    table = np.empty((len(totals), len(group_totals)))
    for row, code in enumerate(region_codes()):
        named = data["region_composition_pct"][code]
        rest = {group: share for group, share in national.items() if group not in named}
        left = max(100.0 - sum(named.values()), 0.5)
        scale = left / sum(rest.values())
        table[row] = [named.get(group, rest.get(group, 0.0) * scale) for group in census_groups()]
    rng = np.random.default_rng([seed, _COMPOSITION_STREAM])
    table *= np.exp(rng.normal(0.0, data["composition_spread"], table.shape))
    return raked(table * totals[:, None], totals, group_totals)


def _urban_shares(data: dict[str, Any], by_region_group: Floats) -> Floats:
    """Urban share of every region x group; cities are wholly urban, regions keep their own urban share."""
    offsets = np.array([data["urban_log_odds"][group] for group in census_groups()])
    found = {row.region_code: row.urban_share for row in population_margins().regions.rows}
    wanted = np.array([found[code] for code in region_codes()])
    low, high = np.full(len(wanted), -12.0), np.full(len(wanted), 12.0)
    weights = by_region_group / by_region_group.sum(axis=1, keepdims=True)
    for _ in range(60):
        middle = (low + high) / 2
        share = (weights / (1 + np.exp(-(middle[:, None] + offsets)))).sum(axis=1)
        low, high = np.where(share < wanted, middle, low), np.where(share < wanted, high, middle)
    shares = 1 / (1 + np.exp(-(((low + high) / 2)[:, None] + offsets)))
    return np.where(wanted[:, None] >= 1.0, 1.0, shares)


def _sex_age_shares(data: dict[str, Any]) -> Floats:
    """Share of each sex x age in every group: group x sex x age; adults add up to their margin."""
    margins = population_margins()
    rows = {(row.sex_code, row.age_group_code): row.share for row in margins.sex_age.rows}
    national = np.array([[rows[sex, age] for age in ADULT_AGE_GROUPS] for sex in SEXES])
    pyramids = np.array([data["adult_age_shares"][data["pyramid_of_group"][group]] for group in census_groups()])
    seed_table = pyramids[:, None, :] * (national / national.sum(axis=0))[None]
    groups = np.array(list(census_shares().values()))
    fitted = raked(seed_table.reshape(len(groups), -1), groups, national.ravel())
    adults = (fitted / groups[:, None]).reshape(seed_table.shape) * margins.adult_share.value
    children = np.array([1 - data["child_female_share"], data["child_female_share"]]) * (1 - margins.adult_share.value)
    return np.concatenate([np.broadcast_to(children[None, :, None], (len(groups), 2, 1)), adults], axis=2)


def whole_numbers(values: Floats, total: int | None = None) -> NDArray[np.int64]:
    """Largest-remainder rounding to whole numbers that add up to `total` (default: the rounded sum)."""
    whole = np.floor(values).astype(np.int64)
    missing = (round(float(values.sum())) if total is None else total) - int(whole.sum())
    order = np.argsort(-(values - whole), axis=None, kind="stable")[:missing]
    whole.ravel()[order] += 1
    return whole
