"""Sentences about indicators: a direction is named only where the verdict of the change allows it."""

from __future__ import annotations

from typing import Any

import polars as pl
from markupsafe import Markup

from models.bulletin import summaries
from models.bulletin.issue import Issue
from models.bulletin.narrative.names import group_name, indicator_name, region_name

NAMES_AT_MOST = 6
# Words for a probability, after the scale of the climate panel: (from, phrase)
PROBABILITY_WORDS = (
    (0.99, "almost_certain"),
    (0.90, "very_likely"),
    (0.66, "likely"),
    (0.33, "even"),
    (0.10, "unlikely"),
    (0.01, "very_unlikely"),
    (0.0, "almost_excluded"),
)


def probability_word(probability: float) -> str:
    """The phrase key of a probability: `almost_certain` from .99, `very_likely` from .90 and so on."""
    return next(word for least, word in PROBABILITY_WORDS if probability >= least)


def survey_presence(issue: Issue) -> list[Markup]:
    """Says when there is no survey at all, or none of this year; empty when there is one."""
    voice, year = issue.voice, issue.survey_year
    if year is None:
        return [voice.say("survey.absent")]
    if year < issue.meta.year:
        return [voice.say("survey.not_this_year", year=voice.year(issue.meta.year), last=voice.year(year))]
    return []


def level(issue: Issue, indicator: str) -> Markup:
    """The level in the last wave with its interval, or that it is not published."""
    voice, year = issue.voice, issue.survey_year
    stem = ("estimates", indicator, year, "country", "KZ")
    name = indicator_name(indicator, voice)
    if voice.figures.value(*stem, "estimate_pct") is None:
        return voice.say("survey.level_suppressed", name=name, year=voice.year(year or 0))
    return voice.say(
        "survey.level",
        name=name,
        year=voice.year(year or 0),
        value=voice.number(*stem, "estimate_pct"),
        low=voice.number(*stem, "ci_low_pct"),
        high=voice.number(*stem, "ci_high_pct"),
        n=voice.number(*stem, "n_count"),
        confidence=voice.number("method", "interval_level"),
    )


def change(issue: Issue, indicator: str) -> Markup:
    """The change since the wave before, worded as its verdict allows."""
    voice = issue.voice
    rows = issue.frames["changes"].filter(
        pl.col("indicator_id") == indicator,
        pl.col("domain") == "country",
        pl.col("year_to") == issue.survey_year,
    )
    if rows.is_empty():
        return voice.say("change.no_earlier_wave")
    return _change_sentence(issue, indicator, rows.sort("year_from").row(-1, named=True))


def change_since_base(issue: Issue, indicator: str) -> list[Markup]:
    """The change since the base year, where the last wave was compared with it as well."""
    rows = issue.frames["changes"].filter(
        pl.col("indicator_id") == indicator,
        pl.col("domain") == "country",
        pl.col("year_to") == issue.survey_year,
    )
    if rows.height < 2:
        return []
    return [_change_sentence(issue, indicator, rows.sort("year_from").row(0, named=True))]


def _change_sentence(issue: Issue, indicator: str, row: dict[str, Any]) -> Markup:
    voice = issue.voice
    stem = ("changes", indicator, row["year_from"], row["year_to"], "country", row["domain_value"])
    verdict = str(row["verdict"])
    key = f"change.{verdict}" if voice.knows(f"change.{verdict}") else "change.unknown"
    return voice.say(
        key,
        year=voice.year(row["year_from"]),
        difference=voice.number(*stem, "difference_pp"),
        interval=voice.interval((*stem, "ci_low_pp"), (*stem, "ci_high_pp")),
    )


def verdict(issue: Issue, indicator: str) -> Markup:
    """The level against the plan, with the probability of being below it and the sample needed to tell."""
    voice, year = issue.voice, issue.survey_year
    rows = issue.frames["verdicts"].filter(pl.col("indicator_id") == indicator, pl.col("year") == year)
    if rows.is_empty():
        return voice.say("plan.absent", year=voice.year(year or 0))
    code = str(rows["verdict"][0])
    stem = ("verdicts", indicator, year)
    below = voice.figures.value(*stem, "p_below_plan")
    key = f"plan.{code}" if voice.knows(f"plan.{code}") else "plan.unknown"
    parts = [voice.say(key, target=voice.number(*stem, "target_pct"), year=voice.year(year or 0))]
    if below is not None:
        word = voice.say(f"probability.{probability_word(below)}")
        parts.append(voice.say("plan.below", word=word, probability=voice.number(*stem, "p_below_plan")))
    if code == "cannot_be_told" and voice.figures.value(*stem, "n_needed") is not None:
        parts.append(voice.say("plan.needed", n=voice.number(*stem, "n_needed")))
    return Markup(" ").join(parts)


def comparability(issue: Issue, indicator: str) -> list[Markup]:
    """Names the waves that cannot be compared with the one before."""
    voice = issue.voice
    rows = issue.frames["estimates"].filter(
        pl.col("indicator_id") == indicator,
        pl.col("domain") == "country",
        pl.col("comparability") == "not_comparable",
    )
    years = [voice.year(year) for year in rows["year"].sort()]
    return [voice.say("survey.not_comparable", years=voice.listing(years))] if years else []


def regions(issue: Issue, indicator: str) -> list[Markup]:
    """Which regions lie clearly off the country, which are not published, how many changed."""
    voice = issue.voice
    positions = summaries.region_positions(issue.frames["estimates"]).filter(pl.col("indicator_id") == indicator)
    if positions.is_empty():
        return [voice.say("regions.absent")]
    sentences = []
    for position in ("above", "below", "suppressed"):
        codes = positions.filter(pl.col("position") == position)["region_code"]
        names = voice.listing(region_name(code, voice) for code in codes)
        count = voice.number("regions", indicator, f"{position}_count")
        if codes.is_empty():
            sentences += [] if position == "suppressed" else [voice.say(f"regions.{position}_none")]
        elif len(codes) > NAMES_AT_MOST:
            sentences.append(voice.say(f"regions.{position}_many", count=count))
        else:
            sentences.append(voice.say(f"regions.{position}", count=count, names=names))
    return sentences + _region_changes(issue, indicator)


def _region_changes(issue: Issue, indicator: str) -> list[Markup]:
    voice = issue.voice
    stem = ("regions", indicator)
    up, down = (voice.figures.value(*stem, f"{name}_count") for name in ("up", "down"))
    if up is None or down is None:
        return [voice.say("regions.change_absent")]
    total = voice.number(*stem, "compared_count")
    if up == 0 and down == 0:
        return [voice.say("regions.change_none", total=total)]
    counts = {name: voice.number(*stem, f"{name}_count") for name in ("up", "down")}
    keys = [f"regions.change_{name}" for name, value in (("up", up), ("down", down)) if value]
    return [voice.say(key, total=total, **counts) for key in keys]


def groups(issue: Issue) -> list[Markup]:
    """Which groups are not published for any indicator, and for which one only."""
    voice = issue.voice
    rows = summaries.latest_estimates(issue.frames["estimates"], "group")
    is_hidden = pl.col("is_suppressed") | pl.col("estimate_pct").is_null()
    hidden = rows.filter(is_hidden)
    everywhere = set(hidden["domain_value"]) - set(rows.filter(~is_hidden)["domain_value"])
    sentences = [voice.say("groups.caution")]
    if everywhere:
        sentences.append(voice.say("groups.suppressed", names=_group_names(issue, everywhere)))
    for indicator in issue.indicators:
        only = set(hidden.filter(pl.col("indicator_id") == indicator)["domain_value"]) - everywhere
        if only:
            name = indicator_name(indicator, voice)
            sentences.append(voice.say("groups.suppressed_one", name=name, names=_group_names(issue, only)))
    return sentences


def _group_names(issue: Issue, codes: set[str]) -> Markup:
    return issue.voice.listing(group_name(code, issue.voice) for code in sorted(codes))


def outlook(issue: Issue, indicator: str) -> list[Markup]:
    """The forecast for the plan's last year and the probability of its target; empty without a forecast."""
    voice = issue.voice
    rows = issue.frames["outlook"].filter(
        pl.col("indicator_id") == indicator, pl.col("year") > (issue.survey_year or 0)
    )
    if rows.is_empty():
        return []
    year = int(rows["year"].sort()[-1])
    stem = ("outlook", indicator, year)
    sentences = [
        voice.say(
            "outlook.forecast",
            year=voice.year(year),
            value=voice.number(*stem, "forecast_pct"),
            interval=voice.interval((*stem, "ci_low_pct"), (*stem, "ci_high_pct")),
        )
    ]
    probability = voice.figures.value(*stem, "p_target_met")
    if probability is not None:
        word = voice.say(f"probability.{probability_word(probability)}")
        fields = {"word": word, "probability": voice.number(*stem, "p_target_met")}
        sentences.append(voice.say("outlook.target", target=voice.number(*stem, "target_pct"), **fields))
    return sentences


def suppression_reason(issue: Issue, rule: str | None) -> Markup:
    """Why a number is not published, in words."""
    if rule is None:
        return issue.voice.say("suppression.unnamed")
    return issue.voice.label("suppression", rule)
