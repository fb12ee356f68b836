"""Detection on a table of series: reading, checking, running one method, and answering point by point."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

import numpy as np
import polars as pl

from data_contracts.reference import regions
from models.warning.detectors.ears import DEFAULT_ALPHA, EarsOptions, ears
from models.warning.detectors.farrington import FarringtonOptions, farrington
from models.warning.detectors.farrington_flexible import (
    FarringtonFlexibleOptions,
    ThresholdMethod,
    farrington_flexible,
)
from models.warning.detectors.gamma_poisson import GammaPoissonOptions, gamma_poisson
from models.warning.detectors.nb_cusum import NbCusumOptions, nb_cusum
from models.warning.detectors.outcome import BoolArray, DetectionError, FloatArray, IntArray, Outcome
from models.warning.detectors.temporal_scan import TemporalScanOptions, temporal_scan

Method = Literal[
    "temporal_scan",
    "farrington_flexible",
    "farrington",
    "ears_c1",
    "ears_c2",
    "ears_c3",
    "nb_cusum",
    "gamma_poisson",
]
EARS = {"ears_c1": "C1", "ears_c2": "C2", "ears_c3": "C3"}
SCHEMA = {
    "series": pl.String,
    "index": pl.Int64,
    "week": pl.String,
    "count": pl.Int64,
    "expected": pl.Float64,
    "upperbound": pl.Float64,
    "alarm": pl.Boolean,
    "score": pl.Float64,
    "p_value": pl.Float64,
    "note": pl.String,
}


@dataclass(frozen=True)
class DetectionRequest:
    """What to run on which weeks; names and defaults are those of the command line.

    `first` and `last` count weeks from 1. `alpha` None means 0.01, and 0.001 for the EARS methods. `b` None
    means up to 8 years for the temporal scan and 3 for the Farrington methods. `limit_cases` None means 5 for the
    Farrington methods and none for the temporal scan, whose rate is calibrated without it.
    """

    method: Method = "temporal_scan"
    frequency: int = 52
    first: int | None = None
    last: int | None = None
    alpha: float | None = None
    b: int | None = None
    w: int = 3
    past_weeks_excluded: int = 26
    no_periods: int = 10
    weights_threshold: float = 2.58
    p_threshold_trend: float = 1.0
    threshold_method: ThresholdMethod = "nbPlugin"
    has_trend: bool = True
    is_reweighted: bool = True
    limit_cases: int | None = None
    limit_weeks: int = 4
    power: str = "2/3"


Options = (
    TemporalScanOptions
    | FarringtonFlexibleOptions
    | FarringtonOptions
    | EarsOptions
    | NbCusumOptions
    | GammaPoissonOptions
)


def method_options(request: DetectionRequest) -> Options:
    """The options of the method asked for.

    Raises:
        DetectionError: if the method is unknown or its options cannot work.
    """
    if request.method not in get_args(Method):
        raise DetectionError(f"unknown method {request.method!r}: choose one of {', '.join(get_args(Method))}")
    if request.frequency < 1:
        raise DetectionError(f"frequency {request.frequency} must be at least 1")
    alpha = request.alpha if request.alpha is not None else (DEFAULT_ALPHA if request.method in EARS else 0.01)
    shared = {
        "b": 3 if request.b is None else request.b,
        "w": request.w,
        "alpha": alpha,
        "has_trend": request.has_trend,
        "is_reweighted": request.is_reweighted,
        "limit_cases": 5 if request.limit_cases is None else request.limit_cases,
        "limit_weeks": request.limit_weeks,
        "frequency": request.frequency,
        "power": request.power,
    }
    match request.method:
        case "temporal_scan":
            return TemporalScanOptions(
                alpha=alpha,
                b=8 if request.b is None else request.b,
                past_weeks_excluded=request.past_weeks_excluded,
                frequency=request.frequency,
                has_trend=request.has_trend,
                limit_cases=request.limit_cases or 0,
                limit_weeks=request.limit_weeks,
            )
        case "farrington_flexible":
            return FarringtonFlexibleOptions(
                **shared,
                no_periods=request.no_periods,
                past_weeks_excluded=request.past_weeks_excluded,
                weights_threshold=request.weights_threshold,
                p_threshold_trend=request.p_threshold_trend,
                threshold_method=request.threshold_method,
            )
        case "farrington":
            return FarringtonOptions(**shared)
        case "nb_cusum":
            return NbCusumOptions(alpha=alpha, past_weeks_excluded=request.past_weeks_excluded)
        case "gamma_poisson":
            return GammaPoissonOptions(alpha=alpha, past_weeks_excluded=request.past_weeks_excluded)
        case "ears_c1":
            return EarsOptions(method="C1", alpha=alpha)
        case "ears_c2":
            return EarsOptions(method="C2", alpha=alpha)
        case "ears_c3":
            return EarsOptions(method="C3", alpha=alpha)


def run_method(counts: FloatArray, positions: IntArray, options: Options) -> Outcome:
    """Run the method that the type of `options` stands for on (series, weeks) counts."""
    match options:
        case TemporalScanOptions():
            return temporal_scan(counts, positions, options)
        case FarringtonFlexibleOptions():
            return farrington_flexible(counts, positions, options)
        case FarringtonOptions():
            return farrington(counts, positions, options)
        case EarsOptions():
            return ears(counts, positions, options)
        case NbCusumOptions():
            return nb_cusum(counts, positions, options)
        case GammaPoissonOptions():
            return gamma_poisson(counts, positions, options)


def detect(frame: pl.DataFrame, request: DetectionRequest | None = None) -> pl.DataFrame:
    """Run one detector over the series of a table.

    Args:
        frame: columns `week` (whole numbers, ISO dates or any labels in order) and `count` (whole numbers >=
            0, empty for a week without observation); optional `series`, and `region_code`, which is checked and
            names the series where there is no `series`.
        request: method, tested weeks and options.

    Returns:
        One row per series and tested week: series, index (from 1), week, count, expected, upperbound, alarm,
        score, p_value, note. What the method cannot say is null, and `note` tells why.

    Raises:
        DetectionError: naming series, week and rule, if the table or the options cannot be worked with.
    """
    request = request or DetectionRequest()
    options = method_options(request)
    names, weeks, counts = read_series(frame)
    blocks: list[pl.DataFrame] = []
    lengths = np.array([len(labels) for labels in weeks])
    for length in np.unique(lengths):
        members = np.flatnonzero(lengths == length)
        matrix = np.stack([counts[member] for member in members])
        positions = _positions(request, options, int(length), names[members[0]])
        outcome = run_method(matrix, positions, options)
        blocks.extend(
            _answers(
                names[member],
                [weeks[member][position] for position in positions],
                positions,
                observed=matrix[row, positions],
                outcome=outcome,
                row=row,
            )
            for row, member in enumerate(members)
        )
    order = pl.DataFrame({"series": names, "order": range(len(names))}, schema={"series": pl.String, "order": pl.Int64})
    return pl.concat(blocks).join(order, on="series").sort("order", "index").drop("order")


def _positions(request: DetectionRequest, options: Options, length: int, name: str) -> IntArray:
    first = options.first_position + 1 if request.first is None else request.first
    last = length if request.last is None else request.last
    if first < 1 or last > length or (request.first is not None and first > last):
        raise DetectionError(
            f"series {name!r}: range {first}..{last} does not lie within its {length} weeks (counted from 1)"
        )
    if first > last:
        raise DetectionError(
            f"series {name!r}: {length} weeks are too few; {request.method} with these options tests from week {first}"
        )
    return np.arange(first - 1, last)


def _answers(
    name: str, weeks: list[str], positions: IntArray, *, observed: FloatArray, outcome: Outcome, row: int
) -> pl.DataFrame:
    is_known = outcome.is_known[row]
    notes = [
        None if known and not np.isnan(bound) and not np.isnan(count) else _note(known, count)
        for known, bound, count in zip(is_known, outcome.upperbound[row], observed, strict=True)
    ]
    return pl.DataFrame(
        {
            "series": [name] * len(weeks),
            "index": positions + 1,
            "week": weeks,
            "count": [None if np.isnan(count) else int(count) for count in observed],
            "expected": _finite(outcome.expected[row]),
            "upperbound": _finite(outcome.upperbound[row]),
            "alarm": [
                bool(alarm) if known else None for alarm, known in zip(outcome.alarm[row], is_known, strict=True)
            ],
            "score": _finite(outcome.score[row]),
            "p_value": _finite(outcome.p_value[row]),
            "note": notes,
        },
        schema=SCHEMA,
    )


def _note(is_known: bool, count: float) -> str:
    if not is_known:
        return "history too short or model did not converge: no answer"
    if np.isnan(count):
        return "week not observed"
    return "too few cases in the last weeks for an alarm"


def _finite(values: FloatArray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def read_series(frame: pl.DataFrame) -> tuple[list[str], list[list[str]], list[FloatArray]]:
    """Names, week labels and counts of each series; weeks missing inside a series become unobserved.

    Raises:
        DetectionError: on missing columns, doubled weeks, unknown regions, or counts that are not whole numbers >= 0.
    """
    missing = [column for column in ("week", "count") if column not in frame.columns]
    if missing:
        raise DetectionError(f"column {', '.join(missing)} is missing: the table needs `week` and `count`")
    if frame.height == 0:
        raise DetectionError("the table has no rows")
    _check_regions(frame)
    if "series" not in frame.columns:
        name = pl.col("region_code") if "region_code" in frame.columns else pl.lit("1")
        frame = frame.with_columns(name.alias("series"))
    frame = frame.select(
        pl.col("series").cast(pl.String).fill_null(""), pl.col("week").cast(pl.String), _count_column(frame)
    )
    if frame["week"].null_count():
        raise DetectionError(f"row {int(frame['week'].is_null().arg_max() or 0) + 1}: week is empty")
    names, weeks, counts = [], [], []
    for (name,), rows in frame.group_by("series", maintain_order=True):
        labels, values = _completed(str(name), rows["week"].to_list(), rows["count"].to_numpy())
        names.append(str(name))
        weeks.append(labels)
        counts.append(values)
    return names, weeks, counts


def _check_regions(frame: pl.DataFrame) -> None:
    """Refuse codes of no region, which would make a series of a misspelt place."""
    if "region_code" not in frame.columns:
        return
    known = [*regions(), "unknown"]
    wrong = ~frame["region_code"].cast(pl.String).fill_null("").is_in(known)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise DetectionError(
            f"row {row + 1}: region_code {frame['region_code'][row]!r} is no region; use one of {', '.join(known)}"
        )


def _count_column(frame: pl.DataFrame) -> pl.Series:
    column = frame["count"]
    if column.dtype == pl.String:
        column = column.str.strip_chars().replace({"": None, "NA": None, "NaN": None})
    values = column.cast(pl.Float64, strict=False)
    unreadable: BoolArray = (values.is_null() & column.is_not_null()).to_numpy()
    numbers = values.fill_null(np.nan).to_numpy()
    seen = ~np.isnan(numbers)
    with np.errstate(invalid="ignore"):
        bad = unreadable | (seen & ~(np.isfinite(numbers) & (numbers >= 0) & (numbers == np.floor(numbers))))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise DetectionError(
            f"row {row + 1}, week {frame['week'][row]}: count {frame['count'][row]!r} is not a whole "
            "number >= 0; correct it, or leave it empty if the week was not observed"
        )
    return pl.Series("count", numbers)


def _completed(name: str, weeks: list[str], values: FloatArray) -> tuple[list[str], FloatArray]:
    """Weeks in order with holes filled as not observed, where the labels allow it to be told."""
    if len(set(weeks)) != len(weeks):
        doubled = next(week for week in weeks if weeks.count(week) > 1)
        raise DetectionError(f"series {name!r}: week {doubled} stands there more than once; add the counts up")
    ordinals = _ordinals(weeks)
    if ordinals is None:
        return weeks, values
    order = np.argsort(ordinals)
    ordered = ordinals[order]
    if np.any(np.diff(ordered) < 1):
        raise DetectionError(f"series {name!r}: two dates of `week` fall into one week; give one row a week")
    place = ordered - ordered[0]
    if place[-1] >= 100 * len(weeks):
        raise DetectionError(
            f"series {name!r}: `week` runs from {weeks[order[0]]} to {weeks[order[-1]]} in "
            f"{len(weeks)} rows; check the index"
        )
    full = np.full(int(place[-1]) + 1, np.nan)
    full[place] = values[order]
    labels = ["(no row)"] * full.size
    for position, index in zip(place, order, strict=True):
        labels[int(position)] = weeks[int(index)]
    return labels, full


def _ordinals(weeks: list[str]) -> IntArray | None:
    """Week numbers of labels that are integers or ISO dates; None for other labels, kept as they stand."""
    if all(re.fullmatch(r"-?\d{1,9}(\.0)?", week) for week in weeks):
        numbers = np.array([int(float(week)) for week in weeks])
        looks_like_year_week = numbers.min() > 100_000 and ((numbers % 100 >= 1) & (numbers % 100 <= 53)).all()
        return None if looks_like_year_week else numbers
    if all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", week) for week in weeks):
        days = np.array([date.fromisoformat(week).toordinal() for week in weeks])
        steps = np.diff(np.sort(days))
        return days // 7 if steps.size and (steps % 7 == 0).all() else None
    return None
