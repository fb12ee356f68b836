"""The first page: three cards against the plan, and the issue in brief."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from models.bulletin.issue import Issue
from models.bulletin.narrative import discourse_sentences, survey_sentences
from models.bulletin.narrative.names import indicator_name
from models.bulletin.narrative.voice import SpokenName

VERDICT_SIGNS = {"met": "\N{CHECK MARK}", "not_met": "\N{MULTIPLICATION SIGN}", "cannot_be_told": "?"}


@dataclass(frozen=True)
class Card:
    """One indicator against its plan."""

    indicator_id: str
    name: SpokenName
    year: Markup
    value: object
    interval: Markup
    target: object
    verdict: str
    verdict_sign: str
    verdict_label: Markup
    change: Markup
    sentence: Markup


def cards(issue: Issue) -> list[Card]:
    """A card for each indicator of the last wave."""
    year = issue.survey_year
    return [] if year is None else [_card(issue, indicator, year) for indicator in issue.indicators]


def in_brief(issue: Issue) -> list[Markup]:
    """The issue in a few sentences: verdicts, discourse, alerts, and what is missing."""
    voice = issue.voice
    sentences = survey_sentences.survey_presence(issue)
    sentences += [
        voice.say(
            "brief.indicator",
            name=indicator_name(card.indicator_id, voice),
            value=card.value,
            interval=card.interval,
            verdict=voice.label("verdict_brief", card.verdict),
        )
        for card in cards(issue)
    ]
    sentences += discourse_sentences.brief(issue)
    sentences.append(discourse_sentences.alerts(issue))
    return sentences


def _card(issue: Issue, indicator: str, year: int) -> Card:
    voice = issue.voice
    stem = ("estimates", indicator, year, "country", "KZ")
    row = issue.frames["verdicts"].filter(pl.col("indicator_id") == indicator, pl.col("year") == year)
    verdict = str(row["verdict"][0]) if row.height else "no_plan"
    return Card(
        indicator_id=indicator,
        name=indicator_name(indicator, voice),
        year=voice.year(year),
        value=voice.number(*stem, "estimate_pct"),
        interval=voice.interval((*stem, "ci_low_pct"), (*stem, "ci_high_pct")),
        target=voice.number("verdicts", indicator, year, "target_pct"),
        verdict=verdict,
        verdict_sign=VERDICT_SIGNS.get(verdict, "\N{EM DASH}"),
        verdict_label=voice.label("verdict", verdict),
        change=survey_sentences.change(issue, indicator),
        sentence=survey_sentences.verdict(issue, indicator),
    )
