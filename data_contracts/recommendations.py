"""What may be done about a finding of the bulletin, as `recommendations.yml` proposes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from pydantic import Field

from data_contracts.contract import FOLDER, ContractError, Promise, Trilingual, read_yaml
from data_contracts.councils import case_kinds, councils

INSTITUTE = "institute"


class Recommendation(Promise):
    """One proposal: for which finding, by whom, what."""

    finding: str = Field(pattern=r"^[a-z][a-z_]*$")
    name: Trilingual
    text: Trilingual
    bodies: tuple[str, ...] = ()


class Recommendations(Promise):
    """The whole file."""

    version: str
    institute: Trilingual
    recommendations: tuple[Recommendation, ...] = Field(min_length=1)


@cache
def _file() -> Recommendations:
    try:
        return Recommendations.model_validate(read_yaml(FOLDER / "recommendations.yml"))
    except ValueError as error:
        raise ContractError(f"recommendations.yml: {error}") from error


@cache
def recommendations() -> Mapping[str, Recommendation]:
    """Proposals by finding, each with its bodies; those of a case kind take them from `councils.yml`.

    Raises:
        ContractError: if a finding stands twice, or a body or case kind is not one of the councils'.
    """
    found: dict[str, Recommendation] = {}
    for entry in _file().recommendations:
        if entry.finding in found:
            raise ContractError(f"recommendations.yml: {entry.finding} stands there twice")
        found[entry.finding] = entry if entry.bodies else entry.model_copy(update={"bodies": _case_bodies(entry)})
    known = {INSTITUTE, *councils()}
    strangers = sorted({body for entry in found.values() for body in entry.bodies} - known)
    if strangers:
        raise ContractError(f"recommendations.yml: no such body in councils.yml: {', '.join(strangers)}")
    return MappingProxyType(found)


def body_name(body_code: str) -> Trilingual:
    """Name of a council, or of the institute.

    Raises:
        KeyError: for a code that is neither.
    """
    return _file().institute if body_code == INSTITUTE else councils()[body_code].name


def _case_bodies(entry: Recommendation) -> tuple[str, ...]:
    kind = case_kinds().get(entry.finding.removeprefix("case_"))
    if kind is None:
        raise ContractError(f"recommendations.yml: {entry.finding} names no bodies and no case kind of councils.yml")
    return (kind.primary, *kind.supporting)
