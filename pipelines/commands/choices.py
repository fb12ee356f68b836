"""What the options of the survey commands may be."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What is estimated."""

    mean = "mean"
    proportion = "proportion"
    ratio = "ratio"
    total = "total"


class Interval(StrEnum):
    """How the interval is made."""

    logit = "logit"
    beta = "beta"
    wilson = "wilson"
    wald = "wald"


class Freedom(StrEnum):
    """Degrees of freedom of the interval."""

    design = "design"
    inf = "inf"


class Lonely(StrEnum):
    """Policy for strata with one unit."""

    fail = "fail"
    adjust = "adjust"
    average = "average"
    certainty = "certainty"
    remove = "remove"


class Format(StrEnum):
    """Form of the answer."""

    json = "json"
    table = "table"


class Method(StrEnum):
    """Distance of the calibration."""

    raking = "raking"
    linear = "linear"
    logit = "logit"
    truncated = "truncated"


class Likelihood(StrEnum):
    """Likelihood of the Fay-Herriot fit."""

    REML = "REML"
    ML = "ML"
