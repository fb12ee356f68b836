"""The operator's list of outlets that serve one region: `outlets.yml` in the inbox."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError, field_validator

from data_contracts.contract import ContractError, Promise, read_yaml
from data_contracts.reference import regions

OUTLETS_FILE = "outlets.yml"


class RegionalOutlet(Promise):
    """An outlet by the name its export carries, and the region it serves."""

    name: str = Field(min_length=1)
    region_code: str

    @field_validator("region_code")
    @classmethod
    def _region_is_known(cls, code: str) -> str:
        if code not in regions():
            raise ValueError(f"region_code {code!r} is not one of {', '.join(regions())}")
        return code


class RegionalOutlets(Promise):
    """Messages of these outlets that name no place are taken to be about the outlet's region."""

    outlets: tuple[RegionalOutlet, ...]


def outlet_regions(inbox: Path) -> dict[str, str]:
    """Region code by the outlet's name; empty where the operator gives no list.

    Raises:
        ContractError: if the file is there and does not hold such a list.
    """
    path = inbox / OUTLETS_FILE
    if not path.is_file():
        return {}
    try:
        listed = RegionalOutlets.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ContractError(f"{path.name}: {error}") from error
    return {outlet.name: outlet.region_code for outlet in listed.outlets}
