"""Rumours of clashes: tension told on as hearsay, by the wording of a short list in Kazakh and Russian.

The list says how a thing is told, not whether it is true; whether it is a rumour the councils answer.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import polars as pl
import yaml


@cache
def hearsay_pattern() -> str:
    """A regular expression over lower-cased text: any turn of the list at the beginning of a word."""
    content = yaml.safe_load((files("models.warning") / "rumour_words.yml").read_text(encoding="utf-8"))
    turns = sorted({turn.casefold() for turns in content.values() for turn in turns})
    inner = "|".join(re.escape(turn).replace(r"\ ", r"\s+") for turn in turns if not turn.startswith("-"))
    endings = "|".join(re.escape(turn) for turn in turns if turn.startswith("-"))
    return rf"(?:^|[^\p{{L}}])(?:{inner})|(?:{endings})(?:[^\p{{L}}]|$)"


def is_hearsay(text: pl.Expr) -> pl.Expr:
    """Whether a text tells something on without a source."""
    return text.str.to_lowercase().str.contains(hearsay_pattern()).fill_null(value=False)
