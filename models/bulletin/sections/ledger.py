"""The regional ledger, alert candidates and council returns: four sources side by side, region by region."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from models.bulletin import summaries
from models.bulletin.issue import Issue, Table
from models.bulletin.narrative import discourse_sentences
from models.bulletin.narrative.names import case_kind_name, indicator_name, region_name, short_region_name

POSITION_SIGNS = {"above": "\N{BLACK UP-POINTING TRIANGLE}", "below": "\N{BLACK DOWN-POINTING TRIANGLE}"}
DISAGREEMENTS = (
    "survey_good_discourse_bad",
    "survey_bad_discourse_good",
    "signals_no_appeals",
    "survey_bad_nothing_else",
)


@dataclass(frozen=True)
class Ledger:
    """The joined table and what it says."""

    table: Table
    sentences: list[Markup]


def ledger(issue: Issue) -> Ledger:
    """One row a region: survey, discourse, alerts, mediation, and where they disagree."""
    voice = issue.voice
    joined = summaries.ledger(issue.frames, issue.quarter_rates)
    positions = {
        (indicator, region): position
        for indicator, region, position in summaries.region_positions(issue.frames["estimates"]).iter_rows()
    }
    names = [indicator_name(indicator, voice) for indicator in issue.indicators]
    columns = [
        voice.say("column.region"),
        *(Markup("{}").format(name) for name in names),
        *(voice.say(f"column.{key}") for key in ("hostile_share", "awaiting", "appeals", "sources_say")),
    ]
    rows = []
    for row in joined.iter_rows(named=True):
        code = row["region_code"]
        survey = [_survey_cell(issue, indicator, code, positions) for indicator in issue.indicators]
        rows.append(
            [
                short_region_name(code, voice),
                *survey,
                _hostile_cell(issue, code, row["hostile_position"]),
                voice.number("candidates", code, "candidate_count") if row["candidate_count"] else Markup("&ndash;"),
                _appeals_cell(issue, code),
                voice.say(f"disagreement.{row['disagreement']}"),
            ]
        )
    last = frozenset({len(columns) - 1})
    return Ledger(Table(voice.say("ledger.caption"), columns, rows, last), _ledger_sentences(issue, joined))


def candidates(issue: Issue) -> Table | None:
    """Candidates awaiting review by region and kind of case: counts only, no texts."""
    voice = issue.voice
    counts = summaries.candidate_counts(issue.frames["candidates"])
    if counts.is_empty():
        return None
    rows = [
        [
            region_name(region, voice),
            case_kind_name(kind, voice),
            voice.number("candidates", region, kind, "candidate_count"),
        ]
        for region, kind in counts.select("region_code", "case_kind").iter_rows()
    ]
    columns = [voice.say(f"column.{key}") for key in ("region", "case_kind", "awaiting")]
    return Table(voice.say("alerts.caption"), columns, rows, frozenset({1}))


def alert_sentences(issue: Issue) -> list[Markup]:
    """How many await review, and how often such signals are false."""
    return [discourse_sentences.alerts(issue), *discourse_sentences.false_alarms(issue)]


def council_sentences(issue: Issue) -> list[Markup]:
    """What the councils returned this quarter, in sum."""
    voice = issue.voice
    if voice.figures.value("returns", "region_count") is None:
        return [voice.say("councils.absent")]
    fields = ("region", "meeting", "appeal", "resolved", "event")
    numbers = {name: voice.number("returns", f"{name}_count") for name in fields}
    return [voice.say("councils.sum", **numbers)]


def _survey_cell(issue: Issue, indicator: str, code: str, positions: dict[tuple[str, str], str]) -> Markup:
    voice = issue.voice
    stem = ("estimates", indicator, issue.survey_year, "region", code)
    position = positions.get((indicator, code), "absent")
    if position in ("suppressed", "absent"):
        return voice.say(f"ledger.survey_{position}")
    sign = POSITION_SIGNS.get(position, "")
    return _marked(
        issue,
        voice.number(*stem, "estimate_pct"),
        voice.interval((*stem, "ci_low_pct"), (*stem, "ci_high_pct")),
        sign,
        position,
    )


def _hostile_cell(issue: Issue, code: str, position: str | None) -> Markup:
    voice = issue.voice
    if position is None:
        return voice.say("ledger.no_messages")
    if position == "suppressed":
        return voice.say("ledger.few_messages")
    stem = ("quarter_rates", code, "all", "hostile")
    interval = voice.interval((*stem, "shown_ci_low_share"), (*stem, "shown_ci_high_share"))
    return _marked(issue, voice.number(*stem, "shown_share"), interval, POSITION_SIGNS.get(position, ""), position)


def _marked(issue: Issue, number: object, interval: Markup, sign: str, position: str) -> Markup:
    mark = Markup("")
    if sign:
        hint = issue.voice.say(f"position.{position}")
        mark = Markup(' <span class="sign {}" role="img" aria-label="{}" title="{}">{}</span>').format(
            position, hint.striptags(), hint.striptags(), sign
        )
    return Markup('{}{} <br><span class="small">{}</span>').format(number, mark, interval)


def _appeals_cell(issue: Issue, code: str) -> Markup:
    voice = issue.voice
    if voice.figures.value("returns", code, "appeal_count") is None:
        return voice.say("ledger.no_return")
    appeals, resolved = (voice.number("returns", code, f"{name}_count") for name in ("appeal", "resolved"))
    return Markup("{} / {}").format(appeals, resolved)


def _ledger_sentences(issue: Issue, joined: pl.DataFrame) -> list[Markup]:
    voice = issue.voice
    sentences = []
    for code in DISAGREEMENTS:
        regions = joined.filter(pl.col("disagreement") == code)["region_code"]
        if not regions.is_empty():
            names = voice.listing(region_name(region, voice) for region in regions)
            sentences.append(voice.say(f"ledger.{code}", names=names))
    return sentences or [voice.say("ledger.agree")]
