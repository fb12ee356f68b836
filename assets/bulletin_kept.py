"""Inputs of an issue kept beside it, so that the same page can be made again when the lake has moved on."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import fields
from datetime import datetime
from pathlib import Path

import polars as pl

from assets.whole_file import whole_file
from data_contracts.indicator_registry import Correction
from models.bulletin.inputs import TABLES, BulletinInputError, BulletinMeta, BulletinTables

FACTS = "issue.json"
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def kept_path(folder: Path, quarter: str) -> Path:
    """Where the inputs of a quarter's issue lie: beside its pages."""
    return folder / quarter / f"kelisim-{quarter}-inputs.zip"


def keep_inputs(path: Path, tables: BulletinTables, meta: BulletinMeta) -> None:
    """Write tables and facts of an issue into one file; only columns the bulletin reads, so no text of anybody.

    Args:
        path: file to write, beside and renamed.
        tables: the tables the issue was made of; None stays None.
        meta: facts about the issue.

    Raises:
        BulletinInputError: if a table lacks a column the bulletin reads.
    """
    with whole_file(path) as beside, zipfile.ZipFile(beside, "w") as packed:
        packed.writestr(zipfile.ZipInfo(FACTS, _ZIP_DATE), json.dumps(_facts(meta), ensure_ascii=False, indent=1))
        for entry in fields(tables):
            if getattr(tables, entry.name) is None:
                continue
            held = io.BytesIO()
            tables.frame(entry.name, meta.quarter).write_parquet(held)
            packed.writestr(zipfile.ZipInfo(f"{entry.name}.parquet", _ZIP_DATE), held.getvalue())


def read_kept(path: Path) -> tuple[BulletinTables, BulletinMeta]:
    """Tables and facts of an issue as they were kept.

    Raises:
        BulletinInputError: if the file is not one that `keep_inputs` wrote; the message names it.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            facts = json.loads(packed.read(FACTS))
            frames = {
                name: pl.read_parquet(io.BytesIO(packed.read(f"{name}.parquet")))
                for name in TABLES
                if f"{name}.parquet" in packed.namelist()
            }
        facts["generated_at"] = datetime.fromisoformat(facts["generated_at"])
        facts["corrections"] = tuple(Correction.model_validate(entry) for entry in facts["corrections"])
        return BulletinTables(**frames), BulletinMeta(**facts)
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise BulletinInputError(f"{path}: not the kept inputs of an issue, or damaged: {error}") from error


def _facts(meta: BulletinMeta) -> dict[str, object]:
    return {
        "quarter": meta.quarter,
        "generated_at": meta.generated_at.isoformat(),
        "code_version": meta.code_version,
        "input_hashes": dict(sorted(meta.input_hashes.items())),
        "model_version": meta.model_version,
        "seed": meta.seed,
        "is_synthetic": meta.is_synthetic,
        "corrections": [entry.model_dump(mode="json") for entry in meta.corrections],
    }
