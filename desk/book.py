"""The book of one ledger: its database, its clock, and the one way an event is written into the chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.core.management import call_command
from django.db import DatabaseError, connections, transaction
from django.db.migrations.loader import MigrationLoader

from desk.configuration import LedgerError, add_database, configure
from models.warning.deadlines import recorded_moment

GENESIS = "0" * 64
CHAINED = (
    "sequence",
    "alert_id",
    "kind",
    "actor",
    "from_status",
    "to_status",
    "reason",
    "recorded_at",
    "payload",
    "previous_hash",
)


@dataclass(frozen=True)
class Entry:
    """What one event says, before it gets its place in the chain."""

    kind: str
    actor: str
    alert_id: str = ""
    from_status: str = ""
    to_status: str = ""
    reason: str = ""
    payload: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Book:
    """An open ledger.

    Attributes:
        alias: name of the database connection.
        clock: gives the time with its zone.
    """

    alias: str
    clock: Callable[[], datetime]

    def now(self) -> datetime:
        """The time in UTC."""
        return self.clock().astimezone(UTC)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that no other writer can interleave with."""
        with transaction.atomic(using=self.alias):
            if connections[self.alias].vendor == "postgresql":
                with connections[self.alias].cursor() as cursor:
                    cursor.execute("LOCK TABLE desk_event IN EXCLUSIVE MODE")
            yield

    def append(self, entry: Entry) -> datetime:
        """Add one event after the last, inside `writing`.

        Returns:
            The time it was given: never before the last event's, whatever the clock does.
        """
        from desk.models import Event

        last = Event.objects.using(self.alias).order_by("-sequence").first()
        before = None if last is None else datetime.fromisoformat(last.recorded_at)
        moment, clock_read = recorded_moment(self.now(), before)
        noted = {} if clock_read is None else {"clock_read": clock_read}
        content = {
            "sequence": 1 if last is None else last.sequence + 1,
            "alert_id": entry.alert_id,
            "kind": entry.kind,
            "actor": entry.actor,
            "from_status": entry.from_status,
            "to_status": entry.to_status,
            "reason": entry.reason,
            "recorded_at": moment.isoformat(timespec="microseconds"),
            "payload": canonical({**(entry.payload or {}), **noted}),
            "previous_hash": GENESIS if last is None else last.event_hash,
        }
        Event(**content, event_hash=chain_hash(content)).save(using=self.alias)
        return moment

    def close(self) -> None:
        """Give this thread's connection back."""
        connections[self.alias].close()


def now_utc() -> datetime:
    """What the machine's clock says."""
    return datetime.now(UTC)


def open_book(url: str, clock: Callable[[], datetime] = now_utc, *, alias: str | None = None) -> Book:
    """Open the ledger at a URL and bring its tables up to date.

    Args:
        url: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`.
        clock: gives the time with its zone.
        alias: name of the connection; the web interface uses `default`.

    Raises:
        LedgerError: if the URL is of no known kind, the driver is missing or the database does not open.
    """
    configure()
    try:
        book = Book(add_database(url, alias), clock)
        if not _is_current(book.alias):
            call_command("migrate", database=book.alias, verbosity=0, interactive=False)
            _make_groups(book)
    except DatabaseError as error:
        raise LedgerError("bad_ledger", place=url.rsplit("@", 1)[-1], reason=str(error).strip()) from error
    except ImportError as error:
        raise LedgerError("no_driver") from error
    except Exception as error:
        if "psycopg" in str(error):
            raise LedgerError("no_driver") from error
        raise
    return book


def _is_current(alias: str) -> bool:
    loader = MigrationLoader(connections[alias])
    return all(leaf in loader.applied_migrations for leaf in loader.graph.leaf_nodes())


def _make_groups(book: Book) -> None:
    from desk.people import make_groups

    make_groups(book)


def canonical(content: Mapping[str, Any]) -> str:
    """One way to write a mapping as JSON, so that equal content has equal hashes."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the ledger")


def chain_hash(content: Mapping[str, Any]) -> str:
    """Hash of an event: of everything in it, the hash of the one before included."""
    return hashlib.sha256(canonical({name: content[name] for name in CHAINED}).encode()).hexdigest()
