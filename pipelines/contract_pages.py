"""Markdown pages of every table and source contract, for docs/tables and docs/sources."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from data_contracts.allowed_values import allowed_values
from data_contracts.contract import Column, TableContract, table_contracts
from data_contracts.source import SourceContract, source_contracts

LONGEST_LISTING = 12
NOTE = "<!-- made by `make docs` from data_contracts; change the contract, not this page -->"


def write_pages(folder: Path) -> list[Path]:
    """Write one page a contract and an index for tables and sources.

    Returns:
        The paths written, in order.
    """
    pages = {folder / "tables" / f"{name}.md": table_page(one) for name, one in table_contracts().items()}
    pages |= {folder / "sources" / f"{name}.md": source_page(one) for name, one in source_contracts().items()}
    pages[folder / "tables" / "README.md"] = index_page(
        "Tables", [(one.table, one.description.en) for one in table_contracts().values()]
    )
    pages[folder / "sources" / "README.md"] = index_page(
        "Sources", [(one.source, one.title.en) for one in source_contracts().values()]
    )
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sorted(pages)


def table_page(contract: TableContract) -> str:
    """The page of one table: what it is, its columns, their limits and its rules, in three languages."""
    described = contract.description
    lines = [
        NOTE,
        f"# {contract.table}",
        "",
        f"{described.en}",
        "",
        f"- kk: {described.kk}",
        f"- ru: {described.ru}",
        f"- key: {', '.join(f'`{name}`' for name in contract.key)}; one file a {contract.partition}"
        if contract.partition != "none"
        else f"- key: {', '.join(f'`{name}`' for name in contract.key)}; one file",
        f"- owner: {contract.owner}",
        "",
        "| column | type | may be empty | holds | personal data | en | ru | kk |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_column_row(column) for column in contract.columns]
    if contract.rules:
        lines += ["", "## Rules of a row", "", "| rule | condition | en | ru | kk |", "|---|---|---|---|---|"]
        lines += [
            f"| {rule.name} | `{_cell(rule.sql)}` | {_cell(rule.description.en)} "
            f"| {_cell(rule.description.ru)} | {_cell(rule.description.kk)} |"
            for rule in contract.rules
        ]
    return "\n".join(lines) + "\n"


def source_page(contract: SourceContract) -> str:
    """The page of one outside format: how it is recognised, what it must hold and what becomes of it."""
    lines = [NOTE, f"# {contract.title.en}", ""]
    for title, text in (("What", contract.description), ("Recognised by", contract.recognised_by)):
        lines += [f"**{title}.** {text.en}", "", f"- kk: {text.kk}", f"- ru: {text.ru}", ""]
    lines += [f"Files: {', '.join(contract.file_suffixes)}"]
    if contract.sheet:
        lines += [f"Sheet: {contract.sheet}, header on row {contract.header_row}"]
    if contract.columns:
        lines += ["", "| field | headers | required | fate | en | ru | kk |", "|---|---|---|---|---|---|---|"]
        lines += [
            f"| {column.field} | {_cell(', '.join(column.names))} | {'yes' if column.required else ''} "
            f"| {column.fate} | {_cell(column.description.en)} | {_cell(column.description.ru)} "
            f"| {_cell(column.description.kk)} |"
            for column in contract.columns
        ]
    return "\n".join(lines) + "\n"


def index_page(title: str, entries: Sequence[tuple[str, str]]) -> str:
    """A list of pages with a line each."""
    lines = [NOTE, f"# {title}", ""]
    lines += [f"- [{name}]({name}.md): {text}" for name, text in entries]
    return "\n".join(lines) + "\n"


def _column_row(column: Column) -> str:
    described = column.description
    return (
        f"| `{column.name}` | {column.type} | {'yes' if column.nullable else ''} | {_cell(_limits(column))} "
        f"| {'' if column.personal_data == 'none' else column.personal_data} "
        f"| {_cell(described.en)} | {_cell(described.ru)} | {_cell(described.kk)} |"
    )


def _limits(column: Column) -> str:
    parts = [column.unit] if column.unit else []
    values = allowed_values(column)
    if column.reference:
        parts.append(f"a key of {column.reference}")
        parts += [f"or {', '.join(column.also_allowed)}"] if column.also_allowed else []
    elif values:
        shown = ", ".join(str(value) for value in values[:LONGEST_LISTING])
        parts.append(shown + (", ..." if len(values) > LONGEST_LISTING else ""))
    if column.minimum is not None or column.maximum is not None:
        low = "" if column.minimum is None else f"{column.minimum:g}"
        high = "" if column.maximum is None else f"{column.maximum:g}"
        parts.append(f"{low}..{high}")
    if column.pattern:
        parts.append(f"matches `{column.pattern}`")
    if column.maximum_length:
        parts.append(f"at most {column.maximum_length} characters")
    return "; ".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()
