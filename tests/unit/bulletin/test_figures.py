"""The table of figures: complete, unique, true to its source, silent about what is suppressed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from data_contracts.contract import table_contract
from models.bulletin.figures import figures
from models.bulletin.inputs import BulletinInputError, BulletinMeta, BulletinTables
from models.bulletin.summaries import ledger, region_positions, summed_rates


def test_columns_and_codes_are_those_of_the_contract(tables: BulletinTables, meta: BulletinMeta) -> None:
    contract = table_contract("out_bulletin__figures")
    found = figures(tables, meta)
    assert found.columns == list(contract.column_names)
    assert found["figure_id"].is_unique().all()
    assert found.height > 1000
    for column in contract.columns:
        if column.allowed:
            assert set(found[column.name]) <= set(column.allowed)
        if not column.nullable:
            assert found[column.name].null_count() == 0
    assert found.filter(pl.col("value").is_null() == pl.col("text").is_null()).is_empty()


def test_a_figure_is_the_number_of_its_row(tables: BulletinTables, meta: BulletinMeta) -> None:
    assert tables.estimates is not None
    found = figures(tables, meta)
    row = found.row(by_predicate=pl.col("figure_id") == "estimates/accord/2026/region/KZ-71/ci_low_pct", named=True)
    cell = tables.estimates.filter(
        pl.col("indicator_id") == "accord", pl.col("year") == 2026, pl.col("domain_value") == "KZ-71"
    )
    assert row["value"] == cell["ci_low_pct"][0]
    assert row["source_table"] == "out_indicators__estimates"
    assert row["source_key"] == "indicator_id=accord; year=2026; domain=region; domain_value=KZ-71; ci_low_pct"


def test_suppressed_numbers_are_absent_even_if_the_table_still_holds_them(
    tables: BulletinTables, meta: BulletinMeta
) -> None:
    assert tables.estimates is not None
    hidden = (pl.col("domain_value") == "KZ-10") & (pl.col("year") == 2026)
    leaking = tables.estimates.with_columns(is_suppressed=pl.col("is_suppressed") | hidden)
    found = figures(replace(tables, estimates=leaking), meta)
    ids = found["figure_id"]
    assert not ids.str.contains("estimates/accord/2026/region/KZ-10/(estimate|ci)").any()
    assert ids.str.contains("estimates/accord/2026/region/KZ-11/estimate").any()


def test_row_order_does_not_matter(tables: BulletinTables, meta: BulletinMeta) -> None:
    assert tables.estimates is not None and tables.rates is not None
    shuffled = replace(
        tables,
        estimates=tables.estimates.sample(fraction=1, shuffle=True, seed=1),
        rates=tables.rates.sample(fraction=1, shuffle=True, seed=2),
    )
    first, second = (figures(given, meta).drop("value") for given in (tables, shuffled))
    assert first.equals(second)


def test_nothing_at_all_still_has_the_method(build_meta: Callable[..., BulletinMeta]) -> None:
    found = figures(BulletinTables(), build_meta(seed=None))
    assert set(found["section"]) == {"method", "alerts"}
    assert found.filter(pl.col("section") == "alerts")["value"].to_list() == [0.0, 0.0]
    assert found.filter(pl.col("figure_id") == "method/interval_level")["value"].to_list() == [95.0]


def test_a_missing_column_is_named(tables: BulletinTables, meta: BulletinMeta) -> None:
    assert tables.verdicts is not None
    broken = replace(tables, verdicts=tables.verdicts.drop("n_needed"))
    with pytest.raises(BulletinInputError, match=r"out_indicators__verdicts.*n_needed"):
        figures(broken, meta)


def test_a_badly_written_quarter_is_refused(build_meta: Callable[..., BulletinMeta]) -> None:
    with pytest.raises(BulletinInputError, match="2026-Q3"):
        build_meta(quarter="2026Q3")


def test_calendar_of_quarters(build_meta: Callable[..., BulletinMeta]) -> None:
    first = build_meta(quarter="2026-Q1")
    assert (first.previous_quarter, str(first.first_date), str(first.last_date)) == (
        "2025-Q4",
        "2026-01-01",
        "2026-03-31",
    )
    assert build_meta(quarter="2026-Q4").last_date.isoformat() == "2026-12-31"
    for quarter in ("2024-Q1", "2025-Q3", "2026-Q2", "2026-Q4"):
        meta = build_meta(quarter=quarter)
        days = pl.date_range(meta.first_date, meta.last_date, eager=True)
        assert meta.week_count == (days.dt.weekday() == 7).sum(), "a week belongs to the quarter of its Sunday"


def test_the_newest_plan_of_a_year_is_shown(tables: BulletinTables, meta: BulletinMeta) -> None:
    assert tables.verdicts is not None
    old = tables.verdicts.with_columns(plan_version=pl.lit("1999"), target_pct=pl.lit(1.0))
    found = figures(replace(tables, verdicts=pl.concat([old, tables.verdicts])), meta)
    value = found.filter(pl.col("figure_id") == "verdicts/accord/2026/target_pct")["value"].to_list()
    assert value == [81.0]


def test_positions_need_intervals_that_do_not_touch(tables: BulletinTables) -> None:
    assert tables.estimates is not None
    positions = dict(
        region_positions(tables.estimates)
        .filter(pl.col("indicator_id") == "accord")
        .select("region_code", "position")
        .iter_rows()
    )
    rows = tables.estimates.filter(pl.col("indicator_id") == "accord", pl.col("year") == 2026)
    country = rows.row(by_predicate=pl.col("domain") == "country", named=True)
    for row in rows.filter(pl.col("domain") == "region").iter_rows(named=True):
        expected = "indistinct"
        if row["is_suppressed"]:
            expected = "suppressed"
        elif row["ci_low_pct"] > country["ci_high_pct"]:
            expected = "above"
        elif row["ci_high_pct"] < country["ci_low_pct"]:
            expected = "below"
        assert positions[row["domain_value"]] == expected


def test_quarter_share_is_weighted_by_messages() -> None:
    weeks = pl.DataFrame(
        {
            "signal": ["hostile", "hostile"],
            "week_date": ["a", "b"],
            "message_count": [10, 90],
            "interethnic_count": [5, 5],
            "cluster_count": [10, 90],
            "signal_count": [5, 9],
            "share": [0.5, 0.1],
            "ci_low_share": [0.2, 0.0],
            "ci_high_share": [0.8, 0.2],
            "corrected_share": [None, 0.2],
            "corrected_ci_low_share": [None, 0.1],
            "corrected_ci_high_share": [None, 0.3],
        }
    )
    row = summed_rates(weeks, ("signal",)).row(0, named=True)
    assert row["share"] == pytest.approx(0.14)
    assert row["corrected_share"] == pytest.approx(0.2)
    assert row["signal_count"] == 14
    assert row["week_count"] == 2


def test_ledger_names_disagreement(tables: BulletinTables) -> None:
    estimates = pl.DataFrame(
        {
            "indicator_id": ["accord"] * 3,
            "year": [2026] * 3,
            "domain": ["country", "region", "region"],
            "domain_value": ["KZ", "KZ-10", "KZ-11"],
            "estimate_pct": [80.0, 90.0, 70.0],
            "ci_low_pct": [79.0, 86.0, 65.0],
            "ci_high_pct": [81.0, 94.0, 75.0],
            "is_suppressed": [False] * 3,
        }
    )
    rates = pl.DataFrame(
        {
            "region_code": ["KZ", "KZ-10", "KZ-11"],
            "group_code": ["all"] * 3,
            "signal": ["hostile"] * 3,
            "shown_ci_low_share": [0.04, 0.08, 0.01],
            "shown_ci_high_share": [0.05, 0.12, 0.02],
        }
    )
    candidates = pl.DataFrame({"region_code": ["KZ-15"], "case_kind": ["rumour"], "status": ["awaiting_review"]})
    returns = pl.DataFrame({"region_code": ["KZ-15"], "appeal_count": [0], "resolved_count": [0]})
    frames = {"estimates": estimates, "candidates": candidates, "returns": returns}
    found = dict(ledger(frames, rates).select("region_code", "disagreement").iter_rows())
    assert found["KZ-10"] == "survey_good_discourse_bad"
    assert found["KZ-11"] == "survey_bad_discourse_good"
    assert found["KZ-15"] == "signals_no_appeals"
    assert found["KZ-71"] == "not_comparable"
    assert len(found) == 20
