"""The one glossary of the house: terms and their definitions in three languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

import yaml
from pydantic import Field, TypeAdapter

from data_contracts.contract import Promise, Trilingual


class Term(Promise):
    """One term."""

    term_id: str = Field(pattern=r"^[a-z][a-z-]*$")
    term: Trilingual
    definition: Trilingual


@cache
def glossary() -> Mapping[str, Term]:
    """Terms by id, in the order of `glossary.yml`.

    Raises:
        ValueError: if a term is doubled or lacks a language.
    """
    text = (resources.files("models.bulletin") / "glossary.yml").read_text(encoding="utf-8")
    terms = TypeAdapter(list[Term]).validate_python(yaml.safe_load(text))
    found = {term.term_id: term for term in terms}
    if len(found) != len(terms):
        raise ValueError("glossary.yml: a term_id stands there twice")
    return MappingProxyType(found)
