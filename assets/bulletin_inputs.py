"""Gather what the bulletin is made of: the quarter's tables and the facts about how they were made."""

import polars as pl

from assets.shipped_model import model_facts
from assets.synthetic import is_synthetic
from assets.workplace import Workplace
from data_contracts.indicator_registry import registry
from models.bulletin.inputs import BulletinMeta, BulletinTables


def bulletin_tables(**frames: pl.DataFrame) -> BulletinTables:
    """The tables, with None for those that hold nothing, so that the bulletin says so in words."""
    return BulletinTables(**{name: None if frame.is_empty() else frame for name, frame in frames.items()})


def bulletin_meta(workplace: Workplace, quarter: str, inbox_files: pl.DataFrame) -> BulletinMeta:
    """Quarter, versions and hashes of the inputs."""
    facts = model_facts(workplace.models, workplace.seed)
    used = inbox_files.filter(pl.col("status") != "same_file")
    return BulletinMeta(
        quarter=quarter,
        generated_at=workplace.as_of,
        code_version=workplace.code_version,
        input_hashes=dict(zip(used["file_name"], used["file_sha256"], strict=True)),
        model_version=None if facts is None else facts.version,
        seed=workplace.seed,
        is_synthetic=is_synthetic(inbox_files),
        corrections=registry().corrections,
    )
