"""Contracts refuse what cannot be believed."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from data_contracts.contract import ContractError, TableContract
from data_contracts.schemas import conform

TEXT = {"kk": "кесте", "ru": "таблица", "en": "table"}


def contract(**changes: Any) -> TableContract:
    fields: dict[str, Any] = {
        "table": "core_survey__things",
        "owner": "survey",
        "partition": "none",
        "description": TEXT,
        "key": ["thing_id"],
        "columns": [
            {"name": "thing_id", "type": "string", "description": TEXT},
            {"name": "size", "type": "float", "minimum": 0, "nullable": True, "description": TEXT},
            {"name": "count", "type": "integer", "description": TEXT},
        ],
    }
    return TableContract.model_validate(fields | changes)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        contract(colour="blue")


def test_a_key_must_be_a_column() -> None:
    with pytest.raises(ValidationError, match="other_id"):
        contract(key=["other_id"])


def test_a_missing_language_is_refused() -> None:
    with pytest.raises(ValidationError, match="kk"):
        contract(description={"ru": "таблица", "en": "table"})


def test_crossed_bounds_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"minimum 2\.0 is above maximum 1\.0"):
        contract(
            columns=[
                {"name": "thing_id", "type": "float", "minimum": 2, "maximum": 1, "description": TEXT},
            ]
        )


def test_conform_orders_and_widens() -> None:
    frame = pl.DataFrame({"count": [1, 2], "thing_id": ["a", "b"], "size": [1, None]}).cast({"count": pl.UInt8})
    conformed = conform(frame, contract())
    assert conformed.columns == ["thing_id", "size", "count"]
    assert conformed.schema["count"] == pl.Int64
    assert conformed.schema["size"] == pl.Float64


def test_conform_names_what_is_wrong() -> None:
    with pytest.raises(ContractError, match=r"columns missing: count; columns not in the contract: counts"):
        conform(pl.DataFrame({"thing_id": ["a"], "size": [1.0], "counts": [1]}), contract())
    with pytest.raises(ContractError, match="count is String, not Int64"):
        conform(pl.DataFrame({"thing_id": ["a"], "size": [1.0], "count": ["1"]}), contract())
