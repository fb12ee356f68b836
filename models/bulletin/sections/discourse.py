"""Public discourse: threat beside peace signals by week, totals of the quarter, groups talked about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
from markupsafe import Markup

from models.bulletin import charts
from models.bulletin.issue import ChartBlock, Issue, Table
from models.bulletin.narrative import discourse_sentences
from models.bulletin.narrative.names import group_name
from models.bulletin.rates_shown import weekly_rates_shown
from models.bulletin.summaries import SIGNALS

PAIRS = (("hostile", "accord"), ("tension", "counter"), ("grievance", "language"))
SIDES = {
    "hostile": "threat",
    "tension": "threat",
    "grievance": "threat",
    "accord": "peace",
    "counter": "peace",
}
GROUPS_SHOWN = 12
Row = dict[str, Any]


@dataclass(frozen=True)
class SignalPair:
    """A threat signal beside a peace signal on one scale."""

    sentence: Markup
    charts: list[ChartBlock]
    names: list[Markup]
    sides: list[str]


def pairs(issue: Issue) -> list[SignalPair]:
    """Charts of the last year by week; empty without feeds."""
    if not issue.has_feeds:
        return []
    found = []
    for threat, peace in PAIRS:
        weeks = {signal: _weeks(issue, signal) for signal in (threat, peace)}
        highs = [row["high"] for rows in weeks.values() for row in rows if row["high"] is not None]
        top = max(highs, default=1.0) * 1.08
        drawn = [
            _chart(issue, signal, rows, top, tone=SIDES.get(signal, "other")) for signal, rows in weeks.items() if rows
        ]
        names = [issue.voice.label("signal", signal) for signal, rows in weeks.items() if rows]
        sides = [SIDES.get(signal, "other") for signal, rows in weeks.items() if rows]
        sentence = discourse_sentences.threat_beside_peace(issue, threat, peace)
        if drawn:
            found.append(SignalPair(sentence, drawn, names, sides))
    return found


def sentences(issue: Issue) -> list[Markup]:
    """Volume, hostile share and its change, accord share, what could not be placed."""
    if not issue.has_feeds:
        return discourse_sentences.volume(issue)
    return [
        *discourse_sentences.volume(issue),
        discourse_sentences.level_and_comparison(issue, "hostile"),
        discourse_sentences.level_and_comparison(issue, "accord"),
        *discourse_sentences.unplaced(issue),
    ]


def signal_table(issue: Issue) -> Table | None:
    """Every signal of the quarter in the whole country."""
    voice = issue.voice
    if not issue.has_feeds:
        return None
    columns = [voice.say(f"column.{key}") for key in ("signal", "messages", "share", "interval")]
    present = issue.quarter_rates.filter(pl.col("region_code") == "KZ", pl.col("group_code") == "all")["signal"]
    rows = [
        [
            voice.label("signal", signal),
            voice.number("quarter_rates", "KZ", "all", signal, "signal_count"),
            *_share_cells(issue, "KZ", "all", signal),
        ]
        for signal in SIGNALS
        if signal in present
    ]
    return Table(voice.say("discourse.signal_table"), columns, rows)


def group_table(issue: Issue) -> Table | None:
    """The groups most talked about, with hostile and accord shares; few messages give no share."""
    voice = issue.voice
    cells = issue.quarter_rates.filter(
        pl.col("region_code") == "KZ", pl.col("group_code") != "all", pl.col("signal") == "hostile"
    )
    if cells.is_empty():
        return None
    ranked = cells.sort("message_count", "group_code", descending=[True, False]).head(GROUPS_SHOWN)
    keys = (
        "group_mentioned",
        "interethnic_messages",
        "hostile_share",
        "interval",
        "accord_share",
        "interval",
    )
    rows = [
        [
            group_name(code, voice),
            voice.number("quarter_messages", "KZ", code, "message_count"),
            *_share_cells(issue, "KZ", code, "hostile"),
            *_share_cells(issue, "KZ", code, "accord"),
        ]
        for code in ranked["group_code"]
    ]
    return Table(voice.say("discourse.group_table"), [voice.say(f"column.{key}") for key in keys], rows)


def _share_cells(issue: Issue, region: str, group: str, signal: str) -> list[object]:
    stem = ("quarter_rates", region, group, signal)
    return [
        issue.voice.number(*stem, "shown_share"),
        issue.voice.interval((*stem, "shown_ci_low_share"), (*stem, "shown_ci_high_share")),
    ]


def _weeks(issue: Issue, signal: str) -> list[Row]:
    """Weeks of the last year in order; a week missing from the table is a gap, not a zero."""
    frame = weekly_rates_shown(issue.frames["rates"]).filter(pl.col("signal") == signal)
    if frame.is_empty():
        return []
    every = pl.date_range(frame["week_date"].min(), frame["week_date"].max(), "1w", eager=True)  # type: ignore[arg-type]
    rows = []
    for week in every:
        numbers = issue.values(
            "rates",
            week,
            signal,
            estimate="shown_share",
            low="shown_ci_low_share",
            high="shown_ci_high_share",
        )
        percent = {name: None if value is None else 100 * value for name, value in numbers.items()}
        rows.append({"week": week.isoformat(), **percent})
    return rows


def _chart(issue: Issue, signal: str, rows: list[Row], top: float, *, tone: str) -> ChartBlock:
    voice = issue.voice
    name = voice.label("signal", signal)
    title = voice.say("chart.week_title", signal=name)
    wording = issue.wording(f"chart-week-{signal}", title, voice.say("chart.week_desc", signal=name))
    caption = voice.say("chart.week_caption")
    svg = charts.weekly_chart(rows, wording, tone=tone, top=top)
    columns = [voice.say(f"column.{key}") for key in ("week", "share", "interval")]
    cells = []
    for row in rows:
        stem = ("rates", row["week"], signal)
        interval = voice.interval((*stem, "shown_ci_low_share"), (*stem, "shown_ci_high_share"))
        day = pl.Series([row["week"]]).str.to_date()[0]
        cells.append([voice.day(day), voice.number(*stem, "shown_share"), interval])
    return issue.block(svg, Table(caption, columns, cells), f"week-{signal}", rows)
