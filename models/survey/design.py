"""How a sample was drawn: names of the columns that say it, and the policy for strata with one unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LonelyPolicy = Literal["fail", "adjust", "average", "certainty", "remove"]
ResidualWeights = Literal["base", "calibrated", "equal"]


class SurveyInputError(ValueError):
    """Input that no survey estimate can be made from; the message names columns, numbers and the way out."""


@dataclass(frozen=True)
class Calibration:
    """That the weights of a design were calibrated, and on what, so that standard errors may gain from it.

    Attributes:
        base_weight: column of the weights before calibration.
        auxiliaries: columns whose totals were matched. Text and boolean columns count as categories, numeric
            columns as amounts. With at least one numeric and no text column an intercept is added.
        interactions: groups of categorical columns whose joint cells were matched.
        residual_weights: weights of the regression behind the residuals: `base`, the weights before
            calibration (R `calibrate`, `postStratify`), `calibrated`, those after, or `equal`, none (what R
            does after `rake`). All are consistent; they differ in second order.
        calibrated_weight: column of the weights right after calibration, when they were changed once more,
            e.g. trimmed; None when the design's weight is that column.
    """

    base_weight: str
    auxiliaries: tuple[str, ...] = ()
    interactions: tuple[tuple[str, ...], ...] = ()
    residual_weights: ResidualWeights = "base"
    calibrated_weight: str | None = None


@dataclass(frozen=True)
class Design:
    """Columns that describe the sample; it holds no data.

    Attributes:
        weight: column of sampling weights; None derives them from `fpc` or, without it, takes all as 1.
        strata: column of first-stage strata.
        psu: columns of the sampling units, first stage first. Empty: every row is its own unit.
        fpc: columns of finite population sizes (all >= 1) or sampling fractions (all <= 1), one a stage.
            Stages without one are taken as drawn with replacement, and so end the recursion over stages.
        nest: unit codes repeat from stratum to stratum.
        lonely: what to do with a stratum of one unit. `fail` raises; `adjust` takes its distance from the
            overall mean; `average` gives it the mean contribution of the other strata; `certainty` and
            `remove` let it add nothing.
        calibration: set when `weight` is calibrated and standard errors shall take that into account.
    """

    weight: str | None = None
    strata: str | None = None
    psu: tuple[str, ...] = ()
    fpc: tuple[str, ...] = ()
    nest: bool = False
    lonely: LonelyPolicy = "fail"
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without data.

        Raises:
            SurveyInputError: for an unknown policy or more population columns than stages.
        """
        if self.lonely not in {"fail", "adjust", "average", "certainty", "remove"}:
            raise SurveyInputError(
                f"lonely policy {self.lonely!r} is unknown: use fail, adjust, average, certainty or remove"
            )
        if len(self.fpc) > max(1, len(self.psu)):
            raise SurveyInputError(
                f"{len(self.fpc)} population-size columns {list(self.fpc)} for {max(1, len(self.psu))} "
                f"stage(s): "
                "give at most one per column of sampling units"
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns the design reads."""
        names = [*([self.weight] if self.weight else []), *([self.strata] if self.strata else [])]
        names += [*self.psu, *self.fpc]
        if self.calibration is not None:
            names += [self.calibration.base_weight, *self.calibration.auxiliaries]
            names += [self.calibration.calibrated_weight] if self.calibration.calibrated_weight else []
            names += [name for group in self.calibration.interactions for name in group]
        return tuple(dict.fromkeys(names))
