"""A SQLAlchemy dialect for DuckDB that keeps results after the connection went back to its pool.

Great Expectations returns the connection before it reads the rows, and DuckDB's results end with the connection.
"""

from __future__ import annotations

from pathlib import Path

from duckdb_sqlalchemy import Dialect, DuckDBExecutionContext
from sqlalchemy.dialects import registry
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

DIALECT = "kelisimduckdb"


class BufferedExecutionContext(DuckDBExecutionContext):
    """Reads every row of a result while the statement's connection is still held."""

    def post_exec(self) -> None:
        """Replace the lazy cursor by its rows."""
        super().post_exec()
        if self.cursor.description:
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
                self.cursor, initial_buffer=self.cursor.fetchall()
            )


class BufferedDialect(Dialect):
    """DuckDB's dialect with buffered results."""

    supports_statement_cache = True
    execution_ctx_cls = BufferedExecutionContext


def connection_string(database: Path) -> str:
    """URL of a DuckDB file under the buffered dialect, which is registered on first use."""
    registry.register(DIALECT, __name__, BufferedDialect.__name__)
    return f"{DIALECT}:///{database}"
