"""Refusals: what a rule of the alerts says no to, in the three languages of the house."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from data_contracts.contract import Trilingual


class Refused(ValueError):
    """A rule said no.

    Attributes:
        rule: name of the rule in `refusals.yml`.
        values: what is filled into its sentence.
    """

    def __init__(self, rule: str, **values: object) -> None:
        self.rule = rule
        self.values = values
        super().__init__(self.said("en"))

    def said(self, language: str) -> str:
        """The sentence in `kk`, `ru` or `en`.

        Raises:
            KeyError: for a rule or language that `refusals.yml` does not know.
        """
        return sentences()[self.rule].in_language(language).format(**self.values)


@cache
def sentences() -> dict[str, Trilingual]:
    """Every sentence of `refusals.yml` by rule."""
    content = yaml.safe_load(files("models.warning").joinpath("refusals.yml").read_text(encoding="utf-8"))
    return {rule: Trilingual.model_validate(text) for rule, text in content.items()}
