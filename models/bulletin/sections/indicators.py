"""Each indicator over years, with its plan, and the outlook to the plan's last year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
from markupsafe import Markup

from models.bulletin import charts
from models.bulletin.issue import ChartBlock, Issue, Table
from models.bulletin.narrative import survey_sentences
from models.bulletin.narrative.names import indicator_name
from models.bulletin.narrative.voice import SpokenName

Row = dict[str, Any]


@dataclass(frozen=True)
class IndicatorBlock:
    """A chart beside its sentences."""

    anchor: str
    name: SpokenName
    sentences: list[Markup]
    chart: ChartBlock | None


def blocks(issue: Issue) -> list[IndicatorBlock]:
    """One block an indicator: level, change, plan, what cannot be compared."""
    found = []
    for indicator in issue.indicators:
        sentences = [
            survey_sentences.level(issue, indicator),
            survey_sentences.change(issue, indicator),
            *survey_sentences.change_since_base(issue, indicator),
            survey_sentences.verdict(issue, indicator),
            *survey_sentences.comparability(issue, indicator),
        ]
        rows = history(issue, indicator)
        chart = _chart(issue, indicator, rows, "years") if rows else None
        name = indicator_name(indicator, issue.voice)
        found.append(IndicatorBlock(f"indicator-{_slug(indicator)}", name, sentences, chart))
    return found


def outlook_blocks(issue: Issue) -> list[IndicatorBlock]:
    """One block an indicator with a forecast: history, forecast, probability of the last target."""
    found = []
    for indicator in issue.indicators:
        ahead = forecast(issue, indicator)
        rows = history(issue, indicator)
        if ahead and rows:
            tail = [row | {"segment": rows[-1]["segment"]} for row in ahead]
            chart = _chart(issue, indicator, rows + tail, "outlook")
            name = indicator_name(indicator, issue.voice)
            sentences = survey_sentences.outlook(issue, indicator)
            found.append(IndicatorBlock(f"outlook-{_slug(indicator)}", name, sentences, chart))
    return found


def history(issue: Issue, indicator: str) -> list[Row]:
    """Years of an indicator as chart rows; a suppressed year has None for its numbers."""
    rows = (
        issue.frames["estimates"]
        .filter(pl.col("indicator_id") == indicator, pl.col("domain") == "country")
        .sort("year")
    )
    if rows.is_empty():
        return []
    runs = charts.segments([value != "not_comparable" for value in rows["comparability"]])
    return [
        _row(issue, ("estimates", indicator, year, "country", "KZ"), "estimate_pct", year)
        | {"segment": run, "is_forecast": False}
        | issue.values("verdicts", indicator, year, target="target_pct")
        for year, run in zip(rows["year"], runs, strict=True)
    ]


def forecast(issue: Issue, indicator: str) -> list[Row]:
    """Years ahead of the last wave as chart rows."""
    years = (
        issue.frames["outlook"]
        .filter(pl.col("indicator_id") == indicator, pl.col("year") > (issue.survey_year or 0))["year"]
        .sort()
    )
    return [
        _row(issue, ("outlook", indicator, year), "forecast_pct", year)
        | {"is_forecast": True}
        | issue.values("outlook", indicator, year, target="target_pct")
        for year in years
    ]


def _row(issue: Issue, stem: tuple[object, ...], column: str, year: int) -> Row:
    numbers = issue.values(*stem, estimate=column, low="ci_low_pct", high="ci_high_pct")
    return {"year": year, **numbers}


def _chart(issue: Issue, indicator: str, rows: list[Row], kind: str) -> ChartBlock:
    voice = issue.voice
    name = indicator_name(indicator, voice)
    fields = {"name": name, "first": voice.year(rows[0]["year"]), "last": voice.year(rows[-1]["year"])}
    title = voice.say(f"chart.{kind}_title", **fields)
    wording = issue.wording(f"chart-{kind}-{_slug(indicator)}", title, voice.say(f"chart.{kind}_desc", **fields))
    columns = [voice.say(f"column.{key}") for key in ("year", "estimate", "interval", "n", "plan")]
    caption = voice.say(f"chart.{kind}_caption", **fields)
    table = Table(caption, columns, list(_cells(issue, indicator, rows)))
    taken = [{key: row[key] for key in ("year", "estimate", "low", "high", "target")} for row in rows]
    return issue.block(charts.indicator_chart(rows, wording), table, f"{_slug(indicator)}-{kind}", taken)


def _cells(issue: Issue, indicator: str, rows: list[Row]) -> Iterator[list[object]]:
    voice = issue.voice
    for row in rows:
        year = row["year"]
        ahead = row["is_forecast"]
        stem = ("outlook", indicator, year) if ahead else ("estimates", indicator, year, "country", "KZ")
        plan = ("outlook" if ahead else "verdicts", indicator, year, "target_pct")
        yield [
            voice.year(year),
            voice.number(*stem, "forecast_pct" if ahead else "estimate_pct"),
            voice.interval((*stem, "ci_low_pct"), (*stem, "ci_high_pct")),
            voice.number(*stem, "n_count"),
            voice.number(*plan),
        ]


def _slug(code: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in code)
