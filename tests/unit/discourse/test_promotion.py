from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from models.discourse.promotion import TOLERANCES, model_changes, worse

SAME = dict.fromkeys(TOLERANCES, 0.5)


def test_nothing_worse_is_promoted() -> None:
    assert worse(SAME, SAME) == []
    assert worse(SAME, SAME | {"suite_all": 0.9, "frozen_authority_flagged": 0.0}) == []


@pytest.mark.parametrize("measure", sorted(TOLERANCES))
def test_each_measure_can_stop_it(measure: str) -> None:
    step = TOLERANCES[measure] + 1e-6
    lower = measure.startswith(("swap", "frozen_authority"))
    assert [one["measure"] for one in worse(SAME, SAME | {measure: 0.5 + (step if lower else -step)})] == [measure]
    assert [one["measure"] for one in worse(SAME, {k: v for k, v in SAME.items() if k != measure})] == [measure]


def test_step_of_a_change_of_model() -> None:
    week = date(2026, 7, 6)
    old = pl.DataFrame(
        {"message_id": ["a", "b"], "week_date": [week] * 2, "discourse": ["hostile", "other"], "severity": [3, 0]}
    )
    new = old.with_columns(pl.lit("other").alias("discourse"), pl.lit(0).alias("severity"))
    found = model_changes(old, new, "one", "two", ("hostile", "hard_hostile", "authority"))
    assert dict(found.select("signal", "step_share").iter_rows()) == {
        "hostile": -0.5,
        "hard_hostile": -0.5,
        "authority": 0.0,
    }
    assert found["message_count"].to_list() == [2, 2, 2]
