"""Every table has a contract and every contract a table; each contract gives an asset check."""

from __future__ import annotations

import dagster as dg

from data_contracts.allowed_values import allowed_values
from data_contracts.contract import table_contracts
from data_contracts.schemas import empty_frame, schema
from pipelines.definitions import defs

NOT_TABLES = {"discourse_model", "discourse_candidate", "discourse_promotion", "warning_ledger", "warehouse"}


def asset_names() -> set[str]:
    return {key.path[-1] for key in defs.resolve_asset_graph().get_all_asset_keys()}


def test_tables_and_contracts_are_the_same() -> None:
    tables = asset_names() - NOT_TABLES
    assert len(tables) > 20
    assert tables == set(table_contracts())


def test_every_table_has_a_blocking_check() -> None:
    checked = {key.asset_key.path[-1] for key in defs.resolve_asset_graph().asset_check_keys if key.name == "contract"}
    assert checked == set(table_contracts())


def test_partition_kinds_agree() -> None:
    kinds = {
        "day": dg.DailyPartitionsDefinition,
        "quarter": dg.TimeWindowPartitionsDefinition,
        "wave": dg.DynamicPartitionsDefinition,
        "feed_file": dg.DynamicPartitionsDefinition,
        "week": dg.TimeWindowPartitionsDefinition,
        "none": type(None),
    }
    graph = defs.resolve_asset_graph()
    for table, contract in table_contracts().items():
        partitions = graph.get(dg.AssetKey(table)).partitions_def
        assert isinstance(partitions, kinds[contract.partition]), table


def test_every_reference_resolves() -> None:
    columns = [
        column for contract in table_contracts().values() for column in contract.columns if column.reference is not None
    ]
    assert len(columns) > 10
    for column in columns:
        values = allowed_values(column)
        assert values, column.name
        assert len(set(values)) == len(values), column.name


def test_empty_frames_have_the_contracts_schema() -> None:
    for contract in table_contracts().values():
        assert empty_frame(contract).schema == schema(contract)


def test_authors_appear_in_no_table_for_people() -> None:
    contracts = [contract for contract in table_contracts().values() if contract.layer == "out"]
    assert len(contracts) > 8
    assert [
        f"{contract.table}.{column.name}"
        for contract in contracts
        for column in contract.columns
        if column.personal_data in {"pseudonym", "sensitive"}
    ] == []
