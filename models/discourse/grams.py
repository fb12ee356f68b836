"""TF-IDF of n-grams of words, or of letters within words, with what a word holds looked up once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Literal

import numpy as np
from scipy import sparse

Documents = Sequence[Sequence]
"""Words of each document, or words with their weights."""

Kind = Literal["words", "letters", "weighted"]

Column = Callable[[str], int | None]
"""The column of an n-gram, None where it has none."""

MOST_CACHED = 300_000


@dataclass(frozen=True)
class GramRule:
    """Which n-grams, and which of them are kept.

    Attributes:
        kind: `words` (one word, and two in a row if `longest` is 2), `letters` (within a word and its two spaces) or
            `weighted` (one word, given with a weight that stands in place of its count).
        shortest: length of the shortest n-gram.
        longest: length of the longest.
        fewest: documents an n-gram stands in at least.
        most: n-grams kept at most, the most frequent.
    """

    kind: Kind
    shortest: int
    longest: int
    fewest: int
    most: int


@dataclass(frozen=True)
class GramCounts:
    """How often each n-gram stands in each document: columns in order of `names`."""

    rule: GramRule
    names: tuple[str, ...]
    matrix: sparse.csr_matrix


def gram_counts(documents: Documents, rule: GramRule) -> GramCounts:
    """Count every n-gram of documents, so that vocabularies of folds can be cut from one table."""
    index: dict[str, int] = {}
    known: dict[str, list[int]] = {}
    matrix = _table(documents, rule, lambda gram: index.setdefault(gram, len(index)), known, lambda: len(index))
    names = sorted(index)
    place = np.empty(len(names), dtype=np.int32)
    place[[index[name] for name in names]] = np.arange(len(names), dtype=np.int32)
    matrix.indices = place[matrix.indices]
    matrix.has_sorted_indices = False
    matrix.sort_indices()
    return GramCounts(rule, tuple(names), matrix)


@dataclass
class Grams:
    """A vocabulary with its inverse document frequencies: ln((1+n)/(1+df)) + 1, counts as 1 + ln, rows of length 1.

    Weights of weighted words are taken as they are.

    Attributes:
        rule: which n-grams.
        names: the n-grams kept, in order of columns.
        idf: weight of each.
    """

    rule: GramRule
    names: tuple[str, ...]
    idf: np.ndarray
    _index: dict[str, int] = field(init=False, repr=False, compare=False)
    _known: dict[str, list[int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._index = {name: column for column, name in enumerate(self.names)}

    @classmethod
    def learnt(cls, counts: GramCounts, rows: np.ndarray | None = None) -> tuple[Grams, np.ndarray]:
        """The vocabulary of some rows of a table, and its columns in the table."""
        matrix = counts.matrix if rows is None else counts.matrix[rows]
        frequency = np.bincount(matrix.indices, minlength=len(counts.names))
        kept = np.flatnonzero(frequency >= counts.rule.fewest)
        if len(kept) > counts.rule.most:
            total = np.bincount(matrix.indices, weights=matrix.data, minlength=len(counts.names))
            kept = np.sort(kept[np.argsort(-total[kept], kind="stable")[: counts.rule.most]])
        idf = np.log(len(matrix.indptr) / (1 + frequency[kept])) + 1
        return cls(counts.rule, tuple(counts.names[column] for column in kept), idf), kept

    def weighted(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """TF-IDF of counts whose columns are the vocabulary."""
        counted = counts.data if self.rule.kind == "weighted" else 1 + np.log(counts.data)
        data = counted * self.idf[counts.indices]
        sizes = np.diff(counts.indptr)
        rows = np.repeat(np.arange(len(sizes)), sizes)
        length = np.sqrt(np.bincount(rows, weights=data**2, minlength=len(sizes)))
        shape = (len(sizes), len(self.names))
        return sparse.csr_matrix((data / length[rows], counts.indices, counts.indptr), shape=shape)

    def transform(self, documents: Documents) -> sparse.csr_matrix:
        """TF-IDF of documents, each a sequence of words; one row each."""
        if len(self._known) > MOST_CACHED:
            self._known.clear()
        return self.weighted(_table(documents, self.rule, self._index.get, self._known, self._width))

    def _width(self) -> int:
        return len(self.names)


def _table(
    documents: Documents,
    rule: GramRule,
    column: Column,
    known: dict[str, list[int]],
    width: Callable[[], int],
) -> sparse.csr_matrix:
    if rule.kind == "weighted":
        return _weighted_table(documents, column, width)
    if rule.kind == "letters":
        rows = [_letter_columns(words, rule, column, known) for words in documents]
    else:
        rows = [_word_columns(words, rule, column) for words in documents]
    sizes = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    columns = np.fromiter(chain.from_iterable(rows), dtype=np.int32, count=int(sizes.sum()))
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    matrix = sparse.csr_matrix((np.ones(len(columns)), columns, indptr), shape=(len(rows), width()))
    matrix.sum_duplicates()
    return matrix


def _weighted_table(documents: Documents, column: Column, width: Callable[[], int]) -> sparse.csr_matrix:
    columns, weights, indptr = [], [], [0]
    for document in documents:
        for word, weight in document:
            place = column(word)
            if place is not None:
                columns.append(place)
                weights.append(weight)
        indptr.append(len(columns))
    pair = (np.asarray(weights, dtype=float), np.asarray(columns, dtype=np.int32), np.asarray(indptr))
    return sparse.csr_matrix(pair, shape=(len(documents), width()))


def _word_columns(words: Sequence[str], rule: GramRule, column: Column) -> list[int]:
    found = list(map(column, words))
    if rule.longest > 1:
        found += [column(f"{first} {second}") for first, second in pairwise(words)]
    return [one for one in found if one is not None]


def _letter_columns(words: Sequence[str], rule: GramRule, column: Column, known: dict[str, list[int]]) -> list[int]:
    found: list[int] = []
    for word in words:
        held = known.get(word)
        if held is None:
            columns = map(column, letter_grams(word, rule.shortest, rule.longest))
            held = known[word] = [one for one in columns if one is not None]
        found += held
    return found


def letter_grams(word: str, shortest: int, longest: int) -> list[str]:
    """Runs of letters in a word with a space on both sides; a word shorter than a run counts once."""
    padded = f" {word} "
    found: list[str] = []
    for size in range(shortest, longest + 1):
        found += [padded[start : start + size] for start in range(max(1, len(padded) - size + 1))]
        if len(padded) <= size:
            break
    return found
