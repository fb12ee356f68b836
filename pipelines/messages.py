"""Sentences of the command line in Kazakh, Russian and English."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from data_contracts.contract import Trilingual


@cache
def _messages() -> dict[str, Trilingual]:
    content = yaml.safe_load((Path(__file__).parent / "messages.yml").read_text(encoding="utf-8"))
    return {
        f"{section}.{name}": Trilingual.model_validate(text)
        for section, entries in content.items()
        for name, text in entries.items()
    }


def say(name: str, language: str, **values: object) -> str:
    """The sentence `section.name` in one language, with its values filled in.

    Raises:
        KeyError: if there is no such sentence or language.
    """
    return _messages()[name].in_language(language).format(**values)
