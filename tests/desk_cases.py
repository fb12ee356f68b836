"""Ledgers for tests: candidates, people and a clock that tests move; tables are made once and copied."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from models.warning.candidates import CANDIDATE_SCHEMA
from models.warning.lifecycle import RABAT_FACTORS, Action
from pipelines.resources.ledger import Ledger

PASSWORD = "a synthetic sentence"
PEOPLE = {"aigerim": "analyst", "daniyar": "reviewer", "olga": "reviewer", "saule": "secretary"}
RABAT: dict[str, int | None] = dict.fromkeys(RABAT_FACTORS, 2) | {"intent": None}
WEDNESDAY = datetime(2026, 8, 19, 6, 0, tzinfo=UTC)
"""A working day, 11:00 in Kazakhstan."""


@dataclass
class MovableClock:
    """A clock that stands still until a test moves it."""

    moment: datetime = WEDNESDAY
    read: list[datetime] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **span: float) -> None:
        self.moment += timedelta(**span)


def candidate(name: str, **changes: Any) -> dict[str, Any]:
    """One row of `out_warning__candidates`; columns this test does not know are empty."""
    row = {
        "candidate_id": name, "week_date": date(2026, 8, 10), "region_code": "KZ-31", "group_codes": ["dungan"],
        "signals": ["tension"], "case_kind": "local_tension", "severity": 3, "score": 2.5, "is_continuation_of": None,
        "message_count": 9, "cluster_count": 7, "expected_false_alarms_per_year": 0.1,
        "primary_body": "mediation_council", "supporting_bodies": ["accord_council"], "explanation_kk": "қаз",
        "explanation_ru": "рус", "explanation_en": "eng", "example_texts": ["[tension 0.90] ..."],
        "would_go_away": "x", "status": "awaiting_review",
    }  # fmt: skip
    return dict.fromkeys(CANDIDATE_SCHEMA) | row | changes


def frame(*names: str, **changes: Any) -> pl.DataFrame:
    rows = [candidate(name, **changes) for name in names]
    return pl.DataFrame(rows, schema=CANDIDATE_SCHEMA, infer_schema_length=None)


@cache
def _template() -> Path:
    from desk.configuration import configure

    configure()
    from django.conf import settings

    # The strong hash costs half a second each time; here nobody attacks.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    folder = Path(tempfile.mkdtemp(prefix="kelisim-desk-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "ledger.sqlite"
    ledger = Ledger(f"sqlite:///{path}", MovableClock())
    for name, group in PEOPLE.items():
        ledger.add_user(name, group, PASSWORD)
    ledger.close()
    return path


def new_ledger(path: Path, clock: Callable[[], datetime] | None = None, **options: Any) -> Ledger:
    """A ledger at a path, with the four people and their four events in it."""
    if not path.exists():
        shutil.copy(_template(), path)
    return Ledger(f"sqlite:///{path}", **({} if clock is None else {"clock": clock}), **options)


def approve(ledger: Ledger, name: str) -> None:
    ledger.decide(name, Action("first_review", "aigerim", rabat=RABAT))
    ledger.decide(name, Action("approve", "daniyar", rabat=RABAT))
