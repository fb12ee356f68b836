"""Words of the desk in Kazakh, Russian and English; needs no Django."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from data_contracts.contract import Trilingual
from models.warning.refusals import Refused, sentences


@cache
def _phrases() -> dict[str, Trilingual]:
    content = yaml.safe_load(files("desk").joinpath("phrases.yml").read_text(encoding="utf-8"))
    return {
        f"{section}.{name}": Trilingual.model_validate(text)
        for section, entries in content.items()
        for name, text in entries.items()
    }


def phrase(name: str, language: str, /, **values: object) -> str:
    """The phrase `section.name` in one language, with its values filled in.

    Raises:
        KeyError: if there is no such phrase or language.
    """
    text = _phrases()[name].in_language(language)
    return text.format(**values) if values else text


def phrase_or_code(section: str, code: str, language: str) -> str:
    """The phrase of a code, or the code itself where there is none."""
    name = f"{section}.{code}"
    return phrase(name, language) if name in _phrases() else code


WORDED = {"action": "event", "status": "status", "state": "letter"}


def refusal_text(refusal: Refused, language: str) -> str:
    """What a rule says no to, with steps and statuses in words instead of codes."""
    worded = {
        name: phrase_or_code(WORDED[name], str(value), language) if name in WORDED else value
        for name, value in refusal.values.items()
    }
    return sentences()[refusal.rule].in_language(language).format(**worded)
