"""From the labels of several annotators to one decided label a message, and what stays open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from models.discourse.agreement import Level, alpha_of_units
from models.discourse.classifier import LABELS

Label = TypeVar("Label")
STANCE_TYPE = pl.List(pl.Struct({"group_code": pl.String(), "stance": pl.Int64()}))
ANNOTATION_SCHEMA = {
    "message_id": pl.String(),
    "text": pl.String(),
    "annotator": pl.String(),
    "discourse": pl.String(),
    "severity": pl.Int64(),
    "stances": STANCE_TYPE,
    "place": pl.String(),
}
LOW_ALPHA = 0.667
"""Below this, Krippendorff (2004, p. 241) advises against even tentative conclusions."""


class AnnotationError(ValueError):
    """Annotations that cannot be used; the message names file, row, rule and what to do."""


@dataclass(frozen=True)
class Adjudication:
    """What was decided and what needs another reading.

    Attributes:
        decided: `message_id, text, discourse, severity` (0..3), `stances`, `decision` (unanimous, majority,
            adjudicator, single), `annotator_count`.
        open: `message_id, text, labels` (what was said, most frequent first), messages without a decision.
    """

    decided: pl.DataFrame
    open: pl.DataFrame


def check_annotations(annotations: pl.DataFrame) -> None:
    """Refuse labels outside the codebook and one annotator who labelled a message twice.

    Raises:
        AnnotationError: at the first broken rule; `place` of the row is named.
    """
    rules = (
        (f"discourse must be one of {', '.join(LABELS)}", ~pl.col("discourse").is_in(LABELS)),
        (
            "a hostile message needs a severity 1, 2 or 3",
            (pl.col("discourse") == "hostile") & ~pl.col("severity").is_in([1, 2, 3]).fill_null(value=False),
        ),
        (
            "only a hostile message has a severity",
            (pl.col("discourse") != "hostile") & (pl.col("severity").fill_null(0) != 0),
        ),
        (
            "a stance must be -1, 0 or 1",
            pl.col("stances").list.eval(~pl.element().struct.field("stance").is_in([-1, 0, 1])).list.any(),
        ),
    )
    for rule, broken in rules:
        rows = annotations.filter(broken)
        if len(rows):
            raise AnnotationError(f"{rows['place'][0]}: {rule}, found {rows['discourse'][0]} {rows['severity'][0]}")
    doubled = annotations.filter(pl.struct("message_id", "annotator").is_duplicated())
    if len(doubled):
        raise AnnotationError(
            f"{doubled['place'][0]}: message {doubled['message_id'][0]} was labelled twice by the same annotator; "
            "keep one of the two"
        )


def agreement(annotations: pl.DataFrame) -> pl.DataFrame:
    """Krippendorff's alpha of everything that was labelled.

    Args:
        annotations: columns of `ANNOTATION_SCHEMA`, one row per message and annotator.

    Returns:
        `measure` (discourse, hostile_or_not, severity, stance), `level`, `unit_count` (labelled by two or more),
        `alpha` (null when fewer than two units), `is_low` (below .667).
    """
    stances = annotations.explode("stances").drop_nulls("stances").unnest("stances")
    hostile = annotations.with_columns(pl.col("discourse") == "hostile")
    measures: tuple[tuple[str, Level, list[list]], ...] = (
        ("discourse", "nominal", _units(annotations, ["message_id"], "discourse")),
        ("hostile_or_not", "nominal", _units(hostile, ["message_id"], "discourse")),
        ("severity", "ordinal", _units(annotations.filter(pl.col("severity") > 0), ["message_id"], "severity")),
        ("stance", "ordinal", _units(stances, ["message_id", "group_code"], "stance")),
    )
    rows = []
    for measure, level, units in measures:
        counted = [unit for unit in units if len(unit) > 1]
        alpha = alpha_of_units(counted, level) if len(counted) > 1 else None
        rows.append((measure, level, len(counted), alpha, None if alpha is None else alpha < LOW_ALPHA))
    schema = {
        "measure": pl.String,
        "level": pl.String,
        "unit_count": pl.Int64,
        "alpha": pl.Float64,
        "is_low": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _units(rows: pl.DataFrame, key: Sequence[str], column: str) -> list[list]:
    return rows.group_by(key, maintain_order=True).agg(column)[column].to_list()


def adjudicate(annotations: pl.DataFrame, adjudicator: str | None = None) -> Adjudication:
    """Decide each message by one rule.

    The word of the adjudicator stands. Else more than half of those who labelled the message decide; one annotator
    alone decides too and the decision says so. Two who differ, or a tie, leave the message open for another
    reading. Severity is the lower median of those who said hostile. A stance that no majority backs is left out.

    Args:
        annotations: columns of `ANNOTATION_SCHEMA`, checked.
        adjudicator: the annotator whose word stands; None if nobody's does.

    Returns:
        Decided and open messages, in order of message id.
    """
    decided, left = [], []
    for (message_id, *_), rows in annotations.sort("message_id", "annotator").group_by(
        "message_id", maintain_order=True
    ):
        last = rows.filter(pl.col("annotator").eq_missing(pl.lit(adjudicator, dtype=pl.String)))
        held = last if len(last) else rows
        label = _majority(held["discourse"].to_list())
        if label is None:
            said = Counter(rows["discourse"].to_list()).most_common()
            left.append((message_id, rows["text"][0], [one for one, _ in said]))
            continue
        how = "adjudicator" if len(last) else _how(rows["discourse"].to_list())
        severities = sorted(held.filter(pl.col("discourse") == "hostile")["severity"].to_list())
        severity = severities[(len(severities) - 1) // 2] if label == "hostile" else 0
        decided.append((message_id, rows["text"][0], label, severity, _stances(held), how, len(rows)))
    return Adjudication(
        pl.DataFrame(decided, schema=_DECIDED, orient="row"),
        pl.DataFrame(
            left, schema={"message_id": pl.String, "text": pl.String, "labels": pl.List(pl.String)}, orient="row"
        ),
    )


_DECIDED = {
    "message_id": pl.String(),
    "text": pl.String(),
    "discourse": pl.String(),
    "severity": pl.Int64(),
    "stances": STANCE_TYPE,
    "decision": pl.String(),
    "annotator_count": pl.Int64(),
}


def _majority(labels: Sequence[Label]) -> Label | None:
    label, count = Counter(labels).most_common(1)[0]
    return label if 2 * count > len(labels) else None


def _how(labels: Sequence[str]) -> str:
    if len(labels) == 1:
        return "single"
    return "unanimous" if len(set(labels)) == 1 else "majority"


def _stances(rows: pl.DataFrame) -> list[dict]:
    given = rows.explode("stances").drop_nulls("stances").unnest("stances")
    found = []
    for (code, *_), votes in given.sort("group_code").group_by("group_code", maintain_order=True):
        stance = _majority(votes["stance"].to_list())
        if stance is not None:
            found.append({"group_code": code, "stance": stance})
    return found
