"""The stance head: hostile, neutral or positive towards one group in one message, by members that vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse
from scipy.ndimage import uniform_filter
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from models.discourse.evaluation import binary_f1, macro_f1
from models.discourse.grams import GramCounts, GramRule, Grams, gram_counts
from models.discourse.linear_members import MEMBERS, LinearMembers
from models.discourse.pair_passages import STANCES, pair_logs, pair_vectors
from models.discourse.pairs import Pair, PairFields, group_pairs, pair_fields, target_pair
from models.discourse.said_unseen import stance_logs_of
from models.discourse.second_reading import SecondReading, SecondSettings, fit_second

INNER_FOLDS = 4
ABSTAIN_BELOW = 0.5
COUNTED_WEIGHT = 0.1
SECOND = SecondSettings(sure=0.6, learnt_below=0.9, most=20_000)
SECOND_OF_OWN_TARGETS = SecondSettings(sure=0.95, learnt_below=0.95, most=4_000, inverse_penalty=0.002, balanced=True)
"""A pair is read again rarely in the stream of every day, nearly always by a model learnt from an analyst's own
targets, where each answer was asked for."""
BATCH_PAIRS = 2_000
HOSTILE_FACTORS = np.arange(0.6, 2.61, 0.1)
POSITIVE_FACTORS = np.arange(0.6, 3.01, 0.2)


FIELDS = {
    "whole": GramRule("words", 1, 2, fewest=2, most=80_000),
    "short": GramRule("words", 1, 2, fewest=2, most=80_000),
    "long": GramRule("words", 1, 2, fewest=2, most=80_000),
    "placed": GramRule("words", 1, 1, fewest=2, most=80_000),
    "near": GramRule("weighted", 1, 1, fewest=2, most=80_000),
    "letters": GramRule("letters", 3, 4, fewest=2, most=60_000),
    "surface": GramRule("letters", 2, 5, fewest=2, most=20_000),
}
FEWEST_SURFACES = 20


@dataclass(frozen=True)
class PairCounts:
    """Fields of labelled pairs counted once, so that every fold cuts its own vocabulary from the same tables."""

    grams: dict[str, GramCounts]
    counted: np.ndarray


def pair_counts(fields: PairFields) -> PairCounts:
    """Count every field that is filled often enough."""
    names = [name for name in FIELDS if name != "surface" or sum(map(bool, fields.surface)) >= FEWEST_SURFACES]
    return PairCounts({name: gram_counts(getattr(fields, name), FIELDS[name]) for name in names}, fields.counted)


@dataclass
class StanceSpace:
    """Vocabularies of the fields of `PairFields`, and the scale of the counted signals."""

    grams: dict[str, Grams]
    scale: StandardScaler

    @classmethod
    def learnt(cls, counts: PairCounts, rows: np.ndarray | None = None) -> tuple[StanceSpace, sparse.csr_matrix]:
        """Vocabularies and scale learnt from some rows (None: all), and every row in them."""
        grams, blocks = {}, []
        for name, table in counts.grams.items():
            grams[name], columns = Grams.learnt(table, rows)
            blocks.append(grams[name].weighted(table.matrix[:, columns]))
        scale = StandardScaler().fit(counts.counted if rows is None else counts.counted[rows])
        space = cls(grams, scale)
        return space, space._beside(blocks, counts.counted)

    def matrix(self, fields: PairFields) -> sparse.csr_matrix:
        """One row per pair: every field beside the counted signals."""
        blocks = [grams.transform(getattr(fields, name)) for name, grams in self.grams.items()]
        return self._beside(blocks, fields.counted)

    def _beside(self, blocks: Sequence[sparse.csr_matrix], counted: np.ndarray) -> sparse.csr_matrix:
        held = sparse.csr_matrix(np.asarray(self.scale.transform(counted)) * COUNTED_WEIGHT)
        return sparse.csr_matrix(sparse.hstack([*blocks, held], format="csr"))


@dataclass
class StanceModel:
    """Stance of a message towards a group.

    Attributes:
        space: the fields as numbers.
        members: linear members fitted on all pairs.
        vote: multinomial logistic regression from the members' scores, and from what they say of the other groups of
            the same text, to calibrated probabilities; fitted on scores of members that had not seen the pair.
        second: reads again what the vote is not sure of; None when there was too little to learn it from.
        bias: factors on the probabilities that make macro-F1 plus hostile F1 of the out-of-fold ones highest.
        surfaces_of_all: whether names of peoples, not only slurs, were shown to the members.
        scores: out-of-fold macro-F1 and F1 of the hostile class.
    """

    space: StanceSpace
    members: LinearMembers
    vote: Pipeline
    second: SecondReading | None
    bias: np.ndarray
    surfaces_of_all: bool
    scores: dict[str, float]

    def probabilities(self, pairs: Sequence[Pair]) -> np.ndarray:
        """Calibrated probabilities, columns hostile, neutral, positive.

        Pairs of one text should come in one call: the groups named together tell of each other.
        """
        if not pairs:
            return np.zeros((0, len(STANCES)))
        parts = [
            self.members.decision_function(self.space.matrix(pair_fields(some, self.surfaces_of_all)))
            for some in (pairs[first : first + BATCH_PAIRS] for first in range(0, len(pairs), BATCH_PAIRS))
        ]
        scores = np.vstack(parts)
        rows = _evidence(scores, self.members.shares(scores), [pair.text for pair in pairs])
        found = np.asarray(self.vote.predict_proba(rows))
        full = np.zeros((len(pairs), len(STANCES)))
        full[:, [STANCES.index(int(one)) for one in self.vote.classes_]] = found
        if self.second is not None:
            unsure = self.second.settings.unsure(full)
            if len(unsure):
                asked = [pairs[row] for row in unsure]
                is_tuned = self.second.head is None
                numbers = pair_logs(asked) if is_tuned else pair_vectors(asked)
                full[unsure] = self.second.probabilities(rows[unsure], numbers, len(STANCES))
        return full

    def choose(self, probabilities: np.ndarray) -> np.ndarray:
        """The stance -1, 0 or 1 per row of probabilities."""
        return np.asarray(STANCES)[(probabilities * self.bias).argmax(axis=1)]

    def stances(self, messages: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
        """Stance towards each group of people each message mentions.

        Args:
            messages: `message_id`, `text`, `day_date` if there is one.
            mentions: core_feeds__mentions of these messages.

        Returns:
            core_discourse__stances.
        """
        keys, pairs = group_pairs(messages, mentions)
        return pl.concat([keys, self.frame(pairs)], how="horizontal")

    def frame(self, pairs: Sequence[Pair]) -> pl.DataFrame:
        """`stance, p_hostile, p_neutral, p_positive, is_abstained` for pairs, in order."""
        found = self.probabilities(pairs)
        return pl.DataFrame(
            {
                "stance": pl.Series(self.choose(found), dtype=pl.Int64),
                "p_hostile": pl.Series(found[:, 0], dtype=pl.Float64),
                "p_neutral": pl.Series(found[:, 1], dtype=pl.Float64),
                "p_positive": pl.Series(found[:, 2], dtype=pl.Float64),
                "is_abstained": pl.Series(found.max(axis=1, initial=0.0) < ABSTAIN_BELOW, dtype=pl.Boolean),
            }
        )


def _evidence(scores: np.ndarray, shares: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """Scores beside the mean and the largest shares of the other pairs of the same text, and how many there are."""
    codes = np.unique(np.asarray(texts), return_inverse=True)[1]
    count = np.bincount(codes)[codes]
    total = np.zeros((codes.max() + 1, shares.shape[1]))
    np.add.at(total, codes, shares)
    usual = np.full(shares.shape[1], 1 / shares.shape[1])
    mean = np.where(count[:, None] > 1, (total[codes] - shares) / np.maximum(1, count - 1)[:, None], usual)
    return np.column_stack([scores, _logs(mean), _logs(_largest_other(shares, codes, count, usual)), np.log(count)])


def _largest_other(shares: np.ndarray, codes: np.ndarray, count: np.ndarray, usual: np.ndarray) -> np.ndarray:
    found = np.tile(usual, (len(shares), 1))
    order = np.argsort(codes, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        if len(rows) > 1:
            top = np.sort(shares[rows], axis=0)[-2:]
            found[rows] = np.where(shares[rows] >= top[1], top[0], top[1])
    return found


def _logs(shares: np.ndarray) -> np.ndarray:
    return np.log(np.clip(shares, 1e-4, 1.0))


def train_stance(corpus: pl.DataFrame, mentions: pl.DataFrame, seed: int = 0) -> StanceModel | None:
    """Train the stance head on rows with `targets`.

    Args:
        corpus: `message_id`, `text`, `group`, `targets` (list of structs `group_code`, `target`, `stance`).
        mentions: core_feeds__mentions of these messages.
        seed: of folds and solvers.

    Returns:
        The head, or None when fewer than two stances are labelled.
    """
    pairs, truth, groups, named_by_word = labelled_pairs(corpus, mentions)
    if len(set(truth.tolist())) < 2:
        return None
    return fit_stance(pairs, truth, groups, surfaces_of_all=named_by_word, seed=seed)


def labelled_pairs(corpus: pl.DataFrame, mentions: pl.DataFrame) -> tuple[list[Pair], np.ndarray, np.ndarray, bool]:
    """Pairs with their stance, the group of their message, and whether any target was given as a word.

    A target given by group code needs a mention of that group; without one it stands for the whole message.
    """
    marks = marks_by_message(mentions)
    pairs: list[Pair] = []
    truth: list[int] = []
    groups: list[str] = []
    named_by_word = False
    for message, text, group, targets in corpus.select("message_id", "text", "group", "targets").iter_rows():
        for one in targets or []:
            held = marks.get(message, [])
            code, word = one["group_code"], one["target"]
            named_by_word |= word is not None
            pairs.append(target_pair(text, word or "", held, () if code is None else (code,)))
            truth.append(one["stance"])
            groups.append(group)
    return pairs, np.asarray(truth, dtype=np.int64), np.asarray(groups), named_by_word


def marks_by_message(mentions: pl.DataFrame) -> dict[str, list[tuple]]:
    """Mentions per message as (group_code, start, end, is_person, is_slur)."""
    marks: dict[str, list[tuple]] = {}
    columns = ("message_id", "group_code", "start", "end", "is_person", "is_slur")
    for message, *mark in mentions.select(columns).iter_rows():
        marks.setdefault(message, []).append(tuple(mark))
    return marks


def fit_stance(
    pairs: Sequence[Pair], truth: np.ndarray, groups: np.ndarray, surfaces_of_all: bool, seed: int = 0
) -> StanceModel:
    """Fit members, and the vote and bias on scores of members that had not seen the pair's group."""
    counts = pair_counts(pair_fields(pairs, surfaces_of_all))
    scores, shares = _unseen(counts, truth, groups, seed)
    rows = _evidence(scores, shares, [pair.text for pair in pairs])
    vote = _vote(seed).fit(rows, truth)
    unseen = _unseen_probabilities(rows, truth, groups, seed)
    second, unseen = _second(rows, unseen, truth, groups, pairs, surfaces_of_all, seed)
    bias = best_bias(unseen, truth)
    chosen = np.asarray(STANCES)[(unseen * bias).argmax(axis=1)]
    reached = {
        "stance_macro_f1": macro_f1(truth, chosen),
        "stance_hostile_f1": binary_f1(truth == -1, chosen == -1),
        "stance_pair_count": float(len(truth)),
    }
    space, matrix = StanceSpace.learnt(counts)
    members = _members(counts, seed).fit(matrix, truth)
    return StanceModel(space, members, vote, second, bias, surfaces_of_all, reached)


def _second(  # noqa: PLR0917 - every argument is another kind of data
    evidence: np.ndarray,
    first: np.ndarray,
    truth: np.ndarray,
    groups: np.ndarray,
    pairs: Sequence[Pair],
    surfaces_of_all: bool,
    seed: int,
) -> tuple[SecondReading | None, np.ndarray]:
    """By the tuned encoder, which never saw names of peoples; of an analyst's own targets by the frozen one."""
    folds = _folds(truth, groups, seed)

    def numbers(rows: np.ndarray) -> np.ndarray:
        asked = [pairs[row] for row in rows]
        return pair_vectors(asked) if surfaces_of_all else stance_logs_of(asked)

    settings = SECOND_OF_OWN_TARGETS if surfaces_of_all else SECOND
    return fit_second(evidence, first, truth + 1, folds, numbers, settings, seed)


def _vote(seed: int) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2_000, random_state=seed))


def _members(counts: PairCounts, seed: int) -> LinearMembers:
    return LinearMembers(machine_c=0.15, signed_columns=counts.counted.shape[1], seed=seed)


def _folds(truth: np.ndarray, groups: np.ndarray, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    count = min(INNER_FOLDS, len(np.unique(groups)))
    if count < 2:
        return []
    return list(GroupKFold(count, shuffle=True, random_state=seed).split(truth, groups=groups))


def _unseen(counts: PairCounts, truth: np.ndarray, groups: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores and shares of every pair, from members that had not seen its group where there are two groups."""
    known = np.unique(truth)
    everything = np.arange(len(truth))
    scores = np.full((len(truth), MEMBERS * len(known)), -5.0)
    shares = np.full((len(truth), len(known)), 1 / len(known))
    for seen, held in _folds(truth, groups, seed) or [(everything, everything)]:
        members, matrix = _members(counts, seed), StanceSpace.learnt(counts, seen)[1]
        members.fit(matrix[seen], truth[seen])
        found = members.decision_function(matrix[held])
        columns = np.searchsorted(known, members.classes_)
        shares[np.ix_(held, columns)] = members.shares(found)
        columns = np.concatenate([columns + member * len(known) for member in range(MEMBERS)])
        scores[np.ix_(held, columns)] = found
    return scores, shares


def _unseen_probabilities(rows: np.ndarray, truth: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    everything = np.arange(len(truth))
    found = np.full((len(truth), len(STANCES)), 1e-6)
    for seen, held in _folds(truth, groups, seed) or [(everything, everything)]:
        vote = _vote(seed).fit(rows[seen], truth[seen])
        columns = np.searchsorted(STANCES, vote.classes_)
        found[np.ix_(held, columns)] = vote.predict_proba(rows[held])
    return found


def best_bias(shares: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Factors for hostile and positive, neutral kept at one, that make macro-F1 plus hostile F1 highest on a grid.

    Each score is the mean over the neighbouring factors, which makes the choice less a matter of chance.
    """
    factors = [[np.array([hostile, 1.0, positive]) for positive in POSITIVE_FACTORS] for hostile in HOSTILE_FACTORS]
    scores = np.array([[_both_f1(shares * one, truth) for one in row] for row in factors])
    row, column = np.unravel_index(uniform_filter(scores, size=3, mode="nearest").argmax(), scores.shape)
    return factors[row][column]


def _both_f1(shares: np.ndarray, truth: np.ndarray) -> float:
    found = np.asarray(STANCES)[shares.argmax(axis=1)]
    return macro_f1(truth, found) + binary_f1(truth == -1, found == -1)
