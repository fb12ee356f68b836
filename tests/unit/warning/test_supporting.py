"""What stands beside an alarm: council returns, survey falls, neighbours; hearsay; days of incitement; stories once."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from data_contracts.contract import table_contract
from data_contracts.reference import regions
from models.warning.candidates import candidates
from models.warning.case_chains import Chain, expires_after, follow
from models.warning.daily import DAY_SCHEMA, daily_series, incitement_days
from models.warning.rumours import is_hearsay
from models.warning.series import series
from models.warning.signals import last_weeks, signals
from models.warning.supporting import appeal_rises, evidence_for, indicator_falls, neighbouring_cluster
from tests.unit.warning.test_candidates import OUTBREAK_WEEK, background, story
from tests.unit.warning.test_signals import START, feed, quiet_weeks


def returns(counts: list[int], region: str = "KZ-31") -> pl.DataFrame:
    quarters = [f"{2023 + number // 4}-Q{number % 4 + 1}" for number in range(len(counts))]
    return pl.DataFrame({"quarter": quarters, "region_code": region, "appeal_count": counts})


def changes(verdict: str = "down", domain: str = "region") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "quarter": ["2025-Q2"],
            "indicator_id": ["tolerance"],
            "indicator_version": ["1"],
            "domain": [domain],
            "region_code": ["KZ-31"],
            "year_from": [2024],
            "year_to": [2025],
            "difference_pp": [-4.2],
            "verdict": [verdict],
        }
    )


def test_only_an_unusual_rise_of_appeals_is_told() -> None:
    assert appeal_rises(returns([20, 22, 19, 21, 23, 20])).height == 0
    found = appeal_rises(returns([20, 22, 19, 21, 23, 60]))
    assert found.select("quarter", "observed", "expected").rows() == [("2024-Q2", 60.0, 21.0)]
    assert appeal_rises(returns([1, 50, 60])).height == 0
    assert appeal_rises(returns([])).height == 0
    assert appeal_rises(returns([0, 0, 0, 0, 1])).height == 0


def test_only_told_falls_of_a_region_count() -> None:
    assert indicator_falls(changes()).select("signal", "item", "observed").rows() == [
        ("indicator_fall", "tolerance", -4.2)
    ]
    assert indicator_falls(changes("no_significant_change")).height == 0
    assert indicator_falls(changes(domain="country")).height == 0


@pytest.mark.parametrize(
    ("week", "is_told"),
    [(date(2025, 6, 23), False), (date(2025, 7, 7), True), (date(2026, 6, 22), True), (date(2026, 8, 3), False)],
)
def test_facts_are_told_after_their_quarter_and_for_a_year(week: date, is_told: bool) -> None:
    assert bool(evidence_for(indicator_falls(changes()), "KZ-31", week)) is is_told
    assert evidence_for(indicator_falls(changes()), "KZ-10", week) == []


def test_evidence_is_told_with_a_case_in_three_languages() -> None:
    messages, labels = feed(quiet_weeks(44) + background(44) + story(OUTBREAK_WEEK, 24))
    counted = series(messages, labels)
    tested = signals(counted, last_weeks(counted, 6))
    facts = pl.concat([appeal_rises(returns([20, 22, 19, 21, 23, 20, 20, 21, 19, 60])), indicator_falls(changes())])
    row = candidates(tested, messages, labels, evidence=facts).row(0, named=True)
    assert row["supporting_evidence"] == ["mediation_cases:2025-Q2:60/20.6", "indicator_fall:2025-Q2:tolerance:-4.2"]
    assert row["signals"][-2:] == ["mediation_cases", "indicator_fall"]
    assert "60 при ожидаемых 20,6" in row["explanation_ru"]
    assert "снизился на 4,2 п. п." in row["explanation_ru"]
    assert "төмендеген" in row["explanation_kk"]
    assert "fell by 4.2 percentage points" in row["explanation_en"]


def weekly(observed: dict[str, int], weeks: int = 3) -> pl.DataFrame:
    rows = [
        {
            "week_date": START + timedelta(weeks=week),
            "region_code": code,
            "group_code": "uzbek",
            "signal": "hostile",
            "observed_count": observed.get(code, 0) if week == weeks - 1 else week % 2,
            "expected": 0.5,
            "is_covered": True,
        }
        for code in regions()
        for week in range(weeks)
    ]
    return pl.DataFrame(rows)


def test_a_rise_in_neighbouring_regions_is_one_cluster() -> None:
    near = regions()["KZ-31"].neighbours[0]
    week, cells = START + timedelta(weeks=2), [("uzbek", "hostile")]
    found = neighbouring_cluster(weekly({"KZ-31": 9, near: 8}), week, "KZ-31", cells)
    assert found is not None
    assert {"KZ-31", near} <= set(found.regions)
    assert found.p_value <= 0.01
    assert neighbouring_cluster(weekly({"KZ-31": 9}), week, "KZ-71", cells) is None
    assert neighbouring_cluster(weekly({}), week, "KZ-31", [("uzbek", "tension")]) is None


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("Говорят, у рынка подрались", True),
        ("По чатам ходит видео драки", True),
        ("Якобы собирают людей", True),
        ("Базарда төбелес болыпты деген қауесет бар", True),
        ("Ауылда жанжал шығыпты-мыс", True),
        ("Полиция сообщила о драке у рынка", False),
        ("Базарда төбелес болды", False),
        (None, False),
    ],
)
def test_hearsay_is_told_by_its_wording(text: str | None, is_told: bool) -> None:
    frame = pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    assert frame.select(is_hearsay(pl.col("text"))).item() is is_told


def test_rumours_are_a_part_of_tension() -> None:
    rows = [{"day": 1, "label": label, "text": "Говорят, подрались"} for label in ("tension", "hostile", "neutral")]
    found = series(*feed(quiet_weeks(2) + rows)).filter((pl.col("signal") == "rumour") & (pl.col("observed_count") > 0))
    assert sorted(found["group_code"]) == ["all", "dungan"]


def test_a_day_of_incitement_alarms_on_that_day() -> None:
    rng = np.random.default_rng(4)
    past: list[dict[str, object]] = [{"day": int(day), "severity": 3} for day in rng.integers(0, 150, 12)]
    rows = quiet_weeks(24) + past + [{"day": 163, "severity": 3} for _ in range(7)]
    messages, labels = feed(rows)
    found = incitement_days(daily_series(messages, labels), [START + timedelta(days=day) for day in range(160, 167)])
    assert tuple(DAY_SCHEMA) == table_contract("out_warning__days").column_names
    assert found.schema == DAY_SCHEMA
    alarms = found.filter("is_alarm")
    assert set(alarms["day_date"]) == {START + timedelta(days=163)}
    assert set(alarms["group_code"]) == {"dungan", "all"}
    assert set(alarms["region_code"]) == {"KZ-31"}


def test_silent_days_are_unknown_and_no_messages_give_no_days() -> None:
    messages, labels = feed([*quiet_weeks(12), {"day": 40, "severity": 3}])
    messages = messages.with_columns(source_id=pl.lit("only"))
    gap = pl.DataFrame({"source_id": ["only"], "day_date": [START + timedelta(days=50)], "flag": ["gap"]})
    found = daily_series(messages, labels, coverage=gap).filter(~pl.col("is_covered"))
    assert set(found["week_date"]) == {START + timedelta(days=50)}
    assert incitement_days(daily_series(messages.head(0), labels.head(0)), [START]).height == 0


def test_stories_are_told_once_grow_and_end() -> None:
    chains: list[Chain] = []
    week = date(2026, 1, 5)
    told = [
        follow(chains, str(number), week + timedelta(weeks=step), size=size, groups={"uzbek"})
        for number, (step, size) in enumerate([(0, 10), (1, 12), (2, 15), (4, 16), (7, 9)])
    ]
    assert told == [("new", "0"), ("known", "0"), ("grown", "0"), ("known", "0"), ("new", "4")]
    assert follow(chains, "other", week + timedelta(weeks=7), size=9, groups={"dungan"}) == ("new", "other")
    assert expires_after(week) == date(2026, 1, 25)
