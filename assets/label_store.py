"""Labels that people gave, in numbered versions under the home: each is added whole and never changed."""

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from models.discourse.adjudication import AnnotationError
from models.discourse.corpus_reading import TARGET_TYPE

LABELS_FILE = "labels.parquet"
MANIFEST = "manifest.json"
FROZEN_PARTS = 5
"""One message in five is kept for testing alone, by the hash of its id, so it never moves into training."""


@dataclass(frozen=True)
class LabelVersion:
    """One version: its number, rows and what they came from."""

    number: int
    labels: pl.DataFrame
    manifest: dict

    @property
    def name(self) -> str:
        """Such as v0003."""
        return f"v{self.number:04d}"


class LabelStore:
    """The versions under `KELISIM_HOME/labels`."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "labels"

    def latest(self) -> LabelVersion | None:
        """The newest version, None while there is none.

        Raises:
            AnnotationError: if its file was altered after it was written.
        """
        folders = sorted(self.folder.glob("v[0-9][0-9][0-9][0-9]"))
        if not folders:
            return None
        content = (folders[-1] / LABELS_FILE).read_bytes()
        manifest = json.loads((folders[-1] / MANIFEST).read_text(encoding="utf-8"))
        if hashlib.sha256(content).hexdigest() != manifest["sha256"]:
            raise AnnotationError(f"{folders[-1]}: altered after it was written; restore it or remove the folder")
        return LabelVersion(manifest["number"], pl.read_parquet(content), manifest)

    def add(self, decided: pl.DataFrame, facts: dict) -> LabelVersion:
        """Write the next version: the labels known so far, with what is decided now in their place.

        Args:
            decided: as `adjudication.adjudicate` gives it.
            facts: what to keep of the import (file hashes, agreement, rule); no names of people.

        Returns:
            The new version; `labels` has the columns of `decided` and `is_frozen`.
        """
        before = self.latest()
        fresh = decided.with_columns(
            pl.col("message_id").map_elements(is_frozen, return_dtype=pl.Boolean).alias("is_frozen")
        )
        kept = [] if before is None else [before.labels.join(fresh, on="message_id", how="anti").select(fresh.columns)]
        labels = pl.concat([*kept, fresh]).sort("message_id")
        number = 1 if before is None else before.number + 1
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
        try:
            labels.write_parquet(beside / LABELS_FILE)
            manifest = {
                "number": number,
                "rows": len(labels),
                "rows_new": len(fresh),
                "rows_frozen": int(labels["is_frozen"].sum()),
                "sha256": hashlib.sha256((beside / LABELS_FILE).read_bytes()).hexdigest(),
                **facts,
            }
            (beside / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
            beside.rename(self.folder / f"v{number:04d}")
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return LabelVersion(number, labels, manifest)


def is_frozen(message_id: str) -> bool:
    """Whether a message is kept out of training for ever."""
    return int(hashlib.sha256(message_id.encode()).hexdigest()[:8], 16) % FROZEN_PARTS == 0


def rows_for_training(labels: pl.DataFrame) -> pl.DataFrame:
    """The frame `training.train` takes: every label but the frozen ones.

    Returns:
        `message_id, text, group, discourse, severity, targets`; the group is the message, as its source is unknown.
    """
    return _rows(labels.filter(~pl.col("is_frozen")))


def rows_for_testing(labels: pl.DataFrame) -> pl.DataFrame:
    """The frozen labels, in the same form."""
    return _rows(labels.filter("is_frozen"))


def _rows(labels: pl.DataFrame) -> pl.DataFrame:
    target = pl.struct(
        pl.element().struct.field("group_code"),
        pl.lit(None, dtype=pl.String).alias("target"),
        pl.element().struct.field("stance"),
    )
    return labels.select(
        "message_id",
        "text",
        pl.format("labelled-{}", "message_id").alias("group"),
        "discourse",
        "severity",
        pl.col("stances").list.eval(target).cast(TARGET_TYPE).alias("targets"),
    )
