"""Coverage: a day without messages is a gap only where messages were usual."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from data_contracts.contract import table_contract
from data_contracts.schemas import conform
from models.periods import QuarterError
from models.text.coverage import coverage


def feed(counts, source="kanal", first=date(2026, 6, 1)):
    days = [first + timedelta(days=i) for i, count in enumerate(counts) for _ in range(count)]
    return pl.DataFrame({"source_id": [source] * len(days), "day_date": days})


def flags(found, flag):
    return [str(day) for day in found.filter(pl.col("flag") == flag)["day_date"].to_list()]


def test_gap_drop_and_surge_are_told_apart():
    counts = [50] * 60
    counts[40], counts[45], counts[50] = 0, 8, 200
    found = conform(coverage(feed(counts), "2026-Q3"), table_contract("out_feeds__coverage"))
    assert flags(found, "gap") == ["2026-07-11"]
    assert flags(found, "drop") == ["2026-07-16"]
    assert flags(found, "surge") == ["2026-07-21"]
    assert found["day_date"].min() == date(2026, 7, 1)


def test_a_feed_that_stopped_shows_until_others_stop():
    found = coverage(pl.concat([feed([20] * 40), feed([20] * 60, "basqa")]), "2026-Q3")
    stopped = found.filter(pl.col("source_id") == "kanal")
    assert stopped.height == 30
    assert len(flags(stopped, "gap")) >= 14


def test_a_quiet_source_has_no_gaps_and_poisson_noise_seldom_alarms():
    assert flags(coverage(feed([1, 0, 0, 2, 0, 1, 0] * 10), "2026-Q3"), "gap") == []
    noisy = np.random.default_rng(5).poisson(40, 120).tolist()
    found = coverage(feed(noisy), "2026-Q3")
    assert (found["flag"] == "ok").mean() > 0.97


def test_counts_add_up_and_bad_quarters_are_refused():
    rows = feed([5] * 60)
    in_quarter = rows.filter(pl.col("day_date") >= date(2026, 7, 1)).height
    assert coverage(rows, "2026-Q3")["message_count"].sum() == in_quarter
    assert coverage(rows.head(0), "2026-Q3").height == 0
    with pytest.raises(QuarterError):
        coverage(rows, "2026-3")
