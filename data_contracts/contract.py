"""The shape of a table contract: what one YAML file under `tables/` may say, read into frozen models."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

FOLDER = Path(__file__).parent

ColumnType = Literal["string", "integer", "float", "boolean", "date", "datetime", "list[string]"]
PartitionKind = Literal["none", "wave", "feed_file", "day", "week", "quarter"]
PersonalData = Literal["none", "pseudonym", "sensitive", "free_text"]


class Promise(BaseModel):
    """Every model read from a contract file: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Trilingual(Promise):
    """One text in the three languages of the house; none may be missing or empty."""

    kk: str = Field(min_length=1)
    ru: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def in_language(self, language: str) -> str:
        """The text in `kk`, `ru` or `en`.

        Raises:
            KeyError: for any other language.
        """
        return {"kk": self.kk, "ru": self.ru, "en": self.en}[language]


class Column(Promise):
    """One column: type, unit, what values it may hold and how sensitive it is."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: ColumnType
    description: Trilingual
    nullable: bool = False
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str | int, ...] | None = None
    reference: str | None = Field(
        default=None,
        description="`file.field` of a reference contract, e.g. `regions.region_code`",
        pattern=r"^[a-z_]+\.[a-z_]+$",
    )
    also_allowed: tuple[str, ...] = Field(
        default=(), description="values beside those of `reference`, e.g. KZ for the whole country"
    )
    pattern: str | None = Field(default=None, description="RE2 pattern the whole value must match")
    maximum_length: int | None = Field(default=None, gt=0, description="characters, for strings")
    personal_data: PersonalData = "none"

    @model_validator(mode="after")
    def _bounds_make_sense(self) -> Column:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"column {self.name}: minimum {self.minimum} is above maximum {self.maximum}")
        if self.allowed is not None and self.reference is not None:
            raise ValueError(f"column {self.name}: give `allowed` or `reference`, not both")
        if self.also_allowed and self.reference is None:
            raise ValueError(f"column {self.name}: `also_allowed` only goes with `reference`")
        return self


class Rule(Promise):
    """A promise about each row, as a DuckDB boolean expression that must hold (null counts as held)."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    sql: str
    description: Trilingual


class TableContract(Promise):
    """What one table promises to whoever reads it."""

    table: str = Field(pattern=r"^(raw|core|out)_[a-z]+__[a-z_]+$")
    owner: str
    partition: PartitionKind
    description: Trilingual
    key: tuple[str, ...] = Field(min_length=1)
    columns: tuple[Column, ...] = Field(min_length=1)
    rules: tuple[Rule, ...] = ()
    minimum_rows: int = Field(default=0, ge=0, description="a partition with fewer rows fails its check")

    @model_validator(mode="after")
    def _names_agree(self) -> TableContract:
        names = [column.name for column in self.columns]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"{self.table}: columns named twice: {', '.join(doubled)}")
        missing = [name for name in self.key if name not in names]
        if missing:
            raise ValueError(f"{self.table}: key names columns that are not there: {', '.join(missing)}")
        return self

    @property
    def layer(self) -> str:
        """`raw`, `core` or `out`."""
        return self.table.split("_", 1)[0]

    @property
    def group(self) -> str:
        """The subject between layer and noun, e.g. `survey` in `core_survey__respondents`."""
        return self.table.split("_", 1)[1].split("__", 1)[0]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in the order the table is written."""
        return tuple(column.name for column in self.columns)


class ContractError(ValueError):
    """A contract file that cannot be believed; the message names the file and the field."""


def read_yaml(path: Path) -> object:
    """The content of one YAML file, safely loaded.

    Raises:
        ContractError: if the file is missing or is not YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ContractError(f"{path}: no such file") from error
    except yaml.YAMLError as error:
        raise ContractError(f"{path}: not valid YAML: {error}") from error


@cache
def table_contracts() -> dict[str, TableContract]:
    """Every table contract by table name.

    Raises:
        ContractError: if a file does not validate, or its name is not the table's name.
    """
    contracts: dict[str, TableContract] = {}
    for path in sorted((FOLDER / "tables").glob("*.yml")):
        try:
            contract = TableContract.model_validate(read_yaml(path))
        except ValueError as error:
            raise ContractError(f"{path.name}: {error}") from error
        if contract.table != path.stem:
            raise ContractError(f"{path.name}: the file must be named {contract.table}.yml")
        contracts[contract.table] = contract
    return contracts


def table_contract(table: str) -> TableContract:
    """The contract of one table.

    Raises:
        ContractError: if there is none.
    """
    try:
        return table_contracts()[table]
    except KeyError:
        raise ContractError(f"no contract data_contracts/tables/{table}.yml") from None
