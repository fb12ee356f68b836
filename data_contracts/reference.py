"""Reference lists that every other contract points at: regions of Kazakhstan and ethnic groups."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal, TypeVar

from pydantic import Field, TypeAdapter, model_validator

from data_contracts.contract import FOLDER, ContractError, Promise, Trilingual, read_yaml

Row = TypeVar("Row")


class Bilingual(Promise):
    """A form of a name in Kazakh and Russian, the languages that need case endings."""

    kk: str = Field(min_length=1)
    ru: str = Field(min_length=1)


class Tile(Promise):
    """Where a region stands on the tile-grid map; column 0, row 0 is the north-west corner."""

    column: int = Field(ge=0, le=9)
    row: int = Field(ge=0, le=9)


class Region(Promise):
    """One of the twenty units of the first level (17 regions, 3 cities of republican significance)."""

    region_code: str = Field(pattern=r"^KZ-[0-9]{2}$", description="ISO 3166-2:KZ")
    kato_prefix: str = Field(pattern=r"^[0-9]{2}$", description="first two digits of the KATO code")
    kind: Literal["region", "city"]
    name: Trilingual
    name_locative: Bilingual = Field(description="`Ақмола облысында`, `в Акмолинской области`")
    name_genitive: Bilingual = Field(description="`Ақмола облысының`, `Акмолинской области`")
    tile: Tile
    neighbours: tuple[str, ...] = Field(min_length=1, description="region codes with a shared border")


class EthnicGroup(Promise):
    """A people, or (`umbrella`) a word for many peoples, as the census or public speech names it."""

    group_code: str = Field(pattern=r"^[a-z][a-z_]*$")
    name: Trilingual
    census_2021_share: float | None = Field(default=None, gt=0, lt=1)
    is_census_group: bool
    umbrella: bool

    @model_validator(mode="after")
    def _census_groups_have_a_share(self) -> EthnicGroup:
        if self.is_census_group != (self.census_2021_share is not None):
            raise ValueError(f"{self.group_code}: is_census_group and census_2021_share disagree")
        return self


@cache
def regions() -> Mapping[str, Region]:
    """The twenty regions by region code, in the order of the codes.

    Raises:
        ContractError: if `regions.yml` does not validate, a code or tile is doubled, or neighbours disagree.
    """
    rows = _rows("regions.yml", "regions", TypeAdapter(list[Region]))
    found = {row.region_code: row for row in rows}
    if len(found) != len(rows):
        raise ContractError("regions.yml: a region_code stands there twice")
    if len({(row.tile.column, row.tile.row) for row in rows}) != len(rows):
        raise ContractError("regions.yml: two regions share one tile")
    for row in rows:
        for code in row.neighbours:
            if code not in found or row.region_code not in found[code].neighbours:
                raise ContractError(f"regions.yml: {row.region_code} names {code} as neighbour, not the reverse")
    return MappingProxyType(dict(sorted(found.items())))


@cache
def ethnic_groups() -> Mapping[str, EthnicGroup]:
    """Ethnic groups by group code, in the order of the file (census groups first, largest first).

    Raises:
        ContractError: if `ethnic_groups.yml` does not validate or a code is doubled.
    """
    rows = _rows("ethnic_groups.yml", "ethnic_groups", TypeAdapter(list[EthnicGroup]))
    found = {row.group_code: row for row in rows}
    if len(found) != len(rows):
        raise ContractError("ethnic_groups.yml: a group_code stands there twice")
    return MappingProxyType(found)


def _rows(file_name: str, field: str, adapter: TypeAdapter[list[Row]]) -> list[Row]:
    content = read_yaml(FOLDER / file_name)
    if not isinstance(content, dict) or set(content) != {field}:
        raise ContractError(f"{file_name}: expected one list named `{field}`")
    try:
        return adapter.validate_python(content[field])
    except ValueError as error:
        raise ContractError(f"{file_name}: {error}") from error
