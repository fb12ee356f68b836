"""Survey waves drawn from the simulated population by a stratified two-stage design."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from models.simulation.attitudes import Floats, answer_codes, indicator_ids, items_of, years
from models.simulation.data_files import simulation_data
from models.simulation.populations import (
    ADULT_AGE_GROUPS,
    SETTLEMENTS,
    SEXES,
    adult_counts,
    census_groups,
    region_codes,
)
from models.simulation.primary_units import Frame, Integers, sampling_frame

_DATA_FILE = "attitudes.yml"
_PANEL_STREAM = 31
_WAVE_STREAM = 32
_AGE_BOUNDS = {"18-29": (18, 29), "30-44": (30, 44), "45-59": (45, 59), "60+": (60, 88)}


class UnknownWaveError(ValueError):
    """A year the simulation has no wave for; the message lists the years there are."""


def wave_id(year: int) -> str:
    """Name of the wave of a year, `2021-synthetic`."""
    return f"{year}-synthetic"


def fieldwork(year: int) -> tuple[date, date]:
    """First and last day of a wave's fieldwork."""
    entry = _fieldwork(year)
    return entry["start"], entry["end"]


def waves(seed: int = 2026, respondents: int = 8_000) -> dict[int, pl.DataFrame]:
    """Every wave by year, as `wave` returns it."""
    return {year: wave(year, seed, respondents) for year in years()}


def wave(year: int, seed: int = 2026, respondents: int = 8_000, draw: int = 0) -> pl.DataFrame:
    """The respondents of one wave with their answers.

    Non-response depends on age, sex and settlement and is not repaired by the design weight, which is only
    scaled by one number to the population's size: calibration has something to do.

    Args:
        year: One of `attitudes.years()`.
        seed: Seed of population, frame and wave.
        respondents: Wanted number of respondents; the number reached varies by a few percent.
        draw: Number of the sample drawn from the same population; equal numbers share PSUs between years.

    Returns:
        One row per respondent: `wave_id`, `year`, `respondent_id`, `interview_date`, `region_code`,
        `settlement_code`, `stratum_id`, `psu_id`, `interviewer_id`, `sex_code`, `age_years`,
        `age_group_code`, `group_code`, `language` (kk|ru), `mode_code`, `design_weight` (persons
        represented), and one integer column per item of the registry (98 don't know, 99 refused).

    Raises:
        UnknownWaveError: for a year without a wave.
    """
    drawn = approached(year, seed, respondents, draw)
    total = float(drawn["design_weight"].to_numpy().sum())
    answered = drawn.filter(pl.col("has_responded"))
    scale = total / float(answered["design_weight"].to_numpy().sum())
    return answered.drop("has_responded").with_columns(
        pl.format("{}-{}", pl.lit(year), pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(5)).alias(
            "respondent_id"
        ),
        (pl.col("design_weight") * scale).round(4),
    )


def approached(year: int, seed: int = 2026, respondents: int = 8_000, draw: int = 0) -> pl.DataFrame:
    """Everybody drawn for a wave, responding or not.

    Strata are region x urban/rural. Each wave holds two half panels of PSUs, each drawn systematically with
    probability proportional to size; the second half panel of a year is the first of the next, so
    consecutive waves share PSUs. In a drawn PSU a fixed number of adults is approached, small groups with a
    higher chance. The design weight is the inverse of the expected number of draws (Hansen-Hurwitz), so its
    weighted totals are unbiased.

    Returns:
        The columns of `wave` and `has_responded`; `respondent_id` numbers the approached, and answers are
        given for everybody.

    Raises:
        UnknownWaveError: for a year without a wave.
    """
    _fieldwork(year)
    data = simulation_data(_DATA_FILE)
    frame = sampling_frame(seed)
    at = years().index(year)
    again = [draw] if draw else []
    rng = np.random.default_rng([seed, _WAVE_STREAM, year, *again])
    draws = _draws(frame, data, respondents)
    units = np.concatenate([_half_panel(frame, draws, panel, again) for panel in (at, at + 1)])
    boost = np.array([data["oversampling"][group] for group in census_groups()])
    chances = frame.adults[units] * boost
    unit_of = np.repeat(np.arange(len(units)), data["gross_per_draw"])
    group = _choices(rng, chances, unit_of)
    psu = units[unit_of]
    stratum_sizes = np.bincount(frame.stratum, weights=frame.sizes)
    expected_draws = draws[frame.stratum[psu]] * frame.sizes[psu] / stratum_sizes[frame.stratum[psu]]
    chance = data["gross_per_draw"] * boost[group] / chances.sum(axis=1)[unit_of]
    cells = frame.sex_age_shares[frame.region[psu], frame.settlement[psu], group].reshape(len(psu), -1)
    sex, age = np.divmod(_choices(rng, cells, np.arange(len(psu))), len(ADULT_AGE_GROUPS))
    person = {"psu": psu, "unit": unit_of, "group": group, "sex": sex, "age": age}
    described = _described(rng, frame, data, year, person, weights=1 / (expected_draws * chance))
    return described.with_columns(_answers(rng, frame, data, at, person).values())


def _fieldwork(year: int) -> dict[str, Any]:
    known = simulation_data(_DATA_FILE)["fieldwork"]
    if year not in known:
        raise UnknownWaveError(f"no simulated wave for {year}; there are {min(known)}..{max(known)}")
    return known[year]


def _draws(frame: Frame, data: dict[str, Any], respondents: int) -> Integers:
    """Even number of PSU draws by stratum."""
    sizes = np.bincount(frame.stratum, weights=frame.sizes)
    adults = adult_counts(frame.seed)
    settlement, sex, age = np.indices(adults.shape)[[1, 3, 4]]
    response = (adults * _participation(data, settlement, sex, age)).sum() / adults.sum()
    wanted = respondents / (data["gross_per_draw"] * response)
    share = sizes ** data["allocation_power"] / (sizes ** data["allocation_power"]).sum()
    return np.maximum(data["minimum_draws"], 2 * np.round(share * wanted / 2)).astype(np.int64)


def _half_panel(frame: Frame, draws: Integers, panel: int, again: list[int]) -> Integers:
    """PSU indices of one half panel, systematic with probability proportional to size in each stratum."""
    rng = np.random.default_rng([frame.seed, _PANEL_STREAM, panel, *again])
    chosen = []
    for stratum, count in enumerate(draws // 2):
        members = rng.permutation(np.flatnonzero(frame.stratum == stratum))
        ends = np.cumsum(frame.sizes[members])
        points = (rng.random() + np.arange(count)) * ends[-1] / count
        chosen.append(members[np.minimum(np.searchsorted(ends, points, side="right"), len(members) - 1)])
    return np.concatenate(chosen)


def _choices(rng: np.random.Generator, chances: Floats, row_of: Integers) -> Integers:
    """One column drawn for each entry of `row_of` with chances proportional to that row of `chances`."""
    cumulative = np.cumsum(chances, axis=1)
    points = rng.random(len(row_of)) * cumulative[row_of, -1]
    drawn = (cumulative[row_of] <= points[:, None]).sum(axis=1)
    return np.minimum(drawn, chances.shape[1] - 1)


def _described(
    rng: np.random.Generator,
    frame: Frame,
    data: dict[str, Any],
    year: int,
    person: dict[str, Integers],
    *,
    weights: Floats,
) -> pl.DataFrame:
    """Design, demography and paradata of the persons approached."""
    psu, age = person["psu"], person["age"]
    region, settlement = frame.region[psu], frame.settlement[psu]
    start, end = fieldwork(year)
    unit_days = rng.integers(0, (end - start).days - 2, person["unit"].max() + 1)[person["unit"]]
    bounds = np.array([_AGE_BOUNDS[name] for name in ADULT_AGE_GROUPS])[age]
    phone_share = data["fieldwork"][year]["phone_share"]
    interviewers = rng.integers(1, 11, person["unit"].max() + 1)[person["unit"]]
    regions, strata = np.array(region_codes()), np.array(frame.stratum_ids)
    return pl.DataFrame(
        {
            "wave_id": np.full(len(psu), wave_id(year)),
            "year": np.full(len(psu), year),
            "respondent_id": np.arange(1, len(psu) + 1).astype(str),
            "interview_date": np.datetime64(start, "D") + unit_days + rng.integers(0, 3, len(psu)),
            "region_code": regions[region],
            "settlement_code": np.array(SETTLEMENTS)[settlement],
            "stratum_id": strata[frame.stratum[psu]],
            "psu_id": frame.psu_ids[psu],
            "interviewer_id": np.char.add(
                np.char.add(regions[region], "-i"), np.char.zfill(interviewers.astype(str), 2)
            ),
            "sex_code": np.array(SEXES)[person["sex"]],
            "age_years": rng.integers(bounds[:, 0], bounds[:, 1] + 1),
            "age_group_code": np.array(ADULT_AGE_GROUPS)[age],
            "group_code": np.array(census_groups())[person["group"]],
            "language": np.where(rng.random(len(psu)) < kazakh_chance(region, settlement, person["group"]), "kk", "ru"),
            "mode_code": np.where(rng.random(len(psu)) < phone_share, "phone", "face_to_face"),
            "design_weight": weights,
            "has_responded": rng.random(len(psu)) < _participation(data, settlement, person["sex"], age),
        }
    )


def kazakh_chance(region: Integers, settlement: Integers, group: Integers) -> Floats:
    """Chance of an interview in Kazakh for indices of region, settlement (1 = rural) and group."""
    data = simulation_data(_DATA_FILE)
    by_group = np.array([data["kazakh_language"][name] for name in census_groups()])
    by_region = np.array([data["kazakh_language_region"].get(code, 0.0) for code in region_codes()])
    return 1 / (1 + np.exp(-(by_group[group] + by_region[region] + data["kazakh_language_rural"] * settlement)))


def _participation(data: dict[str, Any], settlement: Integers, sex: Integers, age: Integers) -> Floats:
    model = data["participation"]
    by_age = np.array([model[name] for name in ADULT_AGE_GROUPS])
    score = model["level"] + model["urban"] * (settlement == 0) + model["male"] * (sex == 0) + by_age[age]
    return 1 / (1 + np.exp(-score))


def _answers(
    rng: np.random.Generator, frame: Frame, data: dict[str, Any], year: int, person: dict[str, Integers]
) -> dict[str, pl.Series]:
    """Answers by item; the traits of a person share a common factor."""
    share = data["trait_correlation"]
    common = rng.normal(size=len(person["psu"])) * np.sqrt(share)
    answers = {}
    for index, name in enumerate(indicator_ids()):
        means = frame.trait_means(index, year)[person["psu"], person["group"], person["age"]]
        traits = means + common + rng.normal(size=len(common)) * np.sqrt(1 - share)
        for position, item in enumerate(items_of(name)):
            codes = answer_codes(rng, item, position, traits)
            answers[item.item_id] = pl.Series(item.item_id, codes, dtype=pl.Int64)
    return answers
