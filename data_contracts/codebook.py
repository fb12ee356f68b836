"""The discourse codebook: labels, severities and stances as `discourse.yml` defines them."""

from __future__ import annotations

from functools import cache

from pydantic import Field, ValidationError, model_validator

from data_contracts.contract import FOLDER, ContractError, Promise, Trilingual, read_yaml


class Examples(Promise):
    """Made-up examples of one label, at least one per language of the house."""

    kk: tuple[str, ...] = Field(min_length=1)
    ru: tuple[str, ...] = Field(min_length=1)
    en: tuple[str, ...] = Field(min_length=1)


class Label(Promise):
    """One discourse label; `rank` is its place in the order of precedence, 1 first."""

    code: str = Field(pattern=r"^[a-z]+$")
    rank: int = Field(ge=1)
    name: Trilingual
    definition: Trilingual
    examples: Examples


class Grade(Promise):
    """One severity (1..3) or one stance (-1, 0, 1)."""

    code: int
    name: Trilingual
    definition: Trilingual


class DiscourseCodebook(Promise):
    """The whole codebook."""

    version: str
    labels: tuple[Label, ...] = Field(min_length=2)
    severities: tuple[Grade, ...]
    stances: tuple[Grade, ...]

    @model_validator(mode="after")
    def _order_is_total(self) -> DiscourseCodebook:
        ranks = [label.rank for label in self.labels]
        if ranks != list(range(1, len(ranks) + 1)):
            raise ValueError(f"labels must be listed by rank 1, 2, 3 ..., found {ranks}")
        codes = [label.code for label in self.labels]
        if len(set(codes)) != len(codes):
            raise ValueError("a label code is listed twice")
        if [grade.code for grade in self.severities] != [1, 2, 3]:
            raise ValueError("severities must be 1, 2, 3")
        if [grade.code for grade in self.stances] != [-1, 0, 1]:
            raise ValueError("stances must be -1, 0, 1")
        return self

    @property
    def codes(self) -> tuple[str, ...]:
        """Label codes in order of precedence."""
        return tuple(label.code for label in self.labels)

    def label(self, code: str) -> Label:
        """The label with this code.

        Raises:
            KeyError: if the codebook has no such label.
        """
        for label in self.labels:
            if label.code == code:
                return label
        raise KeyError(code)


@cache
def discourse_codebook() -> DiscourseCodebook:
    """The codebook the house works by.

    Raises:
        ContractError: if `discourse.yml` is missing or does not validate.
    """
    path = FOLDER / "discourse.yml"
    try:
        return DiscourseCodebook.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ContractError(f"{path.name}: {error}") from error


def discourse_labels() -> dict[str, Label]:
    """Every label by code, in order of precedence."""
    return {label.code: label for label in discourse_codebook().labels}
