"""The assets that touch the ledger, called with a real one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from assets.answers import out_warning__answers, out_warning__error_book
from assets.warnings import warning_ledger
from data_contracts.contract import table_contracts
from data_contracts.schemas import conform
from models.warning.lifecycle import Action
from tests.desk_cases import RABAT, MovableClock, frame, new_ledger


def test_candidates_go_in_and_answers_come_out_in_their_contracts(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path / "ledger.sqlite", MovableClock())
    result: Any = warning_ledger(out_warning__candidates=frame("a", "b"), ledger=ledger)
    assert result.metadata["new"] == result.metadata["awaiting_review"] == 2
    ledger.decide("a", Action("first_review", "aigerim", rabat=RABAT))
    ledger.decide("a", Action("dismiss", "olga", "an old story"))
    workplace = SimpleNamespace(as_of=datetime(2026, 10, 1, tzinfo=UTC))
    answers: Any = out_warning__answers(workplace=workplace, ledger=ledger)
    book: Any = out_warning__error_book(ledger=ledger)
    assert conform(answers, table_contracts()["out_warning__answers"]).height == 0
    assert conform(book, table_contracts()["out_warning__error_book"]).height == 1
    ledger.close()
