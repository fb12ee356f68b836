"""Bounds and alarms equal R surveillance 1.20.3, on our synthetic series and on the shared reference file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from models.warning.detection import DetectionRequest, detect

REFERENCE = json.loads((Path(__file__).parents[2] / "reference" / "surveillance_reference.json").read_text())
R_NAMES = {
    "b": "b",
    "w": "w",
    "noPeriods": "no_periods",
    "pastWeeksNotIncluded": "past_weeks_excluded",
    "weightsThreshold": "weights_threshold",
    "pThresholdTrend": "p_threshold_trend",
    "alpha": "alpha",
    "trend": "has_trend",
    "thresholdMethod": "threshold_method",
}


def numbers(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def answer(counts: list[int], method: str, options: dict[str, Any], first: int, last: int) -> pl.DataFrame:
    frame = pl.DataFrame({"week": range(1, len(counts) + 1), "count": counts})
    named = {R_NAMES[name]: value for name, value in options.items() if name in R_NAMES}
    return detect(frame, DetectionRequest(method=method, first=first, last=last, **named))  # type: ignore[arg-type]


def assert_same(found: pl.DataFrame, upperbound: list[float | None], alarm: list[int | None]) -> None:
    np.testing.assert_allclose(numbers(found["upperbound"].to_list()), numbers(upperbound), rtol=1e-6, atol=1e-9)
    assert found["alarm"].to_list() == [None if value is None else bool(value) for value in alarm]


@pytest.mark.parametrize(
    "case", REFERENCE["results"], ids=lambda case: f"{case['series']}-{case['method']}-{case['options']['alpha']}"
)
def test_bounds_and_alarms_equal_r(case: dict[str, Any]) -> None:
    counts = REFERENCE["series"][case["series"]]
    found = answer(counts, case["method"], case["options"], REFERENCE["first"], REFERENCE["last"])
    assert_same(found, case["upperbound"], case["alarm"])
    if case["expected"]:
        # Where its model does not converge R leaves the expectation at the 0 it began with; we say nothing.
        told = ~np.isnan(numbers(case["upperbound"]))
        expected = np.where(told, numbers(case["expected"]), np.nan)
        np.testing.assert_allclose(numbers(found["expected"].to_list()), expected, rtol=1e-6, atol=1e-9)


def test_reference_holds_alarms_bounds_and_silent_weeks() -> None:
    alarms = sum(value == 1 for case in REFERENCE["results"] for value in case["alarm"])
    silent = sum(value is None for case in REFERENCE["results"] for value in case["upperbound"])
    assert len(REFERENCE["results"]) == 48
    assert alarms >= 20
    assert silent >= 20


@pytest.mark.shared_data
def test_shared_reference_file(shared_data: Path) -> None:
    content = json.loads((shared_data / "surveillance" / "reference.json").read_text())
    options = content.pop("control")
    assert len(content) >= 9
    for entry in content.values():
        first, last = entry["range"][0], entry["range"][-1]
        flexible = entry["farrington_flexible"]
        found = answer(entry["counts"], "farrington_flexible", options, first, last)
        assert_same(found, flexible.get("upperbound", flexible.get("ub")), flexible.get("alarm", flexible.get("al")))
        if "farrington" in entry:
            found = answer(entry["counts"], "farrington", {"b": 3, "w": 3, "alpha": 0.01}, first, last)
            assert_same(found, entry["farrington"]["upperbound"], entry["farrington"]["alarm"])
        for method, bound, alarm in ears_of(entry):
            assert_same(answer(entry["counts"], method, {}, first, last), bound, alarm)


def ears_of(entry: dict[str, Any]) -> list[tuple[str, list[float | None], list[int | None]]]:
    if "ears_c2" in entry:
        return [("ears_c2", entry["ears_c2"]["ub"], entry["ears_c2"]["al"])]
    return [
        (f"ears_{name.lower()}", entry["ears"][name], entry["ears"][f"{name}_alarm"]) for name in ("C1", "C2", "C3")
    ]
