"""Mentions of ethnic groups in Kazakh and Russian texts: people, their languages and things, and abuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import polars as pl

from models.text.ethnonym_contexts import Reading, Surroundings, reading
from models.text.ethnonym_forms import Form, Phrase, ethnonym_table, slur_severity
from models.text.form_search import Hit, original_span
from models.text.normalisation import normalised

MENTION_SCHEMA = pl.Schema(
    {
        "message_id": pl.String(),
        "group_code": pl.String(),
        "surface": pl.String(),
        "start": pl.Int64(),
        "end": pl.Int64(),
        "is_person": pl.Boolean(),
        "is_slur": pl.Boolean(),
        "slur_severity": pl.Int64(),
    }
)

_Found = tuple[int, int, int, Reading]


def mentions(ids: pl.Series, texts: pl.Series, normalised_texts: pl.Series | None = None) -> pl.DataFrame:
    """Ethnic groups mentioned in texts.

    Names of countries (Узбекистан, Қытай елі), of citizens of any origin (казахстанцы, қазақстандықтар,
    россияне) and inhabitants of a place are not mentions. Adjectives and language names are, with `is_person`
    false (`русский язык`, `орысша`), unless they qualify people (`русские люди`, `қазақ жастары`).

    Args:
        ids: one identifier per text.
        texts: texts as written.
        normalised_texts: `normalised(texts)` where the caller has it already.

    Returns:
        One row per mention, by text and place: message_id, group_code, surface (as written), start and end
        (characters of the text as written, half-open), is_person, is_slur, slur_severity (0 for no slur, else
        1 demeaning, 2 abusive, 3 dehumanising).
    """
    plain = normalised(texts) if normalised_texts is None else normalised_texts
    table = ethnonym_table()
    hits = list(table.search.hits(plain))
    with_phrases = plain.str.contains(_any_phrase()).fill_null(value=False).arg_true().to_list()
    # Each text is fetched once, however many groups it names.
    needed = sorted({*(hit.row for hit in hits), *with_phrases})
    lines = _Lines(*(dict(zip(needed, column.gather(needed).to_list(), strict=True)) for column in (texts, plain)))
    found = [*_words(hits, lines, table.forms), *_phrases(with_phrases, lines)]
    found.sort(key=lambda item: item[:2])
    named = dict(zip(needed, ids.cast(pl.String).gather(needed).to_list(), strict=True))
    return _without_overlaps(found, lines, named)


class _Lines(NamedTuple):
    """Texts by row, as written and normalised."""

    written: dict[int, str]
    plain: dict[int, str]


def _without_overlaps(found: list[_Found], lines: _Lines, ids: dict[int, str]) -> pl.DataFrame:
    """Mentions as rows, of those that overlap the first."""
    rows = []
    done = (-1, 0)
    for row, start, end, meaning in found:
        if (row, start) < done:
            continue
        done = (row, end)
        text, line = lines.written[row], lines.plain[row]
        first, last = original_span(text, line, start, end)
        group, is_person, is_slur = meaning
        severity = slur_severity(line[start:end]) if is_slur else 0
        rows.append((ids[row], group, text[first:last], first, last, is_person, is_slur, severity))
    columns = zip(*rows, strict=True) if rows else [()] * len(MENTION_SCHEMA)
    return pl.DataFrame(dict(zip(MENTION_SCHEMA, columns, strict=True)), schema=MENTION_SCHEMA)


def _words(hits: list[Hit], lines: _Lines, forms: dict[str, Form]) -> Iterator[_Found]:
    for hit in hits:
        around = Surroundings(lines.plain[hit.row], hit.start, hit.end, lines.written[hit.row])
        understood = reading(hit.form, forms[hit.form], around)
        if understood is not None:
            yield hit.row, hit.start, hit.end, understood


def _phrases(rows: list[int], lines: _Lines) -> Iterator[_Found]:
    for row in rows:
        for pattern, phrase in _phrase_patterns():
            for match in pattern.finditer(lines.plain[row]):
                meaning = Reading(phrase.group_code, is_person=True, is_slur=phrase.is_slur)
                yield row, match.start(), match.end(), meaning


@cache
def _phrase_patterns() -> tuple[tuple[re.Pattern[str], Phrase], ...]:
    return tuple(
        (re.compile(r"\b" + r"\s+".join(rf"{word}\w*" for word in phrase.words)), phrase)
        for phrase in ethnonym_table().phrases
    )


@cache
def _any_phrase() -> str:
    return "|".join(r"\b" + r"\s+".join(rf"{word}\w*" for word in p.words) for p in ethnonym_table().phrases)
