"""Coverage, wave quality, corrections, definitions and how to make the issue again."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from markupsafe import Markup

from data_contracts.indicator_registry import indicators
from models.bulletin import summaries
from models.bulletin.glossary import Term, glossary
from models.bulletin.issue import Issue, Table
from models.bulletin.narrative.names import indicator_name, quality_domain_name

SOURCES_SHOWN = 15
QUALITY_ROWS_SHOWN = 40


@dataclass(frozen=True)
class Definition:
    """A term as the page prints it."""

    anchor: str
    term: str
    text: str


def coverage_table(issue: Issue) -> Table | None:
    """The largest sources with their messages and the days flagged."""
    voice = issue.voice
    flags = summaries.flag_counts(issue.frames["coverage"]).head(SOURCES_SHOWN)
    if flags.is_empty():
        return None
    keys = ("message", "day", "gap", "surge", "drop")
    rows = [
        [
            Markup("<code>{}</code>").format(source),
            *(voice.number("coverage", source, f"{key}_count") for key in keys),
        ]
        for source in flags["source_id"]
    ]
    columns = [voice.say("column.source"), *(voice.say(f"column.{key}_count") for key in keys)]
    return Table(voice.say("coverage.source_caption"), columns, rows)


def files_table(issue: Issue) -> Table | None:
    """Rows in, kept, repeated and quarantined by kind of file."""
    voice = issue.voice
    kinds = issue.frames["inbox_files"]["kind"].unique().sort()
    if kinds.is_empty():
        return None
    keys = ("file_count", "rows_in", "rows_kept", "rows_duplicate", "rows_quarantined")
    rows = [[voice.label("file_kind", kind), *(voice.number("inbox", kind, key) for key in keys)] for kind in kinds]
    columns = [voice.say("column.kind"), *(voice.say(f"column.{key}") for key in keys)]
    return Table(voice.say("coverage.files_caption"), columns, rows)


def coverage_sentences(issue: Issue) -> list[Markup]:
    """Sources and messages in sum, days without messages, whether the count of rows adds up."""
    voice = issue.voice
    sentences = []
    if voice.figures.value("coverage", "source_count") is None:
        sentences.append(voice.say("coverage.absent"))
    else:
        numbers = {name: voice.number("coverage", f"{name}_count") for name in ("source", "message", "gap")}
        sentences.append(voice.say("coverage.sum", **numbers))
    files = issue.frames["inbox_files"]
    if not files.is_empty():
        out = pl.sum_horizontal("rows_kept", "rows_duplicate", "rows_quarantined")
        is_whole = files.select((pl.col("rows_in") == out).all()).item()
        sentences.append(voice.say("coverage.adds_up" if is_whole else "coverage.does_not_add_up"))
    return sentences


def quality_table(issue: Issue) -> Table | None:
    """Quality measures of the last wave for the whole sample and the widest margin gaps."""
    voice = issue.voice
    quality = issue.frames["wave_quality"]
    last = quality.filter(pl.col("year") == pl.col("year").max(), pl.col("value").is_not_null())
    rows = summaries.headline_quality(last).head(QUALITY_ROWS_SHOWN)
    if rows.is_empty():
        return None
    cells = [
        [
            voice.label("quality", measure),
            quality_domain_name(domain, voice),
            voice.number("wave_quality", wave, measure, domain, "value"),
        ]
        for wave, measure, domain in rows.select("wave_id", "measure", "domain_value").iter_rows()
    ]
    columns = [voice.say(f"column.{key}") for key in ("measure", "domain", "value")]
    caption = voice.say("quality.caption", wave=Markup("<code>{}</code>").format(rows["wave_id"][0]))
    return Table(caption, columns, cells, frozenset({1}))


def corrections_table(issue: Issue) -> Table | None:
    """Published numbers that were replaced, with the reason."""
    voice = issue.voice
    if not issue.meta.corrections:
        return None
    keys = ("indicator", "year", "published", "corrected", "reason")
    rows = [
        [
            indicator_name(entry.indicator_id, voice),
            voice.year(entry.year),
            voice.number("corrections", str(index), "published_pct"),
            voice.number("corrections", str(index), "corrected_pct"),
            _quoted(entry.reason.in_language(voice.language), "indicators.yml"),
        ]
        for index, entry in enumerate(issue.meta.corrections)
    ]
    columns = [voice.say(f"column.{key}") for key in keys]
    return Table(voice.say("corrections.caption"), columns, rows, frozenset({4}))


def definitions(issue: Issue) -> list[Definition]:
    """The glossary in the order of the language."""
    language = issue.voice.language

    def entry(term: Term) -> Definition:
        return Definition(
            f"term-{term.term_id}", term.term.in_language(language), term.definition.in_language(language)
        )

    return sorted((entry(term) for term in glossary().values()), key=lambda found: found.term.casefold())


def indicator_definitions(issue: Issue) -> list[tuple[object, Markup]]:
    """Indicators as the registry defines them."""
    voice = issue.voice
    return [
        (indicator_name(code, voice), _quoted(entry.definition.in_language(voice.language), "indicators.yml"))
        for code, entry in indicators().items()
    ]


def reproducibility(issue: Issue) -> list[tuple[Markup, Markup]]:
    """What is needed to make the same bytes again; input hashes stand in their own table."""
    voice, meta = issue.voice, issue.meta
    pairs: list[tuple[str, object]] = [
        ("quarter", Markup("<code>{}</code>").format(meta.quarter)),
        ("generated", voice.day(meta.generated_at.date())),
        ("code_version", Markup("<code>{}</code>").format(meta.code_version)),
        (
            "model_version",
            Markup("<code>{}</code>").format(meta.model_version or voice.say("repro.none").unescape()),
        ),
        ("seed", voice.number("run", "seed") if meta.seed is not None else voice.say("repro.none")),
        ("synthetic", voice.say("word.yes" if meta.is_synthetic else "word.no")),
    ]
    return [(voice.say(f"repro.{key}"), Markup("{}").format(value)) for key, value in pairs]


def _quoted(text: str, source: str) -> Markup:
    """Words of a registry, numbers included, marked with the file they stand in."""
    return Markup('<span data-source="{}">{}</span>').format(source, text)
