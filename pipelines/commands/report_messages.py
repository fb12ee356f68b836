"""What `kelisim bulletin` and `kelisim export` say, and the settings and facts both start from."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NoReturn

import typer
import yaml

from assets.whole_file import whole_file
from assets.workplace import Workplace
from data_contracts.contract import Trilingual
from pipelines.home import code_version
from pipelines.settings import Settings

LANGUAGES = ("kk", "ru", "en")
WRONG_INPUT = 2
FAILED_RUN = 1


@cache
def _messages() -> dict[str, Trilingual]:
    content = yaml.safe_load((Path(__file__).parent / "report_messages.yml").read_text(encoding="utf-8"))
    return {name: Trilingual.model_validate(text) for name, text in content.items()}


def say(name: str, language: str, **values: object) -> str:
    """A sentence of `report_messages.yml` in one language, with its values filled in.

    Raises:
        KeyError: if there is no such sentence or language.
    """
    return _messages()[name].in_language(language).format(**values)


def stop(message: str, code: int = WRONG_INPUT) -> NoReturn:
    """Say what is wrong on stderr and end with the code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def chosen_settings(home: Path | None, lang: str | None) -> Settings:
    """Settings of the environment with home and language of the command line over them; ends on a bad language."""
    settings = Settings()
    if lang is not None and lang not in LANGUAGES:
        stop(say("language", settings.language, value=lang))
    changes = {name: value for name, value in (("home", home), ("language", lang)) if value is not None}
    return settings.model_copy(update=changes)


def reading_place(settings: Settings) -> Workplace:
    """A home opened for reading: no folder is made, no key is touched."""
    return Workplace(
        root=settings.root,
        as_of=settings.now(),
        seed=settings.seed,
        code_version=_version(),
        pseudonym_key=b"",
    )


@cache
def _version() -> str:
    """Version of the running code; its digest reads every source file, so once a process."""
    return code_version()


def write_beside(path: Path, content: bytes, language: str) -> None:
    """Write a file; ends with a sentence where that cannot be done."""
    try:
        with whole_file(path) as beside:
            beside.write_bytes(content)
    except OSError as error:
        stop(say("folder", language, path=path, reason=error.strerror or error))
