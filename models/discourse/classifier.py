"""The message head: one discourse label with calibrated probabilities, severity, abstention and reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from data_contracts.codebook import discourse_codebook
from models.discourse.cascade import first_look
from models.discourse.features import (
    ABOUT_PEOPLE,
    ADJECTIVE_MASK,
    GROUP_MASK,
    SLUR_MASK,
    Reading,
    Span,
    readings,
    signal_names,
    signals,
)
from models.discourse.grams import GramCounts, GramRule, Grams, gram_counts
from models.discourse.lexicon import lexicon
from models.discourse.stance import StanceModel

LABELS = discourse_codebook().codes
BATCH_ROWS = 2_000
REASON_COUNT = 5
WORD_GRAMS = GramRule("words", 1, 2, fewest=2, most=60_000)
LETTER_GRAMS = GramRule("letters", 3, 5, fewest=3, most=60_000)
SIGNAL_WEIGHT = 0.3

_MASK_NAMES = {GROUP_MASK: "[group]", SLUR_MASK: "[slur]", ADJECTIVE_MASK: "[ethnic adjective]"}


class ModelError(ValueError):
    """A model that cannot do what is asked of it, or a model directory that cannot be trusted."""


@dataclass(frozen=True)
class MessageFields:
    """Labelled messages counted once, so that every fold cuts its own vocabulary from the same table."""

    words: GramCounts
    letters: GramCounts
    signals: np.ndarray


def message_fields(read: Sequence[Reading]) -> MessageFields:
    """Count the words, the letters and the signals of readings."""
    return MessageFields(
        gram_counts([one.stems for one in read], WORD_GRAMS),
        gram_counts([one.folded for one in read], LETTER_GRAMS),
        np.vstack([signals(one) for one in read]),
    )


@dataclass
class FeatureSpace:
    """Word 1-2-gram and character 3-5-gram TF-IDF of the masked text beside the lexicon signals."""

    words: Grams
    letters: Grams
    signal_weight: float = SIGNAL_WEIGHT

    @classmethod
    def learnt(cls, fields: MessageFields, rows: np.ndarray | None = None) -> tuple[FeatureSpace, sparse.csr_matrix]:
        """Vocabularies learnt from some rows (None: all), and every row of `fields` in them."""
        words, word_columns = Grams.learnt(fields.words, rows)
        letters, letter_columns = Grams.learnt(fields.letters, rows)
        space = cls(words, letters)
        blocks = [
            words.weighted(fields.words.matrix[:, word_columns]),
            letters.weighted(fields.letters.matrix[:, letter_columns]),
        ]
        return space, space._beside(blocks, fields.signals)

    def matrix(self, read: Sequence[Reading]) -> sparse.csr_matrix:
        """One row per reading: words, letters, signals."""
        counted = np.vstack([signals(one) for one in read])
        blocks = [
            self.words.transform([one.stems for one in read]),
            self.letters.transform([one.folded for one in read]),
        ]
        return self._beside(blocks, counted)

    def _beside(self, blocks: Sequence[sparse.csr_matrix], counted: np.ndarray) -> sparse.csr_matrix:
        held = sparse.csr_matrix(counted * self.signal_weight)
        return sparse.csr_matrix(sparse.hstack([*blocks, held], format="csr"))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names: a stem or two, `~` and letters, or `signal:` and the signal's name."""
        letters = (f"~{name}" for name in self.letters.names)
        return (*self.words.names, *letters, *(f"signal:{name}" for name in signal_names()))


@dataclass
class DiscourseModel:
    """Everything that labels messages; built by `training`, kept by `persistence`.

    Attributes:
        space: features of the message and severity heads.
        head: one-vs-rest logistic regressions over `head_labels`.
        calibrator: multinomial logistic regression from the head's scores to probabilities, fitted on
            scores of
            messages that the head of that fold had not seen (grouped cross-validation).
        head_labels: labels the head knows, in order of its columns.
        severity: one-vs-rest over severities 1..3, fitted on hostile messages; None when there were none.
        skipped: probabilities of the nine labels for messages the cascade skips, without and with an
            official named.
        stance: the stance head; None when no stances were given.
        hostile_threshold: a message is called hostile only from this probability on.
        abstain_below: the model says it does not know when the label's probability is lower.
        confusion: cross-validated counts, rows true and columns predicted, order of `LABELS`.
        version: names training data and code.
        scores: cross-validated scores kept for the model card.
    """

    space: FeatureSpace | None
    head: OneVsRestClassifier | None
    calibrator: LogisticRegression | None
    head_labels: tuple[str, ...]
    severity: OneVsRestClassifier | None
    skipped: np.ndarray
    stance: StanceModel | None
    hostile_threshold: float
    abstain_below: float
    confusion: np.ndarray
    version: str
    scores: dict[str, float]

    def label(self, messages: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
        """Label messages.

        Hostile needs somebody to be hostile to: without a mention of a people, a slur or a word for people
        of other
        origin, its probability is given to the other labels.

        Args:
            messages: `message_id`, `text`, and `day_date` if there is one.
            mentions: core_feeds__mentions of these messages: `message_id, start, end, is_person, is_slur`.

        Returns:
            core_discourse__labels, one row per message in the same order.

        Raises:
            ModelError: if the model was trained without a discourse head.
        """
        if self.head is None:
            raise ModelError("the model has no discourse head: train it on rows with `discourse`, or use another model")
        if messages.is_empty():
            return _labels_frame(messages, np.zeros((0, len(LABELS))), np.zeros(0, dtype=bool), ([], []), self)
        look = first_look(messages, mentions)
        candidate = look["is_candidate"].to_numpy()
        official = look["names_official"].to_numpy().astype(int)
        probabilities = self.skipped[official]
        severity = np.zeros(len(messages), dtype=np.int64)
        reasons: list[list[str]] = [["official_named"] if named else ["nothing_interethnic"] for named in official]
        rows = np.flatnonzero(candidate)
        spans = spans_by_message(mentions)
        texts, ids = messages["text"].fill_null("").gather(rows), messages["message_id"].gather(rows)
        for first in range(0, len(rows), BATCH_ROWS):
            part = slice(first, first + BATCH_ROWS)
            read = readings(texts[part].to_list(), [spans.get(one, []) for one in ids[part]])
            found, graded, why = self._judge(read)
            probabilities[rows[part]], severity[rows[part]] = found, graded
            for row, reason in zip(rows[part], why, strict=True):
                reasons[row] = reason
        return _labels_frame(messages, probabilities, ~candidate, (severity, reasons), self)

    def probabilities(self, matrix: sparse.csr_matrix) -> np.ndarray:
        """Calibrated probabilities over `LABELS` before the rule that hostility needs a target."""
        assert self.head is not None and self.calibrator is not None
        calibrated = np.asarray(self.calibrator.predict_proba(head_scores(self.head, matrix)))
        full = np.zeros((len(calibrated), len(LABELS)))
        full[:, [LABELS.index(label) for label in np.asarray(self.calibrator.classes_)]] = calibrated
        return full

    def stances(self, messages: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
        """Stance towards each group of people each message mentions: core_discourse__stances.

        Raises:
            ModelError: if the model was trained without a stance head.
        """
        if self.stance is None:
            raise ModelError("the model has no stance head: train it on rows with `target` and `stance`")
        return self.stance.stances(messages, mentions)

    def _judge(self, read: Sequence[Reading]) -> tuple[np.ndarray, np.ndarray, list[list[str]]]:
        assert self.space is not None
        matrix = self.space.matrix(read)
        found = without_targetless_hostility(self.probabilities(matrix), read)
        chosen = decide(found, self.hostile_threshold)
        hostile = chosen == LABELS.index("hostile")
        graded = np.zeros(len(read), dtype=np.int64)
        if hostile.any():
            graded[hostile] = 1 if self.severity is None else np.asarray(self.severity.predict(matrix[hostile]))
        return found, graded, self._reasons(matrix, chosen, read)

    def _reasons(self, matrix: sparse.csr_matrix, chosen: np.ndarray, read: Sequence[Reading]) -> list[list[str]]:
        assert self.space is not None and self.head is not None
        names = self.space.names
        weights = head_weights(self.head, len(names))
        order = {label: row for row, label in enumerate(self.head_labels)}
        reasons: list[list[str]] = []
        for row, one in enumerate(read):
            known = order.get(LABELS[chosen[row]])
            if known is None:
                reasons.append([])
                continue
            held = slice(matrix.indptr[row], matrix.indptr[row + 1])
            columns = matrix.indices[held]
            pull = matrix.data[held] * weights[known, columns]
            best = columns[np.argsort(-pull, kind="stable")[: REASON_COUNT * 4]]
            positive = int((pull > 0).sum())
            reasons.append(_in_words([names[column] for column in best[:positive]], one))
        return reasons


def decide(probabilities: np.ndarray, hostile_threshold: float) -> np.ndarray:
    """Index into `LABELS` per row: the most probable label, hostile only from its threshold on."""
    hostile = LABELS.index("hostile")
    allowed = probabilities.copy()
    allowed[probabilities[:, hostile] < hostile_threshold, hostile] = -1.0
    return allowed.argmax(axis=1)


def without_targetless_hostility(probabilities: np.ndarray, read: Sequence[Reading]) -> np.ndarray:
    """Probabilities with hostile zero, and the rest scaled up, where nobody is named to be hostile to."""
    hostile = LABELS.index("hostile")
    people = {lexicon().categories.index(name) for name in ABOUT_PEOPLE}
    targetless = [
        not ({GROUP_MASK, SLUR_MASK} & set(one.folded)) and not any(people & found for found in one.hits)
        for one in read
    ]
    kept = probabilities.copy()
    kept[targetless, hostile] = 0.0
    kept[targetless, LABELS.index("other")] += 1e-9
    return kept / kept.sum(axis=1, keepdims=True)


def spans_by_message(mentions: pl.DataFrame) -> dict[str, list[Span]]:
    """What to mask in each message: peoples, slurs, words made from their names, each by its own mask."""
    spans: dict[str, list[Span]] = {}
    columns = ("message_id", "start", "end", "is_person", "is_slur")
    for message, start, end, is_person, is_slur in mentions.select(columns).iter_rows():
        mask = SLUR_MASK if is_slur else GROUP_MASK if is_person else ADJECTIVE_MASK
        spans.setdefault(message, []).append(Span(start, end, mask))
    return spans


def head_scores(head: OneVsRestClassifier, matrix: sparse.csr_matrix) -> np.ndarray:
    """Decision scores, one column per class, two columns also when there are two classes."""
    scores = np.asarray(head.decision_function(matrix))
    return np.column_stack([-scores, scores]) if scores.ndim == 1 else scores


def head_weights(head: OneVsRestClassifier, width: int) -> np.ndarray:
    """Weights, one row per class in the order of `head_scores`."""
    rows = [np.asarray(getattr(one, "coef_", np.zeros((1, width))))[0] for one in head.estimators_]
    return np.vstack([-rows[0], rows[0]]) if len(rows) == 1 else np.vstack(rows)


def _in_words(names: Sequence[str], read: Reading) -> list[str]:
    """Feature names as an analyst reads them: the words as written, or the name of a signal."""
    said: list[str] = []
    for name in names:
        if name.startswith("~"):
            continue
        text = name.removeprefix("signal:")
        if not name.startswith("signal:"):
            text = " ".join(_as_written(stem, read) for stem in name.split(" "))
        if text not in said:
            said.append(text)
    return said[:REASON_COUNT]


def _as_written(stem: str, read: Reading) -> str:
    if stem in _MASK_NAMES:
        return _MASK_NAMES[stem]
    return read.words[read.stems.index(stem)] if stem in read.stems else stem


def _labels_frame(
    messages: pl.DataFrame,
    probabilities: np.ndarray,
    skipped: np.ndarray,
    severity_and_reasons: tuple[np.ndarray | Sequence[int], list[list[str]]],
    model: DiscourseModel,
) -> pl.DataFrame:
    severity, reasons = severity_and_reasons
    chosen = decide(probabilities, model.hostile_threshold) if len(probabilities) else np.zeros(0, dtype=np.int64)
    confidence = probabilities[np.arange(len(chosen)), chosen]
    hostile = probabilities[:, LABELS.index("hostile")]
    columns: dict[str, object] = {"message_id": messages["message_id"].cast(pl.String)}
    if "day_date" in messages.columns:
        columns["day_date"] = messages["day_date"]
    columns |= {
        "discourse": pl.Series([LABELS[one] for one in chosen], dtype=pl.String),
        "discourse_probability": pl.Series(confidence, dtype=pl.Float64),
        "severity": pl.Series(severity, dtype=pl.Int64),
        "hostile_probability": pl.Series(hostile, dtype=pl.Float64),
        **{f"p_{label}": pl.Series(probabilities[:, i], dtype=pl.Float64) for i, label in enumerate(LABELS)},
        "is_abstained": pl.Series((confidence < model.abstain_below) & ~skipped, dtype=pl.Boolean),
        "is_skipped": pl.Series(skipped, dtype=pl.Boolean),
        "reasons": pl.Series(reasons, dtype=pl.List(pl.String)),
    }
    return pl.DataFrame(columns).with_columns(pl.lit(model.version).alias("model_version"))
