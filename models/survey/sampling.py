"""A design laid over data: units, strata, sampling fractions and weights of every stage as integer codes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from models.survey.columns import codes, joint_codes, numbers, require_columns, rows_text
from models.survey.design import Design, SurveyInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SELF_REPRESENTING = 1e-7  # R calls a stratum taken in full below this remaining fraction


@dataclass(frozen=True)
class Stage:
    """One stage of selection.

    Attributes:
        number: 1 for primary units.
        unit: code of the unit of each row.
        stratum: code of the stratum of each unit; after the first stage a unit of the stage before is a
            stratum.
        selected: units drawn in each stratum.
        population: units that exist in each stratum, inf when drawn with replacement or not known.
        factor: product over earlier stages of the sampling fractions that lead to each stratum.
        stratum_names: names of the strata, for messages.
    """

    number: int
    unit: NDArray[np.int64]
    stratum: NDArray[np.int64]
    selected: NDArray[np.int64]
    population: NDArray[np.float64]
    factor: NDArray[np.float64]
    stratum_names: pl.Series

    @property
    def remaining(self) -> NDArray[np.float64]:
        """Share of each stratum's units that was not drawn: the finite population correction."""
        with np.errstate(invalid="ignore"):
            share = (self.population - self.selected) / self.population
        return np.where(np.isinf(self.population), 1.0, share)

    @property
    def is_census(self) -> NDArray[np.bool_]:
        """Strata that were taken in full and so add no variance."""
        return self.remaining < SELF_REPRESENTING

    @property
    def is_lonely(self) -> NDArray[np.bool_]:
        """Strata with one unit that were not taken in full."""
        return (self.selected == 1) & ~self.is_census

    @property
    def scale(self) -> NDArray[np.float64]:
        """What multiplies the squared deviations of unit totals in each stratum."""
        spread = self.selected / np.maximum(self.selected - 1, 1)
        return np.where(self.is_census, 0.0, self.factor * self.remaining * spread)


@dataclass(frozen=True)
class Sample:
    """Data seen through their design: weights, stages, and what should be told about them."""

    weights: NDArray[np.float64]
    stages: tuple[Stage, ...]
    design: Design
    notices: tuple[str, ...]
    unit_labels: pl.Series
    stratum_labels: pl.Series

    @cached_property
    def degrees_of_freedom(self) -> int:
        """Primary units less strata, both counted among rows of positive weight (R `degf`)."""
        first = self.stages[0]
        is_met = np.bincount(first.unit, weights=self.weights > 0, minlength=len(first.stratum)) > 0
        return int(is_met.sum()) - len(np.unique(first.stratum[is_met]))


def lay_out(frame: pl.DataFrame, design: Design) -> Sample:
    """Read the design's columns.

    Args:
        frame: one row a respondent (the last-stage unit).
        design: names of the columns.

    Raises:
        SurveyInputError: for missing columns, missing, negative or all-zero weights, units that lie in
            several strata, population sizes below the sample or different inside a stratum.
    """
    require_columns(frame, design.columns)
    if frame.height == 0:
        raise SurveyInputError("the data have no rows")
    notices: list[str] = []
    stratum, stratum_names = _strata(frame, design)
    units, labels = _units(frame, design, stratum, stratum_names)
    populations = _populations(frame, design)
    stages = _stages(units, labels, populations, design, strata=(stratum, stratum_names))
    weights = _weights(frame, design, stages, notices)
    return Sample(weights, stages, design, tuple(notices), labels[0], stratum_names)


def _complete(frame: pl.DataFrame, name: str, role: str) -> pl.Series:
    series = frame[name]
    if series.dtype.is_float():
        series = series.fill_nan(None)
    missing = series.is_null().to_numpy()
    if missing.any():
        raise SurveyInputError(f"{role} column {name} is missing in {rows_text(missing)}: fill it or drop these rows")
    return series


def _strata(frame: pl.DataFrame, design: Design) -> tuple[NDArray[np.int64], pl.Series]:
    if design.strata is None:
        return np.zeros(frame.height, dtype=np.int64), pl.Series("stratum", ["whole sample"])
    return codes(_complete(frame, design.strata, "strata"))


def _units(
    frame: pl.DataFrame, design: Design, stratum: NDArray[np.int64], stratum_names: pl.Series
) -> tuple[list[NDArray[np.int64]], list[pl.Series]]:
    """Codes of the units of every stage, each stage's codes unique over all of the stage before."""
    if not design.psu:
        rows = pl.Series("row", np.arange(1, frame.height + 1))
        return [np.arange(frame.height, dtype=np.int64)], [rows]
    units: list[NDArray[np.int64]] = []
    labels: list[pl.Series] = []
    for position, name in enumerate(design.psu):
        code, values = codes(_complete(frame, name, "sampling-unit"))
        text = values.cast(pl.String)
        if position == 0 and not (design.nest and design.strata):
            units.append(code)
            labels.append(text)
            continue
        parent = units[-1] if position else stratum
        parent_text = labels[-1] if position else stratum_names.cast(pl.String)
        joint, first = joint_codes([parent, code])
        units.append(joint)
        labels.append(parent_text[parent[first]] + "." + text[code[first]])
    _check_nesting(units[0], labels[0], stratum, stratum_names, design)
    return units, labels


def _check_nesting(
    unit: NDArray[np.int64],
    labels: pl.Series,
    stratum: NDArray[np.int64],
    stratum_names: pl.Series,
    design: Design,
) -> None:
    low = np.full(len(labels), np.iinfo(np.int64).max)
    high = np.full(len(labels), -1)
    np.minimum.at(low, unit, stratum)
    np.maximum.at(high, unit, stratum)
    split = np.flatnonzero(low != high)
    if len(split):
        worst = int(split[0])
        names = [str(stratum_names[int(low[worst])]), str(stratum_names[int(high[worst])])]
        raise SurveyInputError(
            f"{len(split)} sampling unit(s) lie in more than one stratum, e.g. {design.psu[0]} "
            f"{labels[worst]} in "
            f"{design.strata} {names[0]} and {names[1]}: use --nest (nest=True) if unit codes repeat "
            f"between strata"
        )
    if len(labels) == 1:
        raise SurveyInputError(f"the design has only one primary sampling unit ({design.psu[0]} {labels[0]})")


def _populations(frame: pl.DataFrame, design: Design) -> list[NDArray[np.float64]]:
    """Columns of population sizes or fractions as given, all of one kind."""
    columns = []
    for name in design.fpc:
        _complete(frame, name, "population-size")
        values = numbers(frame, name, "population-size")
        bad = ~(values > 0)
        if bad.any():
            raise SurveyInputError(f"population-size column {name} is not above zero in {rows_text(bad)}")
        columns.append(values)
    above = any(bool((values > 1).any()) for values in columns)
    below = any(bool((values < 1).any()) for values in columns)
    if above and below:
        raise SurveyInputError(
            f"population-size columns {list(design.fpc)} mix sizes (>= 1) and sampling fractions (<= 1): use one kind"
        )
    return columns


def _stages(
    units: list[NDArray[np.int64]],
    labels: list[pl.Series],
    populations: list[NDArray[np.float64]],
    design: Design,
    *,
    strata: tuple[NDArray[np.int64], pl.Series],
) -> tuple[Stage, ...]:
    """Stages down to the last one that the recursion reaches: none below a stage drawn with replacement."""
    are_sizes = any(bool((values > 1).any()) for values in populations)
    stages: list[Stage] = []
    row_stratum, names = strata
    row_factor = np.ones(len(row_stratum))
    for position, unit in enumerate(units):
        of_unit = np.zeros(int(unit.max()) + 1, dtype=np.int64)
        of_unit[unit] = row_stratum
        selected = np.bincount(of_unit, minlength=len(names))
        population = np.full(len(names), np.inf)
        if position < len(populations):
            given = populations[position]
            population = _stratum_population(
                given, row_stratum, names, selected, column=design.fpc[position], are_sizes=are_sizes
            )
        factor = np.ones(len(names))
        factor[row_stratum] = row_factor
        stages.append(Stage(position + 1, unit, of_unit, selected, population, factor, names))
        if position >= len(populations):
            break
        row_factor = row_factor * (selected / population)[row_stratum]
        row_stratum, names = unit, labels[position]
    return tuple(stages)


def _stratum_population(
    given: NDArray[np.float64],
    row_stratum: NDArray[np.int64],
    names: pl.Series,
    selected: NDArray[np.int64],
    *,
    column: str,
    are_sizes: bool,
) -> NDArray[np.float64]:
    low = np.full(len(names), np.inf)
    high = np.zeros(len(names))
    np.minimum.at(low, row_stratum, given)
    np.maximum.at(high, row_stratum, given)
    uneven = np.flatnonzero(high > low * (1 + 1e-12))
    if len(uneven):
        worst = int(uneven[0])
        raise SurveyInputError(
            f"population-size column {column} varies inside {len(uneven)} stratum/strata, e.g. from "
            f"{low[worst]:g} "
            f"to {high[worst]:g} in {names[worst]}: it must be one number a stratum"
        )
    population = high if are_sizes else selected / high
    short = np.flatnonzero(population < selected * (1 - 1e-9))
    if len(short):
        worst = int(short[0])
        raise SurveyInputError(
            f"population-size column {column}: {population[worst]:g} units are said to exist in "
            f"{names[worst]} but "
            f"{selected[worst]} are in the sample"
        )
    return population


def _weights(frame: pl.DataFrame, design: Design, stages: tuple[Stage, ...], notices: list[str]) -> NDArray[np.float64]:
    if design.weight is None:
        return _implied_weights(frame, design, stages, notices)
    weights = numbers(frame, design.weight, "weight")
    for bad, what in ((~np.isfinite(weights), "missing or not finite"), (weights < 0, "negative")):
        if bad.any():
            raise SurveyInputError(f"weight column {design.weight} is {what} in {rows_text(bad)}: correct or drop them")
    zero = weights == 0
    if zero.all():
        raise SurveyInputError(f"weight column {design.weight} is zero in all {len(weights)} rows")
    if zero.any():
        notices.append(
            f"weight column {design.weight} is zero in {rows_text(zero)}: they count for no estimate, "
            "but their sampling units stay in the design"
        )
    if weights.sum() < zero.size - zero.sum():
        notices.append(
            f"weights {design.weight} sum to {weights.sum():.6g}, fewer than the {zero.size} rows: totals "
            f"are not "
            "population totals"
        )
    return weights


def _implied_weights(
    frame: pl.DataFrame, design: Design, stages: tuple[Stage, ...], notices: list[str]
) -> NDArray[np.float64]:
    """Inverse sampling fractions when all stages have a population size, else 1."""
    if not design.fpc:
        notices.append("no weights and no population sizes given: all rows count equally")
        return np.ones(frame.height)
    if len(design.fpc) < len(design.psu):
        raise SurveyInputError(
            f"weights cannot be derived: population sizes are given for {len(design.fpc)} of "
            f"{len(design.psu)} stages; "
            "give a weight column"
        )
    weights = np.ones(frame.height)
    for stage in stages[: len(design.fpc)]:
        if np.isinf(stage.population).any():
            raise SurveyInputError("weights cannot be derived from an infinite population size: give a weight column")
        weights *= (stage.population / stage.selected)[stage.stratum[stage.unit]]
    return weights
