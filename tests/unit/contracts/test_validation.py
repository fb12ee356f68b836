"""Great Expectations over DuckDB finds each kind of broken rule, and shows no personal data."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from assets.contract_validation import ContractReport, validate
from data_contracts.contract import TableContract

TEXT = {"kk": "кесте", "ru": "таблица", "en": "table"}
CONTRACT = TableContract.model_validate(
    {
        "table": "core_survey__things",
        "owner": "survey",
        "partition": "none",
        "description": TEXT,
        "key": ["thing_id"],
        "minimum_rows": 1,
        "columns": [
            {"name": "thing_id", "type": "string", "pattern": "[a-z]{1,3}", "description": TEXT},
            {"name": "size", "type": "float", "minimum": 0, "maximum": 10, "description": TEXT},
            {"name": "kind", "type": "string", "allowed": ["x", "y"], "description": TEXT},
            {
                "name": "note",
                "type": "string",
                "nullable": True,
                "maximum_length": 5,
                "personal_data": "free_text",
                "description": TEXT,
            },
            {"name": "tags", "type": "list[string]", "reference": "regions.region_code", "description": TEXT},
        ],
        "rules": [{"name": "small_x", "sql": "kind <> 'x' OR size < 5", "description": TEXT}],
    }
)
GOOD = pl.DataFrame(
    {"thing_id": ["a", "b"], "size": [1.0, 9.0], "kind": ["x", "y"], "note": ["ok", None], "tags": [["KZ-10"], []]},
    schema_overrides={"tags": pl.List(pl.String)},
)


def report_of(frame: pl.DataFrame, folder: Path) -> ContractReport:
    path = folder / "things.parquet"
    frame.write_parquet(path)
    return validate(CONTRACT, [path])


def test_a_good_table_keeps_every_rule(tmp_path: Path) -> None:
    report = report_of(GOOD, tmp_path)
    assert report.is_kept
    assert report.row_count == 2
    assert len(report.results) >= 12


BROKEN = {
    "key": {"thing_id": ["a", "a"]},
    "pattern(thing_id)": {"thing_id": ["a", "B9"]},
    "bounds(size)": {"size": [1.0, 11.0]},
    "finite(size)": {"size": [1.0, float("nan")]},
    "not_null(kind)": {"kind": ["x", None]},
    "allowed(kind)": {"kind": ["x", "z"]},
    "allowed(tags)": {"tags": [["KZ-10"], ["KZ-99"]]},
    "maximum_length(note)": {"note": ["ok", "+7 701 000 00 00"]},
    "small_x": {"size": [6.0, 9.0]},
}


@pytest.mark.parametrize("title", sorted(BROKEN))
def test_each_broken_rule_is_found(title: str, tmp_path: Path) -> None:
    frame = GOOD.with_columns(
        pl.Series(name, values, dtype=GOOD.schema[name]) for name, values in BROKEN[title].items()
    )
    report = report_of(frame, tmp_path)
    broken = {result.title: result for result in report.broken}
    assert title in broken
    assert not report.is_kept
    assert broken[title].offending_count == 1
    assert "701" not in str(report)


def test_an_empty_table_breaks_the_minimum(tmp_path: Path) -> None:
    assert [result.rule for result in report_of(GOOD.clear(), tmp_path).broken] == ["minimum_rows"]


def test_no_file_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match="no file to validate"):
        validate(CONTRACT, [])
