"""What the survey commands say about their input, in the language of the operator."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml
from pydantic import Field

from data_contracts.contract import Promise, Trilingual
from pipelines.settings import Settings

ROWS = re.compile(r"(?P<count>\d+) rows? \(first: data row (?P<first>\d+)\)")


class Refusal(Promise):
    """One kind of message: how to know its English text, and the text in the other two languages."""

    pattern: str = Field(min_length=1)
    kk: str = Field(min_length=1)
    ru: str = Field(min_length=1)


class Refusals(Promise):
    """Everything of `survey_messages.yml`."""

    words: dict[str, Trilingual]
    messages: dict[str, Refusal]


@cache
def refusals() -> Refusals:
    """The messages and words of the file beside this module."""
    return Refusals.model_validate(
        yaml.safe_load((Path(__file__).parent / "survey_messages.yml").read_text(encoding="utf-8"))
    )


def translated(text: str, language: str) -> str:
    """An English message of the survey method in `kk`, `ru` or `en`; unknown ones stay as they are."""
    if language == "en":
        return text
    for refusal in refusals().messages.values():
        if found := re.fullmatch(refusal.pattern, text, re.DOTALL):
            caught = found.groupdict(default="")
            values = {name: _worded(name, value, language) for name, value in caught.items()}
            return (refusal.kk if language == "kk" else refusal.ru).format(**values)
    return text


def _worded(name: str, value: str, language: str) -> str:
    """A caught piece: a count of rows or the role of a column in words, names and numbers untouched."""
    words = refusals().words
    if name == "rows" and (found := ROWS.fullmatch(value)):
        return words["rows"].in_language(language).format(**found.groupdict())
    return words[value].in_language(language) if name == "role" and value in words else value


def spoken(kind: str, text: str) -> str:
    """The message with its kind (`error` or `note`) before it, in the language of the settings.

    A translation is followed by the English text, which is what code and documentation know it by.
    """
    language = Settings().language
    own = translated(text, language)
    english = "" if own == text else f"\n  [en] {text}"
    return f"{refusals().words[kind].in_language(language)}: {own}{english}"
