"""One issue in one language: frames, figures and voice, and the small pieces every section shows."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from models.bulletin import summaries
from models.bulletin.charts import Wording
from models.bulletin.figure_book import FigureBook
from models.bulletin.inputs import BulletinMeta, BulletinTables, quarter_tables
from models.bulletin.narrative.names import ordered_indicators
from models.bulletin.narrative.voice import Voice, phrasebook
from models.bulletin.rates_shown import quarter_rates_shown

CHART_LABELS = ("suppressed", "months")


@dataclass(frozen=True)
class Table:
    """A table as the templates draw it; the first cell of a row is its heading, words stand to the left."""

    caption: Markup
    columns: Sequence[Markup]
    rows: Sequence[Sequence[object]]
    word_columns: frozenset[int] = frozenset()


@dataclass(frozen=True)
class ChartBlock:
    """A chart with its numbers as a table and as a CSV to take away."""

    svg: Markup
    table: Table
    csv_name: str
    csv_href: str


@dataclass(frozen=True)
class Issue:
    """Everything a section needs."""

    meta: BulletinMeta
    voice: Voice
    frames: Mapping[str, pl.DataFrame]
    quarter_rates: pl.DataFrame

    @classmethod
    def of(cls, tables: BulletinTables, figures: pl.DataFrame, meta: BulletinMeta, language: str) -> Issue:
        """Cuts the tables to the quarter and opens the phrases of the language."""
        frames = quarter_tables(tables, meta)
        return cls(
            meta=meta,
            voice=Voice(phrasebook(language), FigureBook.of(figures)),
            frames=frames,
            quarter_rates=quarter_rates_shown(frames["rates"], meta.quarter),
        )

    @property
    def survey_year(self) -> int | None:
        """Year of the last wave in the issue, None without a survey."""
        return summaries.last_survey_year(self.frames["estimates"])

    @property
    def indicators(self) -> list[str]:
        """Indicator ids in the order of the plan."""
        return ordered_indicators(set(self.frames["estimates"]["indicator_id"]))

    @property
    def has_feeds(self) -> bool:
        """Whether any message of the quarter was counted."""
        return self.quarter_rates.height > 0

    def wording(self, chart_id: str, title: Markup, description: Markup) -> Wording:
        """Words of a chart; marks are stripped, since an SVG's title is plain text."""
        labels = {name: self.voice.say(f"chart.{name}").unescape() for name in CHART_LABELS}
        plain = [text.striptags() for text in (title, description)]
        return Wording(chart_id, self.voice.language, plain[0], plain[1], labels)

    def block(self, svg: Markup, table: Table, name: str, rows: Iterable[Mapping[str, object]]) -> ChartBlock:
        """A chart with its data beside it."""
        return ChartBlock(svg, table, f"kelisim-{self.meta.quarter}-{name}.csv", csv_data_link(rows))

    def values(self, *stem: object, **columns: str) -> dict[str, float | None]:
        """Several figures of one stem as bare values: `values("estimates", ..., low="ci_low_pct")`."""
        return {name: self.voice.figures.value(*stem, column) for name, column in columns.items()}


def csv_data_link(rows: Iterable[Mapping[str, object]]) -> str:
    """A `data:` link that holds the rows as CSV, so that a saved page still carries its numbers."""
    listed = list(rows)
    text = io.StringIO()
    if listed:
        writer = csv.DictWriter(text, list(listed[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(listed)
    return "data:text/csv;charset=utf-8;base64," + base64.b64encode(text.getvalue().encode()).decode()
