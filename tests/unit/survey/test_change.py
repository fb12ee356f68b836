from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from data_contracts.contract import table_contract
from data_contracts.schemas import conform
from models.survey.change import changes, wave_covariances, year_pairs
from models.survey.indicators import estimates, scored_sample
from models.survey.weighting import weights


def _row(year: int, value: str, estimate: float | None, se: float = 1.0, **other: object) -> dict:
    row = {
        "quarter": "2026-Q3",
        "indicator_id": "accord",
        "indicator_version": "1.0",
        "year": year,
        "domain": "country" if value == "KZ" else "region",
        "domain_value": value,
        "region_code": value,
        "estimate_pct": estimate,
        "se_pct": se,
        "df": 100.0,
        "is_suppressed": estimate is None,
        "comparability": "comparable",
    }
    return {**row, **other}


def test_difference_interval_and_p_of_independent_waves():
    table = changes(pl.DataFrame([_row(2025, "KZ", 80.0, 1.0), _row(2026, "KZ", 84.0, 2.0)]))
    row = table.row(0, named=True)
    df = 25 / (1 / 100 + 16 / 100)
    assert row["difference_pp"] == pytest.approx(4.0)
    assert row["se_pp"] == pytest.approx(5**0.5)
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(4 / 5**0.5, df))
    assert row["ci_high_pp"] - 4 == pytest.approx(stats.t.ppf(0.975, df) * 5**0.5)
    assert conform(table, table_contract("out_indicators__changes")).height == 1


def test_a_covariance_of_shared_units_narrows_the_change():
    frame = pl.DataFrame([_row(2025, "KZ", 80.0), _row(2026, "KZ", 82.0)])
    known = pl.DataFrame(
        {
            "indicator_id": ["accord"],
            "domain": ["country"],
            "domain_value": ["KZ"],
            "year_from": [2025],
            "year_to": [2026],
            "covariance_pp2": [0.5],
        }
    )
    assert changes(frame)["verdict"].to_list() == ["no_significant_change"]
    related = changes(frame, known).row(0, named=True)
    assert (related["se_pp"], related["verdict"]) == (pytest.approx(1.0), "up")


def test_regions_are_judged_together():
    """P values .001, .012, .03, .04, .2 and their Holm and BH forms as R's p.adjust gives them."""
    p = [0.001, 0.012, 0.03, 0.04, 0.2]
    codes = ["KZ-10", "KZ-11", "KZ-15", "KZ-19", "KZ-23"]
    rows = [_row(2025, code, 80.0) for code in codes]
    df = 4 / (2 / 100)
    rows += [_row(2026, code, 80.0 - stats.t.isf(value / 2, df) * 2**0.5) for code, value in zip(codes, p, strict=True)]
    table = changes(pl.DataFrame(rows)).sort("domain_value")
    assert table["p_value"].to_list() == pytest.approx(p)
    assert table["p_holm"].to_list() == pytest.approx([0.005, 0.048, 0.09, 0.09, 0.2])
    assert table["p_bh"].to_list() == pytest.approx([0.005, 0.03, 0.05, 0.05, 0.2])
    assert table["verdict"].to_list() == ["down", "down", *["no_significant_change"] * 3]


def test_hidden_and_broken_cells_have_a_word_and_no_number_and_are_not_counted():
    broken = {"comparability": "not_comparable"}
    rows = [
        _row(2025, "KZ-10", 80.0),
        _row(2026, "KZ-10", 83.3),
        _row(2025, "KZ-11", None),
        _row(2026, "KZ-11", 80.0),
    ]
    rows += [_row(2025, "KZ-15", 70.0), _row(2026, "KZ-15", 90.0, **broken)]
    table = changes(pl.DataFrame(rows)).sort("domain_value")
    assert table["verdict"].to_list() == ["up", "suppressed", "not_comparable"]
    assert table["difference_pp"].to_list() == [pytest.approx(3.3), None, None]
    assert table.item(0, "p_holm") == table.item(0, "p_value")


def test_years_are_paired_with_the_last_measured_one_and_the_base():
    assert year_pairs([2021, 2023, 2024]) == [(2021, 2023), (2023, 2024), (2021, 2024)]
    assert year_pairs([2024, 2021, 2022, 2023], base_year=2022) == [
        (2021, 2022),
        (2022, 2023),
        (2023, 2024),
        (2022, 2024),
    ]
    assert year_pairs([2021, 2022]) == [(2021, 2022)]
    assert year_pairs([2021]) == []
    assert changes(pl.DataFrame([_row(2025, "KZ", 80.0)])).is_empty()


def test_waves_drawn_apart_have_no_covariance_and_panels_have(make_wave, small_margins, items):
    apart = [make_wave(year, seed=year, size=600) for year in (2024, 2025)]
    panel = [make_wave(year, seed=7, size=600, psu_spread=0.15, frame="panel") for year in (2024, 2025)]
    found = []
    for waves in (apart, panel):
        people, answers = (pl.concat([wave[i] for wave in waves]) for i in (0, 1))
        weighted = weights(people, small_margins)
        sample = scored_sample(people, answers, weighted, items, margins=small_margins)
        covariances = wave_covariances(sample, items)
        table = estimates(people, answers, weighted, items, "2025-Q3", margins=small_margins)
        found.append((covariances, changes(table), changes(table, covariances)))
    (none, *_), (some, ignored, used) = found
    assert none.is_empty()
    country = some.filter((pl.col("domain") == "country") & (pl.col("indicator_id") == "accord"))
    assert country.item(0, "covariance_pp2") > 0
    pick = (pl.col("domain") == "country") & (pl.col("indicator_id") == "accord")
    # Both years of this panel are the same people with the same answers: there is nothing that could differ.
    assert used.filter(pick).item(0, "se_pp") < 0.01 * ignored.filter(pick).item(0, "se_pp")


@pytest.mark.slow
def test_change_intervals_hold_their_level():
    """1,000 pairs of equal shares, 40 regions each: t intervals of the difference cover 0 in 95 %."""
    rng = np.random.default_rng(11)
    n, share = 400, 0.75
    draws = rng.binomial(n, share, size=(2, 1000)) / n
    rows = []
    for year, values in zip((2025, 2026), draws, strict=True):
        rows += [
            _row(year, f"c{i}", 100 * v, 100 * (v * (1 - v) / n) ** 0.5, domain="group", region_code=None)
            for i, v in enumerate(values)
        ]
    table = changes(pl.DataFrame(rows, infer_schema_length=None))
    covered = table.select(((pl.col("ci_low_pp") <= 0) & (pl.col("ci_high_pp") >= 0)).mean()).item()
    assert 0.93 < covered < 0.97
    assert (table["verdict"] == "no_significant_change").mean() > 0.995
