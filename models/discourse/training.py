"""Training the heads: grouped cross-validation for calibration, thresholds and the confusion matrix."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from models.discourse.cascade import first_look, padded
from models.discourse.classifier import (
    LABELS,
    DiscourseModel,
    decide,
    passages,
    spans_by_message,
    without_targetless_hostility,
)
from models.discourse.evaluation import binary_f1, macro_f1
from models.discourse.features import Span, readings
from models.discourse.lexicon import lexicon_sha256
from models.discourse.linear_members import MEMBERS, LinearMembers
from models.discourse.message_space import FeatureSpace, MessageFields, message_fields
from models.discourse.quick_head import fit_quick
from models.discourse.said_unseen import label_logs_of
from models.discourse.second_reading import SecondReading, SecondSettings, fit_second
from models.discourse.severity_head import fit_severity, severity_scores, unseen_severity
from models.discourse.stance import train_stance
from models.discourse.tuned_reader import tuned_sha256
from models.processes import cores, on_cores
from models.text.ethnonym_forms import ethnonyms_sha256

CODE_VERSION = f"5.{lexicon_sha256()[:8]}.{ethnonyms_sha256()[:8]}.{tuned_sha256()[:8]}"
"""First number raised whenever features or heads change what a model means; then the hashes of the lexicons, of the
names of peoples and of the tuned encoder's files."""

FOLD_COUNT = 5
FALSE_ALARM_CEILING = 0.03
"""Highest share of messages not hostile that the hostile threshold may let through in cross-validation."""

AUTHORITY_CEILING = 0.015
"""The same of criticism of authority alone; the stricter of the two ceilings decides."""

ABSTAIN_BELOW = 0.40
"""The model does not know; so it does not call hostile either, however few false alarms that would raise."""
WORTH_PROCESS = 5_000
"""Messages from which on the heads are trained side by side, each in a process of its own."""
SECOND_SETTINGS = SecondSettings(
    sure=0.8,
    learnt_below=0.9,
    most=20_000,
    plain=(LABELS.index("authority"), LABELS.index("other")),
    plain_below=0.4,
)
"""Most of a stream is authority or other: what may well be one of them is not worth the time of a second reading."""
HEADS = ("discourse", "severity", "stance")


class LabelsError(ValueError):
    """Labels nothing can be learnt from; the message says what is wrong and what to do."""


class Trained(NamedTuple):
    """A model and what its message head says of the messages it was trained on, each found without its group.

    Attributes:
        model: every head the corpus has labels for.
        unseen: `message_id`, `discourse` (found), `truth`, `discourse_probability`, `hostile_probability`, in order
            of rows; None without a message head. The hostile threshold is the one of all folds together, as in the
            model.
    """

    model: DiscourseModel
    unseen: pl.DataFrame | None


@dataclass(frozen=True)
class OutOfFold:
    """What the message head says of each training message when trained without that message's group."""

    probabilities: np.ndarray
    scores: np.ndarray


def train(
    corpus: pl.DataFrame,
    mentions: pl.DataFrame,
    seed: int = 0,
    heads: Sequence[str] = HEADS,
) -> DiscourseModel:
    """Train every head the corpus has labels for.

    Args:
        corpus: one row per message: `message_id` (unique), `text`, `group` (rows of one group never part
            between
            folds: a hand, a source, a text), any of `discourse`, `severity` (0..3), and `targets` (list of
                structs
            `group_code`, `target`, `stance`; one of the first two is null).
        mentions: core_feeds__mentions of these messages.
        seed: of folds and solvers; the same seed and data give the same model.
        heads: which heads to train, of `HEADS`.

    Returns:
        The model, with the calibration, thresholds and confusion measured by grouped cross-validation.

    Raises:
        LabelsError: if there is no usable row, or a head has a single class.
    """
    return train_and_validate(corpus, mentions, seed, heads).model


def train_and_validate(
    corpus: pl.DataFrame, mentions: pl.DataFrame, seed: int = 0, heads: Sequence[str] = HEADS
) -> Trained:
    """The same as `train`, with what cross-validation found on the way."""
    with threadpool_limits(limits=1):
        parts = _trained_parts(corpus, mentions, seed, heads)
    unseen = parts.pop("unseen", None)
    return Trained(DiscourseModel(**parts), unseen)


def _trained_parts(corpus: pl.DataFrame, mentions: pl.DataFrame, seed: int, heads: Sequence[str]) -> dict:
    parts = _untrained(_version(corpus, seed, heads))
    jobs: list[tuple] = []
    if "discourse" in heads and _has(corpus, "discourse"):
        labelled = corpus.filter(pl.col("discourse").is_not_null())
        jobs.append((_message_head, labelled, mentions, seed, "severity" in heads))
    if "stance" in heads and _has(corpus, "targets"):
        jobs.append((_stance_head, corpus, mentions, seed))
    for found in on_cores(_one_head, jobs, cores() if len(corpus) >= WORTH_PROCESS else 1):
        parts |= found
    if parts["head"] is None and parts["stance"] is None:
        raise LabelsError("no row has `discourse` or a target with a stance: nothing to train; add labels")
    return parts


def _one_head(work: Callable[..., dict], *arguments: object) -> dict:
    with threadpool_limits(limits=1):
        return work(*arguments)


def _stance_head(corpus: pl.DataFrame, mentions: pl.DataFrame, seed: int) -> dict:
    return {"stance": train_stance(corpus, mentions, seed)}


def _untrained(version: str) -> dict:
    return {
        "space": None,
        "head": None,
        "calibrator": None,
        "second": None,
        "head_labels": (),
        "severity": None,
        "quick": None,
        "stance": None,
        "hostile_threshold": 0.5,
        "abstain_below": ABSTAIN_BELOW,
        "confusion": np.zeros((len(LABELS), len(LABELS)), dtype=np.int64),
        "version": version,
        "scores": {},
    }


def _has(corpus: pl.DataFrame, column: str) -> bool:
    if column not in corpus.columns:
        return False
    held = corpus[column].drop_nulls()
    return bool(len(held)) and (column != "targets" or bool((held.list.len() > 0).any()))


def _message_head(corpus: pl.DataFrame, mentions: pl.DataFrame, seed: int, with_severity: bool) -> dict:
    found = _found_unseen(corpus, mentions, seed)
    truth = found.truth
    predicted = decide(found.probabilities, found.threshold)
    space, matrix = FeatureSpace.learnt(found.fields)
    known = sorted(set(truth.tolist()))
    names = np.asarray(LABELS)
    groups = corpus["group"].to_numpy()
    plain = padded(corpus["text"])
    is_skipped = ~first_look(corpus, mentions, plain)["is_candidate"].to_numpy()
    return {
        "space": space,
        "head": LinearMembers(seed=seed).fit(matrix, truth),
        "calibrator": _calibrator(found.scores, names[truth], seed),
        "second": found.second,
        "head_labels": tuple(LABELS[one] for one in known),
        "severity": fit_severity(matrix, corpus, seed) if with_severity else None,
        "quick": fit_quick(plain, corpus["discourse"].to_list(), is_skipped, groups, seed),
        "hostile_threshold": found.threshold,
        "confusion": confusion(truth, predicted),
        "unseen": _said_unseen(corpus, found, predicted),
        "scores": _scores(truth, predicted) | (_severity_scores(found.fields, corpus, seed) if with_severity else {}),
    }


class _FoundUnseen(NamedTuple):
    """What heads say of each message that had not seen its group, and what they were learnt from.

    Attributes:
        truth: number of the label of each message.
        fields: what the messages hold.
        scores: of the members.
        second: the second reading, fitted on all messages.
        probabilities: after both readings and the rule that hostility needs a target.
        threshold: of hostility, over all folds together.
    """

    truth: np.ndarray
    fields: MessageFields
    scores: np.ndarray
    second: SecondReading | None
    probabilities: np.ndarray
    threshold: float


def _found_unseen(corpus: pl.DataFrame, mentions: pl.DataFrame, seed: int) -> _FoundUnseen:
    truth = _checked_labels(corpus["discourse"])
    spans = spans_by_message(mentions)
    read = readings(corpus["text"].to_list(), [spans.get(one, []) for one in corpus["message_id"]])
    fields = message_fields(read)
    unseen = out_of_fold(fields, truth, corpus["group"].to_numpy(), seed)
    second, found = _second_reading(corpus, spans, unseen, truth, seed)
    probabilities = without_targetless_hostility(found, read)
    return _FoundUnseen(truth, fields, unseen.scores, second, probabilities, hostile_threshold(probabilities, truth))


def _said_unseen(corpus: pl.DataFrame, found: _FoundUnseen, chosen: np.ndarray) -> pl.DataFrame:
    probabilities = found.probabilities
    return pl.DataFrame(
        {
            "message_id": corpus["message_id"],
            "discourse": [LABELS[one] for one in chosen],
            "truth": corpus["discourse"],
            "discourse_probability": probabilities[np.arange(len(chosen)), chosen],
            "hostile_probability": probabilities[:, LABELS.index("hostile")],
        }
    )


def _second_reading(
    corpus: pl.DataFrame, spans: Mapping[str, Sequence[Span]], unseen: OutOfFold, truth: np.ndarray, seed: int
) -> tuple[SecondReading | None, np.ndarray]:
    texts = corpus["text"].to_list()
    asked = passages(texts, [spans.get(one, []) for one in corpus["message_id"]])
    return fit_second(
        unseen.scores,
        unseen.probabilities,
        truth,
        grouped_folds(corpus["group"].to_numpy(), seed),
        lambda rows: label_logs_of([texts[row] for row in rows], [asked[row] for row in rows]),
        SECOND_SETTINGS,
        seed,
    )


def cross_validated_first_look(corpus: pl.DataFrame, mentions: pl.DataFrame, seed: int = 0) -> pl.DataFrame:
    """Which messages the classifier gets to see, the short path having been learnt without their group.

    Args:
        corpus: as for `train`, rows with `discourse`.
        mentions: core_feeds__mentions of these messages.
        seed: of folds and solvers.

    Returns:
        `has_word` (a word of the first look or a mention), `is_seen` (that, or woken by the short path), in order of
        rows.
    """
    plain = padded(corpus["text"])
    has_word = first_look(corpus, mentions, plain)["is_candidate"].to_numpy()
    labels, groups = corpus["discourse"].to_list(), corpus["group"].to_numpy()
    is_seen = has_word.copy()
    for learnt, held in grouped_folds(groups, seed):
        known = [labels[row] for row in learnt]
        quick = fit_quick(plain.gather(learnt), known, ~has_word[learnt], groups[learnt], seed)
        is_seen[held] |= quick.read(plain.gather(held))[1]
    return pl.DataFrame({"has_word": has_word, "is_seen": is_seen})


def _checked_labels(labels: pl.Series) -> np.ndarray:
    unknown = sorted(set(labels.unique()) - set(LABELS))
    if unknown:
        raise LabelsError(f"unknown discourse labels {', '.join(unknown)}; the codebook has {', '.join(LABELS)}")
    if labels.n_unique() < 2:
        raise LabelsError(f"every row has the label {labels[0]}: a classifier needs at least two classes")
    return np.asarray([LABELS.index(label) for label in labels])


def out_of_fold(fields: MessageFields, truth: np.ndarray, groups: np.ndarray, seed: int) -> OutOfFold:
    """Scores and calibrated probabilities of every row from heads that never saw its group.

    The vocabulary, too, is learnt within the fold. Probabilities of a fold are calibrated on the scores of
    the other
    folds.

    Raises:
        LabelsError: if the rows form fewer than two groups.
    """
    folds = grouped_folds(groups, seed)
    known = np.unique(truth)
    scores = np.full((len(truth), MEMBERS * len(known)), -5.0)
    for seen, held in folds:
        _, matrix = FeatureSpace.learnt(fields, seen)
        head = LinearMembers(seed=seed).fit(matrix[seen], truth[seen])
        columns = np.searchsorted(known, head.classes_)
        columns = np.concatenate([columns + member * len(known) for member in range(MEMBERS)])
        scores[np.ix_(held, columns)] = head.decision_function(matrix[held])
    probabilities = np.zeros((len(truth), len(LABELS)))
    for seen, held in folds:
        calibrator = _calibrator(scores[seen], truth[seen], seed)
        probabilities[np.ix_(held, calibrator.classes_)] = calibrator.predict_proba(scores[held])
    return OutOfFold(probabilities, scores)


def grouped_folds(groups: np.ndarray, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Train and held-out row numbers of up to five folds in which no group parts.

    Raises:
        LabelsError: if there are fewer than two groups.
    """
    count = min(FOLD_COUNT, len(np.unique(groups)))
    if count < 2:
        raise LabelsError("all rows belong to one group: give `text_id` or rows of more texts, folds need two")
    splitter = GroupKFold(count, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(groups)), groups=groups))


def _calibrator(scores: np.ndarray, truth: np.ndarray, seed: int) -> LogisticRegression:
    """Multinomial logistic regression on the scores of all classes (matrix scaling, Guo et al. 2017)."""
    return LogisticRegression(C=1.0, tol=1e-3, max_iter=2_000, random_state=seed).fit(scores, truth)


def hostile_threshold(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Lowest threshold, from `ABSTAIN_BELOW` on, whose false alarms stay within both ceilings."""
    innocent = truth != LABELS.index("hostile")
    authority = truth == LABELS.index("authority")
    return max(
        ABSTAIN_BELOW,
        _threshold(probabilities, innocent, FALSE_ALARM_CEILING),
        _threshold(probabilities, authority, AUTHORITY_CEILING),
    )


def _threshold(probabilities: np.ndarray, innocent: np.ndarray, ceiling: float) -> float:
    said = np.sort(probabilities[innocent, LABELS.index("hostile")])[::-1]
    allowed = int(ceiling * len(said))
    return float(np.nextafter(said[allowed], 1.0)) if len(said) else 0.0


def confusion(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Counts, rows true and columns predicted, in the order of `LABELS`."""
    counts = np.zeros((len(LABELS), len(LABELS)), dtype=np.int64)
    np.add.at(counts, (truth, predicted), 1)
    return counts


def _scores(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    hostile = LABELS.index("hostile")
    return {
        "macro_f1": macro_f1(truth, predicted),
        "hostile_f1": binary_f1(truth == hostile, predicted == hostile),
        "row_count": float(len(truth)),
    }


def _severity_scores(fields: MessageFields, corpus: pl.DataFrame, seed: int) -> dict[str, float]:
    rows, found = unseen_severity(fields, corpus, grouped_folds(corpus["group"].to_numpy(), seed), seed)
    return severity_scores(corpus["severity"].to_numpy()[rows], found) if len(rows) else {}


def cross_validated_severity(corpus: pl.DataFrame, mentions: pl.DataFrame, seed: int = 0) -> pl.DataFrame:
    """Severity of every graded message from heads that never saw its group: `message_id, group, truth, found`."""
    with threadpool_limits(limits=1):
        spans = spans_by_message(mentions)
        read = readings(corpus["text"].to_list(), [spans.get(one, []) for one in corpus["message_id"]])
        folds = grouped_folds(corpus["group"].to_numpy(), seed)
        rows, found = unseen_severity(message_fields(read), corpus, folds, seed)
    held = corpus[rows].select("message_id", "group", pl.col("severity").alias("truth"))
    return held.with_columns(pl.Series("found", found, dtype=pl.Int64))


def _version(corpus: pl.DataFrame, seed: int, heads: Sequence[str]) -> str:
    return f"{CODE_VERSION}-{corpus_sha256(corpus)[:12]}-{'+'.join(heads)}-{seed}"


def corpus_sha256(corpus: pl.DataFrame) -> str:
    """Hash of the training rows: texts, labels and groups, whatever their order on disk."""
    lines = sorted(corpus.select(pl.struct(sorted(corpus.columns)).struct.json_encode()).to_series().to_list())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
