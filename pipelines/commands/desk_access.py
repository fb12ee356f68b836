"""What the commands of alerts, ledger and desk have in common: the ledger, the acting person, refusals."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from desk.phrases import phrase, refusal_text
from models.warning.refusals import Refused
from pipelines.resources.ledger import Ledger
from pipelines.settings import Settings

BAD_INPUT = 2
LANGUAGES = ("kk", "ru", "en")

HomeOption = Annotated[Path | None, typer.Option("--home", help="Folder of the ledger; by default KELISIM_HOME.")]
LanguageOption = Annotated[str | None, typer.Option("--lang", help="kk, ru or en; by default KELISIM_LANGUAGE.")]
ActorOption = Annotated[str, typer.Option("--as", help="Who you are at the desk; the password is asked for.")]


def settings_of(home: Path | None, language: str | None) -> Settings:
    """Settings with what the command line says put over them; ends the command for an unknown language."""
    chosen = Settings()
    if language is not None and language not in LANGUAGES:
        raise stop(phrase("say.wrong_language", chosen.language, value=language))
    changes = {name: value for name, value in (("home", home), ("language", language)) if value is not None}
    return chosen.model_copy(update=changes)


def stop(message: str, code: int = BAD_INPUT) -> typer.Exit:
    """Say what is wrong on stderr; raise what this returns."""
    Console(stderr=True).print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(code)


@contextmanager
def opened(settings: Settings, *, may_be_new: bool = False) -> Iterator[Ledger]:
    """The ledger of the settings; whatever a rule refuses ends the command with its sentence and code 2."""
    ledger = None
    try:
        ledger = open_existing(settings, may_be_new=may_be_new)
        yield ledger
    except Refused as refusal:
        raise stop(refusal_text(refusal, settings.language)) from refusal
    except ValueError as error:
        raise stop(str(error)) from error
    finally:
        if ledger is not None:
            ledger.close()


def open_existing(settings: Settings, *, may_be_new: bool = False) -> Ledger:
    """The ledger at the URL of the settings, else the one in the home.

    Raises:
        Refused: if there is none in the home yet, unless it may be new.
    """
    inbox = settings.root / "inbox"
    if settings.ledger_url is not None:
        return Ledger(settings.ledger_url.get_secret_value(), inbox=inbox)
    path = settings.root / "ledger.sqlite"
    if may_be_new:
        settings.root.mkdir(parents=True, exist_ok=True)
    elif not path.exists():
        raise Refused("no_ledger", path=path)
    return Ledger(f"sqlite:///{path}", inbox=inbox)


def acting(ledger: Ledger, settings: Settings, name: str) -> str:
    """The person who acts, after the password was right.

    Raises:
        PeopleError: if there is no such person or the password is wrong.
    """
    return ledger.authenticate(name, password_of(settings, name))


def password_of(settings: Settings, name: str, *, twice: bool = False) -> str:
    """The password of the settings, or the one typed; ends the command where nobody can type."""
    if settings.desk_password is not None:
        return settings.desk_password.get_secret_value()
    if not sys.stdin.isatty():
        raise stop(phrase("say.no_password", settings.language))
    return typer.prompt(
        phrase("say.password_of", settings.language, name=name), hide_input=True, confirmation_prompt=twice
    )


def one_of(value: str, known: tuple[str, ...], language: str) -> str:
    """The value if it is known; ends the command otherwise."""
    if value not in known:
        raise stop(phrase("say.wrong_format", language, value=value, known=", ".join(known)))
    return value
