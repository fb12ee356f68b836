"""`kelisim desk`: the web pages of the reviewers, their users, and the addresses of councils."""

from __future__ import annotations

import errno
from typing import Annotated

import typer

from desk.phrases import phrase
from pipelines.commands.desk_access import (
    HomeOption,
    LanguageOption,
    opened,
    password_of,
    settings_of,
    stop,
)
from pipelines.resources.ledger import Ledger
from pipelines.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The desk.")
desk = typer.Typer(invoke_without_command=True, help="The reviewers' pages; without a subcommand, start them.")
app.add_typer(desk, name="desk")
PORT = 8321
FAILED = 1


@app.callback()
def _group() -> None:
    """Keep `desk` a group of its own."""


@desk.callback()
def serve_command(
    context: typer.Context,
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = PORT,
    language: LanguageOption = None,
) -> None:
    """Open the reviewers' pages on this machine alone: queue, evidence, decisions, event log."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_of(home, language)
    with opened(settings, may_be_new=True) as ledger:
        ledger.housekeeping()
        _serve(settings, port)


def _serve(settings: Settings, port: int) -> None:
    from desk.server import application, open_server, secret_key

    url = settings.ledger_url
    address = f"sqlite:///{settings.root / 'ledger.sqlite'}" if url is None else url.get_secret_value()
    Ledger(address, alias="default")
    site = application(secret_key(settings.root / "keys"), settings.language)
    try:
        server = open_server(site, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise stop(phrase("say.port_taken", settings.language, port=port), FAILED) from error
    typer.echo(phrase("say.serving", settings.language, address=f"http://127.0.0.1:{port}/"))
    server.run()


@desk.command("user")
def user_command(
    name: Annotated[str, typer.Argument(help="Name of the person at the desk.")],
    group: Annotated[str, typer.Option(help="analyst, reviewer or secretary.")] = "reviewer",
    disable: Annotated[bool, typer.Option("--disable", help="Take the person's access away instead.")] = False,
    home: HomeOption = None,
    language: LanguageOption = None,
) -> None:
    """Add a person; the password is typed twice or taken from KELISIM_DESK_PASSWORD."""
    settings = settings_of(home, language)
    with opened(settings, may_be_new=True) as ledger:
        if disable:
            ledger.disable_user(name)
        else:
            ledger.add_user(name, group, password_of(settings, name, twice=True))
    done = "user_disabled" if disable else "user_added"
    typer.echo(phrase(f"say.{done}", settings.language, name=name, group=group))


@desk.command("recipient")
def recipient_command(
    body: Annotated[str, typer.Argument(help="Body such as mediation_council.")],
    region: Annotated[str, typer.Argument(help="Region such as KZ-31.")],
    address: Annotated[str, typer.Option(help="E-mail or Apprise address; empty takes the recipient away.")] = "",
    channel: Annotated[str, typer.Option(help="folder, smtp or apprise.")] = "smtp",
    *,
    home: HomeOption = None,
    language: LanguageOption = None,
) -> None:
    """Say where letters for a body of a region go."""
    settings = settings_of(home, language)
    with opened(settings, may_be_new=True) as ledger:
        ledger.set_recipient({"body_code": body, "region_code": region, "channel": channel, "address": address})
    typer.echo(phrase("say.recipient", settings.language, body=body, region=region, channel=channel))
