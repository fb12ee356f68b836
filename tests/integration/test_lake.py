"""Stage, check, publish: what reaches the lake, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.checks import contract_checks
from assets.partitions import quarters
from assets.workplace import Workplace
from data_contracts.contract import table_contract
from pipelines.resources.lake import Lake

TABLE = "out_bulletin__issues"
ROW = {
    "quarter": "2026-Q3",
    "language": "kk",
    "format": "html",
    "file_name": "kelisim-2026-Q3-kk.html",
    "sha256": "0" * 64,
    "byte_count": 10,
    "is_synthetic": True,
}


def place(root: Path) -> Workplace:
    return Workplace(
        root=root, as_of=datetime(2026, 10, 20, tzinfo=UTC), seed=1, code_version="test", pseudonym_key=b"k"
    )


def run(root: Path, rows: list[dict], *, with_check: bool = True, reader: bool = False) -> dg.ExecuteInProcessResult:
    @dg.asset(name=TABLE, partitions_def=quarters)
    def table() -> pl.DataFrame:
        return pl.DataFrame(rows)

    @dg.asset(partitions_def=quarters, ins={"rows": dg.AssetIn(TABLE)})
    def total(rows: pl.DataFrame) -> None:
        assert rows.height >= 0

    assets = [table, total] if reader else [table]
    checks = contract_checks([table_contract(TABLE)]) if with_check else []
    return dg.materialize(
        [*assets, *checks],
        resources={"io_manager": Lake(root=str(root)), "workplace": place(root)},
        partition_key="2026-07-01",
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )


def published(root: Path) -> pl.DataFrame | None:
    path = root / "lake" / TABLE / "2026-07-01.parquet"
    return pl.read_parquet(path) if path.exists() else None


def test_a_table_that_keeps_its_contract_is_published(tmp_path: Path) -> None:
    assert run(tmp_path, [ROW], reader=True).success
    found = published(tmp_path)
    assert found is not None
    assert found.rows(named=True) == [ROW]
    assert not list((tmp_path / "staging").rglob("*.parquet"))


def test_a_broken_table_is_not_published_and_stops_the_run(tmp_path: Path) -> None:
    assert run(tmp_path, [ROW]).success
    result = run(tmp_path, [ROW | {"language": "de"}], reader=True)
    assert not result.success
    assert not any(event.step_key == "total" and event.is_step_success for event in result.all_events)
    found = published(tmp_path)
    assert found is not None
    assert found["language"].to_list() == ["kk"]
    assert list((tmp_path / "staging").rglob("*.parquet")), "the broken rows stay for inspection"


def test_wrong_columns_are_not_even_staged(tmp_path: Path) -> None:
    result = run(tmp_path, [{"quarter": "2026-Q3"}])
    assert not result.success
    assert not list((tmp_path / "staging").rglob("*.parquet"))


def test_reading_an_unchecked_table_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path, [ROW], with_check=False, reader=True)
    assert not result.success
    errors = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    assert any("was written in this run but not published" in str(error) for error in errors)


def test_a_check_of_nothing_fails(tmp_path: Path) -> None:
    definitions = dg.Definitions(
        assets=[dg.AssetSpec(TABLE)],
        asset_checks=contract_checks([table_contract(TABLE)]),
        jobs=[dg.define_asset_job("only_check", selection=dg.AssetSelection.checks_for_assets(TABLE))],
        resources={"workplace": place(tmp_path)},
    )
    result = definitions.resolve_job_def("only_check").execute_in_process(raise_on_error=False)
    evaluations = result.get_asset_check_evaluations()
    assert [evaluation.passed for evaluation in evaluations] == [False]


def test_a_range_writes_one_file_a_day_and_reads_them_as_one_frame(tmp_path: Path) -> None:
    from assets.partitions import days

    stances = "core_discourse__stances"
    row = {
        "message_id": "m1",
        "group_code": "uzbek",
        "stance": 1,
        "p_hostile": 0.1,
        "p_neutral": 0.2,
        "p_positive": 0.7,
        "is_abstained": False,
    }
    dates = [datetime(2026, 7, 1).date(), datetime(2026, 7, 3).date()]

    @dg.asset(name=stances, partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
    def table() -> pl.DataFrame:
        return pl.DataFrame([row | {"message_id": f"m{day}", "day_date": day} for day in dates])

    seen: list[int] = []

    @dg.asset(
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        ins={"rows": dg.AssetIn(stances)},
    )
    def total(rows: pl.LazyFrame) -> None:
        seen.append(rows.collect().height)

    result = dg.materialize(
        [table, total, *contract_checks([table_contract(stances)])],
        resources={"io_manager": Lake(root=str(tmp_path)), "workplace": place(tmp_path)},
        tags={
            "dagster/asset_partition_range_start": "2026-07-01",
            "dagster/asset_partition_range_end": "2026-07-04",
        },
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    assert result.success
    heights = {path.stem: pl.read_parquet(path).height for path in (tmp_path / "lake" / stances).glob("*")}
    assert heights == {"2026-07-01": 1, "2026-07-02": 0, "2026-07-03": 1, "2026-07-04": 0}
    assert seen == [2]


@pytest.mark.parametrize("wrong", [["2026-08-01"], ["2026-06-30", "2026-07-01"]])
def test_rows_outside_the_range_are_an_error(wrong: list[str], tmp_path: Path) -> None:
    from assets.partitions import days

    stances = "core_discourse__stances"

    @dg.asset(name=stances, partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
    def table() -> pl.DataFrame:
        return pl.DataFrame(
            {
                "message_id": wrong,
                "day_date": [datetime.fromisoformat(day).date() for day in wrong],
                "group_code": ["uzbek"] * len(wrong),
                "stance": [1] * len(wrong),
                "p_hostile": [0.1] * len(wrong),
                "p_neutral": [0.2] * len(wrong),
                "p_positive": [0.7] * len(wrong),
                "is_abstained": [False] * len(wrong),
            }
        )

    result = dg.materialize(
        [table],
        resources={"io_manager": Lake(root=str(tmp_path)), "workplace": place(tmp_path)},
        tags={
            "dagster/asset_partition_range_start": "2026-07-01",
            "dagster/asset_partition_range_end": "2026-07-04",
        },
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    assert not result.success


def test_a_partition_older_than_a_column_is_read_with_nulls(tmp_path: Path) -> None:
    folder = tmp_path / "lake" / TABLE
    folder.mkdir(parents=True)
    pl.DataFrame([ROW]).drop("is_synthetic").write_parquet(folder / "2026-07-01.parquet")
    seen: list[pl.DataFrame] = []

    @dg.asset(partitions_def=quarters, ins={"rows": dg.AssetIn(TABLE)})
    def reader(rows: pl.DataFrame) -> None:
        seen.append(rows)

    result = dg.materialize(
        [dg.AssetSpec(TABLE, partitions_def=quarters), reader],
        selection=dg.AssetSelection.assets(reader),
        resources={"io_manager": Lake(root=str(tmp_path))},
        partition_key="2026-07-01",
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    assert result.success
    assert seen[0]["is_synthetic"].to_list() == [None]
    assert seen[0]["language"].to_list() == ["kk"]
