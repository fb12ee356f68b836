"""The stance head: hostile, neutral or positive towards one group in one message, by members that vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from models.discourse.evaluation import binary_f1, macro_f1
from models.discourse.grams import GramCounts, GramRule, Grams, gram_counts
from models.discourse.pairs import Pair, PairFields, group_pairs, pair_fields, target_pair

STANCES = (-1, 0, 1)
INNER_FOLDS = 4
ABSTAIN_BELOW = 0.5
COUNTED_WEIGHT = 0.1
BATCH_PAIRS = 2_000


FIELDS = {
    "whole": GramRule("words", 1, 2, fewest=2, most=80_000),
    "short": GramRule("words", 1, 2, fewest=2, most=80_000),
    "long": GramRule("words", 1, 2, fewest=2, most=80_000),
    "placed": GramRule("words", 1, 1, fewest=2, most=80_000),
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
class StanceMembers:
    """Two linear members on every field, one-vs-rest each.

    Attributes:
        space: the fields as numbers.
        logistic: logistic regressions.
        machines: support vector machines on columns scaled by their log-count ratio (NB-SVM, Wang and Manning 2012).
        ratios: that scale, one row per stance known.
        known: the stances the members know, in order.
    """

    space: StanceSpace
    logistic: list[LogisticRegression]
    machines: list[LinearSVC]
    ratios: np.ndarray
    known: tuple[int, ...]

    def votes(self, fields: PairFields) -> np.ndarray:
        """Mean of the two members' shares, one column per stance."""
        return self.votes_of(self.space.matrix(fields))

    def votes_of(self, matrix: sparse.csr_matrix) -> np.ndarray:
        """The same from rows of the members' own space."""
        first = np.column_stack([one.predict_proba(matrix)[:, 1] for one in self.logistic])
        weights = np.vstack([one.coef_[0] * ratio for one, ratio in self._machines()])
        offsets = [np.ravel(one.intercept_)[0] for one in self.machines]
        second = expit(2 * (np.asarray(matrix @ weights.T) + offsets))
        mean = (first / first.sum(axis=1, keepdims=True) + second / second.sum(axis=1, keepdims=True)) / 2
        return _full(mean, self.known)

    def _machines(self) -> zip[tuple[LinearSVC, np.ndarray]]:
        return zip(self.machines, self.ratios, strict=True)


@dataclass
class StanceModel:
    """Stance of a message towards a group.

    Attributes:
        members: fitted on all pairs.
        vote: multinomial logistic regression from the logarithm of out-of-fold votes to calibrated probabilities.
        bias: factors on the votes that make the macro-F1 of the out-of-fold votes highest.
        surfaces_of_all: whether names of peoples, not only slurs, were shown to the members.
        scores: out-of-fold macro-F1 and F1 of the hostile class.
    """

    members: StanceMembers
    vote: LogisticRegression
    bias: np.ndarray
    surfaces_of_all: bool
    scores: dict[str, float]

    def probabilities(self, pairs: Sequence[Pair]) -> np.ndarray:
        """Calibrated probabilities, columns hostile, neutral, positive."""
        return self._calibrated(self.votes(pairs))

    def votes(self, pairs: Sequence[Pair]) -> np.ndarray:
        """What the members say before calibration, columns hostile, neutral, positive."""
        parts = [
            self.members.votes(pair_fields(pairs[first : first + BATCH_PAIRS], self.surfaces_of_all))
            for first in range(0, len(pairs), BATCH_PAIRS)
        ]
        return np.vstack(parts) if parts else np.zeros((0, len(STANCES)))

    def _calibrated(self, votes: np.ndarray) -> np.ndarray:
        if not len(votes):
            return votes
        return _full(np.asarray(self.vote.predict_proba(_logs(votes))), np.asarray(self.vote.classes_))

    def choose(self, votes: np.ndarray) -> np.ndarray:
        """The stance -1, 0 or 1 per row of votes."""
        return np.asarray(STANCES)[(votes * self.bias).argmax(axis=1)]

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
        votes = self.votes(pairs)
        found = self._calibrated(votes)
        return pl.DataFrame(
            {
                "stance": pl.Series(self.choose(votes), dtype=pl.Int64),
                "p_hostile": pl.Series(found[:, 0], dtype=pl.Float64),
                "p_neutral": pl.Series(found[:, 1], dtype=pl.Float64),
                "p_positive": pl.Series(found[:, 2], dtype=pl.Float64),
                "is_abstained": pl.Series(found.max(axis=1, initial=0.0) < ABSTAIN_BELOW, dtype=pl.Boolean),
            }
        )


def _logs(votes: np.ndarray) -> np.ndarray:
    return np.log(np.clip(votes, 1e-4, 1.0))


def _full(probabilities: np.ndarray, classes: Sequence[int] | np.ndarray) -> np.ndarray:
    full = np.zeros((len(probabilities), len(STANCES)))
    full[:, [STANCES.index(int(one)) for one in classes]] = probabilities
    return full


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
    """Fit members, and the vote and bias on votes of members that had not seen the pair's group."""
    counts = pair_counts(pair_fields(pairs, surfaces_of_all))
    votes = _unseen_votes(counts, truth, groups, seed)
    vote = LogisticRegression(C=1.0, max_iter=2_000, random_state=seed).fit(_logs(votes), truth)
    bias = best_bias(votes, truth)
    chosen = np.asarray(STANCES)[(votes * bias).argmax(axis=1)]
    scores = {
        "stance_macro_f1": macro_f1(truth, chosen),
        "stance_hostile_f1": binary_f1(truth == -1, chosen == -1),
        "stance_pair_count": float(len(truth)),
    }
    return StanceModel(fit_members(counts, truth, seed)[0], vote, bias, surfaces_of_all, scores)


def _unseen_votes(counts: PairCounts, truth: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    count = min(INNER_FOLDS, len(np.unique(groups)))
    if count < 2:
        members, matrix = fit_members(counts, truth, seed)
        return members.votes_of(matrix)
    votes = np.zeros((len(truth), len(STANCES)))
    for seen, held in GroupKFold(count, shuffle=True, random_state=seed).split(truth, groups=groups):
        members, matrix = fit_members(counts, truth, seed, seen)
        votes[held] = members.votes_of(matrix[held])
    return votes


def fit_members(
    counts: PairCounts, truth: np.ndarray, seed: int, rows: np.ndarray | None = None
) -> tuple[StanceMembers, sparse.csr_matrix]:
    """Fit vocabularies and members on some rows (None: all) of at least two stances.

    Returns:
        The members, and every row of `counts` in their space.
    """
    space, everything = StanceSpace.learnt(counts, rows)
    matrix, truth = (everything, truth) if rows is None else (everything[rows], truth[rows])
    known = tuple(sorted(set(truth.tolist())))
    logistic, machines, ratios = [], [], []
    for stance in known:
        is_it = truth == stance
        one = LogisticRegression(C=3.0, class_weight="balanced", tol=1e-3, max_iter=300, random_state=seed)
        logistic.append(one.fit(matrix, is_it))
        ratios.append(log_count_ratio(matrix, is_it))
        machine = LinearSVC(C=0.15, class_weight="balanced", tol=1e-2, max_iter=300, random_state=seed)
        machines.append(machine.fit(matrix.multiply(ratios[-1]).tocsr(), is_it))
    return StanceMembers(space, logistic, machines, np.vstack(ratios), known), everything


def log_count_ratio(matrix: sparse.csr_matrix, is_it: np.ndarray) -> np.ndarray:
    """How much more of each column one class holds, as |log ratio| of smoothed shares, 0.3 added to each."""
    positive = matrix.maximum(0).tocsr()
    inside = 0.5 + np.asarray(positive[np.flatnonzero(is_it)].sum(axis=0)).ravel()
    outside = 0.5 + np.asarray(positive[np.flatnonzero(~is_it)].sum(axis=0)).ravel()
    return np.abs(np.log((inside / inside.sum()) / (outside / outside.sum()))) + 0.3


def best_bias(votes: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Factors for hostile and positive, neutral kept at one, that make macro-F1 highest on a small grid."""
    best, chosen = -1.0, np.ones(len(STANCES))
    for hostile in np.arange(0.6, 2.61, 0.1):
        for positive in np.arange(0.6, 3.01, 0.2):
            factors = np.array([hostile, 1.0, positive])
            found = np.asarray(STANCES)[(votes * factors).argmax(axis=1)]
            score = macro_f1(truth, found)
            if score > best + 1e-4:
                best, chosen = score, factors
    return chosen
