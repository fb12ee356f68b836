"""The authored corpus as frames: reading its CSV files, checking every row, and the frame training takes."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from io import BytesIO

import polars as pl

from data_contracts.codebook import discourse_codebook
from data_contracts.reference import ethnic_groups

COLUMNS = (
    "item_id", "text", "language", "discourse", "severity", "targets", "genre", "register", "hand",
    "second_discourse", "second_severity", "note",
)  # fmt: skip
LANGUAGES = ("kk", "ru", "mixed")
GENRES = ("comment", "headline", "post", "news")
FEWEST_HANDS = 5
TARGET_TYPE = pl.List(pl.Struct({"group_code": pl.String(), "target": pl.String(), "stance": pl.Int64()}))


class CorpusError(ValueError):
    """A corpus file that breaks its format; the message names file, row, rule and what to do."""


def corpus_files() -> dict[str, bytes]:
    """Content of every CSV file of the shipped corpus by file name."""
    folder = resources.files("models.discourse").joinpath("corpus")
    files = [one for one in folder.iterdir() if one.name.endswith(".csv")]
    return {one.name: one.read_bytes() for one in sorted(files, key=lambda one: one.name)}


def read_corpus(files: dict[str, bytes] | None = None) -> pl.DataFrame:
    """The corpus, checked.

    Args:
        files: CSV contents by name; None reads what the package ships.

    Returns:
        Columns `COLUMNS`, severity as integer, `targets` as `TARGET_TYPE`, sorted by `item_id`.

    Raises:
        CorpusError: at the first broken rule.
    """
    parts = [_read_file(name, content) for name, content in (corpus_files() if files is None else files).items()]
    if not parts:
        raise CorpusError("the corpus has no CSV file: add one per hand under models/discourse/corpus")
    corpus = pl.concat(parts).sort("item_id")
    for column in ("item_id", "text"):
        doubled = corpus.filter(pl.col(column).is_duplicated())
        if len(doubled):
            raise CorpusError(f"{column} {doubled[column][0]!r} stands twice in the corpus: remove one")
    return corpus


def _read_file(name: str, content: bytes) -> pl.DataFrame:
    try:
        frame = pl.read_csv(BytesIO(content), infer_schema=False).fill_null("")
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise CorpusError(
            f"{name}: not a CSV of {len(COLUMNS)} columns ({reason}); quote texts that hold commas"
        ) from error
    if tuple(frame.columns) != COLUMNS:
        raise CorpusError(f"{name}: the header must be {','.join(COLUMNS)}, found {','.join(frame.columns)}")
    labels = discourse_codebook().codes
    rules: Sequence[tuple[str, pl.Expr]] = (
        ("text is empty", pl.col("text").str.strip_chars() == ""),
        (f"language must be one of {LANGUAGES}", ~pl.col("language").is_in(LANGUAGES)),
        (f"discourse must be one of {labels}", ~pl.col("discourse").is_in(labels)),
        (f"genre must be one of {GENRES}", ~pl.col("genre").is_in(GENRES)),
        ("severity must be 0, 1, 2 or 3", ~pl.col("severity").is_in(["0", "1", "2", "3"])),
        (
            "hostile and only hostile has a severity",
            (pl.col("discourse") == "hostile") != (pl.col("severity") != "0"),
        ),
        ("second_discourse must be a label or empty", ~pl.col("second_discourse").is_in([*labels, ""])),
        ("hand is empty", pl.col("hand") == ""),
    )
    for rule, broken in rules:
        rows = frame.with_row_index("row", offset=2).filter(broken)
        if len(rows):
            raise CorpusError(f"{name}, line {rows['row'][0]}, item {rows['item_id'][0]}: {rule}")
    targets = [_targets(name, *row) for row in frame.select("item_id", "discourse", "targets").iter_rows()]
    return frame.with_columns(pl.col("severity").cast(pl.Int64), pl.Series("targets", targets, dtype=TARGET_TYPE))


def _targets(name: str, item: str, discourse: str, written: str) -> list[dict]:
    targets: list[dict] = []
    for one in filter(None, written.split(";")):
        code, _, stance = one.strip().partition(":")
        if code not in ethnic_groups() or stance not in ("-1", "0", "1"):
            raise CorpusError(
                f"{name}, item {item}: target {one!r} must be group_code:stance, a code of ethnic_groups.yml "
                "and a stance -1, 0 or 1"
            )
        targets.append({"group_code": code, "target": None, "stance": int(stance)})
    if discourse == "hostile" and not any(target["stance"] == -1 for target in targets):
        raise CorpusError(f"{name}, item {item}: a hostile message needs a target with stance -1")
    return targets


def training_rows(corpus: pl.DataFrame) -> pl.DataFrame:
    """The frame `training.train` takes.

    Rows part between folds by hand; while fewer than five hands wrote the corpus, by contrast set (the item
    id
    without its last letter), so that a sentence and its contrast are never in two folds.

    Returns:
        `message_id, text, group, discourse, severity, targets`.
    """
    by_hand = corpus["hand"].n_unique() >= FEWEST_HANDS
    group = pl.col("hand") if by_hand else pl.col("item_id").str.replace(r"[a-z]$", "")
    return corpus.select(
        pl.col("item_id").alias("message_id"),
        "text",
        group.alias("group"),
        "discourse",
        "severity",
        "targets",
    )
