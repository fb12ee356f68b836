"""Rows of labels from outside (one per text and target) as the frame that training and evaluation take."""

from __future__ import annotations

import polars as pl

from models.discourse.classifier import LABELS
from models.discourse.corpus_reading import TARGET_TYPE
from models.discourse.training import LabelsError

STANCE_WORDS = {"-1": -1, "0": 0, "1": 1, "-1.0": -1, "0.0": 0, "1.0": 1, "+1": 1}
SEVERITY_WORDS = {"0": 0, "1": 1, "2": 2, "3": 3, "0.0": 0, "1.0": 1, "2.0": 2, "3.0": 3}
_SHOWN_ROWS = 5


def labelled_messages(rows: pl.DataFrame, place: str = "labels") -> pl.DataFrame:
    """One row per text with everything that was said about it.

    Args:
        rows: strings: `text`, optionally `text_id` (grouping; else the text itself), `discourse`,
            `severity`, `target`
            and `stance`. Several rows of one text with different targets are one message.
        place: named in messages, e.g. the file.

    Returns:
        `message_id, text, group, discourse, severity, targets`, in order of first appearance.

    Raises:
        LabelsError: for a missing column, an unknown label, labels that contradict each other, or a single
            class. Row
            numbers in the message count data rows from 1.
    """
    held = _with_columns(rows, place)
    held = held.filter(pl.col("text").is_not_null() & (pl.col("text").str.strip_chars() != ""))
    if held.is_empty():
        raise LabelsError(f"{place}: no row has a text")
    _check_values(held, place)
    _check_contradictions(held, place)
    targets = pl.struct(
        pl.lit(None, dtype=pl.String).alias("group_code"),
        "target",
        pl.col("stance").replace_strict(STANCE_WORDS, return_dtype=pl.Int64).alias("stance"),
    )
    merged = held.group_by("text_id", "text", maintain_order=True).agg(
        pl.col("discourse").drop_nulls().first(),
        pl.col("severity").drop_nulls().first().replace_strict(SEVERITY_WORDS, return_dtype=pl.Int64),
        targets.filter(pl.col("target").is_not_null() & pl.col("stance").is_not_null()).unique(maintain_order=True),
    )
    names = {merged.columns[-1]: "targets"}
    return (
        merged.rename(names)
        .with_row_index("number")
        .select(
            pl.format("row-{}", "number").alias("message_id"),
            "text",
            pl.col("text_id").alias("group"),
            "discourse",
            "severity",
            pl.col("targets").cast(TARGET_TYPE),
        )
    )


def _with_columns(rows: pl.DataFrame, place: str) -> pl.DataFrame:
    named = {"discourse", "severity", "stance"} & set(rows.columns)
    if not named:
        raise LabelsError(f"{place}: no column of labels; give `discourse`, `severity`, or `target` with `stance`")
    if ("stance" in rows.columns) != ("target" in rows.columns):
        raise LabelsError(f"{place}: `stance` needs `target` beside it, and the reverse")
    if "severity" in named and "discourse" not in named:
        raise LabelsError(f"{place}: `severity` needs `discourse` beside it")
    wanted = ("text", "text_id", "discourse", "severity", "target", "stance")
    held = rows.with_columns(pl.lit(None, dtype=pl.String).alias(one) for one in wanted if one not in rows.columns)
    plain = held.select(pl.col(one).cast(pl.String).str.strip_chars().replace("", None) for one in wanted)
    return plain.with_columns(pl.col("text_id").fill_null(pl.col("text"))).with_row_index("row", offset=1)


def _check_values(held: pl.DataFrame, place: str) -> None:
    known = {"discourse": list(LABELS), "severity": list(SEVERITY_WORDS), "stance": list(STANCE_WORDS)}
    said = {"discourse": ", ".join(LABELS), "severity": "0, 1, 2, 3", "stance": "-1, 0, 1"}
    for column, values in known.items():
        wrong = held.filter(pl.col(column).is_not_null() & ~pl.col(column).is_in(values))
        if len(wrong):
            names = ", ".join(sorted(set(wrong[column].head(50)))[:_SHOWN_ROWS])
            raise LabelsError(
                f"{place}: unknown {column} {names} in row {_rows(wrong)}; the codebook has {said[column]}"
            )
    for column in ("discourse", "stance"):
        given = held[column].drop_nulls()
        if len(given) and given.n_unique() == 1:
            raise LabelsError(f"{place}: every {column} is {given[0]}: nothing can be told apart; add other classes")


def _check_contradictions(held: pl.DataFrame, place: str) -> None:
    for column, key in (("discourse", ["text_id", "text"]), ("stance", ["text_id", "text", "target"])):
        given = held.filter(pl.col(column).is_not_null())
        torn = given.filter(pl.col(column).n_unique().over(key) > 1)
        if len(torn):
            raise LabelsError(
                f"{place}: the same text has different {column} in rows {_rows(torn)}; "
                "decide for one and remove the other"
            )


def _rows(frame: pl.DataFrame) -> str:
    shown = ", ".join(str(row) for row in frame["row"].head(_SHOWN_ROWS))
    return shown if len(frame) <= _SHOWN_ROWS else f"{shown} and {len(frame) - _SHOWN_ROWS} more"
