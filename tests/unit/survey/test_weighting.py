from __future__ import annotations

import polars as pl
import pytest

from data_contracts.population_margins import population_margins
from models.survey.design import SurveyInputError
from models.survey.weighting import calibration_cells, weight_diagnostics, weights


def test_packaged_margins_agree_with_each_other():
    totals = population_margins().totals()
    assert [round(sum(cells.values())) for cells in totals.values()] == [round(19_186_015 * 0.66)] * 3
    assert len(totals["region_code", "settlement_code"]) == 37  # three cities have no rural part
    shares = totals["group_code",]
    assert shares["kazakh",] / shares["russian",] == pytest.approx(70.4 / 15.5)


def test_weights_reproduce_every_margin(make_wave, small_margins):
    people, _ = make_wave()
    found = people.join(weights(people, small_margins), on=["wave_id", "respondent_id"])
    for variables, totals in small_margins.items():
        sums = found.group_by(variables).agg(pl.col("calibrated_weight").sum())
        for *category, total in sums.iter_rows():
            assert total == pytest.approx(totals[tuple(category)], rel=1e-8)


def test_g_weights_do_not_depend_on_the_unit_of_the_design_weights(make_wave, small_margins):
    people, _ = make_wave()
    thousandfold = people.with_columns(pl.col("design_weight") * 1000)
    first, second = weights(people, small_margins), weights(thousandfold, small_margins)
    assert first["g_weight"].to_numpy() == pytest.approx(second["g_weight"].to_numpy(), rel=1e-8)
    assert 0.7 < first["g_weight"].mean() < 1.4


def test_each_wave_is_weighted_on_its_own(make_wave, small_margins):
    first, second = make_wave(2024, seed=2)[0], make_wave(2025, seed=3)[0]
    both = weights(pl.concat([first, second]), small_margins)
    alone = weights(second, small_margins)
    assert both.filter(pl.col("wave_id") == "2025-test").equals(alone)


def test_a_small_group_is_merged_into_other_and_said(make_wave, small_margins):
    people, _ = make_wave()
    total = sum(small_margins["group_code",].values())
    small_margins["group_code",] |= {("dungan",): 0.01 * total, ("other",): 0.02 * total}
    tiny = people.with_row_index().with_columns(
        group_code=pl.when(pl.col("index") < 4)
        .then(pl.lit("dungan"))
        .when(pl.col("index") < 40)
        .then(pl.lit("other"))
        .otherwise("group_code")
    )
    cells = calibration_cells(tiny.drop("index"), small_margins)
    assert cells.merged["margin_group"] == {"dungan": "other"}
    assert set(cells.totals["margin_group"]) == {"kazakh", "russian", "uzbek", "other"}
    weighted = weights(tiny.drop("index"), small_margins)
    rows = weight_diagnostics(tiny.drop("index"), weighted, small_margins)
    assert rows.filter(pl.col("measure") == "margin_merged")["domain_value"].to_list() == ["group:dungan>other"]


def test_a_region_without_respondents_is_left_out_and_said(make_wave, small_margins):
    people, _ = make_wave()
    part = people.filter(pl.col("region_code") != "KZ-31")
    cells = calibration_cells(part, small_margins)
    assert cells.uncovered == ("KZ-31/urban",)
    assert weights(part, small_margins)["calibrated_weight"].sum() == pytest.approx(1_500_000)


def test_diagnostics_show_gaps_closed_and_kish_deff(make_wave, small_margins):
    people, _ = make_wave()
    table = weight_diagnostics(people, weights(people, small_margins), small_margins)
    gaps = (
        table.filter(pl.col("measure").str.starts_with("margin_gap"))
        .group_by("measure")
        .agg(pl.col("value").abs().max())
    )
    largest = dict(gaps.iter_rows())
    assert largest["margin_gap_before_pp"] > 0.5
    assert largest["margin_gap_after_pp"] < 1e-6
    w = people["design_weight"].to_numpy()
    deff = table.filter(pl.col("measure") == "kish_deff_design").item(0, "value")
    assert deff == pytest.approx(len(w) * (w**2).sum() / w.sum() ** 2)


def test_respondents_without_a_population_are_an_error_that_names_them(make_wave, small_margins):
    people = make_wave()[0].with_columns(region_code=pl.lit("KZ-62"))
    with pytest.raises(SurveyInputError, match=r"2025-test.*KZ-62/urban"):
        weights(people, small_margins)


def test_an_empty_wave_is_an_error(make_wave):
    with pytest.raises(SurveyInputError, match="quarantined"):
        weights(make_wave()[0].clear())
