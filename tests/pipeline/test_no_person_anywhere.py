"""Three hundred pieces of personal data in every format go through the real command; none comes out anywhere."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

pytestmark = pytest.mark.slow

_spec = importlib.util.spec_from_file_location("planted_persons", Path(__file__).with_name("planted_persons.py"))
assert _spec is not None
assert _spec.loader is not None
planted_persons = importlib.util.module_from_spec(_spec)
sys.modules["planted_persons"] = planted_persons
_spec.loader.exec_module(planted_persons)


def as_text(path: Path) -> str:
    """What an inbox file holds, unpacked."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    return pl.read_parquet(path).write_ndjson() if path.suffix == ".parquet" else path.read_text(encoding="utf-8")


def contents(home: Path) -> Iterator[tuple[str, str]]:
    """(where, text) of everything a home holds outside its inbox; tables and databases as text."""
    for folder in sorted({path.parent for path in home.rglob("*.parquet") if not path.is_relative_to(home / "inbox")}):
        yield str(folder.relative_to(home)), pl.read_parquet(folder / "*.parquet").write_ndjson()
    for path in sorted(home.rglob("*")):
        inside = path.is_relative_to(home / "inbox") or path.is_relative_to(home / "keys")
        if not path.is_file() or inside or path.suffix == ".parquet":
            continue
        where = str(path.relative_to(home))
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as base:
                for (table,) in base.execute("select table_name from information_schema.tables").fetchall():
                    yield f"{where}:{table}", str(base.execute(f'select * from "{table}"').fetchall())
        else:
            # Databases of SQLite hold their texts as UTF-8.
            yield where, path.read_bytes().decode("utf-8", "replace")


def test_three_hundred_pieces_leave_no_trace(demo, kelisim, tmp_path: Path) -> None:
    pieces = planted_persons.planted()
    assert len(pieces.traces) == 300
    assert len(set(pieces.traces)) == 300
    home = tmp_path / "home"
    shutil.copytree(demo.home, home)
    planted_persons.write_inbox(home / "inbox", pieces)
    raw = "".join(as_text(path) for path in (home / "inbox").glob("planted_*"))
    assert [trace for trace in pieces.traces if trace not in raw] == []
    outcome = kelisim(home, "run", "--quarter", "2026-Q3", "--lang", "en")
    assert outcome.code == 0, outcome.err + outcome.out
    files = pl.read_parquet(home / "lake" / "out_inbox__files" / "*.parquet")
    ours = files.filter(pl.col("file_name").str.starts_with("planted_"))
    assert ours.height == len(planted_persons.FORMATS)
    assert ours["status"].unique().to_list() == ["partly_quarantined"]
    assert ours["rows_kept"].sum() >= len(pieces.texts)
    assert ours["rows_quarantined"].sum() == 3 * len(planted_persons.FORMATS)
    found: dict[str, list[str]] = {}
    read = 0
    for where, text in [*contents(home), ("stdout", outcome.out), ("stderr", outcome.err)]:
        read += 1
        if traces := [trace for trace in pieces.traces if trace in text]:
            found[where] = traces[:5]
    assert read > 40
    assert found == {}


def test_pseudonyms_stay_out_of_every_published_table(demo) -> None:
    tables = sorted({path.parent for path in (demo.home / "lake").glob("out_*/*.parquet")})
    assert len(tables) > 5
    with_authors = [
        table.name for table in tables if "author_pseudonym" in pl.scan_parquet(table / "*.parquet").collect_schema()
    ]
    assert with_authors == []
    raw = pl.scan_parquet(demo.home / "lake" / "core_feeds__messages" / "*.parquet")
    known = raw.select(pl.col("author_pseudonym").drop_nulls().unique().head(200)).collect().to_series().to_list()
    assert len(known) > 20
    text = "".join(
        pl.read_parquet(path).write_ndjson() for table in tables for path in sorted(table.glob("*.parquet"))[:8]
    )
    assert [one for one in known if one in text] == []
