"""The folders and facts of one run that assets need: where files lie, what time it is taken to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import polars as pl

from models.warning.histories import Histories


@dataclass(frozen=True)
class Workplace:
    """One KELISIM_HOME and the facts of the run; made by `pipelines` from the settings."""

    root: Path
    as_of: datetime
    seed: int
    code_version: str
    pseudonym_key: bytes

    @property
    def inbox(self) -> Path:
        """Files from outside, as they came."""
        return self.root / "inbox"

    @property
    def reference(self) -> Path:
        """Reference files that the operator adds, such as the classifier of territories."""
        return self.root / "reference"

    @property
    def lake(self) -> Path:
        """Published Parquet, one folder a table."""
        return self.root / "lake"

    @property
    def staging(self) -> Path:
        """Parquet that no check has passed yet, one folder a run."""
        return self.root / "staging"

    @property
    def models(self) -> Path:
        """Fitted models with their manifests."""
        return self.root / "models"

    @property
    def bulletins(self) -> Path:
        """Finished bulletins, one folder a quarter."""
        return self.root / "bulletins"

    @property
    def warehouse(self) -> Path:
        """The database that people query."""
        return self.root / "warehouse.duckdb"

    def published(self, table: str) -> list[Path]:
        """Every published file of a table, in name order."""
        return sorted((self.lake / table).glob("*.parquet"))

    def staged(self, table: str, run_id: str) -> list[Path]:
        """Files of a table that this run wrote and no check has passed yet."""
        return sorted((self.staging / run_id / table).glob("*.parquet"))

    def withdraw(self, tables: Sequence[str], partition: str) -> None:
        """Take a partition out of tables whose job failed half-way, so that none holds a part of it."""
        for table in tables:
            (self.lake / table / f"{partition}.parquet").unlink(missing_ok=True)

    def publish(self, table: str, run_id: str) -> int:
        """Move this run's staged files of a table into the lake; each replaces its older self at once.

        Returns:
            The number of files moved.
        """
        files = self.staged(table, run_id)
        (self.lake / table).mkdir(parents=True, exist_ok=True)
        for path in files:
            path.replace(self.lake / table / path.name)
        return len(files)


class CandidateLedger(Protocol):
    """What assets may do with the ledger: hand in candidates, count them, read their histories."""

    def register_candidates(self, candidates: pl.DataFrame) -> int:
        """Add candidates that are not known yet; returns how many were new."""
        ...

    def counts_by_status(self) -> dict[str, int]:
        """Number of candidates by status."""
        ...

    def histories(self) -> Histories:
        """Alerts, letters, corrections and missed events, without persons."""
        ...
