"""The ledger of alert candidates (SQLite, or PostgreSQL by URL); events are only added, in a hash chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy import event as sa_event

from models.warning.lifecycle import STATUSES, Action, Case, advance

GENESIS = "0" * 64
METADATA = sa.MetaData()
CANDIDATES = sa.Table(
    "warning_candidates",
    METADATA,
    sa.Column("candidate_id", sa.String(64), primary_key=True),
    sa.Column("week_date", sa.Date, nullable=False),
    sa.Column("region_code", sa.String(16), nullable=False),
    sa.Column("severity", sa.Integer, nullable=False),
    sa.Column("status", sa.String(32), nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("case_state", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
)
EVENTS = sa.Table(
    "warning_events",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("candidate_id", sa.String(64), nullable=False, index=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("actor", sa.String(128), nullable=False),
    sa.Column("recorded_at", sa.String(40), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("previous_hash", sa.String(64), nullable=False),
    sa.Column("event_hash", sa.String(64), nullable=False, unique=True),
)
FORBID_CHANGES = {
    "sqlite": [
        f"CREATE TRIGGER IF NOT EXISTS warning_events_no_{verb.lower()} BEFORE {verb} ON warning_events "
        "BEGIN SELECT RAISE(ABORT, 'warning_events is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION warning_events_append_only() RETURNS trigger AS $$ "
        "BEGIN RAISE EXCEPTION 'warning_events is append-only'; END $$ LANGUAGE plpgsql",
        "CREATE OR REPLACE TRIGGER warning_events_no_change BEFORE UPDATE OR DELETE ON warning_events "
        "FOR EACH ROW EXECUTE FUNCTION warning_events_append_only()",
    ],
}


class LedgerError(ValueError):
    """A candidate that is not in the ledger, or a ledger that cannot be used; the message says which."""


@dataclass(frozen=True)
class Verification:
    """Result of checking the whole chain.

    Attributes:
        is_intact: every event hashes to what it says and follows the one before, and candidates agree with
            events.
        event_count: events looked at.
        last_hash: hash of the last event; keep it elsewhere to notice a shortened chain.
        problem: the first thing found wrong.
    """

    is_intact: bool
    event_count: int
    last_hash: str
    problem: str | None = None


def _now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """Candidates and what people decided about them."""

    def __init__(self, url: str, clock: Callable[[], datetime] = _now) -> None:
        """Open the ledger at a SQLAlchemy URL and make its tables where they are missing."""
        self.clock = clock
        self.engine = sa.create_engine(url, **({"connect_args": {"timeout": 30}} if url.startswith("sqlite") else {}))
        if self.engine.dialect.name == "sqlite":
            sa_event.listen(self.engine, "connect", _manual_transactions)
            sa_event.listen(self.engine, "begin", _begin_immediate)
        METADATA.create_all(self.engine)
        with self.engine.begin() as connection:
            for statement in FORBID_CHANGES.get(self.engine.dialect.name, []):
                connection.execute(sa.text(statement))

    def close(self) -> None:
        """Give connections back."""
        self.engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """A transaction that no other writer can interleave with."""
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("LOCK TABLE warning_events IN EXCLUSIVE MODE"))
            yield connection

    def register_candidates(self, frame: pl.DataFrame) -> int:
        """Insert candidates that are not there yet, as awaiting review; known ones stay as they are.

        Args:
            frame: rows of `out_warning__candidates`.

        Returns:
            Number of candidates inserted.
        """
        inserted = 0
        with self._writing() as connection:
            known = set(connection.scalars(sa.select(CANDIDATES.c.candidate_id)))
            for row in frame.iter_rows(named=True):
                if row["candidate_id"] in known:
                    continue
                known.add(row["candidate_id"])
                case = Case()
                payload = _canonical(row)
                connection.execute(
                    CANDIDATES.insert().values(
                        candidate_id=row["candidate_id"],
                        week_date=row["week_date"],
                        region_code=row["region_code"],
                        severity=row["severity"],
                        status=case.status,
                        version=case.version,
                        case_state=_canonical(asdict(case)),
                        payload=payload,
                    )
                )
                digest = hashlib.sha256(payload.encode()).hexdigest()
                self._append(connection, row["candidate_id"], "registered", "pipeline", {"payload_sha256": digest})
                inserted += 1
        return inserted

    def decide(self, candidate_id: str, action: Action) -> Case:
        """Apply one step of the lifecycle and record it.

        Raises:
            LedgerError: if there is no such candidate.
            LifecycleError: if the rules do not allow the step; nothing is recorded then.
        """
        with self._writing() as connection:
            row = self._row(connection, candidate_id)
            case = advance(_case(row["case_state"]), action)
            changed = connection.execute(
                CANDIDATES.update()
                .where(CANDIDATES.c.candidate_id == candidate_id, CANDIDATES.c.version == case.version - 1)
                .values(status=case.status, version=case.version, case_state=_canonical(asdict(case)))
            )
            if changed.rowcount != 1:
                raise LedgerError(f"candidate {candidate_id}: changed by somebody else; look at it again")
            details = {"reason": action.reason, "outcome": action.outcome, "case": asdict(case)}
            self._append(connection, candidate_id, action.kind, action.actor, details)
        return case

    def case(self, candidate_id: str) -> Case:
        """Where a candidate stands.

        Raises:
            LedgerError: if there is no such candidate.
        """
        with self.engine.connect() as connection:
            return _case(self._row(connection, candidate_id)["case_state"])

    def candidate(self, candidate_id: str) -> dict[str, Any]:
        """What was registered for a candidate, with its present status and its events.

        Raises:
            LedgerError: if there is no such candidate.
        """
        with self.engine.connect() as connection:
            row = self._row(connection, candidate_id)
            events = connection.execute(
                sa.select(EVENTS).where(EVENTS.c.candidate_id == candidate_id).order_by(EVENTS.c.sequence)
            ).mappings()
            shown = [{name: event[name] for name in ("sequence", "kind", "actor", "recorded_at")} for event in events]
        return {
            **json.loads(row["payload"]),
            "status": row["status"],
            "version": row["version"],
            "events": shown,
        }

    def candidates(self, status: str | None = None) -> list[dict[str, Any]]:
        """Registered candidates, newest week first, optionally of one status.

        Raises:
            LedgerError: if there is no such status.
        """
        if status is not None and status not in STATUSES:
            raise LedgerError(f"no status {status!r}: choose one of {', '.join(STATUSES)}")
        query = sa.select(CANDIDATES).order_by(
            CANDIDATES.c.week_date.desc(), CANDIDATES.c.severity.desc(), CANDIDATES.c.candidate_id
        )
        if status is not None:
            query = query.where(CANDIDATES.c.status == status)
        with self.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return [{**json.loads(row["payload"]), "status": row["status"]} for row in rows]

    def counts_by_status(self) -> dict[str, int]:
        """Number of candidates in every status, zeros included."""
        query = sa.select(CANDIDATES.c.status, sa.func.count()).group_by(CANDIDATES.c.status)
        with self.engine.connect() as connection:
            found = {str(status): int(count) for status, count in connection.execute(query)}
        return {status: found.get(status, 0) for status in STATUSES}

    def verify(self) -> Verification:
        """Recompute the chain and compare candidates with what the events say of them."""
        previous, expected = GENESIS, 1
        digests: dict[str, str] = {}
        states: dict[str, str] = {}
        with self.engine.connect() as connection:
            for event in connection.execute(sa.select(EVENTS).order_by(EVENTS.c.sequence)).mappings():
                problem = _fault(dict(event), previous, expected)
                if problem:
                    return Verification(False, expected - 1, previous, problem)
                content = json.loads(event["payload"])
                if event["kind"] == "registered":
                    digests[event["candidate_id"]] = content["payload_sha256"]
                    states[event["candidate_id"]] = _canonical(asdict(Case()))
                else:
                    states[event["candidate_id"]] = _canonical(content["case"])
                previous, expected = event["event_hash"], expected + 1
            rows = connection.execute(sa.select(CANDIDATES)).mappings().all()
        problem = _disagreement([dict(row) for row in rows], digests, states)
        return Verification(problem is None, expected - 1, previous, problem)

    def _row(self, connection: sa.Connection, candidate_id: str) -> Mapping[str, Any]:
        query = sa.select(CANDIDATES).where(CANDIDATES.c.candidate_id == candidate_id)
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise LedgerError(f"no candidate {candidate_id!r} in the ledger")
        return dict(row)

    def _append(
        self, connection: sa.Connection, candidate_id: str, kind: str, actor: str, payload: Mapping[str, Any]
    ) -> None:
        """Add one event after the last; its time is never before the last one's, whatever the clock does."""
        last = connection.execute(sa.select(EVENTS).order_by(EVENTS.c.sequence.desc()).limit(1)).mappings().first()
        moment = self.clock().astimezone(UTC).isoformat(timespec="microseconds")
        content = {
            "sequence": 1 if last is None else last["sequence"] + 1,
            "candidate_id": candidate_id,
            "kind": kind,
            "actor": actor,
            "recorded_at": moment if last is None else max(moment, last["recorded_at"]),
            "payload": _canonical(payload),
            "previous_hash": GENESIS if last is None else last["event_hash"],
        }
        connection.execute(EVENTS.insert().values(**content, event_hash=_hash(content)))


def _manual_transactions(connection: Any, _record: Any) -> None:
    """Let SQLAlchemy begin transactions itself, so that a reader never holds a stale end of the chain."""
    connection.isolation_level = None


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the ledger")


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(content).encode()).hexdigest()


def _case(state: str) -> Case:
    return Case(**json.loads(state))


def _fault(event: Mapping[str, Any], previous: str, expected: int) -> str | None:
    content = {name: event[name] for column in EVENTS.columns if (name := column.name) != "event_hash"}
    if event["sequence"] != expected:
        return f"event {expected} is missing"
    if event["previous_hash"] != previous:
        return f"event {expected} does not follow the event before it"
    if _hash(content) != event["event_hash"]:
        return f"event {expected} was changed after it was written"
    return None


def _disagreement(rows: list[dict[str, Any]], digests: Mapping[str, str], states: Mapping[str, str]) -> str | None:
    seen = set()
    for row in rows:
        name = row["candidate_id"]
        seen.add(name)
        if name not in digests:
            return f"candidate {name} was never registered by an event"
        if hashlib.sha256(row["payload"].encode()).hexdigest() != digests[name]:
            return f"candidate {name} was changed after it was registered"
        if row["case_state"] != states[name] or row["status"] != json.loads(states[name])["status"]:
            return f"candidate {name} stands at {row['status']}, the events say otherwise"
    missing = sorted(set(digests) - seen)
    return f"candidate {missing[0]} was removed" if missing else None
