"""Which values a column may hold: listed in its contract, or the keys of a reference file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from data_contracts import codebook, councils, indicator_registry, reference
from data_contracts.contract import Column, ContractError

REFERENCES: Mapping[str, Callable[[], tuple[str, ...]]] = {
    "regions.region_code": lambda: tuple(reference.regions()),
    "ethnic_groups.group_code": lambda: tuple(reference.ethnic_groups()),
    "indicators.indicator_id": lambda: tuple(indicator_registry.indicators()),
    "indicators.item_id": lambda: tuple(indicator_registry.items()),
    "councils.body_code": lambda: tuple(councils.councils()),
    "discourse.label": lambda: tuple(codebook.discourse_labels()),
}


@cache
def reference_values(name: str) -> tuple[str, ...]:
    """Keys of the reference `file.field`, in file order.

    Raises:
        ContractError: if no reference of that name is known.
    """
    if name not in REFERENCES:
        raise ContractError(f"unknown reference {name}; known: {', '.join(sorted(REFERENCES))}")
    return REFERENCES[name]()


def allowed_values(column: Column) -> tuple[str | int, ...] | None:
    """Every value the column may hold, or None when its values are not enumerated."""
    if column.reference is not None:
        return reference_values(column.reference) + column.also_allowed
    return column.allowed
