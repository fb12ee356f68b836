"""The sampling frame of the simulated waves: strata, primary units and who lives in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from models.simulation.attitudes import Floats, effects, indicator_ids, solved_level, years
from models.simulation.data_files import simulation_data
from models.simulation.populations import (
    SETTLEMENTS,
    adult_counts,
    census_groups,
    raked,
    region_codes,
)

Integers = NDArray[np.int64]

_DATA_FILE = "attitudes.yml"
_FRAME_STREAM = 21
_EFFECT_STREAM = 22


@dataclass(frozen=True)
class Frame:
    """Primary units (PSUs) of all strata, one stratum after the other.

    Attributes:
        seed: The seed it was built from.
        stratum_ids: Stratum of each stratum index, `KZ-10-urban`.
        psu_ids: Name of each PSU, `KZ-10-urban-0001`.
        stratum: Stratum index of each PSU.
        region: Region index of each PSU, in the order of `populations.region_codes`.
        settlement: 0 urban, 1 rural.
        adults: PSU x census group, adults as real numbers; strata add up to the population's adults.
        sex_age_shares: region x settlement x group x (sex, adult age) shares inside a group.
        effects: indicator x PSU, departures of the trait.
        levels: indicator x year, levels of the trait that reproduce the country's true percents.
    """

    seed: int
    stratum_ids: tuple[str, ...]
    psu_ids: NDArray[np.str_]
    stratum: Integers
    region: Integers
    settlement: Integers
    adults: Floats
    sex_age_shares: Floats
    effects: Floats
    levels: Floats

    @cached_property
    def sizes(self) -> Floats:
        """Adults of each PSU."""
        return self.adults.sum(axis=1)

    def trait_means(self, indicator: int, year: int) -> Floats:
        """Mean of a trait by PSU x group x adult age group; both arguments are indices."""
        model = effects()
        by_unit = (
            self.levels[indicator, year]
            + model.region[indicator, year, self.region]
            + model.settlement[indicator, self.settlement]
            + self.effects[indicator]
        )
        return by_unit[:, None, None] + (model.group[indicator][:, None] + model.age[indicator][None, :])[None]

    @cached_property
    def adults_by_age(self) -> Floats:
        """Adults by PSU x group x adult age group."""
        by_age = self.sex_age_shares.sum(axis=3)
        return self.adults[:, :, None] * by_age[self.region, self.settlement]


@cache
def sampling_frame(seed: int = 2026) -> Frame:
    """The frame of one seed: the same for all waves, so that waves can share PSUs.

    PSU sizes are log-normal; a group is spread over the PSUs of a stratum by gamma weights and raked so
    that both the sizes and the stratum's group totals hold. The levels of the traits are solved on the
    finished frame.
    """
    counts = adult_counts(seed)
    parts = []
    strata: list[tuple[int, int]] = []
    for region in range(counts.shape[0]):
        for settlement in range(counts.shape[1]):
            totals = counts[region, settlement].sum(axis=(1, 2)).astype(float)
            if totals.sum() > 0:
                strata.append((region, settlement))
                parts.append(_units_of_stratum(np.random.default_rng([seed, _FRAME_STREAM, len(strata)]), totals))
    stratum = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    names = [f"{region_codes()[region]}-{SETTLEMENTS[settlement]}" for region, settlement in strata]
    psu_ids = np.array(
        [f"{name}-{i + 1:04d}" for name, part in zip(names, parts, strict=True) for i in range(len(part))]
    )
    place = np.array(strata)[stratum]
    group_totals = counts.sum(axis=(3, 4), keepdims=True)
    shares = np.divide(counts, group_totals, out=np.zeros(counts.shape), where=group_totals > 0)
    psu_sd = simulation_data(_DATA_FILE)["psu_sd"]
    draws = np.random.default_rng([seed, _EFFECT_STREAM]).normal(0.0, psu_sd, (len(indicator_ids()), len(stratum)))
    frame = Frame(
        seed=seed,
        stratum_ids=tuple(names),
        psu_ids=psu_ids,
        stratum=stratum,
        region=place[:, 0],
        settlement=place[:, 1],
        adults=np.concatenate(parts),
        sex_age_shares=shares,
        effects=draws,
        levels=np.zeros((len(indicator_ids()), len(years()))),
    )
    frame.levels[:] = _levels(frame)
    frame.levels.flags.writeable = False
    return frame


def _units_of_stratum(rng: np.random.Generator, group_totals: Floats) -> Floats:
    """PSU x group adults of one stratum."""
    data = simulation_data(_DATA_FILE)
    units = max(int(data["psu_minimum"]), round(group_totals.sum() / data["psu_adults"]))
    sizes = np.exp(rng.normal(0.0, data["psu_size_spread"], units))
    sizes *= group_totals.sum() / sizes.sum()
    shapes = np.array([data["spread_shape"][group] for group in census_groups()])
    weights = rng.gamma(np.broadcast_to(shapes, (units, len(shapes)))) + 1e-3
    return raked(weights * sizes[:, None] * group_totals[None, :], sizes, group_totals, rounds=2000)


def _levels(frame: Frame) -> Floats:
    targets = simulation_data(_DATA_FILE)["country_pct"]
    counts = frame.adults_by_age.ravel()
    return np.array(
        [
            [
                solved_level(name, targets[name][year] / 100, frame.trait_means(index, year).ravel(), counts)
                for year in range(len(years()))
            ]
            for index, name in enumerate(indicator_ids())
        ]
    )
