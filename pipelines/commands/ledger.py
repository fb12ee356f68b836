"""`kelisim ledger`: the hash chain of everything that was decided."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from desk.phrases import phrase
from pipelines.commands.desk_access import HomeOption, LanguageOption, one_of, opened, settings_of, stop

app = typer.Typer(no_args_is_help=True, help="The ledger.")
ledger = typer.Typer(no_args_is_help=True, help="The ledger of alerts.")
app.add_typer(ledger, name="ledger")
BROKEN = 1


@app.callback()
def _group() -> None:
    """Keep `ledger` a group of its own."""


@ledger.callback()
def _ledger_group() -> None:
    """The ledger of alerts: events are only added, each bound to the one before."""


@ledger.command("verify")
def verify_command(
    home: HomeOption = None,
    known_hash: Annotated[
        str | None, typer.Option("--known-hash", help="Last hash noted down earlier: a shortened chain is noticed.")
    ] = None,
    language: LanguageOption = None,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Check every event of the ledger; name the first that does not hold and end with code 1."""
    settings = settings_of(home, language)
    one_of(format_, ("text", "json"), settings.language)
    with opened(settings) as book:
        found = book.verify(known_hash)
    if format_ == "json":
        content = {
            "is_intact": found.is_intact,
            "event_count": found.event_count,
            "last_hash": found.last_hash,
            "problem": found.problem,
            "broken_sequence": found.broken_sequence,
        }
        typer.echo(json.dumps(content, ensure_ascii=False))
    elif found.is_intact:
        typer.echo(phrase("say.intact", settings.language, count=found.event_count, hash=found.last_hash))
    if not found.is_intact:
        raise stop(phrase("say.broken", settings.language, problem=found.problem, count=found.event_count), BROKEN)
