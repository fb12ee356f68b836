"""The matrix of auxiliary variables that weights are calibrated on, and residuals of estimates from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import sparse

from models.survey.columns import codes, joint_codes, numbers, require_columns, rows_text
from models.survey.design import Calibration, SurveyInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.survey.sampling import Sample

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """The columns of one margin.

    Attributes:
        name: the margin, e.g. `region_code` or `region_code x sex_code`.
        labels: what each column counts, e.g. `KZ-10`; the name itself for an amount.
        values: rows x labels, sparse.
    """

    name: str
    labels: tuple[str, ...]
    values: sparse.csr_array


def is_category(series: pl.Series) -> bool:
    """Whether a column is counted by its values rather than summed."""
    return not series.dtype.is_numeric()


def amount_block(frame: pl.DataFrame, name: str) -> Block:
    """A numeric column as it is.

    Raises:
        SurveyInputError: when values are missing.
    """
    values = numbers(frame, name, "auxiliary")
    missing = ~np.isfinite(values)
    if missing.any():
        raise SurveyInputError(f"auxiliary column {name} is missing in {rows_text(missing)}: impute it first")
    return Block(name, (name,), sparse.csr_array(values[:, None]))


def category_block(frame: pl.DataFrame, names: Sequence[str]) -> Block:
    """Indicators of the categories of one column, or of the joint categories of several.

    Raises:
        SurveyInputError: when values are missing.
    """
    require_columns(frame, names)
    parts: list[Codes] = []
    texts: list[pl.Series] = []
    for name in names:
        code, values = codes(frame[name])
        if (code < 0).any():
            raise SurveyInputError(f"margin column {name} is missing in {rows_text(code < 0)}: impute it first")
        parts.append(code)
        texts.append(values.cast(pl.String))
    code, first = joint_codes(parts)
    labels = ["|".join(text[int(part[row])] for part, text in zip(parts, texts, strict=True)) for row in first]
    rows = np.arange(frame.height)
    shape = (frame.height, len(labels))
    return Block(" x ".join(names), tuple(labels), sparse.csr_array((np.ones(frame.height), (rows, code)), shape=shape))


def calibration_blocks(frame: pl.DataFrame, calibration: Calibration) -> list[Block]:
    """The blocks a `Calibration` names; amounts without any category get an intercept."""
    require_columns(frame, calibration.auxiliaries)
    blocks = [category_block(frame, names) for names in calibration.interactions]
    for name in calibration.auxiliaries:
        is_counted = is_category(frame[name])
        blocks.append(category_block(frame, [name]) if is_counted else amount_block(frame, name))
    if all(len(block.labels) == 1 for block in blocks):
        blocks.insert(0, Block("total", ("total",), sparse.csr_array(np.ones((frame.height, 1)))))
    return blocks


def stacked(blocks: Sequence[Block]) -> sparse.csr_array:
    """All columns side by side."""
    return sparse.csr_array(sparse.hstack([block.values for block in blocks], format="csr"))


@dataclass(frozen=True)
class Residuals:
    """What is needed to take out of an estimate's influence the part that calibrated weights no longer carry.

    Attributes:
        auxiliaries: rows x auxiliary variables.
        projection_weights: weights of the regression.
        calibrated: weights after calibration.
        inverse: generalised inverse of its cross-product matrix.
        unit_auxiliaries: per stage, units x auxiliary variables: totals weighted with the calibrated weights.
        coefficients: auxiliary variables x estimates; empty until `with_coefficients`.
    """

    auxiliaries: sparse.csr_array
    projection_weights: Floats
    calibrated: Floats
    inverse: Floats
    unit_auxiliaries: tuple[Floats, ...]
    coefficients: Floats

    def chosen(self, estimates: Codes) -> Residuals:
        """The same projection with the coefficients of some estimates."""
        return replace(self, coefficients=self.coefficients[:, estimates])

    def with_coefficients(self, influence: Floats, cell: Codes, cells: int) -> Residuals:
        """Regress each cell's influence (per unit weight) on the auxiliaries over the whole sample."""
        per_weight = np.divide(influence, self.calibrated, out=np.zeros_like(influence), where=self.calibrated > 0)
        rows = np.flatnonzero(cell >= 0)
        spread = sparse.csr_array(
            ((self.projection_weights * per_weight)[rows], (rows, cell[rows])), shape=(len(cell), cells)
        )
        right = (self.auxiliaries.T @ spread).toarray()
        return replace(self, coefficients=self.inverse @ right)


def residual_projection(frame: pl.DataFrame, sample: Sample) -> Residuals | None:
    """The projection a design's calibration asks for; None when it has none."""
    calibration = sample.design.calibration
    if calibration is None:
        return None
    matrix = stacked(calibration_blocks(frame, calibration))
    base = _weight_column(frame, calibration.base_weight, "base weight")
    calibrated = sample.weights
    if calibration.calibrated_weight is not None:
        calibrated = _weight_column(frame, calibration.calibrated_weight, "calibrated weight")
    weights = {"base": base, "calibrated": calibrated, "equal": np.ones(len(base))}[calibration.residual_weights]
    cross = (matrix.T @ (matrix * weights[:, None])).toarray()
    scale = np.sqrt(np.maximum(np.diag(cross), np.finfo(float).tiny))
    inverse = np.linalg.pinv(cross / np.outer(scale, scale), rcond=1e-12, hermitian=True) / np.outer(scale, scale)
    weighted = matrix * calibrated[:, None]
    unit_totals = []
    for stage in sample.stages:
        units = len(stage.stratum)
        member = sparse.csr_array(
            (np.ones(len(stage.unit)), (stage.unit, np.arange(len(stage.unit)))),
            shape=(units, len(stage.unit)),
        )
        unit_totals.append(sparse.csr_array(member @ weighted).toarray())
    return Residuals(matrix, weights, calibrated, inverse, tuple(unit_totals), np.zeros((len(cross), 0)))


def _weight_column(frame: pl.DataFrame, name: str, role: str) -> Floats:
    values = numbers(frame, name, role)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        raise SurveyInputError(f"{role} column {name} is missing or negative in {rows_text(bad)}")
    return values
