"""Labels from several processes are those of one; the quick model is the shipped one without second readings."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.discourse.classifier import DiscourseModel
from models.discourse.workers import labels_and_stances, without_second_reading
from models.processes import on_cores


def _half(number: int) -> int:
    if number < 0:
        raise ValueError("negative")
    return number // 2


def test_two_processes_label_as_one(
    small_model: DiscourseModel, some_rows: pl.DataFrame, seed_mentions: pl.DataFrame
) -> None:
    messages = some_rows.select("message_id", "text").head(61)
    alone = labels_and_stances(messages, seed_mentions, small_model, processes=1)
    together = labels_and_stances(messages, seed_mentions, small_model, processes=2)
    for one, other in zip(alone, together, strict=True):
        assert one is not None
        assert other is not None
        assert_frame_equal(one, other, check_exact=False, abs_tol=1e-6)


def test_the_quick_model_reads_once(small_model: DiscourseModel) -> None:
    quick = without_second_reading(small_model)
    assert quick.second is None
    assert quick.stance is not None
    assert quick.stance.second is None
    assert quick.version == small_model.version


def test_order_is_kept_and_errors_come_through() -> None:
    assert on_cores(_half, [(number,) for number in range(9)], processes=2) == [number // 2 for number in range(9)]
    with pytest.raises(ValueError, match="negative"):
        on_cores(_half, [(1,), (-1,)], processes=2)
    assert on_cores(_half, [(6,)]) == [3], "one piece of work starts no process"
