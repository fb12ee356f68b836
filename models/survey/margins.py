"""Population margins: what the weighted sample shall add up to, and checks that it can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from models.survey.auxiliaries import Block, amount_block, category_block
from models.survey.design import SurveyInputError

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MarginKey = str | tuple[str, ...]
MarginTotals = float | Mapping[str, float]
Margins = Mapping[MarginKey, MarginTotals]

POPULATION_KEYS = frozenset({"population", "total", "intercept", "(intercept)"})
SHARE_TOLERANCE = 0.005
TOTAL_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Target:
    """One margin with the totals of its columns."""

    block: Block
    totals: Floats

    @property
    def is_category(self) -> bool:
        """Whether the columns are categories whose totals add up to the population."""
        return self.block.labels != (self.block.name,)


def targets(frame: pl.DataFrame, margins: Margins, weights: Floats) -> list[Target]:
    """Match margins to the data.

    Args:
        frame: respondents.
        margins: column, or tuple of columns for joint categories written `a|b`, to either category totals
            or, for a numeric column, its total. Category totals that add up to 1 or to 100 are shares of the
            population. The key `population` gives the number of people itself.
        weights: weights before calibration, whose sum stands for the population when nothing else does.

    Raises:
        SurveyInputError: for categories without respondents, respondents without a category, negative totals
            and margins that add up to different populations; each with the names and numbers.
    """
    if not margins:
        raise SurveyInputError("no margins were given: name at least one column with its population totals")
    population = _population(frame, margins)
    found: list[Target] = []
    for key, given in margins.items():
        names = (key,) if isinstance(key, str) else tuple(key)
        if _is_population(frame, key):
            continue
        if isinstance(given, Mapping):
            found.append(_category_target(frame, names, given))
        else:
            found.append(Target(amount_block(frame, _single(names)), np.array([float(given)])))
    if population is not None and not any(target.is_category for target in found):
        ones = Block("population", ("population",), sparse.csr_array(np.ones((frame.height, 1))))
        found.insert(0, Target(ones, np.array([population])))
    return _agreed(found, population, float(weights.sum()))


def _single(names: tuple[str, ...]) -> str:
    if len(names) != 1:
        raise SurveyInputError(f"margin {' x '.join(names)}: a joint margin needs totals by category `a|b`")
    return names[0]


def _is_population(frame: pl.DataFrame, key: MarginKey) -> bool:
    return isinstance(key, str) and key.lower() in POPULATION_KEYS and key not in frame.columns


def _population(frame: pl.DataFrame, margins: Margins) -> float | None:
    for key, given in margins.items():
        if _is_population(frame, key):
            if isinstance(given, Mapping) or not float(given) > 0:
                raise SurveyInputError(f"margin {key}: the population must be one number above zero, not {given!r}")
            return float(given)
    return None


def _category_target(frame: pl.DataFrame, names: Sequence[str], given: Mapping[str, float]) -> Target:
    name = " x ".join(names)
    wanted = {str(label): float(total) for label, total in given.items()}
    wrong = {label: total for label, total in wanted.items() if not (total >= 0 and np.isfinite(total))}
    if wrong:
        label, total = next(iter(wrong.items()))
        raise SurveyInputError(f"margin {name}: the total of {label} is {total:g}; totals must be zero or more")
    block = category_block(frame, names)
    counts = np.asarray(block.values.sum(axis=0)).ravel()
    unknown = [
        f"{label} ({count:.0f} rows)" for label, count in zip(block.labels, counts, strict=True) if label not in wanted
    ]
    if unknown:
        raise SurveyInputError(
            f"margin {name}: the data hold {', '.join(unknown[:10])} but the margins give no total for it; "
            f"there are "
            f"totals for {', '.join(list(wanted)[:20])}"
        )
    absent = [f"{label} (total {total:.10g})" for label, total in wanted.items() if label not in block.labels and total]
    if absent:
        raise SurveyInputError(
            f"margin {name}: no respondent in {', '.join(absent[:10])}: merge such categories with others"
        )
    impossible = [label for label in block.labels if wanted[label] == 0]
    if impossible:
        raise SurveyInputError(
            f"margin {name}: the total of {', '.join(impossible[:10])} is zero but there are respondents in "
            f"it: drop "
            "these rows or correct the total"
        )
    return Target(block, np.array([wanted[label] for label in block.labels]))


def _agreed(found: list[Target], population: float | None, weight_sum: float) -> list[Target]:
    """Turn shares into counts and check that all categorical margins add up to one population."""
    sums = {target.block.name: float(target.totals.sum()) for target in found if target.is_category}
    counts = {name: total for name, total in sums.items() if not _is_share(total)}
    reference_name = "population" if population is not None else next(iter(counts), None)
    reference = population if population is not None else counts.get(reference_name or "", weight_sum)
    agreed: list[Target] = []
    for target in found:
        if not target.is_category:
            agreed.append(target)
            continue
        total = sums[target.block.name]
        if target.block.name in counts and abs(total - reference) > TOTAL_TOLERANCE * reference:
            raise SurveyInputError(
                f"margins contradict each other: {target.block.name} adds up to {total:.10g} but "
                f"{reference_name} to "
                f"{reference:.10g}; bring them to the same population or give them as shares"
            )
        agreed.append(Target(target.block, target.totals * (reference / total)))
    return agreed


def _is_share(total: float) -> bool:
    return abs(total - 1) < SHARE_TOLERANCE or abs(total - 100) < 100 * SHARE_TOLERANCE
