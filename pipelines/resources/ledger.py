"""The door to the desk: candidates go in, people decide, letters go out. Django is imported when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from desk.channels import Channels, Report
from models.warning.histories import Histories
from models.warning.lifecycle import Action, Case
from models.warning.refusals import Refused

if TYPE_CHECKING:
    from desk.chain import Verification
    from desk.decisions import Housekeeping


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class MissedReport:
    """An event that a body reports and no alert had told of; codes are those of `councils.yml`."""

    event_date: date
    region_code: str
    body_code: str
    case_kind: str
    cause_code: str


class Ledger:
    """Candidates, what people decided about them, letters and replies."""

    def __init__(
        self, url: str, clock: Callable[[], datetime] = _now, *, inbox: Path | None = None, alias: str | None = None
    ) -> None:
        """Open the ledger and make its tables where they are missing.

        Args:
            url: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`.
            clock: gives the time with its zone.
            inbox: folder the candidates come from; a file in it whose name says synthetic marks them so.
            alias: name of the database connection; the web interface uses `default`.

        Raises:
            LedgerError: if the URL is of no known kind or the database does not open.
        """
        from desk.book import open_book

        self.inbox = inbox
        self.book = open_book(url, clock, alias=alias)

    def close(self) -> None:
        """Give this thread's connection back."""
        self.book.close()

    def register_candidates(self, frame: pl.DataFrame) -> int:
        """Insert candidates that are not there yet, as awaiting review; known ones stay as they are.

        Args:
            frame: rows of `out_warning__candidates`.

        Returns:
            Number of candidates inserted.
        """
        from desk.decisions import register

        return register(self.book, frame.iter_rows(named=True), is_synthetic=self._is_synthetic())

    def _is_synthetic(self) -> bool:
        return self.inbox is not None and any("synthetic" in path.name.lower() for path in self.inbox.rglob("*"))

    def decide(self, candidate_id: str, action: Action) -> Case:
        """Apply one step of the lifecycle by a user of the desk and record it.

        Raises:
            LedgerError: if there is no such candidate.
            LifecycleError: if the rules do not allow the step; nothing is recorded then.
            PeopleError: if the actor is not known or may not do this.
        """
        from desk.decisions import decide

        return decide(self.book, candidate_id, action)

    def housekeeping(self) -> Housekeeping:
        """Escalate alerts whose time limit has passed and expire what nobody decided."""
        from desk.decisions import housekeeping

        return housekeeping(self.book)

    def case(self, candidate_id: str) -> Case:
        """Where a candidate stands.

        Raises:
            LedgerError: if there is no such candidate.
        """
        from desk.decisions import case_now

        return case_now(self.book, candidate_id)

    def candidate(self, candidate_id: str) -> dict[str, Any]:
        """What was registered for a candidate, with its present status, events, letters and replies.

        Raises:
            LedgerError: if there is no such candidate.
        """
        from desk.reading import alert

        return alert(self.book, candidate_id)

    def candidates(self, status: str | None = None, *, only_overdue: bool = False) -> list[dict[str, Any]]:
        """Registered candidates, newest week first, optionally of one status or only those escalated.

        Raises:
            LedgerError: if there is no such status.
        """
        from desk.reading import alerts

        return alerts(self.book, status, only_overdue=only_overdue)

    def letters(self, *, only_stuck: bool = False) -> list[dict[str, Any]]:
        """Letters and what became of them; `only_stuck` leaves those that are dead or uncertain."""
        from desk.reading import letters

        return letters(self.book, only_stuck=only_stuck)

    def counts_by_status(self) -> dict[str, int]:
        """Number of candidates in every status, zeros included."""
        from desk.reading import counts_by_status

        return counts_by_status(self.book)

    def enqueue(self, candidate_id: str, actor: str, reason: str | None = None) -> int:
        """Queue the letters of an approved alert; returns how many are new.

        Raises:
            LedgerError, LifecycleError, DeliveryError, PeopleError: see `desk.delivery.enqueue`.
        """
        from desk.delivery import enqueue

        return enqueue(self.book, candidate_id, actor, reason)

    def deliver(self, channels: Channels, actor: str, candidate_id: str | None = None) -> Report:
        """Send every letter that is due.

        Raises:
            PeopleError: if the actor may not send.
        """
        from desk.delivery import deliver

        return deliver(self.book, channels, actor, candidate_id)

    def send_again(self, candidate_id: str, body_code: str, actor: str, reason: str) -> None:
        """Put a dead or uncertain letter back into the queue.

        Raises:
            LedgerError, DeliveryError, PeopleError: see `desk.delivery.send_again`.
        """
        from desk.delivery import send_again

        send_again(self.book, candidate_id, body_code, actor, reason)

    def record_reply(
        self, candidate_id: str, body_code: str, reply_code: str, *, actor: str, confirmed: date | None = None
    ) -> None:
        """Write down what a body answered.

        Raises:
            LedgerError, ReplyError, PeopleError: see `desk.replies.record_reply`.
        """
        from desk.replies import record_reply

        record_reply(self.book, candidate_id, body_code, reply_code, actor=actor, confirmed=confirmed)

    def record_missed_event(self, report: MissedReport, actor: str) -> str:
        """Write down an event that no alert had told of; returns its id in the error book.

        Raises:
            ReplyError, PeopleError: see `desk.replies.record_missed_event`.
        """
        from desk.replies import record_missed_event

        return record_missed_event(
            self.book,
            event_date=report.event_date,
            region_code=report.region_code,
            body_code=report.body_code,
            case_kind=report.case_kind,
            cause_code=report.cause_code,
            actor=actor,
        )

    def histories(self) -> Histories:
        """Alerts, letters, corrections and missed events as frames, without persons."""
        from desk.replies import histories

        return histories(self.book)

    def export(self) -> list[dict[str, Any]]:
        """Alerts with dates and outcome, without persons, reasons, texts or addresses."""
        from desk.reading import export

        return export(self.book)

    def verify(self, known_hash: str | None = None) -> Verification:
        """Recompute the hash chain and compare alerts and letters with what the events say of them."""
        from desk.chain import verify

        return verify(self.book, known_hash)

    def clock_warning(self) -> Refused | None:
        """A sentence if the clock had gone back when the last event was written."""
        from desk.reading import last_clock_warning

        return last_clock_warning(self.book)

    def add_user(self, name: str, group: str, password: str) -> None:
        """Add a person to one of the groups analyst, reviewer, secretary.

        Raises:
            PeopleError: if the name is taken, the group unknown or the password weak.
        """
        from desk.people import add_user

        add_user(self.book, name, group, password)

    def disable_user(self, name: str) -> None:
        """Take a person's access away.

        Raises:
            PeopleError: if there is no such person.
        """
        from desk.people import disable_user

        disable_user(self.book, name)

    def authenticate(self, name: str, password: str) -> str:
        """The normal form of a name whose password is right.

        Raises:
            PeopleError: if it is not.
        """
        from desk.people import authenticate

        return authenticate(self.book, name, password)

    def set_recipient(self, values: Mapping[str, str]) -> None:
        """Say where letters for a body of a region go: body_code, region_code, channel, address.

        Raises:
            RecipientError: naming what is not known or not an address.
        """
        from desk.recipients import set_recipient

        set_recipient(self.book, **values)
