from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from data_contracts.contract import table_contract
from models.discourse.classifier import LABELS
from models.discourse.rates import SIGNALS, rates, true_distribution

QUARTER = "2026-Q3"


def frames(labels: list[str], day: date = date(2026, 7, 8), clusters: list[str] | None = None, severity: int = 1):
    ids = [f"m{i:05d}" for i in range(len(labels))]
    messages = pl.DataFrame(
        {
            "message_id": ids,
            "day_date": [day] * len(ids),
            "region_code": ["KZ-75"] * len(ids),
            "duplicate_cluster_id": clusters or ids,
            "author_pseudonym": pl.Series([None] * len(ids), dtype=pl.String),
        }
    )
    found = pl.DataFrame(
        {
            "message_id": ids,
            "discourse": labels,
            "severity": [severity if one == "hostile" else 0 for one in labels],
            "is_skipped": [one == "other" for one in labels],
        }
    )
    people = pl.DataFrame(
        {"message_id": ids[:2], "group_code": ["uzbek"] * 2, "is_person": [True, True]},
        schema={"message_id": pl.String, "group_code": pl.String, "is_person": pl.Boolean},
    )
    return messages, found, people


def cell(found: pl.DataFrame, signal: str, region: str = "KZ", group: str = "all") -> dict:
    return found.filter(
        (pl.col("signal") == signal) & (pl.col("region_code") == region) & (pl.col("group_code") == group)
    ).row(0, named=True)


def test_counts_and_wilson_interval():
    messages, labels, people = frames(["hostile"] * 10 + ["other"] * 90)
    found = rates(messages, labels, people, QUARTER)
    assert found.columns == list(table_contract("out_discourse__rates").column_names)
    assert len(found) == 2 * 2 * len(SIGNALS)
    row = cell(found, "hostile")
    assert (row["message_count"], row["interethnic_count"], row["signal_count"]) == (100, 10, 10)
    # Wilson score interval of 10 in 100, known to four digits.
    assert row["share"] == pytest.approx(0.10)
    assert row["ci_low_share"] == pytest.approx(0.0552, abs=1e-4)
    assert row["ci_high_share"] == pytest.approx(0.1744, abs=1e-4)
    assert row["week_date"] == date(2026, 7, 6)
    assert row["author_count"] is None and row["corrected_share"] is None
    assert cell(found, "hostile", group="uzbek")["message_count"] == 2


def test_copies_count_once_in_shares():
    messages, labels, people = frames(["hostile"] * 6 + ["neutral"] * 4, clusters=["c"] * 6 + list("defg"))
    row = cell(rates(messages, labels, people, QUARTER), "hostile")
    assert (row["signal_count"], row["signal_cluster_count"], row["cluster_count"]) == (6, 1, 5)
    assert row["share"] == pytest.approx(0.2)


def test_hard_hostility_is_part_of_hostility():
    messages, labels, people = frames(["hostile"] * 5 + ["neutral"] * 5, severity=3)
    found = rates(messages, labels, people, QUARTER)
    assert cell(found, "hard_hostile")["signal_count"] == cell(found, "hostile")["signal_count"] == 5


def test_days_outside_the_quarter_and_bad_quarters():
    messages, labels, people = frames(["hostile"] * 3, day=date(2026, 10, 1))
    assert rates(messages, labels, people, QUARTER).is_empty()
    early = frames(["hostile"] * 3, day=date(2026, 6, 29))
    assert set(rates(*early, QUARTER)["week_date"]) == {date(2026, 6, 29)}, "its Sunday lies in the quarter"
    assert rates(*early, "2026-Q2").is_empty()
    for wrong in ("2026-Q5", "2026Q3", "26-Q1"):
        with pytest.raises(ValueError, match="write it like 2026-Q3"):
            rates(messages, labels, people, wrong)


def response(right: float) -> np.ndarray:
    size = len(LABELS)
    return np.full((size, size), (1 - right) / (size - 1)) + np.eye(size) * (right - (1 - right) / (size - 1))


def test_true_distribution_undoes_a_known_confusion():
    truth = np.array([[0.3, 0.1, 0.05, 0.05, 0.1, 0.1, 0.1, 0.15, 0.05]])
    known = response(0.9)
    assert np.allclose(true_distribution(truth @ known * 1e4, known), truth, atol=0.005)


def test_correction_moves_the_share_towards_the_truth_and_its_interval_holds_it():
    generator = np.random.default_rng(3)
    confusion = np.round(response(0.8) * 400)
    true = generator.choice(len(LABELS), size=6_000, p=[0.02, 0.05, 0.05, 0.05, 0.05, 0.1, 0.2, 0.38, 0.1])
    seen = [LABELS[generator.choice(len(LABELS), p=confusion[one] / confusion[one].sum())] for one in true]
    messages, labels, people = frames(seen)
    labels = labels.with_columns(is_skipped=pl.lit(False))
    row = cell(rates(messages, labels, people, QUARTER, confusion), "hostile")
    share = float((true == 0).mean())
    assert abs(row["corrected_share"] - share) < abs(row["share"] - share)
    assert row["corrected_ci_low_share"] <= share <= row["corrected_ci_high_share"]
    assert row["corrected_ci_high_share"] - row["corrected_ci_low_share"] > 0


def test_a_confusion_of_another_codebook_is_refused():
    with pytest.raises(ValueError, match="shape"):
        rates(*frames(["hostile"] * 3), QUARTER, np.eye(4))


def test_what_was_never_predicted_is_not_known_to_be_absent():
    confusion = np.round(response(0.9) * 200)
    row = cell(rates(*frames(["other", "neutral"] * 30), "2026-Q3", confusion=confusion), "tension")
    assert row["signal_count"] == 0
    assert row["corrected_ci_high_share"] >= 3.84 / (60 + 3.84) - 1e-9, "Wilson's end for 0 of 60"
