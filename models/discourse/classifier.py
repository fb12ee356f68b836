"""The message head: one discourse label with calibrated probabilities, severity, abstention and reasons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from data_contracts.codebook import discourse_codebook
from models.discourse.cascade import first_look, padded
from models.discourse.features import (
    ABOUT_PEOPLE,
    ADJECTIVE_MASK,
    GROUP_MASK,
    LONGEST_TEXT,
    SLUR_MASK,
    Reading,
    Span,
    readings,
)
from models.discourse.lexicon import HOSTILE_MEANS, lexicon
from models.discourse.linear_members import LinearMembers
from models.discourse.message_space import FeatureSpace
from models.discourse.quick_head import QuickHead
from models.discourse.reasons import deciding, quick_reason
from models.discourse.second_reading import SecondReading
from models.discourse.stance import StanceModel
from models.discourse.tuned_reader import tuned_reader
from models.text.encoder import Passage

LABELS = discourse_codebook().codes
BATCH_ROWS = 2_000
TARGETED = (*ABOUT_PEOPLE, "language", "origin", "covert")
"""Lexicon categories one of which must be met, where no group is named, before a message can be hostile."""

_STATE_FORMS = re.compile(
    r".*(?:истан|астан|станы?)(?:а|у|е|ом|ы|га|да|нан|ды|нын|мен)?|коре(?:я|и|е|ю|ей)|росси(?:я|и|ю|ей)"
)

_NAMES = frozenset((GROUP_MASK, SLUR_MASK, ADJECTIVE_MASK))
_WE = frozenset(("мы", "нас", "нам", "наш", "наши", "наших", "наша", "биз", "биздин", "озимиздин", "бизге", "бизди"))
_SELF = frozenset(
    ("мы", "я", "меня", "мне", "мой", "моя", "мои", "моего", "моей", "себя", "себе", "сам", "сама", "сами", "биз",
     "менин", "озим", "озимиз", "озимди", "озимизди", "озимизге")
)  # fmt: skip
_BETWEEN = frozenset(("же", "ведь", "все", "сами", "простые", "местные", "городские", "сельские", "озимиз", "барлык"))


class ModelError(ValueError):
    """A model that cannot do what is asked of it, or a model directory that cannot be trusted."""


@dataclass
class DiscourseModel:
    """Everything that labels messages; built by `training`, kept by `persistence`.

    Attributes:
        space: features of the message and severity heads.
        head: linear members that score `head_labels`.
        calibrator: multinomial logistic regression from the members' scores to probabilities, fitted on scores of
            messages that the members of that fold had not seen (grouped cross-validation).
        head_labels: labels the head knows, in order of its columns.
        severity: one-vs-rest over severities 1..3, fitted on hostile messages; None when there were none.
        second: reads again what the members are not sure of; None when there was too little to learn it from.
        quick: labels the messages the cascade skips; None together with `head`.
        stance: the stance head; None when no stances were given.
        hostile_threshold: a message is called hostile only from this probability on.
        abstain_below: the model says it does not know when the label's probability is lower.
        confusion: cross-validated counts, rows true and columns predicted, order of `LABELS`.
        version: names training data and code.
        scores: cross-validated scores kept for the model card.
    """

    space: FeatureSpace | None
    head: LinearMembers | None
    calibrator: LogisticRegression | None
    second: SecondReading | None
    head_labels: tuple[str, ...]
    severity: OneVsRestClassifier | None
    quick: QuickHead | None
    stance: StanceModel | None
    hostile_threshold: float
    abstain_below: float
    confusion: np.ndarray
    version: str
    scores: dict[str, float]

    def label(self, messages: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
        """Label messages.

        Hostile needs somebody to be hostile to: without a mention of a people, a slur, a language, a word for people
        of other origin or a turn of speech that points at them ("back to your historical homeland"), its probability
        is given to the other labels.

        Args:
            messages: `message_id`, `text`, and `day_date` if there is one.
            mentions: core_feeds__mentions of these messages: `message_id, start, end, is_person, is_slur`.

        Returns:
            core_discourse__labels, one row per message in the same order.

        Raises:
            ModelError: if the model was trained without a discourse head.
        """
        if self.head is None or self.quick is None:
            raise ModelError("the model has no discourse head: train it on rows with `discourse`, or use another model")
        if messages.is_empty():
            return _labels_frame(messages, np.zeros((0, len(LABELS))), np.zeros(0, dtype=bool), ([], []), self)
        plain = padded(messages["text"])
        look = first_look(messages, mentions, plain)
        candidate = look["is_candidate"].to_numpy().copy()
        severity = np.zeros(len(messages), dtype=np.int64)
        reasons = [[quick_reason(named)] for named in look["names_official"]]
        probabilities = np.zeros((len(messages), len(LABELS)))
        probabilities[~candidate], is_woken = self.quick.read(plain.filter(~look["is_candidate"]))
        candidate[~candidate] = is_woken
        rows = np.flatnonzero(candidate)
        spans = spans_by_message(mentions)
        texts, ids = messages["text"].fill_null("").gather(rows), messages["message_id"].gather(rows)
        for first in range(0, len(rows), BATCH_ROWS):
            part = slice(first, first + BATCH_ROWS)
            written, hidden = texts[part].to_list(), [spans.get(one, []) for one in ids[part]]
            found, graded, why = self._judge(written, hidden)
            probabilities[rows[part]], severity[rows[part]] = found, graded
            for row, reason in zip(rows[part], why, strict=True):
                reasons[row] = reason
        return _labels_frame(messages, probabilities, ~candidate, (severity, reasons), self)

    def probabilities(self, matrix: sparse.csr_matrix, passages: Sequence[Passage]) -> np.ndarray:
        """Calibrated probabilities over `LABELS` before the rule that hostility needs a target.

        Args:
            matrix: the messages in `space`.
            passages: the same messages for the second reading.
        """
        assert self.head is not None and self.calibrator is not None
        scores = self.head.decision_function(matrix)
        calibrated = np.asarray(self.calibrator.predict_proba(scores))
        full = np.zeros((len(calibrated), len(LABELS)))
        full[:, [LABELS.index(label) for label in np.asarray(self.calibrator.classes_)]] = calibrated
        if self.second is not None:
            rows = self.second.settings.unsure(full)
            if len(rows):
                logs = tuned_reader().label_logs([passages[row] for row in rows])
                full[rows] = self.second.probabilities(scores[rows], logs, len(LABELS))
        return full

    def stances(self, messages: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
        """Stance towards each group of people each message mentions: core_discourse__stances.

        Raises:
            ModelError: if the model was trained without a stance head.
        """
        if self.stance is None:
            raise ModelError("the model has no stance head: train it on rows with `target` and `stance`")
        return self.stance.stances(messages, mentions)

    def _judge(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> tuple[np.ndarray, np.ndarray, list[list[str]]]:
        assert self.space is not None and self.head is not None
        read = readings(texts, spans)
        matrix = self.space.matrix(read)
        found = without_targetless_hostility(self.probabilities(matrix, passages(texts, spans)), read)
        chosen = decide(found, self.hostile_threshold)
        hostile = chosen == LABELS.index("hostile")
        graded = np.zeros(len(read), dtype=np.int64)
        if hostile.any():
            graded[hostile] = 1 if self.severity is None else np.asarray(self.severity.predict(matrix[hostile]))
        order = {LABELS.index(label): row for row, label in enumerate(self.head_labels)}
        known = [order.get(one) for one in chosen.tolist()]
        return found, graded, deciding(matrix, self.head.logistic_weights, known, self.space, read)


def decide(probabilities: np.ndarray, hostile_threshold: float) -> np.ndarray:
    """Index into `LABELS` per row: hostile from its threshold on, else the most probable of the other labels.

    The threshold alone decides about hostility, also where another label is a little more probable.
    """
    hostile = LABELS.index("hostile")
    others = probabilities.copy()
    others[:, hostile] = np.where(probabilities[:, hostile] >= hostile_threshold, np.inf, -1.0)
    return others.argmax(axis=1)


def has_target(read: Sequence[Reading]) -> np.ndarray:
    """Which messages name somebody hostility could be meant for: a group, a slur, a language, people from elsewhere.

    A turn of speech that points at a people without naming it (`covert` in the lexicon) is enough.
    The name of a state that begins like that of its people is nobody. A group that the speaker counts itself to
    ("we Kazakhs") is nobody else either, unless the message speaks of expulsion, violence or refusal; nor is a slur
    beside "I" or "we" in a message without any other means of hostility.
    """
    wanted = {lexicon().categories.index(name) for name in TARGETED}
    return np.asarray([_names_others(one, wanted) for one in read])


def _names_others(read: Reading, wanted: set[int]) -> bool:
    places = [
        place
        for place, (word, found) in enumerate(zip(read.folded, read.hits, strict=True))
        if word in _NAMES or (wanted & found and not _STATE_FORMS.fullmatch(word))
    ]
    if not places:
        return False
    met = set().union(*read.hits)
    deeds, means = _numbers(("expulsion", "violence", "refusal")), _numbers((*HOSTILE_MEANS, "refusal"))
    slur = lexicon().categories.index("slur")
    for place in places:
        is_slur = read.folded[place] == SLUR_MASK or slur in read.hits[place]
        if is_slur and not means & met and _near_self(read.folded, place):
            continue
        if deeds & met or not _is_own(read.folded, place):
            return True
    return False


@cache
def _numbers(categories: tuple[str, ...]) -> frozenset[int]:
    return frozenset(lexicon().categories.index(name) for name in categories)


def _is_own(words: Sequence[str], place: int) -> bool:
    before = words[max(0, place - 2) : place]
    return bool(before) and (before[-1] in _WE or (before[0] in _WE and before[-1] in _BETWEEN))


def _near_self(words: Sequence[str], place: int) -> bool:
    return bool(_SELF & set(words[max(0, place - 3) : place + 4]))


def without_targetless_hostility(probabilities: np.ndarray, read: Sequence[Reading]) -> np.ndarray:
    """Probabilities with hostile zero, and the rest scaled up, where nobody is named to be hostile to.

    A message that calls the speaker itself by a slur, with no word that objects, quotes or complains of rights, is
    neither counter-speech nor a grievance.
    """
    targetless = ~has_target(read)
    kept = probabilities.copy()
    kept[targetless, LABELS.index("hostile")] = 0.0
    playful = targetless & np.asarray([_is_playful(one) for one in read])
    for name in ("counter", "grievance"):
        kept[playful, LABELS.index(name)] = 0.0
    kept[targetless, LABELS.index("other")] += 1e-9
    return kept / kept.sum(axis=1, keepdims=True)


def _is_playful(read: Reading) -> bool:
    slur = lexicon().categories.index("slur")
    named = SLUR_MASK in read.folded or any(slur in found for found in read.hits)
    objects = _numbers(("counter", "rebuttal", "quote", "rights"))
    return named and not any(objects & found for found in read.hits)


def passages(texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[Passage]:
    """Messages for the encoder: names of peoples hidden, slurs shown."""
    return [
        Passage(text[:LONGEST_TEXT], tuple((one.start, one.end) for one in held if one.mask != SLUR_MASK))
        for text, held in zip(texts, spans, strict=True)
    ]


def spans_by_message(mentions: pl.DataFrame) -> dict[str, list[Span]]:
    """What to mask in each message: peoples, slurs, words made from their names, each by its own mask."""
    spans: dict[str, list[Span]] = {}
    columns = ("message_id", "start", "end", "is_person", "is_slur")
    for message, start, end, is_person, is_slur in mentions.select(columns).iter_rows():
        mask = SLUR_MASK if is_slur else GROUP_MASK if is_person else ADJECTIVE_MASK
        spans.setdefault(message, []).append(Span(start, end, mask))
    return spans


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
