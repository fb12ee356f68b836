"""Detectors on tables: bad input says what is wrong, holes are not zeros, outbreaks are found."""

from __future__ import annotations

from typing import get_args

import numpy as np
import polars as pl
import pytest

from models.warning.detection import DetectionRequest, Method, detect
from models.warning.detectors.farrington_flexible import FarringtonFlexibleOptions, season_groups
from models.warning.detectors.gamma_poisson import gamma_poisson
from models.warning.detectors.nb_cusum import NbCusumOptions, nb_cusum
from models.warning.detectors.outcome import DetectionError


def table(counts: list[int | float | None], **columns: list[object]) -> pl.DataFrame:
    return pl.DataFrame({"week": list(range(1, len(counts) + 1)), "count": counts, **columns})


def steady(weeks: int = 260, mean: float = 5.0, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean, weeks).astype(float)


@pytest.mark.parametrize("method", get_args(Method))
def test_every_method_finds_a_planted_outbreak(method: Method) -> None:
    counts = steady()
    # C3 adds up the two weeks before and sees nothing in a single week.
    counts[-3 if method == "ears_c3" else -1 :] = 40
    found = detect(table(counts.tolist()), DetectionRequest(method=method, first=260, last=260))
    row = found.row(0, named=True)
    assert row["alarm"] is True
    assert row["score"] > (0 if method.startswith("ears") else 1)
    assert row["expected"] == pytest.approx(5, abs=3)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (table([1, -2, 3]), "row 2, week 2"),
        (table([1.0, 2.5, 3.0]), "whole number"),
        (pl.DataFrame({"week": [1, 1], "count": [1, 2]}), "week 1 stands there more than once"),
        (pl.DataFrame({"week": [1, 2]}), "column count is missing"),
        (pl.DataFrame({"week": [1, 2], "count": ["a", "2"]}), "row 1"),
        (pl.DataFrame({"week": [1, 900], "count": [1, 2]}), "check the index"),
        (pl.DataFrame({"week": [1, None], "count": [1, 2]}), "row 2: week is empty"),
        (pl.DataFrame(schema={"week": pl.Int64, "count": pl.Int64}), "no rows"),
        (table([1, 2, 3]), "too few"),
    ],
)
def test_bad_series_are_refused_with_the_place(frame: pl.DataFrame, message: str) -> None:
    with pytest.raises(DetectionError, match=message):
        detect(frame)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "oracle"}, "unknown method"),
        ({"alpha": 1.5}, "alpha"),
        ({"first": 0}, "range"),
        ({"first": 255, "last": 999}, "range"),
        ({"b": 0}, "b and least_history"),
        ({"method": "farrington_flexible", "b": 0}, "b and no_periods"),
        ({"method": "farrington_flexible", "no_periods": 53}, "too big"),
        ({"method": "farrington_flexible", "past_weeks_excluded": 170}, "past_weeks_excluded"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(DetectionError, match=message):
        detect(table(steady().tolist()), DetectionRequest(**options))  # type: ignore[arg-type]


def test_a_hole_is_left_out_and_not_taken_for_zero() -> None:
    counts = steady()
    frame = table(counts.tolist())
    request = DetectionRequest(method="gamma_poisson", first=260, last=260)
    whole = detect(frame, request)["expected"][0]
    missing = detect(frame.with_columns(count=pl.when(pl.col("week") % 3 == 0).then(None).otherwise("count")), request)
    dropped = detect(frame.filter(pl.col("week") % 3 != 0).vstack(frame.tail(0)), request)
    zeroed = detect(frame.with_columns(count=pl.when(pl.col("week") % 3 == 0).then(0.0).otherwise("count")), request)
    assert missing["expected"][0] == pytest.approx(whole, rel=0.1)
    assert dropped["expected"][0] == pytest.approx(missing["expected"][0])
    assert zeroed["expected"][0] < 0.8 * whole


def test_series_keep_their_order_and_lengths() -> None:
    frame = pl.concat(
        [table(steady(length).tolist()).with_columns(series=pl.lit(name)) for name, length in [("b", 60), ("a", 40)]]
    )
    found = detect(frame, DetectionRequest(method="ears_c2"))
    assert found.group_by("series", maintain_order=True).len().rows() == [("b", 51), ("a", 31)]


def test_all_zero_series_give_no_alarm_and_say_why() -> None:
    found = detect(table([0] * 260), DetectionRequest(method="farrington_flexible"))
    assert not found["alarm"].fill_null(value=False).any()
    assert found["upperbound"].null_count() == found.height
    assert found["note"].null_count() == 0


def test_the_default_has_an_answer_for_all_zeros_and_for_the_first_cases() -> None:
    found = detect(table([0] * 260))
    assert not found["alarm"].any()
    assert found["upperbound"].max() == 1
    assert found["expected"].max() < 0.01  # type: ignore[operator]
    assert detect(table([*[0] * 259, 3]), DetectionRequest(first=260))["alarm"].to_list() == [True]


def test_one_giant_week_in_the_past_does_not_hide_the_next_outbreak() -> None:
    counts = steady()
    counts[150] = 100_000
    counts[-1] = 60
    for method in ("temporal_scan", "farrington_flexible", "gamma_poisson"):
        found = detect(table(counts.tolist()), DetectionRequest(method=method, first=260, last=260))
        assert found["alarm"][0] is True, method


def test_seasons_cover_the_year_once() -> None:
    offsets, season = season_groups(FarringtonFlexibleOptions(past_weeks_excluded=0))
    assert offsets.tolist() == list(range(-159, 0))
    counted = np.bincount(season[(offsets >= -52) & (offsets < 0)])
    assert counted[1:].tolist() == [5] * 9 + [7]


def test_sparse_series_borrow_from_the_others() -> None:
    rng = np.random.default_rng(11)
    counts = rng.poisson(0.05, (200, 120)).astype(float)
    counts[0] = 0
    found = gamma_poisson(counts, [119])
    assert 0 < found.expected[0, 0] < 0.05
    assert found.upperbound[0, 0] in (0, 1)


def test_stated_tail_is_kept_on_simulated_series() -> None:
    rng = np.random.default_rng(12)
    mean = rng.gamma(0.7, 4 / 0.7, 4000)
    counts = rng.negative_binomial(np.maximum(mean, 1e-6)[:, None], 0.5, (4000, 117)).astype(float)
    realised = {alpha: (gamma_poisson(counts, [110, 116]).p_value <= alpha).mean() for alpha in (0.05, 0.01)}
    assert 0.6 * 0.05 < realised[0.05] < 1.1 * 0.05
    assert 0.5 * 0.01 < realised[0.01] < 1.15 * 0.01


def test_cusum_sees_a_small_lasting_rise_and_starts_again() -> None:
    rng = np.random.default_rng(4)
    counts = rng.poisson(4, (50, 140)).astype(float)
    counts[:, 120:] = rng.poisson(7, (50, 20))
    found = nb_cusum(counts, range(100, 140), NbCusumOptions(past_weeks_excluded=26))
    assert found.alarm[:, :20].mean() < 0.01
    assert found.alarm[:, 20:].any(axis=1).mean() > 0.95
    assert (found.score[:, 1:][found.alarm[:, :-1]] < 1.0).mean() > 0.5
