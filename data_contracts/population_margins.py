"""Population totals for calibration, read from `population_margins.yml`, each with the basis it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

from pydantic import Field, model_validator

from data_contracts.contract import FOLDER, ContractError, Promise, read_yaml
from data_contracts.reference import ethnic_groups, regions

Basis = Literal["census_2021", "assumption"]
Category = tuple[str, ...]


class Figure(Promise):
    """One number and what it stands on."""

    value: float = Field(gt=0)
    basis: Basis


class ReferencedShares(Promise):
    """Shares kept in another reference file."""

    reference: Literal["ethnic_groups.census_2021_share"]
    basis: Basis


class RegionRow(Promise):
    """Residents of a region, thousands, and the share living in towns."""

    region_code: str
    population_thousand: float = Field(gt=0)
    urban_share: float = Field(gt=0, le=1)


class RegionRows(Promise):
    """All regions."""

    basis: Basis
    rows: tuple[RegionRow, ...]

    @model_validator(mode="after")
    def _every_region_once(self) -> RegionRows:
        found = sorted(row.region_code for row in self.rows)
        if found != sorted(regions()):
            raise ValueError("regions: every region of regions.yml must stand there exactly once")
        return self


class SexAgeRow(Promise):
    """One cell of sex by age group, share of adults."""

    sex_code: Literal["male", "female"]
    age_group_code: Literal["18-29", "30-44", "45-59", "60+"]
    share: float = Field(gt=0, lt=1)


class SexAgeRows(Promise):
    """All cells."""

    basis: Basis
    rows: tuple[SexAgeRow, ...]

    @model_validator(mode="after")
    def _shares_add_up(self) -> SexAgeRows:
        total = sum(row.share for row in self.rows)
        if len({(row.sex_code, row.age_group_code) for row in self.rows}) != 8 or abs(total - 1) > 1e-9:
            raise ValueError(f"sex_age: eight different cells with shares adding to 1 are needed, not {total}")
        return self


class PopulationMargins(Promise):
    """Everything of the file."""

    margins_version: str
    population_total: Figure
    adult_share: Figure
    ethnic_groups: ReferencedShares
    regions: RegionRows
    sex_age: SexAgeRows

    @property
    def adult_total(self) -> float:
        """Adults, persons."""
        return self.population_total.value * self.adult_share.value

    def totals(self) -> Mapping[Category, Mapping[Category, float]]:
        """Adults per margin: the margin's variables -> values of these variables -> persons.

        The three margins are `(group_code,)`, `(region_code, settlement_code)` and `(sex_code,
        age_group_code)`. All add up to `adult_total`; group shares are scaled to do so because published
        percents are rounded.
        """
        total = self.adult_total
        groups = {
            (code,): group.census_2021_share
            for code, group in ethnic_groups().items()
            if group.census_2021_share is not None
        }
        places: dict[Category, float] = {}
        for row in self.regions.rows:
            places[row.region_code, "urban"] = row.population_thousand * row.urban_share
            if row.urban_share < 1:
                places[row.region_code, "rural"] = row.population_thousand * (1 - row.urban_share)
        people = {(row.sex_code, row.age_group_code): row.share for row in self.sex_age.rows}
        return {
            ("group_code",): _scaled(groups, total),
            ("region_code", "settlement_code"): _scaled(places, total),
            ("sex_code", "age_group_code"): _scaled(people, total),
        }


def _scaled(parts: Mapping[Category, float], total: float) -> dict[Category, float]:
    factor = total / sum(parts.values())
    return {category: part * factor for category, part in parts.items()}


@cache
def population_margins() -> PopulationMargins:
    """Everything of `population_margins.yml`.

    Raises:
        ContractError: if the file does not validate.
    """
    try:
        return PopulationMargins.model_validate(read_yaml(FOLDER / "population_margins.yml"))
    except ValueError as error:
        raise ContractError(f"population_margins.yml: {error}") from error
