"""`kelisim alerts list`, `show` and `export`: a look into the ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from assets.whole_file import whole_file
from data_contracts.councils import case_kinds, councils
from data_contracts.reference import regions
from desk.phrases import phrase, phrase_or_code
from pipelines.commands.desk_access import HomeOption, LanguageOption, one_of, opened, settings_of

WIDE = 160
FormatOption = Annotated[str, typer.Option("--format", help="json or table.")]


def list_command(
    home: HomeOption = None,
    status: Annotated[str | None, typer.Option(help="Only alerts of this status.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only alerts whose time limit has passed.")] = False,
    dead: Annotated[bool, typer.Option("--dead", help="Letters that are dead or uncertain instead of alerts.")] = False,
    *,
    language: LanguageOption = None,
    format_: FormatOption = "table",
) -> None:
    """List alerts, newest week first; escalate and expire what is due."""
    settings = settings_of(home, language)
    one_of(format_, ("json", "table"), settings.language)
    with opened(settings) as ledger:
        ledger.housekeeping()
        rows = ledger.letters(only_stuck=True) if dead else ledger.candidates(status, only_overdue=overdue)
    if format_ == "json":
        typer.echo(json.dumps(rows, ensure_ascii=False))
    elif not rows:
        typer.echo(phrase("say.empty", settings.language))
    else:
        _print(_letter_table(rows, settings.language) if dead else _alert_table(rows, settings.language))


def _print(table: Table) -> None:
    """Where the output is no screen nothing is cut off."""
    console = Console()
    (console if console.is_terminal else Console(width=WIDE)).print(table)


def _table(names: tuple[str, ...], language: str) -> Table:
    """A table whose first column, the id that people copy, is never broken."""
    table = Table()
    for number, name in enumerate(names):
        table.add_column(phrase(f"column.{name}", language), no_wrap=number == 0)
    return table


def _alert_table(rows: list[dict[str, Any]], language: str) -> Table:
    names = ("alert", "week", "region", "groups", "kind", "severity", "to", "status", "overdue")
    table = _table(names, language)
    for row in rows:
        region = regions().get(row["region_code"])
        table.add_row(
            row["candidate_id"],
            row["week_date"],
            region.name.in_language(language) if region else row["region_code"],
            ", ".join(row["group_codes"]),
            case_kinds()[row["case_kind"]].name.in_language(language),
            str(row["severity"]),
            councils()[row["primary_body"]].name.in_language(language),
            phrase(f"status.{row['status']}", language),
            "!" if row["escalated_at"] else "",
        )
    return table


def _letter_table(rows: list[dict[str, Any]], language: str) -> Table:
    names = ("alert", "body", "region", "letter", "attempts", "detail")
    table = _table(names, language)
    for row in rows:
        state = phrase(f"letter.{row['state']}", language)
        table.add_row(row["alert_id"], row["body_code"], row["region_code"], state, str(row["attempts"]), row["detail"])
    return table


def show_command(
    candidate_id: Annotated[str, typer.Argument(help="Id as `alerts list` prints it.")],
    home: HomeOption = None,
    language: LanguageOption = None,
    format_: Annotated[str, typer.Option("--format", help="json or text.")] = "text",
) -> None:
    """Show one alert with its explanation, examples, events, letters and replies."""
    settings = settings_of(home, language)
    one_of(format_, ("json", "text"), settings.language)
    with opened(settings) as ledger:
        row = ledger.candidate(candidate_id)
    if format_ == "json":
        typer.echo(json.dumps(row, ensure_ascii=False))
    else:
        typer.echo("\n".join(_lines(row, settings.language)))


def _lines(row: dict[str, Any], language: str) -> list[str]:
    status = phrase(f"status.{row['status']}", language)
    synthetic = [phrase("page.synthetic", language)] if row["is_synthetic"] else []
    return [
        f"{row['candidate_id']}  {status}  v{row['version']}  {row['week_date']}  {row['region_code']}",
        *synthetic,
        row[f"explanation_{language}"],
        *(f"- {text}" for text in row["example_texts"]),
        f"-> {row['primary_body']} ({', '.join(row['supporting_bodies'])})",
        *(
            "  ".join(
                part
                for part in (
                    event["recorded_at"][:19],
                    phrase_or_code("event", event["kind"], language),
                    event["actor"],
                    event["reason"],
                )
                if part
            )
            for event in row["events"]
        ),
        *(
            f"{phrase('column.letter', language)} {letter['body_code']}: "
            f"{phrase('letter.' + letter['state'], language)} {letter['problem']} {letter['detail']}".rstrip()
            for letter in row["letters"]
        ),
    ]


def export_command(
    home: HomeOption = None,
    out: Annotated[Path | None, typer.Option(help="File to write; without it the text is printed.")] = None,
    format_: Annotated[str, typer.Option("--format", help="json or csv.")] = "json",
    language: LanguageOption = None,
) -> None:
    """Alerts with their dates and outcomes: no persons, no texts, no reasons, no addresses."""
    settings = settings_of(home, language)
    one_of(format_, ("json", "csv"), settings.language)
    with opened(settings) as ledger:
        rows = ledger.export()
    text = json.dumps(rows, ensure_ascii=False, indent=1) + "\n" if format_ == "json" else _csv(rows)
    if out is None:
        typer.echo(text, nl=False)
        return
    with whole_file(out) as beside:
        beside.write_text(text, encoding="utf-8")
    typer.echo(str(out))


def _csv(rows: list[dict[str, Any]]) -> str:
    flat = [
        {name: ";".join(value) if isinstance(value, list) else value for name, value in row.items()} for row in rows
    ]
    return pl.DataFrame(flat, infer_schema_length=None).write_csv()
