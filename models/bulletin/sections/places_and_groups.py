"""Regions and ethnic groups in the last wave: tile map, dots with intervals, suppression shown as such."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
from markupsafe import Markup

from data_contracts.reference import regions
from models.bulletin import charts, summaries
from models.bulletin.issue import ChartBlock, Issue, Table
from models.bulletin.narrative import survey_sentences
from models.bulletin.narrative.names import (
    group_name,
    indicator_name,
    region_name,
    short_region_name,
    tile_label,
)
from models.bulletin.narrative.voice import SpokenName

Row = dict[str, Any]


@dataclass(frozen=True)
class PlaceBlock:
    """One indicator by region or group."""

    name: SpokenName
    sentences: list[Markup]
    map_svg: Markup | None
    map_caption: Markup | None
    chart: ChartBlock


def region_blocks(issue: Issue) -> list[PlaceBlock]:
    """A tile map and a sorted interval chart for each indicator; empty without regional estimates."""
    found = []
    for indicator in issue.indicators:
        rows = _rows(issue, indicator, "region")
        if not rows:
            continue
        name = indicator_name(indicator, issue.voice)
        wording = _wording(issue, "map", indicator)
        found.append(
            PlaceBlock(
                name=name,
                sentences=survey_sentences.regions(issue, indicator),
                map_svg=charts.tile_map(_tiles(issue, indicator, rows), wording),
                map_caption=issue.voice.say("chart.map_caption", year=issue.voice.year(issue.survey_year or 0)),
                chart=_chart(issue, indicator, "region", rows),
            )
        )
    return found


def group_blocks(issue: Issue) -> list[PlaceBlock]:
    """An interval chart by ethnic group for each indicator; empty without estimates by group."""
    found = []
    for indicator in issue.indicators:
        rows = _rows(issue, indicator, "group")
        if rows:
            name = indicator_name(indicator, issue.voice)
            found.append(PlaceBlock(name, [], None, None, _chart(issue, indicator, "group", rows)))
    return found


def _rows(issue: Issue, indicator: str, domain: str) -> list[Row]:
    voice = issue.voice
    frame = summaries.latest_estimates(issue.frames["estimates"], domain).filter(pl.col("indicator_id") == indicator)
    rows = []
    for code, rule in frame.select("domain_value", "suppression_rule").iter_rows():
        stem = ("estimates", indicator, issue.survey_year, domain, code)
        numbers = issue.values(*stem, estimate="estimate_pct", low="ci_low_pct", high="ci_high_pct")
        name = short_region_name(code, voice) if domain == "region" else group_name(code, voice).text
        rows.append({"code": code, "name": name, **numbers, "rule": rule})
    return sorted(rows, key=lambda row: (row["estimate"] is None, -(row["estimate"] or 0), row["name"]))


def _tiles(issue: Issue, indicator: str, rows: list[Row]) -> list[Row]:
    """Every region has a tile; one without an estimate is as empty as a suppressed one."""
    by_code = {row["code"]: row for row in rows}
    positions = summaries.region_positions(issue.frames["estimates"]).filter(pl.col("indicator_id") == indicator)
    position = dict(positions.select("region_code", "position").iter_rows())
    return [
        {
            "column": region.tile.column,
            "row": region.tile.row,
            "label": tile_label(code, issue.voice),
            "estimate": by_code[code]["estimate"] if code in by_code else None,
            "position": position.get(code, "suppressed"),
        }
        for code, region in regions().items()
    ]


def _wording(issue: Issue, kind: str, indicator: str) -> charts.Wording:
    voice = issue.voice
    fields = {"name": indicator_name(indicator, voice), "year": voice.year(issue.survey_year or 0)}
    slug = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in indicator)
    title = voice.say(f"chart.{kind}_title", **fields)
    return issue.wording(f"chart-{kind}-{slug}", title, voice.say(f"chart.{kind}_desc", **fields))


def _chart(issue: Issue, indicator: str, domain: str, rows: list[Row]) -> ChartBlock:
    voice = issue.voice
    wording = _wording(issue, domain, indicator)
    stem = ("estimates", indicator, issue.survey_year, "country", "KZ")
    country = issue.values(*stem, estimate="estimate_pct", low="ci_low_pct", high="ci_high_pct")
    known = {key: value for key, value in country.items() if value is not None}
    svg = charts.interval_chart(rows, wording, known if len(known) == len(country) else None)
    columns = [voice.say(f"column.{key}") for key in (domain, "estimate", "interval", "n", "change")]
    caption = voice.say(f"chart.{domain}_caption", year=voice.year(issue.survey_year or 0))
    cells = [_cells(issue, indicator, domain, row) for row in rows]
    table = Table(caption, columns, cells, frozenset({4}))
    taken = [{key: row[key] for key in ("code", "estimate", "low", "high", "rule")} for row in rows]
    return issue.block(svg, table, f"{indicator}-{domain}", taken)


def _cells(issue: Issue, indicator: str, domain: str, row: Row) -> list[object]:
    voice, code = issue.voice, row["code"]
    name = region_name(code, voice) if domain == "region" else group_name(code, voice)
    if row["estimate"] is None:
        reason = survey_sentences.suppression_reason(issue, row["rule"])
        return [name, voice.say("suppression.cell", reason=reason), "", "", ""]
    stem = ("estimates", indicator, issue.survey_year, domain, code)
    return [
        name,
        voice.number(*stem, "estimate_pct"),
        voice.interval((*stem, "ci_low_pct"), (*stem, "ci_high_pct")),
        voice.number(*stem, "n_count"),
        _change_cell(issue, indicator, domain, code),
    ]


def _change_cell(issue: Issue, indicator: str, domain: str, code: str) -> Markup:
    voice = issue.voice
    rows = issue.frames["changes"].filter(
        pl.col("indicator_id") == indicator,
        pl.col("domain") == domain,
        pl.col("domain_value") == code,
        pl.col("year_to") == issue.survey_year,
    )
    if rows.is_empty():
        return voice.label("change_short", "absent")
    return voice.label("change_short", str(rows.sort("year_from")["verdict"][-1]))
