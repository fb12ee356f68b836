"""A message read from the side of one group it mentions: where the group stands, what is said close to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter

import numpy as np
import polars as pl

from models.discourse.features import (
    ADJECTIVE_MASK,
    GROUP_MASK,
    MASKS,
    SLUR_MASK,
    TARGET_MASK,
    Reading,
    Span,
    applied,
    readings,
    renamed_signals,
    signals,
    stem,
)
from models.discourse.lexicon import fold, lexicon

WINDOW_SHORT, WINDOW_LONG, PLACED_REACH = 4, 8, 5
HALF_WEIGHT, FAR = 4, 12
"""Words from the target at which a word weighs half, and the distance taken where the target was not found."""

_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST_STEM = 3
_TARGET_ENDINGS = re.compile("(?:анин|янин|ец|ин|ый|ий|ка|а|я|и|ь|й|о|ы)$")


@dataclass(frozen=True)
class Pair:
    """One text and one group it may take a stance to.

    Attributes:
        text: as written.
        target_spans: where the group stands in it; empty when it could not be found.
        other_spans: other groups, masked.
        surface: the words that name the group, or the given target when none was found.
        is_slur: the group is named by a slur.
    """

    text: str
    target_spans: tuple[Span, ...]
    other_spans: tuple[Span, ...]
    surface: str
    is_slur: bool


@dataclass(frozen=True)
class PairFields:
    """What the stance heads see, one entry per pair: words of each field, `near` with weights, counted signals."""

    whole: list[list[str]]
    short: list[list[str]]
    long: list[list[str]]
    placed: list[list[str]]
    near: list[list[tuple[str, float]]]
    letters: list[list[str]]
    surface: list[list[str]]
    counted: np.ndarray


def group_pairs(messages: pl.DataFrame, mentions: pl.DataFrame) -> tuple[pl.DataFrame, list[Pair]]:
    """Every (message, group of people) that `mentions` holds.

    Args:
        messages: `message_id`, `text`, and `day_date` if there is one.
        mentions: core_feeds__mentions of these messages.

    Returns:
        The keys (`message_id`, `day_date` if given, `group_code`), in order of messages and of first
        mention, and the
        pairs in the same order.
    """
    keep = ["message_id", "text", *(["day_date"] if "day_date" in messages.columns else [])]
    place = messages.select(keep).with_columns(pl.col("message_id").cast(pl.String)).with_row_index("order")
    held = mentions.select("message_id", "group_code", "start", "end", "is_person", "is_slur").join(
        place, on="message_id", how="inner"
    )
    held = held.sort("order", "start").select("order", *keep, "group_code", "start", "end", "is_person", "is_slur")
    keys: list[tuple] = []
    pairs: list[Pair] = []
    width = 1 + len(keep)
    for _, rows in groupby(held.iter_rows(), key=itemgetter(0)):
        some = list(rows)
        text = some[0][2] or ""
        marks = [row[width:] for row in some]
        for group in dict.fromkeys(mark[0] for mark in marks if mark[3]):
            keys.append((some[0][1], *some[0][3:width], group))
            pairs.append(_pair_of_marks(text, marks, group))
    schema = {name: place.schema[name] for name in keep if name != "text"} | {"group_code": pl.String()}
    return pl.DataFrame(keys, schema=schema, orient="row"), pairs


def _pair_of_marks(text: str, marks: Sequence[tuple], group: str) -> Pair:
    target = [mark for mark in marks if mark[0] == group and mark[3]]
    others = [mark for mark in marks if mark not in target]
    return Pair(
        text,
        tuple(Span(start, end, TARGET_MASK) for _, start, end, _, _ in target),
        tuple(Span(start, end, _mask(is_person, is_slur)) for _, start, end, is_person, is_slur in others),
        " ".join(text[start:end].lower() for _, start, end, _, _ in target),
        any(mark[4] for mark in target),
    )


def _mask(is_person: bool, is_slur: bool) -> str:
    return SLUR_MASK if is_slur else GROUP_MASK if is_person else ADJECTIVE_MASK


def target_pair(text: str, target: str, marks: Sequence[tuple], target_groups: Sequence[str] = ()) -> Pair:
    """The pair of a text and a target given as a word, e.g. the stem or lemma of an ethnonym.

    The target is looked for by stem, then by beginning, then as another name of the same group.

    Args:
        text: the message.
        target: a word in any case.
        marks: mentions in the text as (group_code, start, end, is_person, is_slur).
        target_groups: group codes the target word itself stands for.
    """
    spans = located(text, target)
    if not spans:
        spans = [(mark[1], mark[2]) for mark in marks if mark[0] in target_groups]
    taken = [mark for mark in marks if not any(mark[1] < end and start < mark[2] for start, end in spans)]
    surface = " ".join(text[start:end].lower() for start, end in spans) or target.lower()
    slur = lexicon().categories.index("slur")
    is_slur = any(slur in lexicon().of_token(fold(word)) for word in [*surface.split(), target.lower()])
    return Pair(
        text,
        tuple(Span(start, end, TARGET_MASK) for start, end in spans),
        tuple(Span(mark[1], mark[2], _mask(mark[3], mark[4])) for mark in taken),
        surface,
        is_slur,
    )


def located(text: str, target: str) -> list[tuple[int, int]]:
    """Start and end of the words of `text` that are forms of `target`."""
    wanted = fold(target.strip())
    if not wanted:
        return []
    words = [(found.start(), found.end(), found.group().lower()) for found in _WORD.finditer(text)]
    root = _TARGET_ENDINGS.sub("", wanted)
    exact = stem(wanted) if _WORD.fullmatch(wanted) else wanted
    for begins, longest in ((root, len(wanted) + 5), (wanted[: max(_SHORTEST_STEM, len(wanted) - 4)], 99)):
        spans = [
            (start, end)
            for start, end, word in words
            if stem(word) == exact
            or (len(begins) >= _SHORTEST_STEM and fold(word).startswith(begins) and len(word) <= longest)
        ]
        if spans:
            return spans
    return []


def pair_fields(pairs: Sequence[Pair], surfaces_of_all: bool) -> PairFields:
    """Read pairs into the fields of the stance heads.

    Args:
        pairs: what to read.
        surfaces_of_all: also show the heads which word names the group. Off, only slurs are shown, so that
            the name of
            a people cannot decide.
    """
    read, rows = _views(pairs)
    places = [[i for i, word in enumerate(one.folded) if word == TARGET_MASK] for one in read]
    both = list(zip(read, places, strict=True))
    distances = [_distances(len(one.folded), held) for one, held in both]
    return PairFields(
        whole=[one.stems for one in read],
        short=[_window(one.stems, held, WINDOW_SHORT) for one, held in both],
        long=[_window(one.stems, held, WINDOW_LONG) for one, held in both],
        placed=[_placed(one.stems, held) for one, held in both],
        near=[_near(one.stems, far) for one, far in zip(read, distances, strict=True)],
        letters=[one.folded for one in read],
        surface=[fold(pair.surface).split() if surfaces_of_all or pair.is_slur else [] for pair in pairs],
        counted=np.vstack([_counted(*item) for item in zip(pairs, read, places, distances, rows, strict=True)]),
    )


def _views(pairs: Sequence[Pair]) -> tuple[list[Reading], list[np.ndarray]]:
    """Each pair's reading and signals; a text is read once however many groups it names."""
    spans = [applied((*pair.target_spans, *pair.other_spans), len(pair.text)) for pair in pairs]
    keys = [(pair.text, *_places(held)) for pair, held in zip(pairs, spans, strict=True)]
    distinct = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    first = dict(zip(reversed(keys), reversed(spans), strict=True))
    read = readings([key[0] for key in distinct], [list(map(_shared, first[key])) for key in distinct])
    base = [signals(one) for one in read]
    places = [[i for i, word in enumerate(one.words) if word in MASKS] for one in read]
    views, rows = [], []
    for key, held in zip(keys, spans, strict=True):
        number = distinct[key]
        views.append(_renamed(read[number], places[number], held))
        rows.append(renamed_signals(base[number], views[-1]))
    return views, rows


def _places(spans: Sequence[Span]) -> tuple[int, ...]:
    """Where the masks stand and which of them are not people: what two views of one text have in common."""
    return tuple(-1 - span.start if span.mask == ADJECTIVE_MASK else span.start for span in spans)


def _shared(span: Span) -> Span:
    return span if span.mask == ADJECTIVE_MASK else Span(span.start, span.end, GROUP_MASK)


def _renamed(read: Reading, places: Sequence[int], spans: Sequence[Span]) -> Reading:
    folded, stems = read.folded.copy(), read.stems.copy()
    for place, span in zip(places, spans, strict=False):
        folded[place] = stems[place] = span.mask
    return Reading(read.words, folded, stems, read.hits, read.style)


def _window(words: Sequence[str], places: Sequence[int], reach: int) -> list[str]:
    if not places:
        return list(words)
    near = {i for place in places for i in range(max(0, place - reach), place + reach + 1)}
    return [words[i] for i in sorted(near) if i < len(words)]


def _placed(words: Sequence[str], places: Sequence[int]) -> list[str]:
    """Neighbours of the target marked by side, the closest two also by distance."""
    marked: list[str] = []
    for place in places[:6]:
        for distance in range(1, PLACED_REACH + 1):
            for side, other in (("l", place - distance), ("r", place + distance)):
                if 0 <= other < len(words):
                    marked.append(f"{side}_{words[other]}")
                    if distance <= 2:
                        marked.append(f"{side}{distance}_{words[other]}")
    return marked


def _distances(count: int, places: Sequence[int]) -> list[int]:
    """How far each of `count` words stands from the closest target; `FAR` where there is none."""
    if not places:
        return [FAR] * count
    found = [0] * count
    bounds = [-1, *((left + right) // 2 for left, right in pairwise(places)), count - 1]
    for place, (before, last) in zip(places, pairwise(bounds), strict=True):
        found[before + 1 : last + 1] = map(abs, range(before + 1 - place, last + 1 - place))
    return found


def _near(words: Sequence[str], distances: Sequence[int]) -> list[tuple[str, float]]:
    """Each word once, with a weight that falls with its distance to the target: 1 / (1 + d / 4)."""
    closest: dict[str, int] = {}
    for word, distance in zip(words, distances, strict=True):
        closest[word] = min(distance, closest.get(word, distance))
    return [(word, 1 / (1 + distance / HALF_WEIGHT)) for word, distance in closest.items()]


def _counted(pair: Pair, read: Reading, places: Sequence[int], distances: Sequence[int], row: np.ndarray) -> np.ndarray:
    """Signals of the message, lexicon hits weighted by closeness to the target, the look of the target."""
    close = np.zeros(len(lexicon().categories))
    if places:
        for found, distance in zip(read.hits, distances, strict=True):
            for number in found:
                close[number] += 1 / (1 + distance)
    others = sum(word in (GROUP_MASK, SLUR_MASK) for word in read.folded)
    look = (
        float(pair.is_slur),
        np.log1p(len(places)),
        np.log1p(others),
        places[0] / len(read.words) if places else -0.5,
        float(bool(pair.target_spans) and pair.text[pair.target_spans[0].start].isupper()),
    )
    return np.concatenate([row, close, look])
