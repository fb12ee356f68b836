"""The Great Expectations suite that a table contract stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data_contracts.allowed_values import allowed_values
from data_contracts.contract import Column, TableContract

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite


def quoted(name: str) -> str:
    """A column name as a DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string as a DuckDB literal."""
    return "'" + text.replace("'", "''") + "'"


def suite(contract: TableContract) -> ExpectationSuite:
    """The suite of one contract; each expectation's meta names the rule and the column.

    Great Expectations takes seconds to import, so it is imported here and not with the module. Rules that it
    has no DuckDB expectation for (patterns, lengths, row rules) are written as queries for offending rows.
    """
    import great_expectations as gx
    import great_expectations.expectations

    gxe: Any = great_expectations.expectations
    expectations: list[Any] = [
        gxe.ExpectTableColumnsToMatchOrderedList(
            column_list=list(contract.column_names), meta={"rule": "columns", "column": None}
        ),
        gxe.ExpectTableRowCountToBeBetween(
            min_value=contract.minimum_rows, meta={"rule": "minimum_rows", "column": None}
        ),
        _offending("key", None, _duplicate_key_query(contract)),
    ]
    for column in contract.columns:
        expectations.extend(_column_expectations(column, gxe))
    expectations.extend(
        _offending(rule.name, None, f"SELECT * FROM {{batch}} WHERE NOT ({rule.sql})") for rule in contract.rules
    )
    return gx.ExpectationSuite(name=contract.table, expectations=expectations)


def _column_expectations(column: Column, gxe: Any) -> list[Any]:
    name = quoted(column.name)
    made: list[Any] = []
    if not column.nullable:
        made.append(
            gxe.ExpectColumnValuesToNotBeNull(column=column.name, meta={"rule": "not_null", "column": column.name})
        )
    values = allowed_values(column)
    if values is not None and column.type == "list[string]":
        listed = ", ".join(literal(str(value)) for value in values)
        query = f"SELECT * FROM {{batch}} WHERE NOT list_has_all([{listed}], {name})"
        made.append(_offending("allowed", column.name, query))
    elif values is not None:
        made.append(
            gxe.ExpectColumnValuesToBeInSet(
                column=column.name, value_set=list(values), meta={"rule": "allowed", "column": column.name}
            )
        )
    if column.minimum is not None or column.maximum is not None:
        made.append(
            gxe.ExpectColumnValuesToBeBetween(
                column=column.name,
                min_value=column.minimum,
                max_value=column.maximum,
                meta={"rule": "bounds", "column": column.name},
            )
        )
    if column.type == "float":
        query = f"SELECT * FROM {{batch}} WHERE isnan({name}) OR isinf({name})"
        made.append(_offending("finite", column.name, query))
    if column.pattern is not None:
        query = f"SELECT * FROM {{batch}} WHERE NOT regexp_full_match({name}, {literal(column.pattern)})"
        made.append(_offending("pattern", column.name, query))
    if column.maximum_length is not None:
        query = f"SELECT * FROM {{batch}} WHERE length({name}) > {column.maximum_length}"
        made.append(_offending("maximum_length", column.name, query))
    return made


def _duplicate_key_query(contract: TableContract) -> str:
    key = ", ".join(quoted(name) for name in contract.key)
    return f"SELECT {key}, count(*) AS row_count FROM {{batch}} GROUP BY {key} HAVING count(*) > 1"


def _offending(rule: str, column: str | None, query: str) -> Any:
    import great_expectations.expectations

    gxe: Any = great_expectations.expectations
    # GX formats the query with str.format, so braces of patterns are doubled, all but those of {batch}.
    escaped = query.replace("{", "{{").replace("}", "}}").replace("{{batch}}", "{batch}")
    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=escaped,
        description=f"{rule}: {column or 'row'}",
        meta={"rule": rule, "column": column},
    )
