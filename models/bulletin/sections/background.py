"""What lies behind the headline: composition against attitude, other definitions, modelled small areas."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from data_contracts.indicator_registry import indicators
from models.bulletin.background_figures import HEADLINE, SPLIT_CELLS, shown_small_areas
from models.bulletin.issue import Issue, Table
from models.bulletin.narrative.names import group_name, indicator_name, ordered_indicators, region_name

Stem = tuple[object, ...]


@dataclass(frozen=True)
class Composition:
    """Sentences and table of the split of each change."""

    sentences: list[Markup]
    table: Table | None


@dataclass(frozen=True)
class SmallAreas:
    """Sentences and one table an indicator, with the words that open it."""

    sentences: list[Markup]
    tables: list[tuple[Markup, Table]]


def composition(issue: Issue) -> Composition:
    """Each change of the last wave split into composition and answers."""
    voice = issue.voice
    rows = _splits(issue)
    if rows.is_empty():
        return Composition([voice.say("background.split_absent")], None)
    last = rows.sort("year_from").unique("indicator_id", keep="last", maintain_order=True)
    before = dict(last.select("indicator_id", "year_from").iter_rows())
    order = [code for code in ordered_indicators(set(before)) if code in before]
    sentences = [_split_sentence(issue, code, before[code]) for code in order]
    keys = ("indicator", "years", "difference", "composition", "interval", "attitude", "interval")
    cells = [_split_row(issue, code, year) for code in order for year in _years(rows, code)]
    table = Table(voice.say("background.split_caption"), [voice.say(f"column.{key}") for key in keys], cells)
    return Composition(sentences, table)


def _splits(issue: Issue) -> pl.DataFrame:
    return issue.frames["decomposition"].filter(
        pl.col("year_to") == pl.lit(issue.survey_year, dtype=pl.Int64),
        pl.col("cells") == SPLIT_CELLS,
        pl.col("comparability") == "comparable",
        pl.col("difference_pp").is_not_null(),
    )


def _years(rows: pl.DataFrame, indicator: str) -> list[int]:
    return rows.filter(pl.col("indicator_id") == indicator)["year_from"].sort(descending=True).to_list()


def _split_stem(issue: Issue, indicator: str, year: int) -> Stem:
    return ("decomposition", indicator, year, issue.survey_year, SPLIT_CELLS)


def _split_sentence(issue: Issue, indicator: str, year: int) -> Markup:
    """Names a part only when its interval lies off zero."""
    voice, stem = issue.voice, _split_stem(issue, indicator, year)
    told = {part: _is_off_zero(issue, stem, part) for part in ("composition", "attitude")}
    kind = "both" if all(told.values()) else next((part for part, is_told in told.items() if is_told), "neither")
    fields: dict[str, object] = {"name": indicator_name(indicator, voice), "year": voice.year(year)}
    for part in told:
        fields[part] = voice.number(*stem, f"{part}_pp")
        fields[f"{part}_interval"] = _interval(issue, stem, part)
    return voice.say(f"background.split_{kind}", **fields)


def _is_off_zero(issue: Issue, stem: Stem, part: str) -> bool:
    low, high = (issue.voice.figures.value(*stem, f"{part}_ci_{end}_pp") for end in ("low", "high"))
    return low is not None and high is not None and (low > 0 or high < 0)


def _interval(issue: Issue, stem: Stem, part: str) -> Markup:
    return issue.voice.interval((*stem, f"{part}_ci_low_pp"), (*stem, f"{part}_ci_high_pp"))


def _split_row(issue: Issue, indicator: str, year: int) -> list[object]:
    voice, stem = issue.voice, _split_stem(issue, indicator, year)
    return [
        indicator_name(indicator, voice),
        Markup('<span class="interval">{}\N{EN DASH}{}</span>').format(
            voice.year(year), voice.year(issue.survey_year or 0)
        ),
        voice.number(*stem, "difference_pp"),
        voice.number(*stem, "composition_pp"),
        _interval(issue, stem, "composition"),
        voice.number(*stem, "attitude_pp"),
        _interval(issue, stem, "attitude"),
    ]


def sensitivity_sentences(issue: Issue) -> list[Markup]:
    """How far the value and its change move under other definitions, or that it was not looked at."""
    voice = issue.voice
    sentences = []
    for indicator in issue.indicators:
        stem = ("definitions", indicator)
        if voice.figures.value(*stem, "lowest_pct") is None:
            continue
        names = ("low", "lowest_pct"), ("high", "highest_pct"), ("low_change", "lowest_change_pp")
        fields = {name: voice.number(*stem, column) for name, column in (*names, ("high_change", "highest_change_pp"))}
        count = voice.number(*stem, "other_count")
        name = indicator_name(indicator, voice)
        sentences.append(voice.say("background.sensitivity_spread", name=name, count=count, **fields))
    return sentences or [voice.say("background.sensitivity_absent")]


def sensitivity_table(issue: Issue) -> Table | None:
    """One row a definition, one column an indicator."""
    voice, year = issue.voice, issue.survey_year
    rows = issue.frames["sensitivity"].filter(pl.col("year") == pl.lit(year, dtype=pl.Int64))
    if rows.is_empty():
        return None
    found = rows["alternative_id"].unique().sort().to_list()
    order = [HEADLINE, *(code for code in found if code != HEADLINE)]
    codes = ordered_indicators(set(rows["indicator_id"]))
    cells = [
        [
            _definition_name(issue, alternative, codes),
            *(_valued(issue, ("sensitivity", code, year, alternative)) for code in codes),
        ]
        for alternative in order
    ]
    columns = [voice.say("column.definition"), *(Markup("{}").format(indicator_name(code, voice)) for code in codes)]
    return Table(voice.say("background.sensitivity_caption", year=voice.year(year or 0)), columns, cells)


def _definition_name(issue: Issue, alternative: str, codes: list[str]) -> Markup:
    if alternative == HEADLINE:
        return issue.voice.say("background.headline")
    for code in codes:
        entry = indicators().get(code)
        for known in entry.alternatives if entry is not None else ():
            if known.alternative_id == alternative:
                text = known.name.in_language(issue.voice.language)
                return Markup('<span data-source="indicators.yml">{}</span>').format(text)
    return Markup("<code>{}</code>").format(alternative)


def _valued(issue: Issue, stem: Stem) -> Markup:
    voice = issue.voice
    interval = voice.interval((*stem, "ci_low_pct"), (*stem, "ci_high_pct"))
    return Markup('{} <br><span class="small">{}</span>').format(voice.number(*stem, "estimate_pct"), interval)


def small_areas(issue: Issue) -> SmallAreas:
    """Modelled cells with answers of their own, marked as modelled; how many rest on the model alone."""
    voice = issue.voice
    cells = issue.frames["small_areas"].filter(pl.col("year") == pl.lit(issue.survey_year, dtype=pl.Int64))
    if cells.is_empty():
        return SmallAreas([voice.say("small_areas.absent")], [])
    names = ("direct", "modelled", "unanswered", "shown")
    counts = {name: voice.number("small_areas", f"{name}_count") for name in names}
    shown = shown_small_areas(cells)
    if shown.is_empty():
        few = {name: counts[name] for name in ("direct", "modelled")}
        return SmallAreas([voice.say("small_areas.none_shown", **few)], [])
    tables = [
        (voice.say("small_areas.show", name=indicator_name(code, voice)), _area_table(issue, shown, code))
        for code in ordered_indicators(set(shown["indicator_id"]))
    ]
    return SmallAreas([voice.say("small_areas.counts", **counts)], tables)


def _area_table(issue: Issue, shown: pl.DataFrame, indicator: str) -> Table:
    voice, year = issue.voice, issue.survey_year
    rows = []
    for region, group in (
        shown.filter(pl.col("indicator_id") == indicator).select("region_code", "group_code").iter_rows()
    ):
        stem = ("small_areas", indicator, year, region, group, "modelled")
        interval = voice.interval((*stem, "ci_low_pct"), (*stem, "ci_high_pct"))
        rows.append(
            [region_name(region, voice), group_name(group, voice), voice.number(*stem, "estimate_pct"), interval]
        )
    columns = [voice.say(f"column.{key}") for key in ("region", "group", "modelled", "interval")]
    caption = voice.say("small_areas.caption", name=indicator_name(indicator, voice), year=voice.year(year or 0))
    return Table(caption, columns, rows, frozenset({1}))
