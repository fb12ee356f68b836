"""The bulletin as one self-contained HTML page in one language."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import polars as pl
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from models.bulletin.inputs import BulletinMeta, BulletinTables
from models.bulletin.issue import Issue
from models.bulletin.narrative import survey_sentences
from models.bulletin.narrative.number_format import ROMAN
from models.bulletin.narrative.voice import Voice
from models.bulletin.sections import (
    answers,
    background,
    closing,
    discourse,
    indicators,
    ledger,
    places_and_groups,
    recommendations,
    verdicts,
)

SECTIONS = (
    "verdicts",
    "brief",
    "indicators",
    "background",
    "regions",
    "groups",
    "small_areas",
    "discourse",
    "ledger",
    "alerts",
    "answers",
    "recommendations",
    "outlook",
    "coverage",
    "corrections",
    "method",
    "definitions",
    "reproducibility",
)
METHOD_PARTS = (
    "survey",
    "indicators",
    "errors",
    "change",
    "plan",
    "publication",
    "discourse",
    "alerts",
    "ledger",
    "outlook",
    "limits",
)


def bulletin_html(tables: BulletinTables, figures: pl.DataFrame, meta: BulletinMeta, language: str) -> str:
    """One issue as a page that needs no network and no script.

    Args:
        tables: the tables of the quarter; any may be None, and the page says what is missing.
        figures: `models.bulletin.figures.figures` of the same tables; every number on the page is one of them
            and carries its figure_id in `data-figure`.
        meta: facts about the issue; `generated_at` is the only time on the page.
        language: `kk`, `ru` or `en`.

    Returns:
        HTML; the same bytes for the same arguments.

    Raises:
        BulletinInputError: if a table lacks a column, or the language is not one of the three.
    """
    issue = Issue.of(tables, figures, meta, language)
    return _environment().get_template("bulletin.html.j2").render(_context(issue))


def _context(issue: Issue) -> dict[str, Any]:
    voice = issue.voice
    running = voice.say("page.running", **_quarter(issue))
    return {
        "say": voice.say,
        "language": voice.language,
        "sections": SECTIONS,
        "is_synthetic": issue.meta.is_synthetic,
        "css": _styles(),
        "page_css": _page_styles(issue, running),
        "running": running,
        "quarter": voice.say("page.quarter", **_quarter(issue)),
        "issued": voice.say("page.generated", date=voice.day(issue.meta.generated_at.date())),
        "confidence": voice.number("method", "interval_level"),
        **_survey_parts(issue),
        **_other_parts(issue),
        **_closing_parts(issue),
    }


def _quarter(issue: Issue) -> dict[str, object]:
    return {"roman": ROMAN[issue.meta.quarter_number], "year": issue.voice.year(issue.meta.year)}


def _survey_parts(issue: Issue) -> dict[str, Any]:
    return {
        "brief": verdicts.in_brief(issue),
        "cards": verdicts.cards(issue),
        "survey_presence": survey_sentences.survey_presence(issue),
        "indicators": indicators.blocks(issue),
        "outlook": indicators.outlook_blocks(issue),
        "regions": places_and_groups.region_blocks(issue),
        "groups": places_and_groups.group_blocks(issue),
        "group_sentences": survey_sentences.groups(issue),
        "composition": background.composition(issue),
        "sensitivity_sentences": background.sensitivity_sentences(issue),
        "sensitivity_table": background.sensitivity_table(issue),
        "small_areas": background.small_areas(issue),
    }


def _other_parts(issue: Issue) -> dict[str, Any]:
    return {
        "pairs": discourse.pairs(issue),
        "discourse_sentences": discourse.sentences(issue),
        "signal_table": discourse.signal_table(issue),
        "group_table": discourse.group_table(issue),
        "ledger": ledger.ledger(issue),
        "candidates": ledger.candidates(issue),
        "alert_sentences": ledger.alert_sentences(issue),
        "council_sentences": ledger.council_sentences(issue),
        "answer_sentences": answers.answer_sentences(issue),
        "answer_table": answers.answer_table(issue),
        "error_sentence": answers.error_sentence(issue),
        "error_table": answers.error_table(issue),
        "recommendation_table": recommendations.recommendation_table(issue),
    }


def _closing_parts(issue: Issue) -> dict[str, Any]:
    return {
        "coverage_sentences": closing.coverage_sentences(issue),
        "coverage_table": closing.coverage_table(issue),
        "files_table": closing.files_table(issue),
        "quality_table": closing.quality_table(issue),
        "corrections": closing.corrections_table(issue),
        "method": _method(issue.voice),
        "definitions": closing.definitions(issue),
        "indicator_definitions": closing.indicator_definitions(issue),
        "reproducibility": closing.reproducibility(issue),
        "hashes": sorted(issue.meta.input_hashes.items()),
    }


def _method(voice: Voice) -> list[dict[str, Markup]]:
    numbers = {
        "confidence": voice.number("method", "interval_level"),
        "n_eff": voice.number("method", "minimum_n_eff"),
        "width": voice.number("method", "widest_interval_pp"),
        "relative": voice.number("method", "widest_relative_pct"),
        "df": voice.number("method", "minimum_df"),
        "cell": voice.number("method", "minimum_cell"),
        "decisions": voice.number("method", "decisions_before_alert"),
    }
    return [
        {"heading": voice.say(f"method.{part}_heading"), "text": voice.say(f"method.{part}", **numbers)}
        for part in METHOD_PARTS
    ]


def _page_styles(issue: Issue, running: Markup) -> Markup:
    """Running head and foot of the printed page, in the language, with the mark of synthetic data."""
    voice = issue.voice
    mark = voice.say("page.synthetic_short") if issue.meta.is_synthetic else Markup("")
    faces = "'DejaVu Sans', Arial" if voice.language == "kk" else "Arial, 'DejaVu Sans'"
    type_ = f"font-size: 8pt; font-family: 'Segoe UI', 'Noto Sans', {faces}, sans-serif;"
    quiet, loud = f"{type_} color: #55626c;", f"{type_} font-weight: bold; color: #8f3416;"
    page = voice.say("page.page_number")
    boxes = (
        f"@top-left {{ content: {_css_string(running)}; {quiet} }} "
        f"@top-right {{ content: {_css_string(mark)}; {loud} }} "
        f"@bottom-left {{ content: {_css_string(mark)}; {loud} }} "
        f"@bottom-right {{ content: {_css_string(page)} ' ' counter(page); {quiet} }}"
    )
    text = f"@page {{ size: A4; margin: 18mm 15mm 17mm; {boxes} }} @page wide {{ size: A4 landscape; }}"
    return Markup(text)  # noqa: S704 - our own phrases, stripped of marks and quotes


def _css_string(text: Markup) -> str:
    plain = text.striptags().replace("\\", "").replace("'", "\N{RIGHT SINGLE QUOTATION MARK}").replace("<", "")
    return f"'{plain}'"


@cache
def _styles() -> Markup:
    return Markup(_template("bulletin.css"))  # noqa: S704 - our own style sheet


def _template(name: str) -> str:
    return (resources.files("models.bulletin") / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
