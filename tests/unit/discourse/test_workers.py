"""Labels from several processes are those of one; the quick model is the shipped one without second readings."""

from __future__ import annotations

import gc
import operator
import os

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.discourse import workers
from models.discourse.classifier import DiscourseModel
from models.discourse.workers import labelling_crew, labels_and_stances, without_second_reading
from models.processes import cores, crew, on_cores


def _half(number: int) -> int:
    if number < 0:
        raise ValueError("negative")
    return number // 2


def test_two_processes_label_as_one(
    small_model: DiscourseModel,
    some_rows: pl.DataFrame,
    seed_mentions: pl.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    messages = some_rows.select("message_id", "text").head(61)
    monkeypatch.setattr(workers, "ROWS_AT_ONCE", 13)
    with labelling_crew(small_model, len(messages), 1) as one_process:
        alone = labels_and_stances(messages, seed_mentions, one_process)
    with labelling_crew(small_model, len(messages), 2) as two_processes:
        together = labels_and_stances(messages, seed_mentions, two_processes)
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


def _cores_inside(_number: int) -> tuple[int, int]:
    return os.getpid(), cores()


def test_a_crew_shares_the_work_and_spreads_it_no_further():
    before, often = cores(), gc.get_threshold()
    found = on_cores(_cores_inside, [(number,) for number in range(8)], processes=2)
    assert {inside for _, inside in found} == {1}
    assert len({process for process, _ in found}) == 2
    assert os.getpid() in {process for process, _ in found}, "the caller works too"
    assert (cores(), gc.get_threshold()) == (before, often)


def test_the_crew_holds_one_thing():
    with crew(7, processes=2) as sevens:
        assert sevens.size == 2
        assert sevens.each(operator.mul, [(number,) for number in range(5)]) == [0, 7, 14, 21, 28]
    with crew(7, processes=1) as alone:
        assert alone.size == 1
        assert alone.each(operator.mul, [(3,)]) == [21]
