"""Looking up figures by id while sentences, tables and charts are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl


@dataclass(frozen=True)
class Figure:
    """One number of the bulletin."""

    figure_id: str
    value: float
    unit: str


@dataclass(frozen=True)
class FigureBook:
    """The figures of one issue by id; a number that is not in here cannot get onto the page."""

    entries: Mapping[str, Figure]

    @classmethod
    def of(cls, figures: pl.DataFrame) -> FigureBook:
        """Reads the result of `figures`; rows of words are left out."""
        rows = figures.drop_nulls("value").select("figure_id", "value", "unit").iter_rows()
        return cls(MappingProxyType({row[0]: Figure(*row) for row in rows}))

    def find(self, *parts: object) -> Figure | None:
        """The figure whose id is made of these parts, None if it is suppressed or unknown."""
        return self.entries.get("/".join(str(part) for part in parts))

    def value(self, *parts: object) -> float | None:
        """The bare value of a figure, None if it is suppressed or unknown."""
        figure = self.find(*parts)
        return None if figure is None else figure.value
