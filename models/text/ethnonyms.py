"""Mentions of ethnic groups in Kazakh and Russian texts: people, their languages and things, and abuse."""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from models.text.ethnonym_contexts import Reading, Surroundings, reading
from models.text.ethnonym_forms import Phrase, ethnonym_table, slur_severity
from models.text.form_search import original_span
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
    found = sorted((*_words(texts, plain), *_phrases(plain)), key=lambda item: item[:2])
    rows: list[tuple[str, str, str, int, int, bool, bool, int]] = []
    needed = pl.Series([row for row, *_ in found], dtype=pl.UInt32)
    columns = (ids.cast(pl.String).gather(needed), texts.gather(needed), plain.gather(needed))
    done = (-1, 0)
    for (row, start, end, meaning), message_id, text, line in zip(
        found, *(column.to_list() for column in columns), strict=True
    ):
        if (row, start) < done:
            continue
        done = (row, end)
        first, last = original_span(text, line, start, end)
        rows.append(
            (
                message_id,
                meaning.group_code,
                text[first:last],
                first,
                last,
                meaning.is_person,
                meaning.is_slur,
                slur_severity(line[start:end]) if meaning.is_slur else 0,
            )
        )
    return pl.DataFrame(rows, schema=MENTION_SCHEMA, orient="row")


def _words(texts: pl.Series, plain: pl.Series) -> list[_Found]:
    table = ethnonym_table()
    hits = list(table.search.hits(plain))
    needed = pl.Series([hit.row for hit in hits], dtype=pl.UInt32)
    found: list[_Found] = []
    for hit, text, line in zip(hits, texts.gather(needed).to_list(), plain.gather(needed).to_list(), strict=True):
        around = Surroundings(line, hit.start, hit.end, text)
        understood = reading(hit.form, table.forms[hit.form], around)
        if understood is not None:
            found.append((hit.row, hit.start, hit.end, understood))
    return found


def _phrases(plain: pl.Series) -> list[_Found]:
    found: list[_Found] = []
    rows = plain.str.contains(_any_phrase()).fill_null(value=False).arg_true()
    for row, line in zip(rows.to_list(), plain.gather(rows).to_list(), strict=True):
        for pattern, phrase in _phrase_patterns():
            for match in pattern.finditer(line):
                meaning = Reading(phrase.group_code, is_person=True, is_slur=phrase.is_slur)
                found.append((row, match.start(), match.end(), meaning))
    return found


@cache
def _phrase_patterns() -> tuple[tuple[re.Pattern[str], Phrase], ...]:
    return tuple(
        (re.compile(r"\b" + r"\s+".join(rf"{word}\w*" for word in phrase.words)), phrase)
        for phrase in ethnonym_table().phrases
    )


@cache
def _any_phrase() -> str:
    return "|".join(r"\b" + r"\s+".join(rf"{word}\w*" for word in p.words) for p in ethnonym_table().phrases)
