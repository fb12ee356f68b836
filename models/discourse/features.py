"""Text to numbers: evasion undone, groups masked, words stemmed, lexicon hits counted near whom they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import polars as pl
import pymorphy3

from models.discourse.lexicon import HOSTILE_MEANS, fold, lexicon
from models.text.normalisation import normalised

GROUP_MASK, SLUR_MASK, ADJECTIVE_MASK, TARGET_MASK = "ъгрупъ", "ъбраньъ", "ъэтноъ", "ъцельъ"
"""Stand for a people, a slur, a language or thing named after a people, the group a stance is asked for."""

LONGEST_TEXT = 4_000
"""Characters of a message that are looked at: 30 times the median message; what follows is cut."""

LONGEST_WORD = 30

NEAR = 5
"""Tokens to each side that count as near."""

TURNS = ("first_person", "second_person", "third_person", "definition", "rebuttal", "refusal")
"""Categories looked for near the name of a people and near a slur: who speaks, and what is done with the name."""

ABOUT_PEOPLE = ("umbrella", "slur", "loyalty")

_ENOUGH_LETTERS = 10
_MASKS_WRITTEN = re.compile(f"{GROUP_MASK}|{SLUR_MASK}|{ADJECTIVE_MASK}|{TARGET_MASK}")
_WORD = re.compile(r"[^\W\d_]+")
_MARKUP = r"<[^<>]{1,200}>|(?:https?://|www\.)\S+"
_CYRILLIC = re.compile("[а-яёәғқңөұүіһ]")
_LATIN_PAIRS = (
    ("shch", "щ"), ("sh", "ш"), ("ch", "ч"), ("zh", "ж"), ("kh", "х"), ("gh", "г"), ("ya", "я"), ("yu", "ю"),
    ("yo", "е"), ("ts", "ц"), ("iy", "ий"),
)  # fmt: skip
_LATIN_LETTERS = str.maketrans("abcdefghijklmnopqrstuvwxyzığüöäşçñńúóáǵ", "абсдефгхижклмнопкрстуввхызыгуоашчннуоаг")
_KAZAKH_LETTER = re.compile("[әғқңөұүіһ]")
_KAZAKH_ENDINGS = re.compile(
    "(?:лар|лер|дар|дер|тар|тер|дын|дин|тын|тин|нын|нин|дан|ден|тан|тен|нан|нен|мен|бен|пен|нда|нде|мыз|миз|"
    "сыз|сиз|ган|ген|кан|кен|ады|еди|йды|йди|ды|ди|ты|ти|га|ге|ка|ке|на|не|да|де|та|те|ын|ин|ым|им|сы|си|"
    "ып|ип|ны|ни|шы|ши|ы|и|у|п)$"
)


def undisguised(texts: Sequence[str]) -> list[str]:
    """Lower-case texts in one spelling, cut to `LONGEST_TEXT`.

    Evasions are undone by `models.text.normalisation`; a text without any Cyrillic letter is spelt in
    Cyrillic.
    """
    short = pl.Series(texts, dtype=pl.String).str.slice(0, LONGEST_TEXT).str.replace_all(_MARKUP, " ")
    plain = normalised(short).to_list()
    return [text if _CYRILLIC.search(_MASKS_WRITTEN.sub("", text)) else _in_cyrillic(text) for text in plain]


def _in_cyrillic(text: str) -> str:
    for latin, cyrillic in _LATIN_PAIRS:
        text = text.replace(latin, cyrillic)
    return text.translate(_LATIN_LETTERS)


@cache
def _morphology() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer()


def _russian_lemma(word: str) -> str | None:
    """The lemma of the likeliest reading of a word of the Russian dictionary, None for any other word.

    The likelihoods, slow to look up, are asked only where readings have different lemmas.
    """
    dictionary = _morphology().dictionary
    readings = dictionary.words.similar_items(word, _morphology().char_substitutes)
    lemmas = {
        dictionary.build_normal_form(paradigm, number, fixed) for fixed, forms in readings for paradigm, number in forms
    }
    if len(lemmas) < 2:
        return next(iter(lemmas), None)
    return _morphology().parse(word)[0].normal_form


@lru_cache(maxsize=400_000)
def stem(word: str) -> str:
    """The folded stem of one lower-case word; words of more than 30 letters are cut.

    A word the Russian dictionary knows becomes its lemma; any other loses up to three Kazakh endings, at
    least three
    letters staying.
    """
    word = word[:LONGEST_WORD]
    if word[0] == "ъ":
        return word
    lemma = None if _KAZAKH_LETTER.search(word) else _russian_lemma(word)
    if lemma is not None:
        return fold(lemma)
    short = fold(word)
    for _ in range(3):
        cut = _KAZAKH_ENDINGS.sub("", short)
        if len(cut) < 3 or cut == short:
            break
        short = cut
    return short


@dataclass(frozen=True)
class Span:
    """A stretch of a text to be replaced by a mask before anything is learnt from it."""

    start: int
    end: int
    mask: str


@dataclass(frozen=True)
class Reading:
    """One text read: words as written, folded and stemmed, lexicon hits per word, and four marks of style."""

    words: list[str]
    folded: list[str]
    stems: list[str]
    hits: list[frozenset[int]]
    style: tuple[float, float, float, float]


def masked(text: str, spans: Sequence[Span]) -> str:
    """The text with each span replaced by its mask; overlapping later spans are ignored."""
    pieces: list[str] = []
    done = 0
    for span in applied(spans, len(text)):
        pieces += [text[done : span.start], " ", span.mask, " "]
        done = span.end
    return "".join([*pieces, text[done:]])


def applied(spans: Sequence[Span], length: int) -> list[Span]:
    """The spans that are masked in a text of some length, in order: of two that overlap, the first."""
    kept: list[Span] = []
    done = 0
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if span.start >= done and span.end <= length:
            kept.append(span)
            done = span.end
    return kept


def readings(texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None) -> list[Reading]:
    """Read texts: mask the spans, undo evasion, split into words, stem, look up.

    Args:
        texts: messages as written.
        spans: per text what to mask; None masks nothing.
    """
    hidden = list(texts) if spans is None else [masked(*pair) for pair in zip(texts, spans, strict=True)]
    return [_reading(*pair) for pair in zip(undisguised(hidden), _styles(texts), strict=True)]


def _reading(plain: str, style: tuple[float, float, float, float]) -> Reading:
    words = _WORD.findall(plain)
    both = list(map(_folded_and_stem, words))
    folded = [one[0] for one in both]
    return Reading(words, folded, [one[1] for one in both], lexicon().hits(folded), style)


@lru_cache(maxsize=400_000)
def _folded_and_stem(word: str) -> tuple[str, str]:
    folded = fold(word)
    if lexicon().categories.index("people") in lexicon().of_token(folded):
        folded = GROUP_MASK
    return folded, folded if folded[0] == "ъ" else stem(word)


def _styles(texts: Sequence[str]) -> list[tuple[float, float, float, float]]:
    """Exclamation, question and quotation marks (log(1+n)) and the share of capitals of each text."""
    head = pl.col("text").str.slice(0, LONGEST_TEXT)
    counts = [head.str.count_matches(mark).cast(pl.Float64) for mark in ("!", r"\?", '[«»"“”]')]
    letters, capitals = head.str.count_matches(r"\p{L}"), head.str.count_matches(r"\p{Lu}")
    shouted = pl.when(letters > _ENOUGH_LETTERS).then(capitals / letters).otherwise(0.0)
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
    columns = [one.log1p().alias(str(number)) for number, one in enumerate(counts)]
    return frame.select(*columns, shouted.alias("shouted")).rows()


@cache
def signal_names() -> tuple[str, ...]:
    """Names of the columns of `signals`, in order."""
    categories = lexicon().categories
    return (
        *categories,
        *(f"{means}_near_people" for means in HOSTILE_MEANS),
        *(f"{means}_near_official" for means in HOSTILE_MEANS),
        *(f"{means}_near_negation" for means in HOSTILE_MEANS),
        "counter_near_people", "accord_near_people",
        *(f"{named}_near_{turn}" for named in ("people", "slur") for turn in TURNS),
        "people_named", "adjective_named", "slur_named",
        "target_named",
        "official_without_people", "exclamation", "question", "quotation_marks", "capitals", "length",
    )  # fmt: skip


@cache
def _category_index() -> dict[str, int]:
    return {name: number for number, name in enumerate(lexicon().categories)}


def signals(reading: Reading) -> np.ndarray:
    """Counts of lexicon categories (log(1+n)), alone and near people, officials or a negation; and style.

    Returns:
        One row, the columns named by `signal_names()`.
    """
    categories = lexicon().categories
    index = _category_index()
    counts = np.zeros(len(categories))
    places: dict[int, list[int]] = {}
    for place, found in enumerate(reading.hits):
        for number in found:
            counts[number] += 1
            places.setdefault(number, []).append(place)
    people = [i for i, word in enumerate(reading.folded) if word in _PEOPLE_MASKS]
    people += [place for name in ABOUT_PEOPLE for place in places.get(index[name], ())]
    officials = places.get(index["official"], [])
    refusals = places.get(index["negation"], [])
    means = [places.get(index[name], []) for name in HOSTILE_MEANS]
    near = [_near(found, people) for found in means] + [_near(found, officials) for found in means]
    near += [_near(found, refusals, reach=3) for found in means]
    near += [_near(places.get(index[name], []), people) for name in ("counter", "accord")]
    slurs = [i for i, word in enumerate(reading.folded) if word == SLUR_MASK] + places.get(index["slur"], [])
    near += [_near(named, places.get(index[turn], [])) for named in (people, slurs) for turn in TURNS]
    near += [reading.folded.count(mask) for mask in MASKS]
    alone = float(bool(officials) and not people)
    tail = [alone, *reading.style, np.log1p(len(reading.words)) / 4]
    return np.concatenate([np.log1p(counts), np.log1p(near), tail])


def renamed_signals(row: np.ndarray, reading: Reading) -> np.ndarray:
    """Signals of a reading that differs from the one of `row` only in which mask stands for which people."""
    changed = row.copy()
    first = signal_names().index("people_named")
    changed[first : first + len(MASKS)] = np.log1p([reading.folded.count(mask) for mask in MASKS])
    return changed


MASKS = (GROUP_MASK, ADJECTIVE_MASK, SLUR_MASK, TARGET_MASK)
_PEOPLE_MASKS = frozenset((GROUP_MASK, SLUR_MASK, TARGET_MASK))


def _near(found: Sequence[int], of: Sequence[int], reach: int = NEAR) -> int:
    if not found or not of:
        return 0
    return sum(any(abs(place - other) <= reach for other in of) for place in found)
