"""Series and signals: what is counted, what is masked, and how often nothing looks like something."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.survey.adjustment import benjamini_hochberg
from models.warning.candidates import candidates
from models.warning.false_alarms import expected_false_alarms_per_year
from models.warning.series import SeriesError, series
from models.warning.signals import SIGNAL_SCHEMA, last_weeks, signals

START = date(2025, 1, 6)


def feed(rows: list[dict[str, object]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Messages and labels from short descriptions; anything not said has a plain default."""
    full = [
        {
            "message_id": f"m{number}",
            "day_date": START + timedelta(days=int(str(row.get("day", 0)))),
            "region_code": row.get("region", "KZ-31"),
            "group_codes": row.get("groups", ["dungan"]),
            "duplicate_cluster_id": row.get("cluster", f"c{number}"),
            "author_pseudonym": row.get("author", f"a{number}"),
            "source_id": row.get("source", f"s{number % 5}"),
            "source_kind": "social",
            "text": row.get("text", "Спор соседей"),
            "discourse": row.get("label", "hostile"),
            "severity": row.get("severity", 1),
            "discourse_probability": 0.9,
            "is_abstained": False,
        }
        for number, row in enumerate(rows)
    ]
    frame = pl.DataFrame(full)
    labels = ["message_id", "discourse", "severity", "discourse_probability", "is_abstained"]
    return frame.drop("discourse", "severity", "discourse_probability", "is_abstained"), frame.select(labels)


def quiet_weeks(weeks: int) -> list[dict[str, object]]:
    return [{"day": day, "label": "neutral", "groups": []} for day in range(0, 7 * weeks, 1)]


def cell(frame: pl.DataFrame, **where: object) -> dict[str, object]:
    return frame.filter(*(pl.col(name) == value for name, value in where.items())).row(0, named=True)


def test_reposts_and_one_busy_author_count_once() -> None:
    copies = [{"day": 1, "cluster": "same"} for _ in range(30)]
    busy = [{"day": 1, "author": "one", "region": "KZ-10"} for _ in range(30)]
    found = series(*feed(quiet_weeks(2) + copies + busy))
    where = {"week_date": START, "group_code": "dungan", "signal": "hostile"}
    copied, wrote = cell(found, region_code="KZ-31", **where), cell(found, region_code="KZ-10", **where)
    assert (copied["message_count"], copied["cluster_count"], copied["observed_count"]) == (30, 1, 1)
    assert (wrote["cluster_count"], wrote["author_count"], wrote["observed_count"]) == (30, 1, 1)


def test_weeks_without_sources_are_unknown_not_zero() -> None:
    messages, labels = feed(quiet_weeks(4) + [{"day": day, "source": "only", "region": "KZ-31"} for day in range(28)])
    coverage = pl.DataFrame(
        {"source_id": "only", "day_date": [START + timedelta(days=day) for day in range(7, 14)], "flag": "gap"}
    )
    found = series(messages.with_columns(source_id=pl.lit("only")), labels, coverage=coverage)
    covered = found.filter(pl.col("region_code") == "KZ-31").group_by("week_date").agg(pl.col("is_covered").all())
    assert covered.sort("week_date")["is_covered"].to_list() == [True, False, True, True]


def test_partial_last_week_is_not_covered() -> None:
    found = series(*feed(quiet_weeks(3)), last_day=START + timedelta(days=17))
    assert found.filter("is_covered")["week_date"].max() == START + timedelta(days=7)


def test_mentions_of_language_or_goods_are_no_people() -> None:
    messages, labels = feed([*quiet_weeks(2), {"day": 1, "groups": ["uzbek"]}])
    last = messages["message_id"][-1]
    mentions = pl.DataFrame({"message_id": [last], "group_code": ["uzbek"], "is_person": [False]})
    assert series(messages, labels, mentions)["observed_count"].sum() == 0
    assert series(messages, labels, mentions.with_columns(is_person=True))["observed_count"].sum() == 2


def test_stances_decide_whom_hostility_is_aimed_at() -> None:
    messages, labels = feed([*quiet_weeks(2), {"day": 1, "groups": ["uzbek", "kazakh"]}])
    last = messages["message_id"][-1]
    stances = pl.DataFrame({"message_id": [last] * 2, "group_code": ["uzbek", "kazakh"], "stance": [-1, 1]})
    found = series(messages, labels, stances=stances).filter(pl.col("observed_count") > 0)
    assert set(found["group_code"]) == {"uzbek", "all"}


def test_missing_columns_and_weeks_are_named() -> None:
    messages, labels = feed(quiet_weeks(2))
    with pytest.raises(SeriesError, match="messages: column region_code"):
        series(messages.drop("region_code"), labels)
    with pytest.raises(SeriesError, match="2025-01-07 is no Monday"):
        signals(series(messages, labels), [date(2025, 1, 7)])


def test_weeks_the_feeds_do_not_reach_and_empty_feeds_give_no_rows() -> None:
    messages, labels = feed(quiet_weeks(2))
    assert signals(series(messages, labels), [date(1999, 1, 4)]).schema == SIGNAL_SCHEMA
    empty = signals(series(messages.head(0), labels.head(0)), [START])
    assert empty.height == 0
    assert candidates(empty, messages.head(0), labels.head(0)).height == 0


def test_short_history_is_said() -> None:
    found = series(*feed([*quiet_weeks(8), *({"day": 50} for _ in range(20))]))
    tested = signals(found, last_weeks(found, 1))
    assert not tested["is_alarm"].any()
    assert set(tested["detector"]) == {"none"}
    assert tested["note"].str.starts_with("history_too_short").all()
    assert tested.schema == SIGNAL_SCHEMA


def test_benjamini_hochberg_by_hand() -> None:
    found = benjamini_hochberg(np.array([0.01, np.nan, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(found, [0.02, np.nan, 0.04, 0.04, 0.02])


def grid(mean: np.ndarray, dispersion: float, weeks: int, seed: int) -> tuple[pl.DataFrame, list[date]]:
    """A synthetic series table with independent negative binomial cells of (regions, groups, signals) means."""
    rng = np.random.default_rng(seed)
    names = ["hostile", "hard_hostile", "tension", "grievance", "accord"]
    regions, groups, kinds = mean.shape
    dates = [START + timedelta(weeks=number) for number in range(weeks)]
    size = (mean / (dispersion - 1)).reshape(-1, 1)
    counts = rng.negative_binomial(size, 1 / dispersion, (mean.size, weeks)).ravel()
    frame = pl.DataFrame(
        {
            "region_code": np.repeat([f"KZ-{10 + number}" for number in range(regions)], groups * kinds * weeks),
            "group_code": np.tile(np.repeat([f"g{number}" for number in range(groups)], kinds * weeks), regions),
            "signal": np.tile(np.repeat(names[:kinds], weeks), regions * groups),
            "observed_count": counts,
            "cluster_count": counts,
        }
    ).with_columns(
        pl.Series("week_date", dates * mean.size),
        author_count=pl.lit(None, pl.Int64),
        is_covered=pl.lit(value=True),
    )
    return frame, dates


def test_false_alarms_stay_within_what_is_stated() -> None:
    means = np.maximum(np.random.default_rng(1).gamma(0.7, 1.0, (20, 18, 5)), 1e-6)
    frame, dates = grid(means, 1.5, 117, seed=2)
    tested = signals(frame, dates[-13:])
    threats = tested.filter(pl.col("signal") != "accord")
    stated = expected_false_alarms_per_year(tested)["expected_false_alarms_per_year"].mean()
    realised = threats["is_alarm"].sum() / 20 / 13 * 52.18
    assert isinstance(stated, float)
    assert 0.02 < stated < 0.15
    assert realised <= stated + 0.6
    above = (threats["observed_count"] > threats["upperbound"]).mean()
    assert isinstance(above, float)
    assert 0.003 < above <= 0.0105


def test_planted_outbreaks_are_found_where_they_are() -> None:
    means = np.full((20, 18, 5), 0.05)
    frame, dates = grid(means, 1.3, 117, seed=3)
    planted = [("KZ-12", "g3", "hostile", 6), ("KZ-25", "g9", "tension", 8), ("KZ-20", "g0", "grievance", 10)]
    for region, group, signal, size in planted:
        here = (pl.col("region_code") == region) & (pl.col("group_code") == group) & (pl.col("signal") == signal)
        extra = pl.when(here & (pl.col("week_date") == dates[-1])).then(size).otherwise(0)
        frame = frame.with_columns(observed_count=pl.col("observed_count") + extra)
    alarms = signals(frame, dates[-1:]).filter("is_alarm").select("region_code", "group_code", "signal").rows()
    assert {(region, group, signal) for region, group, signal, _ in planted} <= set(alarms)
    assert len(alarms) <= 4


def test_long_dense_series_go_to_the_temporal_scan() -> None:
    frame, dates = grid(np.full((2, 2, 5), 6.0), 1.5, 200, seed=4)
    assert set(signals(frame, dates[-1:])["detector"]) == {"temporal_scan"}


@settings(max_examples=12, deadline=None)
@given(
    count=st.integers(1, 400),
    groups=st.lists(st.sampled_from(["russian", "uzbek", "dungan"]), max_size=2, unique=True),
    label=st.sampled_from(["authority", "counter", "neutral", "language", "other"]),
    severity=st.integers(0, 3),
)
def test_criticism_of_authorities_never_raises_a_candidate(
    count: int, groups: list[str], label: str, severity: int
) -> None:
    storm = [{"day": 7 * 29 + 2, "label": label, "groups": groups, "severity": severity} for _ in range(count)]
    messages, labels = feed(quiet_weeks(31) + storm)
    found = series(messages, labels)
    tested = signals(found, last_weeks(found, 3))
    assert not tested["is_alarm"].any()
    assert candidates(tested, messages, labels).height == 0
