"""`annotate IN -o OUT` on files an analyst may bring."""

from __future__ import annotations

import gzip
import json

import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.commands.text import app

ROWS = [
    {"id": 1, "text": "Алматыда қазақтар мен орыстар тату", "published_at": "2026-07-01T10:00:00Z"},
    {"id": 2, "text": "Русский язык в Шымкенте"},
    {"id": 3, "text": ""},
    {"id": 4, "text": "\ud800 битый суррогат"},
]


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz", "in.csv", "in.parquet"])
@pytest.mark.parametrize("out", ["out.parquet", "out.jsonl"])
def test_formats(tmp_path, name, out):
    source, target = tmp_path / name, tmp_path / out
    lines = "\n".join(json.dumps(row) for row in ROWS)
    if name.endswith(".gz"):
        source.write_bytes(gzip.compress(lines.encode()))
    elif name.endswith(".jsonl"):
        source.write_text(lines, "utf-8")
    else:
        frame = pl.DataFrame({"id": [1, 2, 3], "text": [row["text"] for row in ROWS[:3]]})
        frame.write_csv(source) if name.endswith("csv") else frame.write_parquet(source)
    result = run(source, "-o", target)
    assert result.exit_code == 0, result.output
    rows = pl.read_parquet(target) if out.endswith("parquet") else pl.read_ndjson(target)
    first = rows.row(0, named=True)
    assert (first["language"], first["script"], first["region_code"]) == ("kk", "cyrillic", "KZ-75")
    assert [group["group"] for group in first["groups"]] == ["kazakh", "russian"]
    assert set(first["groups"][0]) == {"group", "surface", "start", "end", "is_person", "is_slur", "slur_severity"}
    assert rows["duplicate_cluster_id"].is_not_null().all()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.jsonl", '{"id": 1, "text": "a"}\n{"id": 2, "te', "line 2: not JSON"),
        ("in.jsonl", '{"id": 1}\n', "no column text"),
        ("in.jsonl", '{"id": 1, "text": "a"}\n{"id": 1, "text": "b"}\n', "twice"),
        ("in.jsonl", "[1, 2]\n", "expected an object"),
        ("in.csv", "", "empty"),
        ("in.docx", "x", "use .csv"),
        ("in.parquet", "not parquet", "cannot be read"),
    ],
)
def test_bad_input_ends_with_code_two_and_no_file(tmp_path, name, content, message):
    source = tmp_path / name
    source.write_text(content, "utf-8")
    result = run(source, "-o", tmp_path / "out.parquet")
    assert result.exit_code == 2
    assert message in result.output
    assert str(source) in result.output.replace("\n", "")
    assert [path.name for path in tmp_path.iterdir()] == [name]
