"""Dagster's event log in one SQLite file over one pooled connection.

Dagster's own SQLite storages open a new engine for each event and so compile every statement again; a run over
two years of daily partitions writes thousands of events and spent most of its time there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import sqlalchemy as sa
import sqlalchemy.event
from dagster._core.storage.event_log.sqlite.consolidated_sqlite_event_log import (
    ConsolidatedSqliteEventLogStorage,
)

BUSY_TIMEOUT_SECONDS = 60


class PooledSqliteEventLog(ConsolidatedSqliteEventLogStorage):
    """Named in the instance's `dagster.yaml`; PostgreSQL replaces it by setting."""

    @cached_property
    def _engine(self) -> sa.Engine:
        engine = sa.create_engine(self._conn_string, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})

        @sqlalchemy.event.listens_for(engine, "connect")
        def _set_pragmas(connection: Any, _record: Any) -> None:
            # With a write-ahead log NORMAL loses no committed event when the process dies, only when power fails.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")

        return engine

    @contextmanager
    def _connect(self) -> Iterator[sa.Connection]:
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the pool with the instance."""
        super().dispose()
        self._engine.dispose()
