"""Files appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.whole_file import whole_file


def test_the_name_appears_when_the_block_is_done(tmp_path: Path):
    path = tmp_path / "new" / "table.csv"
    with whole_file(path) as beside:
        beside.write_text("a,b", encoding="utf-8")
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "a,b"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_older_file_and_nothing_else(tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_text("older", encoding="utf-8")

    def fail() -> None:
        with whole_file(path) as beside:
            beside.write_text("half", encoding="utf-8")
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fail()
    assert path.read_text(encoding="utf-8") == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_run_left_is_in_nobodys_way(tmp_path: Path):
    path = tmp_path / "table.csv"
    (tmp_path / ".table.csv.part").write_text("a" * 100, encoding="utf-8")
    with whole_file(path) as beside, beside.open("a", encoding="utf-8") as stream:
        stream.write("b")
    assert path.read_text(encoding="utf-8") == "b"
