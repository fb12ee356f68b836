from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.survey.publication import CONFIDENTIALITY_RULES, suppression


def _cell(value: str = "KZ-10", **other: object) -> dict:
    domain = other.pop("domain", "region")
    region, _, group = value.partition("/")
    cell = {
        "quarter": "2026-Q3",
        "indicator_id": "accord",
        "indicator_version": "1.0",
        "year": 2026,
        "domain": domain,
        "region_code": region,
        "group_code": group or None,
        "domain_value": value,
        "estimate_pct": 80.0,
        "se_pct": 2.0,
        "ci_low_pct": 75.0,
        "ci_high_pct": 84.0,
        "n_count": 400,
        "n_eff": 300.0,
        "deff": 1.33,
        "df": 20.0,
        "cv": 0.025,
        "dissenter_count": 80,
    }
    return {**cell, **other}


def _ruled(*cells: dict) -> pl.DataFrame:
    return suppression(pl.DataFrame(list(cells), schema_overrides={"group_code": pl.String()}))


def _rule(**other: object) -> tuple[str | None, str | None]:
    others = [_cell(f"KZ-{code}") for code in (11, 15)]
    table = _ruled(_cell(**other), *others)
    return table.select("suppression_rule", "reliability_flag").row(0)


@pytest.mark.parametrize(
    ("cell", "rule", "flag"),
    [
        ({}, None, None),
        ({"n_eff": 30.0}, None, None),
        ({"n_eff": 29.9}, "n_eff", None),
        ({"n_count": 29}, "n_eff", None),
        ({"n_count": 9}, "small_cell", None),
        ({"dissenter_count": 2}, "near_certainty", None),
        ({"dissenter_count": 3}, None, None),
        ({"ci_low_pct": 60.0, "ci_high_pct": 90.0}, "interval_width", None),
        ({"ci_low_pct": 60.0, "ci_high_pct": 89.9}, None, "weak_complement"),
        ({"estimate_pct": 6.0, "ci_low_pct": 3.0, "ci_high_pct": 11.0}, "relative_width", None),
        (
            {"estimate_pct": 2.0, "ci_low_pct": 1.0, "ci_high_pct": 5.9},
            None,
            None,
        ),  # narrow: relative width is idle
        ({"df": 7.0}, None, "few_df"),
        ({"df": 8.0}, None, None),
        ({"estimate_pct": None, "ci_low_pct": None, "ci_high_pct": None}, "not_estimable", None),
    ],
)
def test_each_rule_fires_at_its_threshold(cell, rule, flag):
    assert _rule(**cell) == (rule, flag)


def test_the_country_may_be_nearly_unanimous():
    table = _ruled(_cell("KZ", domain="country", dissenter_count=1))
    assert table["suppression_rule"].to_list() == [None]


def test_a_hidden_row_shows_nothing_but_the_class_of_its_size():
    table = _ruled(_cell(n_count=9, n_eff=9.0), _cell("KZ-11", n_count=25), _cell("KZ-15", n_count=400, n_eff=20.0))
    assert table["n_count"].to_list() == [0, 10, 30]
    assert table["is_suppressed"].to_list() == [True] * 3
    numbers = ["estimate_pct", "se_pct", "ci_low_pct", "ci_high_pct", "n_eff", "deff", "df", "cv"]
    assert table.select(pl.col(numbers).null_count()).row(0) == (3,) * 8
    assert "dissenter_count" not in table.columns


def test_the_smallest_neighbour_hides_a_lone_confidential_cell():
    table = _ruled(_cell(n_count=5), _cell("KZ-11", n_count=900), _cell("KZ-15", n_count=350), _cell("KZ-19"))
    assert table["suppression_rule"].to_list() == ["small_cell", None, "secondary", None]


def test_two_hidden_cells_protect_each_other():
    table = _ruled(_cell(n_count=5), _cell("KZ-11", n_eff=12.0), _cell("KZ-15"))
    assert table["suppression_rule"].to_list() == ["small_cell", "n_eff", None]


def test_a_statistically_weak_cell_needs_no_protection():
    table = _ruled(_cell(n_eff=12.0), _cell("KZ-11"), _cell("KZ-15"))
    assert table["suppression_rule"].to_list() == ["n_eff", None, None]


def test_region_by_group_is_protected_along_both_margins():
    cells = {(r, g): 100 for r in ("KZ-10", "KZ-11", "KZ-15") for g in ("kazakh", "russian", "uzbek")}
    cells["KZ-10", "kazakh"] = 4
    table = _ruled(*(_cell(f"{r}/{g}", domain="region_group", n_count=n) for (r, g), n in cells.items()))
    hidden = table.filter("is_suppressed")
    for margin in ("region_code", "group_code"):
        assert min(hidden.group_by(margin).len()["len"]) >= 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=12, max_size=12))
def test_no_line_ever_gives_a_confidential_cell_away(sizes):
    pairs = [(r, g) for r in ("KZ-10", "KZ-11", "KZ-15", "KZ-19") for g in ("kazakh", "russian", "uzbek")]
    table = _ruled(
        *(
            _cell(f"{r}/{g}", domain="region_group", n_count=n, n_eff=float(n))
            for (r, g), n in zip(pairs, sizes, strict=True)
        )
    )
    for margin in ("region_code", "group_code"):
        for _, line in table.group_by(margin):
            confidential = line["suppression_rule"].is_in(list(CONFIDENTIALITY_RULES)).any()
            assert not confidential or line["is_suppressed"].sum() >= 2
