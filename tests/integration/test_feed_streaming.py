"""A file of many batches through the lake: pieces in bounded memory, tables as if it were read at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from assets import feeds
from assets import message_runs as runs
from assets.checks import contract_checks
from assets.partitions import feed_files
from assets.sources import record_batches
from assets.sources.inbox import scan_inbox
from assets.workplace import Workplace
from data_contracts.contract import table_contract
from data_contracts.schemas import conform
from models.text.annotation import annotate
from pipelines.resources.lake import Lake

START = datetime(2026, 7, 1, 6, tzinfo=UTC)
ROWS, BATCH = 90, 20
NEWS = "Бүгін Шымкент қаласында тұрғындар жолдың нашарлығына наразылық білдіріп әкімдік алдына жиналды"
TEXTS = ["Алматыда қазақтар мен орыстар тату", "узбеки открыли кафе", NEWS, f"{NEWS} деді", "😂", "сөз сөз {}"]
MAPPING = """
format: csv
source: {source_id_column: site, source_kind: media}
columns: {published_at: at, text: text, message_ref: ref}
"""
TABLES = ("raw_feeds__messages", "core_feeds__quarantine", "core_feeds__messages", "core_feeds__mentions")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """An inbox with one table of five batches, in no order of time, with refused and repeated rows."""
    monkeypatch.setattr(record_batches, "BATCH_ROWS", BATCH)
    monkeypatch.setattr(runs, "RUN_ROWS", BATCH)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    lines = ["at,site,ref,text"]
    for row in range(ROWS):
        at = START + timedelta(hours=(row * 37) % ROWS * 4)
        written = "" if row % 30 == 29 else at.isoformat()
        lines.append(f"{written},site{row % 2}.example,{row % 80},{TEXTS[row % len(TEXTS)].format(row)}")
    (inbox / "vendor.csv").write_text("\n".join(lines), "utf-8")
    (inbox / "vendor.mapping.yml").write_text(MAPPING, "utf-8")
    return Workplace(tmp_path, datetime(2026, 10, 1, tzinfo=UTC), 1, "test", b"k" * 32)


def materialize(
    place: Workplace, asset: dg.AssetsDefinition, tables: tuple[str, ...], **partition
) -> dg.ExecuteInProcessResult:
    instance = partition.pop("instance")
    upstream = [] if asset is feeds.feed_file else [feeds.feed_file]
    return dg.materialize(
        [asset, *upstream, *contract_checks([table_contract(table) for table in tables])],
        selection=dg.AssetSelection.assets(*tables),
        instance=instance,
        resources={"io_manager": Lake(root=str(place.root)), "workplace": place},
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
        **partition,
    )


def published(place: Workplace, table: str) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in place.published(table)])


def test_pieces_make_the_tables_that_reading_at_once_makes(place: Workplace) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        (file,) = [file for file in scan_inbox(place.inbox) if file.kind == "feed"]
        instance.add_dynamic_partitions(str(feed_files.name), [str(file.partition_key)])
        read = materialize(place, feeds.feed_file, TABLES[:2], instance=instance, partition_key=file.partition_key)
        assert read.success
        range_tags = {
            "dagster/asset_partition_range_start": "2026-06-30",
            "dagster/asset_partition_range_end": "2026-07-20",
        }
        assert materialize(place, feeds.feed_days, TABLES[2:], instance=instance, tags=range_tags).success
    raw, refused = published(place, TABLES[0]), published(place, TABLES[1])
    assert raw["row_number"].is_sorted()
    assert (raw.height, refused.height) == (ROWS - 3, 3)
    whole = annotate(raw)
    for table, frame in zip(TABLES[2:], whole, strict=True):
        contract = table_contract(table)
        expected = conform(frame, contract).sort(contract.key)
        assert_frame_equal(published(place, table).sort(contract.key), expected)
    assert whole.messages["copy_count"].sum() == raw.height
    assert len(place.published(TABLES[2])) == 21
    assert not list(place.staging.rglob(".*.partial"))


def test_a_file_that_breaks_its_reader_stages_nothing(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    read = feeds.read_feed

    def breaks(*given, **named):
        yield next(iter(read(*given, **named)))
        raise MemoryError

    monkeypatch.setattr(feeds, "read_feed", breaks)
    with dg.DagsterInstance.ephemeral() as instance:
        (file,) = [file for file in scan_inbox(place.inbox) if file.kind == "feed"]
        instance.add_dynamic_partitions(str(feed_files.name), [str(file.partition_key)])
        failed = materialize(place, feeds.feed_file, TABLES[:2], instance=instance, partition_key=file.partition_key)
    assert not failed.success
    assert not list(place.staging.rglob("*.parquet"))
    assert not place.published(TABLES[0])
