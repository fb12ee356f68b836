"""What the councils' answers teach: against numbers worked out by hand, and from a real ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from desk.channels import Channels
from models.warning.answers import answers, error_book
from models.warning.histories import ALERTS, CORRECTIONS, LETTERS, MISSED, Histories, no_histories
from models.warning.lifecycle import Action
from pipelines.resources.ledger import MissedReport
from pipelines.resources.senders import FolderSender
from tests.desk_cases import RABAT, MovableClock, approve, frame, new_ledger

SENT = datetime(2026, 8, 11, 6, tzinfo=UTC)
AS_OF = datetime(2026, 9, 30, tzinfo=UTC)


def histories(
    outcomes: list[str | None],
    *,
    bodies: tuple[str, ...] = ("mediation_council",),
    reply_hours: list[float | None] | None = None,
    lead_days: list[int | None] | None = None,
) -> Histories:
    """Alerts of one region with an outcome each, and a letter to every body."""
    alerts: list[dict[str, Any]] = []
    letters: list[dict[str, Any]] = []
    for number, outcome in enumerate(outcomes):
        name = f"a{number}"
        alerts.append(
            {
                "candidate_id": name, "week_date": date(2026, 8, 3), "region_code": "KZ-31",
                "case_kind": "local_tension", "signal": "tension", "severity": 3, "primary_body": bodies[0],
                "registered_at": SENT - timedelta(days=1), "status": "closed" if outcome else "dispatched",
                "outcome": outcome, "ended_at": SENT + timedelta(days=9) if outcome else None,
            }
        )  # fmt: skip
        hours = reply_hours[number] if reply_hours else None
        lead = lead_days[number] if lead_days else None
        letters += [
            {
                "candidate_id": name, "body_code": body, "sent_at": SENT,
                "replied_at": None if hours is None else SENT + timedelta(hours=hours), "reply_code": None,
                "confirmed_date": None if lead is None else date(2026, 8, 10) + timedelta(days=lead),
            }
            for body in bodies
        ]  # fmt: skip
    return Histories(
        pl.DataFrame(alerts, schema=ALERTS),
        pl.DataFrame(letters, schema=LETTERS),
        pl.DataFrame(schema=CORRECTIONS),
        pl.DataFrame(schema=MISSED),
    )


def cell(table: pl.DataFrame, region: str = "KZ", body: str = "all", signal: str = "all") -> dict[str, Any]:
    found = table.filter(
        (pl.col("region_code") == region) & (pl.col("body_code") == body) & (pl.col("signal") == signal)
    )
    assert found.height == 1
    return found.row(0, named=True)


def test_predictive_value_by_hand() -> None:
    outcomes = ["confirmed"] * 6 + ["already_mediated"] * 2 + ["rumour"] * 2 + ["not_verifiable"] * 3
    found = cell(answers(histories(outcomes), AS_OF))
    assert (found["letter_count"], found["judged_count"], found["ppv_share"]) == (13, 10, 0.8)
    # Wilson's interval of 8 of 10 at 95 %.
    assert found["ppv_ci_low_share"] == pytest.approx(0.490162, abs=1e-6)
    assert found["ppv_ci_high_share"] == pytest.approx(0.943318, abs=1e-6)


def test_letters_about_one_alert_do_not_make_it_surer() -> None:
    bodies = ("mediation_council", "accord_council", "journalists_club")
    table = answers(histories(["confirmed", "rumour"], bodies=bodies), AS_OF)
    assert cell(table)["judged_count"] == 2
    assert cell(table, body="accord_council")["judged_count"] == 2
    assert cell(table, "KZ-31", "accord_council", "tension")["letter_count"] == 2
    assert table.height == 2 * 4 * 2


def test_promptness_waits_until_the_limit_has_passed() -> None:
    hours = [10.0, 71.9, 72.1, None]
    made = histories([None] * 4, reply_hours=hours)
    late = cell(answers(made, AS_OF))
    assert (late["due_count"], late["timely_share"], late["reply_count"]) == (4, 0.5, 0)
    early = cell(answers(made, SENT + timedelta(hours=20)))
    assert early["due_count"] == 3
    assert cell(answers(made, AS_OF))["ppv_share"] is None


def test_lead_time_is_the_median_and_negative_when_we_were_late() -> None:
    leads = [-2, 1, 3, 4, 6, 9, 30]
    found = cell(answers(histories(["confirmed"] * 7, lead_days=leads), AS_OF))
    assert (found["lead_count"], found["lead_median_days"]) == (7, 4.0)
    # Of seven values the first and the last cover the median with 98.4 %, the second and sixth with only 87.5 %.
    assert (found["lead_ci_low_days"], found["lead_ci_high_days"]) == (-2.0, 30.0)
    few = cell(answers(histories(["confirmed"] * 5, lead_days=leads[:5]), AS_OF))
    assert (few["lead_median_days"], few["lead_ci_low_days"]) == (3.0, None)


def test_without_letters_the_tables_are_empty() -> None:
    assert answers(no_histories(), AS_OF).is_empty()
    assert error_book(no_histories()).is_empty()
    assert answers(histories(["confirmed"]), SENT - timedelta(days=1)).is_empty()


def test_the_error_book_comes_from_the_ledger_without_persons(tmp_path: Path) -> None:
    clock = MovableClock()
    ledger = new_ledger(tmp_path / "ledger.sqlite", clock)
    ledger.register_candidates(frame("false", "true", "stopped"))
    channels = Channels({"folder": FolderSender(tmp_path / "o")}, "folder", lambda body, region: "x@example.org")
    for name in ("false", "true"):
        approve(ledger, name)
        ledger.enqueue(name, "daniyar", "one after the other")
        ledger.deliver(channels, "daniyar")
        clock.move(hours=5)
        ledger.record_reply(name, "mediation_council", "received", actor="saule")
        clock.move(days=6)
        ledger.record_reply(
            name, "mediation_council", "rumour", actor="saule", confirmed=date(2026, 8, 21) if name == "true" else None
        )
        ledger.decide(name, Action("close", "daniyar", outcome="rumour"))
    ledger.decide("true", Action("correct", "daniyar", "a second source", outcome="confirmed"))
    ledger.decide("stopped", Action("first_review", "aigerim", rabat=RABAT))
    ledger.decide("stopped", Action("dismiss", "olga", "an old story"))
    ledger.record_missed_event(
        MissedReport(date(2026, 8, 1), "KZ-10", "accord_council", "household_dispute", "no_source"), "saule"
    )
    book = error_book(ledger.histories())
    kinds = sorted(book["entry_kind"])
    assert kinds == ["correction", "dismissed", "false_alarm", "missed_event"]
    corrected = book.filter(pl.col("entry_kind") == "correction").row(0, named=True)
    assert (corrected["outcome_before"], corrected["outcome_after"]) == ("rumour", "confirmed")
    assert book.filter(pl.col("entry_kind") == "false_alarm")["candidate_id"].to_list() == ["false"]
    table = answers(ledger.histories(), clock())
    total = cell(table, body="mediation_council")
    assert (total["confirmed_count"], total["rumour_count"], total["timely_share"]) == (1, 1, 1.0)
    assert total["lead_median_days"] == 2.0
    everything = book.write_csv() + table.write_csv()
    for secret in ("aigerim", "daniyar", "olga", "saule", "story", "source\n"):
        assert secret not in everything
    ledger.close()
