"""Vectors of messages by a small pretrained encoder: what a message says beyond its words, for uncertain cases.

The encoder is the first layers of multilingual-e5-small with frozen weights (`docs/decisions/0013-encoder.md`), as a
forward pass in NumPy. It reads no network and learns nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from models.text.encoder_weights import EncoderError, Floats, Layer, Weights, packed_file, read_weights, unpacked
from models.text.pieces import Pieces

__all__ = ["LAYERS", "LONGEST", "WIDTH", "Encoder", "EncoderError", "Passage", "encoded"]

LAYERS = 6
"""First layers of the frozen encoder: four lose most of the gain, eight and twelve only cost more time."""
LONGEST = 96
"""Pieces of a message that are read."""
WIDTH = 384
"""Numbers of a vector."""

_PREFIX = "query:"
_PIECES_AT_ONCE = 1000
_SHORTEST_SHOUT = 3
_UNSEEN = np.float32(-1e9)
_WORD = re.compile(r"\S+")
_MARKUP = re.compile(r"[\W_]*(?:https?://|www\.)|[^\w<]*<[^<>]*>[^\w>]*\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Passage:
    """A text to read.

    Attributes:
        text: the text as written.
        hidden: spans (first character, character after the last) whose words the encoder must not see.
        targets: for each target the spans that name it.
    """

    text: str
    hidden: tuple[tuple[int, int], ...] = ()
    targets: tuple[tuple[tuple[int, int], ...], ...] = ()


def encoded(passages: Sequence[Passage]) -> tuple[Floats, list[Floats]]:
    """Vectors of passages and of their targets.

    Words are what stands between spaces. Links and markup (`<...>`) are left out, shouted words are read in small
    letters, and words that touch a hidden span are one `<mask>` for each span, so that it cannot matter what they
    were. Of a text longer than `LONGEST` pieces the whole words around its targets and hidden spans are read, or its
    beginning if it has none. Vectors depend on the other passages only by rounding (1e-5).

    Args:
        passages: what to read, in any order and of any length.

    Returns:
        The mean of the last layer over all pieces, one row of `WIDTH` for each passage; and for each passage a row for
        each of its targets: the mean over the pieces of the words that touch it, or the passage's own mean where none
        was read.

    Raises:
        EncoderError: the weights are absent or damaged.
    """
    return _encoder().encoded(passages)


@cache
def _encoder() -> Encoder:
    return Encoder.load(packed_file(), LAYERS)


class Pieced(NamedTuple):
    """Numbers of the pieces of a passage, special ones included, and the places of those of each target."""

    pieces: list[int]
    targets: list[list[int]]


class _Words(NamedTuple):
    """Words of a passage that are read, in order; words hidden together are one."""

    starts: list[int]
    ends: list[int]
    is_hidden: list[bool]

    def touching(self, span: tuple[int, int]) -> range:
        """Numbers of the words that share a character with a span."""
        start, end = span
        return range(bisect_right(self.ends, start), bisect_left(self.starts, end)) if start < end else range(0)


class Encoder:
    """The forward pass, with weights in memory."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._pieces = Pieces(weights.vocabulary)
        self._threads = ThreadpoolController()

    @classmethod
    def load(cls, path: Path, layers: int) -> Encoder:
        """The encoder of a packed file, with its first layers.

        Raises:
            EncoderError: the file cannot be read or is not the one that was measured.
        """
        return cls(read_weights(path, layers))

    def encoded(self, passages: Sequence[Passage]) -> tuple[Floats, list[Floats]]:
        """Vectors as the function `encoded` returns them."""
        readings = [self.reading(passage) for passage in passages]
        means = np.zeros((len(passages), WIDTH), np.float32)
        targets = [np.zeros((len(passage.targets), WIDTH), np.float32) for passage in passages]
        # Long streams are read by one process for each core; a second thread in each would halve what they read.
        with self._threads.limit(limits=1, user_api="blas"):
            for rows in _batches([len(reading.pieces) for reading in readings]):
                hidden, is_read = self._hidden([readings[row].pieces for row in rows])
                own = is_read[:, :, None]
                means[rows] = (hidden * own).sum(axis=1) / own.sum(axis=1, dtype=np.float32)
                for at, row in enumerate(rows):
                    for number, places in enumerate(readings[row].targets):
                        targets[row][number] = hidden[at, places].mean(axis=0) if places else means[row]
        return means, targets

    def reading(self, passage: Passage) -> Pieced:
        """The pieces of a passage that are read."""
        vocabulary, of_word = self._pieces.vocabulary, self._pieces.of_word
        words = _words(passage)
        targets = [sorted({word for span in spans for word in words.touching(span)}) for spans in passage.targets]
        hidden = [word for word, is_hidden in enumerate(words.is_hidden) if is_hidden]
        anchors = sorted({*hidden, *(word for numbers in targets for word in numbers)})
        first = max(0, min(anchors, default=0) - LONGEST)
        nearby = range(first, min(len(words.starts), max(anchors, default=0) + LONGEST + 1))
        pieces = {
            word: (vocabulary.mask,)
            if words.is_hidden[word]
            else of_word(_spoken(passage.text[words.starts[word] : words.ends[word]]))
            for word in nearby
        }
        sizes = {word: len(found) for word, found in pieces.items()}
        read = [vocabulary.begin, *of_word(_PREFIX)]
        places: dict[int, range] = {}
        for word in _window(nearby, sizes, targets, anchors):
            places[word] = range(len(read), len(read) + sizes[word])
            read += pieces[word]
        of_targets = [[place for word in numbers for place in places.get(word, ())] for numbers in targets]
        return Pieced([*read, vocabulary.end], of_targets)

    def _hidden(self, texts: list[list[int]]) -> tuple[Floats, NDArray[np.bool_]]:
        """States of the last layer (texts x pieces x width), and which of the pieces are the texts' own."""
        weights = self._weights
        longest = max(map(len, texts))
        pieces = np.full((len(texts), longest), weights.vocabulary.pad)
        is_read = np.arange(longest) < np.array([[len(text)] for text in texts])
        pieces[is_read] = [piece for text in texts for piece in text]
        states = unpacked(weights.words[pieces]) + weights.places[:longest]
        states = self._normal(states.reshape(-1, WIDTH), weights.scale, weights.shift)
        unseen = np.where(is_read, np.float32(0), _UNSEEN)[:, None, None, :]
        for layer in weights.layers:
            attended: Floats = self._attended(states, layer, unseen) @ layer.attended
            attended += layer.attended_bias
            attended += states
            states = self._normal(attended, layer.attended_scale, layer.attended_shift)
            wide: Floats = states @ layer.wide
            wide += layer.wide_bias
            narrow: Floats = _gelu(wide) @ layer.narrow
            narrow += layer.narrow_bias
            narrow += states
            states = self._normal(narrow, layer.scale, layer.shift)
        return states.reshape(len(texts), longest, WIDTH), is_read

    def _attended(self, states: Floats, layer: Layer, unseen: Floats) -> Floats:
        """What each piece takes from the others of its text."""
        texts, longest, heads = unseen.shape[0], unseen.shape[-1], self._weights.heads
        mixed = states @ layer.query
        mixed += layer.query_bias
        query, key, value = mixed.reshape(texts, longest, 3, heads, -1).transpose(2, 0, 3, 1, 4)
        shares = np.matmul(query, key.swapaxes(-1, -2))
        shares *= np.float32(query.shape[-1] ** -0.5)
        shares += unseen
        shares -= shares.max(axis=-1, keepdims=True)
        np.exp(shares, out=shares)
        shares /= shares.sum(axis=-1, keepdims=True)
        return np.matmul(shares, value).transpose(0, 2, 1, 3).reshape(-1, WIDTH)

    def _normal(self, states: Floats, scale: Floats, shift: Floats) -> Floats:
        """Rows with mean 0 and variance 1, then scaled and shifted; new array."""
        states = states - states.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", states, states)[:, None] / np.float32(WIDTH)
        states /= np.sqrt(variance + np.float32(self._weights.epsilon))
        states *= scale
        states += shift
        return states


def _gelu(inner: Floats) -> Floats:
    """The GELU by its tanh form: within 0.0005 of the exact one, far below the rounding of four-bit weights."""
    curve = inner * inner
    curve *= np.float32(0.044715)
    curve += 1
    curve *= inner
    curve *= np.float32(0.7978845608)
    np.tanh(curve, out=curve)
    curve += 1
    curve *= inner
    curve *= np.float32(0.5)
    return curve


def _spoken(word: str) -> str:
    """A shouted word in small letters."""
    return word.lower() if word.isupper() and sum(map(str.isalpha, word)) >= _SHORTEST_SHOUT else word


def _words(passage: Passage) -> _Words:
    """The words that are read, those of one hidden span joined."""
    spans = [found.span() for found in _WORD.finditer(passage.text) if not _MARKUP.match(found[0])]
    seen = _Words([start for start, _ in spans], [end for _, end in spans], [False] * len(spans))
    if not passage.hidden:
        return seen
    joined: set[int] = set()
    for span in passage.hidden:
        touched = seen.touching(span)
        joined.update(touched[1:])
        for word in touched:
            seen.is_hidden[word] = True
    firsts = [word for word in range(len(spans)) if word not in joined]
    lasts = [following - 1 for following in [*firsts[1:], len(spans)]] if firsts else []
    return _Words(
        [seen.starts[word] for word in firsts],
        [seen.ends[word] for word in lasts],
        [seen.is_hidden[word] for word in firsts],
    )


def _window(nearby: range, sizes: dict[int, int], targets: list[list[int]], anchors: list[int]) -> range:
    """The neighbouring words to read, of `LONGEST` pieces at most.

    Args:
        nearby: words that could be read.
        sizes: pieces of each.
        targets: words of each target.
        anchors: words of all targets and hidden words, in order.
    """
    if sum(sizes.values()) <= LONGEST:
        return nearby
    core = _core(nearby, sizes, targets, anchors)
    first, after = core.start, core.stop
    left, right = 0, 0
    room = LONGEST - sum(sizes[word] for word in core)
    while True:
        can_left = first > nearby.start and sizes[first - 1] <= room
        can_right = after < nearby.stop and sizes[after] <= room
        if can_left and (left <= right or not can_right):
            first -= 1
            left, room = left + sizes[first], room - sizes[first]
        elif can_right:
            right, room = right + sizes[after], room - sizes[after]
            after += 1
        else:
            return range(first, after)


def _core(nearby: range, sizes: dict[int, int], targets: list[list[int]], anchors: list[int]) -> range:
    """The stretch from anchor to anchor that has most targets; among equals most of their words, then most hidden."""
    if not anchors:
        return range(nearby.start, nearby.start)
    named: dict[int, list[int]] = {}
    for number, words in enumerate(targets):
        for word in words:
            named.setdefault(word, []).append(number)
    ends = dict(zip(nearby, accumulate(sizes[word] for word in nearby), strict=True))
    inside: Counter[int] = Counter()
    best, chosen = (-1, -1, -1), range(0)
    left = 0
    for right, word in enumerate(anchors):
        inside.update(named.get(word, ()))
        while ends[word] - ends[anchors[left]] + sizes[anchors[left]] > LONGEST:
            inside -= Counter(named.get(anchors[left], ()))
            left += 1
        worth = (len(inside), inside.total(), right - left)
        if worth > best:
            best, chosen = worth, range(anchors[left], word + 1)
    return chosen


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of texts by length, together so many that a batch with its filling has about `_PIECES_AT_ONCE` pieces."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > _PIECES_AT_ONCE:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
