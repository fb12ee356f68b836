"""Our own synthetic data with what R says of them (tests/reference/survey_reference.R)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from models.survey.design import Design

FILE = Path(__file__).parents[2] / "reference" / "survey_reference.json"

DESIGNS = {
    "two_stage": Design("weight", "stratum", ("village", "person"), ("villages_exist", "people_exist"), nest=True),
    "implied": Design(None, "stratum", ("village", "person"), ("villages_exist", "people_exist"), nest=True),
    "replacement": Design("weight", "stratum", ("village",), nest=True),
    "one_stage": Design("weight", "stratum", ("village",), ("villages_exist",), nest=True),
    "people": Design("weight"),
}


@cache
def _content() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))


def respondents() -> pl.DataFrame:
    return pl.DataFrame(_content()["respondents"])


def areas() -> pl.DataFrame:
    return pl.DataFrame(_content()["areas"])


def expected(name: str) -> Any:
    return _content()["results"][name]


def assert_close(got: Any, wanted: Any, relative: float) -> None:
    """Compare numbers or lists of them; zeros absolutely."""
    got_array, wanted_array = np.atleast_1d(np.asarray(got, float)), np.atleast_1d(np.asarray(wanted, float))
    assert got_array.shape == wanted_array.shape
    np.testing.assert_allclose(got_array, wanted_array, rtol=relative, atol=1e-12)
