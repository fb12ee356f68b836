"""Small plausible frames with exactly the columns the contracts name; seeded, no real data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from data_contracts.indicator_registry import plan
from data_contracts.reference import ethnic_groups, regions
from models.bulletin.figures import figures
from models.bulletin.inputs import BulletinMeta, BulletinTables
from models.bulletin.page import bulletin_html

INDICATORS = {"accord": 81.0, "tolerance": 68.9, "wellbeing": 75.5}
GROUPS = [code for code, group in ethnic_groups().items() if group.is_census_group]
SIGNALS = {
    "hostile": 0.06,
    "hard_hostile": 0.006,
    "tension": 0.04,
    "grievance": 0.05,
    "accord": 0.11,
    "counter": 0.03,
    "language": 0.12,
    "authority": 0.2,
    "neutral": 0.5,
}


def _estimate(row: dict, share: float, n: int, *, hidden: str | None = None) -> dict:
    se = 100 * float(np.sqrt(share * (1 - share) / max(n, 1) * 1.6))
    value = 100 * share
    numbers = {
        "estimate_pct": value,
        "se_pct": se,
        "ci_low_pct": max(0, value - 1.96 * se),
        "ci_high_pct": min(100, value + 1.96 * se),
        "n_eff": n / 1.6,
        "deff": 1.6,
        "df": 200.0,
        "cv": se / value,
    }
    if hidden:
        numbers = dict.fromkeys(numbers)
    return {
        **row,
        **numbers,
        "n_count": n if not hidden else 10,
        "is_suppressed": hidden is not None,
        "suppression_rule": hidden,
        "reliability_flag": None,
        "comparability": "comparable",
    }


def estimates(quarter: str, last_year: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for indicator, level in INDICATORS.items():
        for year in range(2021, last_year + 1):
            base = {
                "quarter": quarter,
                "indicator_id": indicator,
                "indicator_version": "1.0",
                "year": year,
                "wave_id": f"{year}-national",
                "region_code": None,
                "group_code": None,
            }
            country = (level + 0.35 * (year - 2024) + rng.normal(0, 0.35)) / 100
            rows.append(_estimate(base | {"domain": "country", "domain_value": "KZ"}, country, 8000))
            for code in regions():
                share = float(np.clip(country + rng.normal(0, 0.035), 0.3, 0.97))
                hidden = "n_eff" if code == "KZ-62" else None
                place = {"domain": "region", "domain_value": code, "region_code": code}
                rows.append(_estimate(base | place, share, int(rng.integers(200, 700)), hidden=hidden))
            for code in GROUPS:
                n = max(12, int(8000 * (ethnic_groups()[code].census_2021_share or 0)))
                share = float(np.clip(country + rng.normal(0, 0.03), 0.3, 0.97))
                who = {"domain": "group", "domain_value": code, "group_code": code}
                rows.append(_estimate(base | who, share, n, hidden="n_eff" if n < 48 else None))
    return pl.DataFrame(rows, infer_schema_length=None)


def changes(frame: pl.DataFrame) -> pl.DataFrame:
    """Each year against the one before and the last against the first, as the indicators do."""
    last, first = frame["year"].max(), frame["year"].min()
    yearly = frame.with_columns(year_from=pl.col("year") - 1)
    based = frame.filter(pl.col("year") == last).with_columns(year_from=pl.lit(first, dtype=pl.Int64))
    return pl.concat([_compared(frame, yearly), _compared(frame, based)]).unique(
        ["indicator_id", "domain", "domain_value", "year_from", "year_to"], maintain_order=True
    )


def _compared(frame: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    keys = ["quarter", "indicator_id", "indicator_version", "domain", "domain_value", "region_code"]
    before = frame.select(*keys[1:5], year_from="year", e0="estimate_pct", s0="se_pct")
    both = later.join(before, on=[*keys[1:5], "year_from"], how="inner").filter(pl.col("year") > pl.col("year_from"))
    se = (pl.col("se_pct") ** 2 + pl.col("s0") ** 2).sqrt()
    return (
        both.select(*keys, "year_from", year_to="year", difference_pp=pl.col("estimate_pct") - pl.col("e0"), se_pp=se)
        .with_columns(
            ci_low_pp=pl.col("difference_pp") - 1.96 * pl.col("se_pp"),
            ci_high_pp=pl.col("difference_pp") + 1.96 * pl.col("se_pp"),
            p_value=pl.lit(0.2),
            p_holm=pl.lit(0.5),
            p_bh=pl.lit(0.4),
        )
        .with_columns(
            verdict=pl.when(pl.col("difference_pp").is_null())
            .then(pl.lit("suppressed"))
            .when(pl.col("ci_low_pp") > 0)
            .then(pl.lit("up"))
            .when(pl.col("ci_high_pp") < 0)
            .then(pl.lit("down"))
            .otherwise(pl.lit("no_significant_change"))
        )
    )


def verdicts(frame: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for row in frame.filter(pl.col("domain") == "country").iter_rows(named=True):
        target = plan().for_year(row["year"]).target(row["indicator_id"], row["year"])
        if target is None:
            continue
        kind = "cannot_be_told"
        if row["ci_low_pct"] >= target.target_pct:
            kind = "met"
        elif row["ci_high_pct"] < target.target_pct:
            kind = "not_met"
        rows.append(
            {
                **{
                    key: row[key]
                    for key in (
                        "quarter",
                        "indicator_id",
                        "indicator_version",
                        "year",
                        "estimate_pct",
                        "ci_low_pct",
                        "ci_high_pct",
                    )
                },
                "plan_version": "2022-2026",
                "target_pct": target.target_pct,
                "difference_pp": row["estimate_pct"] - target.target_pct,
                "p_below_plan": {"met": 0.004, "not_met": 0.995, "cannot_be_told": 0.42}[kind],
                "verdict": kind,
                "n_needed": 54321 if kind == "cannot_be_told" else None,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def outlook(frame: pl.DataFrame, quarter: str, last_year: int) -> pl.DataFrame:
    rows = []
    for indicator in INDICATORS:
        for year in range(last_year + 1, 2027):
            target = plan().for_year(year).target(indicator, year)
            rows.append(
                {
                    "quarter": quarter,
                    "indicator_id": indicator,
                    "indicator_version": "1.0",
                    "year": year,
                    "forecast_pct": INDICATORS[indicator] + 0.7,
                    "ci_low_pct": INDICATORS[indicator] - 1.4,
                    "ci_high_pct": INDICATORS[indicator] + 2.8,
                    "target_pct": target.target_pct,
                    "p_target_met": 0.61,
                }
            )
    schema = {"quarter": pl.String, "indicator_id": pl.String, "indicator_version": pl.String, "year": pl.Int64}
    floats = ("forecast_pct", "ci_low_pct", "ci_high_pct", "target_pct", "p_target_met")
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(floats, pl.Float64))


def rates(last: date, seed: int) -> pl.DataFrame:
    """A year of weeks up to a date, one week missing; shares are of all messages."""
    rng = np.random.default_rng(seed + 1)
    monday = last - timedelta(days=last.weekday())
    weeks = [monday - timedelta(weeks=back) for back in range(52, -1, -1) if back != 20]
    places = [("KZ", "all", 5400), *((code, "all", 270) for code in regions()), ("unknown", "all", 540)]
    places += [("KZ", code, 60 if index < 6 else 1) for index, code in enumerate(GROUPS)]
    rows = []
    for week in weeks:
        for region, group, size in places:
            if region != "KZ" and week < monday - timedelta(weeks=13):
                continue
            count = int(rng.poisson(size))
            if count == 0:
                continue
            for signal, share in SIGNALS.items():
                rate = share if group != "all" else share / 9
                rows.append(_rate_row(week, region, group, signal, count, int(rng.binomial(count, rate))))
    return pl.DataFrame(rows, infer_schema_length=None)


def _rate_row(week: date, region: str, group: str, signal: str, count: int, hits: int) -> dict:
    p = hits / count
    middle, half = (
        (p + 1.92 / count) / (1 + 3.84 / count),
        1.96 * float(np.sqrt(p * (1 - p) / count + 0.96 / count**2)),
    )
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return {
        "quarter": f"{week.year}-Q{(week.month + 2) // 3}",
        "week_date": week,
        "region_code": region,
        "group_code": group,
        "signal": signal,
        "message_count": count + 3,
        "interethnic_count": count // 9,
        "cluster_count": count,
        "author_count": None,
        "signal_count": hits,
        "signal_cluster_count": hits,
        "share": p,
        "ci_low_share": low,
        "ci_high_share": high,
        "corrected_share": 0.9 * p,
        "corrected_ci_low_share": 0.8 * low,
        "corrected_ci_high_share": min(1.0, 1.15 * high),
    }


def candidates(quarter_first: date) -> pl.DataFrame:
    monday = quarter_first + timedelta(days=(7 - quarter_first.weekday()) % 7)
    kinds = ["household_dispute", "rumour", "online_hostility", "school_bullying"]
    rows = [
        {
            "candidate_id": f"c{index}",
            "week_date": monday + timedelta(weeks=index),
            "region_code": code,
            "group_codes": ["uzbek"],
            "signals": ["hostile"],
            "case_kind": kinds[index % 4],
            "severity": 2,
            "score": 4.2,
            "is_continuation_of": None,
            "message_count": 31,
            "cluster_count": 12,
            "expected_false_alarms_per_year": 1.5,
            "primary_body": "accord_council",
            "supporting_bodies": [],
            "explanation_kk": "-",
            "explanation_ru": "-",
            "explanation_en": "-",
            "example_texts": ["SECRET EXAMPLE TEXT"],
            "would_go_away": "-",
            "status": "awaiting_review",
        }
        for index, code in enumerate(["KZ-61", "KZ-31", "KZ-61", "KZ-75", "KZ-10", "KZ-62", "KZ-79"])
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def quality(quarter: str, last_year: int) -> pl.DataFrame:
    measures = {"kish_deff_design": 1.82, "kish_deff_calibrated": 1.95, "g_weight_min": 0.31, "g_weight_max": 2.9}
    rows = [("all", name, value) for name, value in measures.items()]
    rows += [
        ("place:KZ-71/urban", "margin_gap_before_pp", -3.1),
        ("sex_age:male/18-29", "margin_gap_before_pp", 1.2),
        ("group:uzbek", "margin_gap_after_pp", 0.0),
    ]
    return pl.DataFrame(
        [
            {
                "quarter": quarter,
                "wave_id": f"{last_year}-national",
                "year": last_year,
                "measure": name,
                "domain_value": domain,
                "value": value,
                "n_count": 8000,
            }
            for domain, name, value in rows
        ]
    )


def coverage(quarter: str, first: date) -> pl.DataFrame:
    rows = [
        {
            "quarter": quarter,
            "source_id": source,
            "day_date": first + timedelta(days=day),
            "message_count": 0 if day == 11 and size == 40 else size + day % 5,
            "flag": "gap" if day == 11 and size == 40 else "ok",
        }
        for source, size in (("zhana-habar", 40), ("otyrar-news", 25), ("aimaq-chat", 9))
        for day in range(92)
    ]
    return pl.DataFrame(rows)


def returns(quarter: str) -> pl.DataFrame:
    bodies = ("accord_council", "mediation_council")
    return pl.DataFrame(
        [
            {
                "quarter": quarter,
                "region_code": code,
                "body_code": body,
                "meeting_count": 3,
                "appeal_count": (index % 5) * (body == "mediation_council"),
                "resolved_count": (index % 5) // 2 * (body == "mediation_council"),
                "event_count": 4,
                "participant_count": 120,
                "file_name": "returns.xlsx",
                "row_number": index + 1,
            }
            for index, code in enumerate(list(regions())[:18])
            for body in bodies
        ]
    )


def inbox() -> pl.DataFrame:
    rows = [
        ("2025-national.sav", "survey", 8012, 8000, 4, 8),
        ("feed.json", "feed", 61000, 60000, 800, 200),
        ("returns.xlsx", "council", 36, 36, 0, 0),
    ]
    return pl.DataFrame(
        [
            {
                "file_name": name,
                "file_sha256": "0" * 64,
                "byte_count": 10,
                "kind": kind,
                "source_format": kind,
                "status": "accepted",
                "reason": None,
                "rows_in": total,
                "rows_kept": kept,
                "rows_duplicate": twice,
                "rows_quarantined": bad,
            }
            for name, kind, total, kept, twice, bad in rows
        ],
        schema_overrides={"reason": pl.String},
    )


def make_tables(quarter: str = "2026-Q3", last_year: int = 2026, seed: int = 7) -> BulletinTables:
    meta = make_meta(quarter=quarter)
    frame = estimates(quarter, last_year, seed)
    return BulletinTables(
        estimates=frame,
        changes=changes(frame),
        verdicts=verdicts(frame),
        outlook=outlook(frame, quarter, last_year),
        wave_quality=quality(quarter, last_year),
        rates=rates(meta.last_date, seed),
        coverage=coverage(quarter, meta.first_date),
        candidates=candidates(meta.first_date),
        returns=returns(quarter),
        inbox_files=inbox(),
    )


def make_meta(quarter: str = "2026-Q3", **changed: object) -> BulletinMeta:
    meta = BulletinMeta(
        quarter=quarter,
        generated_at=datetime(2026, 10, 5, 6, 30, tzinfo=UTC),
        code_version="0.1.0",
        input_hashes={"2026-national.sav": "ab" * 32, "feed.json": "cd" * 32},
        model_version="discourse-1",
        seed=20260930,
        is_synthetic=True,
    )
    return replace(meta, **changed)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def tables() -> BulletinTables:
    return make_tables()


@pytest.fixture(scope="session")
def meta() -> BulletinMeta:
    return make_meta()


@pytest.fixture(scope="session")
def build_tables() -> Callable[..., BulletinTables]:
    return make_tables


@pytest.fixture(scope="session")
def build_meta() -> Callable[..., BulletinMeta]:
    return make_meta


@pytest.fixture(scope="session")
def small_meta() -> BulletinMeta:
    return make_meta(quarter="2025-Q3")


@pytest.fixture(scope="session")
def small() -> BulletinTables:
    """One indicator and two signals: enough of every section, fewer charts to draw."""
    tables = make_tables(quarter="2025-Q3", last_year=2025)
    assert tables.rates is not None
    only = pl.col("indicator_id") == "accord"
    surveys = {name: getattr(tables, name).filter(only) for name in ("estimates", "changes", "verdicts", "outlook")}
    return replace(tables, rates=tables.rates.filter(pl.col("signal").is_in(["hostile", "accord"])), **surveys)


@pytest.fixture(scope="session")
def html(small: BulletinTables, small_meta: BulletinMeta) -> dict[str, str]:
    found = figures(small, small_meta)
    return {language: bulletin_html(small, found, small_meta, language) for language in ("kk", "ru", "en")}
