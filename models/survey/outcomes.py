"""What is estimated: an outcome column turned into one or more numeric variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from models.survey.columns import codes, numbers, require_columns, rows_text, two_valued
from models.survey.design import SurveyInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Kind = Literal["mean", "proportion", "ratio", "total"]
KINDS: tuple[Kind, ...] = ("mean", "proportion", "ratio", "total")


@dataclass(frozen=True)
class Variable:
    """One numeric variable; NaN where the outcome is missing.

    Attributes:
        outcome: the column it comes from.
        level: the category it indicates, None for numeric outcomes.
        values: a number per row.
        denominator: for ratios, a number per row.
    """

    outcome: str
    level: str | None
    values: Floats
    denominator: Floats | None = None

    @property
    def is_valid(self) -> NDArray[np.bool_]:
        """Rows where the outcome, and the denominator if any, are known."""
        valid = ~np.isnan(self.values)
        return valid if self.denominator is None else valid & ~np.isnan(self.denominator)


def variables(
    frame: pl.DataFrame, outcomes: Sequence[str], kind: Kind, denominator: str | None = None
) -> list[Variable]:
    """The numeric variables behind outcome columns.

    Text gives one variable a level, except yes/no text (also TRUE/FALSE, T/F, да/нет, иә/жоқ), which gives
    one variable for yes. Numbers are taken as they are; a proportion of a numeric column needs 0 and 1.

    Raises:
        SurveyInputError: for unknown kinds, text where a number is needed, proportions of other numbers, a
            missing or superfluous denominator.
    """
    if kind not in KINDS:
        raise SurveyInputError(f"kind {kind!r} is unknown: use {', '.join(KINDS)}")
    if (kind == "ratio") != (denominator is not None):
        raise SurveyInputError("a ratio needs a denominator column, and only a ratio takes one (--denominator)")
    if not outcomes:
        raise SurveyInputError("name at least one outcome column")
    require_columns(frame, [*outcomes, *([denominator] if denominator else [])])
    below = None if denominator is None else _numeric(frame, denominator, "denominator")
    found: list[Variable] = []
    for name in outcomes:
        series = frame[name]
        if series.null_count() == len(series):
            raise SurveyInputError(f"outcome column {name} is missing in all {len(series)} rows")
        yes = two_valued(series)
        if yes is not None:
            found.append(Variable(name, yes[1], yes[0], below))
        elif not series.dtype.is_numeric() and kind in {"proportion", "mean", "total"}:
            found += _levels(series, kind)
        else:
            found.append(_plain(frame, name, kind, below))
    return found


def _numeric(frame: pl.DataFrame, name: str, role: str) -> Floats:
    values = numbers(frame, name, role)
    infinite = np.isinf(values)
    if infinite.any():
        raise SurveyInputError(f"{role} column {name} is infinite in {rows_text(infinite)}")
    return values


def _plain(frame: pl.DataFrame, name: str, kind: Kind, below: Floats | None) -> Variable:
    values = _numeric(frame, name, "outcome")
    if kind == "proportion":
        other = ~np.isnan(values) & (values != 0) & (values != 1)
        if other.any():
            seen = ", ".join(f"{value:g}" for value in np.unique(values[other])[:5])
            raise SurveyInputError(
                f"outcome column {name} holds {seen} in {rows_text(other)}: a proportion needs 0 and 1, yes "
                f"and no, or "
                "text categories; recode the column first or use kind mean"
            )
    return Variable(name, None, values, below)


def _levels(series: pl.Series, kind: Kind) -> list[Variable]:
    code, values = codes(series)
    if len(values) > 200:
        raise SurveyInputError(
            f"outcome column {series.name} is text with {len(values)} different values, e.g. {values[0]!r}: "
            f"a {kind} needs numbers or a short list of categories"
        )
    missing = code < 0
    return [
        Variable(series.name, str(label), np.where(missing, np.nan, (code == position).astype(np.float64)))
        for position, label in enumerate(values)
    ]
