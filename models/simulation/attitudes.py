"""The answering model of the simulated surveys and the true indicators that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_contracts import indicator_registry
from data_contracts.indicator_registry import Indicator, Item
from models.simulation.data_files import simulation_data
from models.simulation.populations import ADULT_AGE_GROUPS, SETTLEMENTS, census_groups, region_codes

Floats = NDArray[np.float64]

_DATA_FILE = "attitudes.yml"
_QUADRATURE_POINTS = 61
_GRID_STEP = 0.005
_GRID = np.linspace(-6.0, 6.0, 2401)
_TRAITS = np.linspace(-21.0, 21.0, 8401)


@dataclass(frozen=True)
class Effects:
    """Means of a trait before the yearly level, on the trait scale.

    Attributes:
        region: indicator x year x region, trend included.
        group: indicator x group.
        age: indicator x adult age group.
        settlement: indicator x settlement.
    """

    region: Floats
    group: Floats
    age: Floats
    settlement: Floats


def years() -> tuple[int, ...]:
    """Years of the simulated waves."""
    return tuple(simulation_data(_DATA_FILE)["years"])


def indicator_ids() -> tuple[str, ...]:
    """The indicators that the simulation knows a truth for, in the order of its arrays."""
    return tuple(simulation_data(_DATA_FILE)["country_pct"])


@cache
def effects() -> Effects:
    """Effects of region and year, group, age and settlement as arrays."""
    data = simulation_data(_DATA_FILE)
    since = np.array(years(), dtype=float) - years()[0]
    region = _table(data["region_effect"], region_codes())
    trend = _table(data["region_trend"], region_codes())
    return Effects(
        region=region[:, None, :] + trend[:, None, :] * since[None, :, None],
        group=_table(data["group_effect"], census_groups()),
        age=_table(data["age_effect"], ADULT_AGE_GROUPS),
        settlement=_table(data["settlement_effect"], SETTLEMENTS),
    )


def items_of(indicator_id: str) -> tuple[Item, ...]:
    """Items of the version in force of an indicator, in the registry's order."""
    known = indicator_registry.items()
    return tuple(known[entry.item_id] for entry in indicator_registry.indicators()[indicator_id].items)


def codes_ascending(item: Item) -> tuple[int, ...]:
    """Answer codes of an item from the least to the most positive."""
    codes = item.scale.code_values
    return tuple(reversed(codes)) if item.reversed else codes


def item_parameters(position: int) -> tuple[float, float]:
    """Steepness and difficulty of the item at `position` (from 0) of an indicator; they repeat after five."""
    data = simulation_data(_DATA_FILE)
    return (
        float(data["steepness"][position % len(data["steepness"])]),
        float(data["difficulty"][position % len(data["difficulty"])]),
    )


def missing_shares(position: int) -> tuple[float, float]:
    """Chances of 98 and 99 for the item at `position` of an indicator."""
    data = simulation_data(_DATA_FILE)
    return (
        float(data["dont_know_share"][position % len(data["dont_know_share"])]),
        float(data["refused_share"][position % len(data["refused_share"])]),
    )


@cache
def positive_curve(indicator_id: str, with_item_missing: bool = True) -> Floats:
    """Chance that a resident scores positive, as a function of the mean of the trait on a fixed grid.

    The residual of the trait (standard normal) is integrated by Gauss-Hermite quadrature, the items by
    enumerating every pattern of positive, not positive and missing answers under the registry's rule, given
    a score.

    Args:
        indicator_id: An indicator whose rule is `share_positive`.
        with_item_missing: Whether answers 98 and 99 occur; without them this is the truth of complete
            answers.

    Returns:
        Chances along the grid from -6 to 6, to be read with `chance_positive`.
    """
    indicator = indicator_registry.indicators()[indicator_id]
    nodes, weights = np.polynomial.hermite_e.hermegauss(_QUADRATURE_POINTS)
    at_trait = _chance_at_traits(indicator, _TRAITS, with_item_missing)
    at_nodes = np.interp(_GRID[:, None] + nodes[None, :], _TRAITS, at_trait)
    return at_nodes @ (weights / weights.sum())


def chance_positive(indicator_id: str, means: Floats, with_item_missing: bool = True) -> Floats:
    """`positive_curve` at any means of the trait, linear between points 0.005 apart (error below 1e-6)."""
    curve = positive_curve(indicator_id, with_item_missing)
    place = np.clip((means - _GRID[0]) / _GRID_STEP, 0, len(_GRID) - 1.000001)
    left = place.astype(np.int32)
    low = curve[left]
    return low + (place - left) * (curve[left + 1] - low)


def solved_level(indicator_id: str, target_share: float, means: Floats, counts: Floats) -> float:
    """The level that, added to `means`, makes the positive share the target."""
    share = counts / counts.sum()
    bin_of = ((means - means.min()) / 0.001).astype(np.int32)
    bins = np.bincount(bin_of, weights=share)
    middles = np.bincount(bin_of, weights=share * means) / np.where(bins > 0, bins, 1.0)
    low, high = -4.0, 4.0
    for _ in range(60):
        middle = (low + high) / 2
        reached = float((bins * chance_positive(indicator_id, middles + middle)).sum())
        low, high = (middle, high) if reached < target_share else (low, middle)
    return (low + high) / 2


def answer_codes(
    rng: np.random.Generator, item: Item, position: int, traits: Floats, with_item_missing: bool = True
) -> NDArray[np.int64]:
    """Answers of residents with the given traits to one item.

    The ordered codes are cut from a logistic latent answer; the cut between positive and other codes stands
    at the item's difficulty, the others `code_step` apart.

    Args:
        rng: Source of chance.
        item: The item with its scale and positive codes.
        position: Place of the item in its indicator, which decides its parameters.
        traits: Traits of the respondents.
        with_item_missing: Whether some answers become 98 (don't know) and 99 (refused).

    Returns:
        One answer code for each respondent.
    """
    data = simulation_data(_DATA_FILE)
    steepness, difficulty = item_parameters(position)
    codes = np.array(codes_ascending(item))
    first_positive = len(codes) - len(item.positive_codes)
    cuts = difficulty + data["code_step"] * (np.arange(1, len(codes)) - first_positive)
    latent = traits + rng.logistic(0.0, 1.0 / steepness, traits.shape)
    answers = codes[np.searchsorted(cuts, latent)]
    if with_item_missing:
        dont_know, refused = missing_shares(position)
        chance = rng.random(traits.shape)
        answers = np.where(chance < dont_know, 98, np.where(chance < dont_know + refused, 99, answers))
    return answers


def _chance_at_traits(indicator: Indicator, traits: Floats, with_missing: bool) -> Floats:
    """Chance of a positive score given a score, at each value of the trait, over all patterns of answers."""
    weights = [entry.weight for entry in indicator.items]
    chances = []
    for position in range(len(weights)):
        steepness, difficulty = item_parameters(position)
        missing = sum(missing_shares(position)) if with_missing else 0.0
        positive = (1 - missing) / (1 + np.exp(-steepness * (traits - difficulty)))
        chances.append((1 - missing - positive, positive, np.full_like(traits, missing)))
    scored, reached = np.zeros_like(traits), np.zeros_like(traits)
    for pattern in product(range(3), repeat=len(weights)):
        valid = [weight for weight, state in zip(weights, pattern, strict=True) if state < 2]
        if len(valid) < indicator.rule.minimum_valid:
            continue
        chance = np.prod([options[state] for state, options in zip(pattern, chances, strict=True)], axis=0)
        scored += chance
        share = sum(weight for weight, state in zip(weights, pattern, strict=True) if state == 1) / sum(valid)
        if share >= (indicator.rule.positive_share_at_least or 1.0) - 1e-12:
            reached += chance
    return reached / scored


def _table(values: dict[str, Any], names: tuple[str, ...]) -> Floats:
    return np.array([[float(values[key].get(name, 0.0)) for name in names] for key in indicator_ids()])
