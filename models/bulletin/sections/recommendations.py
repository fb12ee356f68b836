"""Proposed steps: which findings the issue holds, which council may act on each, and what it may do."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from markupsafe import Markup

from data_contracts.recommendations import body_name, recommendations
from models.bulletin import summaries
from models.bulletin.issue import Issue, Table
from models.bulletin.narrative.names import indicator_name, region_name, short_region_name

THREAT_AND_PEACE = ("hostile", "accord")
Finding = tuple[str, list[object]]


def recommendation_table(issue: Issue) -> Table | None:
    """Findings of the issue with the proposals of `recommendations.yml`; None without any."""
    voice, book = issue.voice, recommendations()
    rows = [
        [
            _finding(issue, code, places),
            _bodies(issue, book[code].bodies),
            _quoted(book[code].text.in_language(voice.language)),
        ]
        for code, places in findings(issue)
        if code in book
    ]
    if not rows:
        return None
    columns = [voice.say(f"column.{key}") for key in ("finding", "who", "what")]
    return Table(voice.say("recommendations.caption"), columns, rows, frozenset({1, 2}))


def findings(issue: Issue) -> Iterator[Finding]:
    """Codes of findings with the names of indicators, regions or groups they are about, in a fixed order."""
    yield from _plan(issue)
    yield from _places(issue)
    yield from _discourse(issue)
    yield from _candidates(issue)
    if issue.voice.figures.value("coverage", "gap_count"):
        yield "sources_silent", []


def _plan(issue: Issue) -> Iterator[Finding]:
    voice, rows = issue.voice, issue.frames["verdicts"]
    current = rows.filter(pl.col("year") == pl.lit(issue.survey_year, dtype=pl.Int64))
    for code, verdict in (("plan_not_met", "not_met"), ("plan_cannot_be_told", "cannot_be_told")):
        about = [
            indicator
            for indicator in issue.indicators
            if indicator in current.filter(pl.col("verdict") == verdict)["indicator_id"]
        ]
        if about:
            yield code, [indicator_name(indicator, voice) for indicator in about]
    groups = summaries.latest_estimates(issue.frames["estimates"], "group")
    if groups["is_suppressed"].any():
        yield "groups_not_published", []


def _places(issue: Issue) -> Iterator[Finding]:
    positions = summaries.region_positions(issue.frames["estimates"])
    below = positions.filter(pl.col("position") == "below")["region_code"].unique().sort()
    if len(below):
        yield "region_below", _regions(issue, below)
    joined = summaries.ledger(issue.frames, issue.quarter_rates)
    above = joined.filter(pl.col("hostile_position") == "above")["region_code"]
    if len(above):
        yield "region_hostile_above", _regions(issue, above)
    for code in ("signals_no_appeals", "survey_bad_nothing_else"):
        regions = joined.filter(pl.col("disagreement") == code)["region_code"]
        if len(regions):
            yield code, _regions(issue, regions)


def _discourse(issue: Issue) -> Iterator[Finding]:
    ends = {"low": "shown_ci_low_share", "high": "shown_ci_high_share"}
    now = {signal: issue.values("quarter_rates", "KZ", "all", signal, **ends) for signal in THREAT_AND_PEACE}
    before = issue.values("previous_rates", "KZ", "all", "hostile", **ends)
    hostile, accord = (now[signal] for signal in THREAT_AND_PEACE)
    if _is_above(hostile, before):
        yield "hostile_higher", []
    if _is_above(accord, hostile):
        yield "peace_more_frequent", []


def _is_above(first: dict[str, float | None], second: dict[str, float | None]) -> bool:
    """Whether one interval lies wholly above the other; never without both."""
    low, high = first["low"], second["high"]
    return low is not None and high is not None and low > high


def _candidates(issue: Issue) -> Iterator[Finding]:
    counts = summaries.candidate_counts(issue.frames["candidates"])
    for kind in counts["case_kind"].unique().sort():
        regions = counts.filter(pl.col("case_kind") == kind)["region_code"].unique().sort()
        yield f"case_{kind}", [region_name(code, issue.voice) for code in regions]


def _regions(issue: Issue, codes: pl.Series) -> list[object]:
    return [short_region_name(code, issue.voice) for code in codes]


def _finding(issue: Issue, code: str, places: list[object]) -> Markup:
    name = _quoted(recommendations()[code].name.in_language(issue.voice.language))
    if not places:
        return name
    return issue.voice.say("recommendations.places", finding=name, names=issue.voice.listing(places))


def _bodies(issue: Issue, codes: tuple[str, ...]) -> Markup:
    """The body whose task it is in full, those who help after it."""
    names = [body_name(code).in_language(issue.voice.language) for code in codes]
    return Markup("<strong>{}</strong>").format(names[0]) + Markup("").join(
        Markup("; {}").format(name) for name in names[1:]
    )


def _quoted(text: str) -> Markup:
    return Markup('<span data-source="recommendations.yml">{}</span>').format(text)
