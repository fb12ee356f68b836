"""Every kind of broken file in one inbox: each is told by file, row and rule, and the rest is processed."""

from __future__ import annotations

import gzip
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

QUARTER = "2026-Q3"
REFERENCE = Path(__file__).parents[1] / "reference"
pytestmark = pytest.mark.slow
MAPPING = """\
format: csv
source: {source_id: test-comments, source_name: Test comments, source_kind: social}
columns: {published_at: published, text: text, message_ref: id}
date_formats: [iso]
encoding: ENCODING
"""


def mapped(inbox: Path, name: str, content: bytes, encoding: str = "utf-8") -> None:
    (inbox / name).write_bytes(content)
    (inbox / f"{name.split('.')[0]}.mapping.yml").write_text(MAPPING.replace("ENCODING", encoding))


def good_rows(start: int, count: int, words: str = "Бүгін ауа райы жақсы") -> str:
    lines = ["id,published,text"]
    lines += [f"{start + n},2026-08-{n % 28 + 1:02d}T10:00:00,{words} {start + n}" for n in range(count)]
    return "\n".join(lines) + "\n"


def broken_wave(demo_inbox: Path, inbox: Path) -> None:
    """The demo's CSV wave with an unknown region, a negative weight and a doubled respondent."""
    wave = next(demo_inbox.glob("*wave_2025*.csv"))
    lines = wave.read_text(encoding="utf-8").splitlines()
    header = [name.strip('"') for name in lines[0].split(";")]
    region, weight = header.index("регион"), header.index("вес")
    rows = [line.split(";") for line in lines[1:]]
    rows[3][region] = "999"
    rows[4][weight] = "-1.5"
    rows[6] = rows[5]
    (inbox / wave.name).write_text("\n".join([lines[0], *(";".join(row) for row in rows)]) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def outcome(demo: Any, kelisim: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("bad")
    inbox = home / "inbox"
    inbox.mkdir()
    shutil.copytree(demo.home / "models", home / "models")
    source = demo.home / "inbox"
    sav = next(source.glob("*wave_2024*.sav")).read_bytes()
    (inbox / "synthetic_wave_2024.sav").write_bytes(sav[: len(sav) // 2])
    broken_wave(source, inbox)
    shutil.copy(REFERENCE / "synthetic_wave_2023_pspp.sav", inbox)
    telegram = next(source.glob("*telegram_shymkent*.json")).read_text(encoding="utf-8")
    (inbox / "cut.json").write_text(telegram[: len(telegram) // 2], encoding="utf-8")
    (inbox / "empty.csv").write_bytes(b"")
    mapped(inbox, "good.csv", good_rows(0, 40).encode())
    mapped(inbox, "old.csv", good_rows(1000, 40, "Сегодня хорошая погода").encode("cp1251"), "cp1251")
    mapped(inbox, "future.csv", b"id,published,text\n9001,2031-01-01T00:00:00,later\n9002,2026-08-01T00:00:00,now\n")
    mapped(inbox, "long.csv", b"id,published,text\n9003,2026-08-01T00:00:00," + b"a" * 10_000_000 + b"\n")
    with gzip.open(inbox / "bomb.csv.gz", "wb", compresslevel=9) as bomb:
        for _ in range(64):
            bomb.write(b"0" * 16_000_000)
    (inbox / "bomb.mapping.yml").write_text(MAPPING.replace("ENCODING", "utf-8"))
    with zipfile.ZipFile(inbox / "sheetless.xlsx", "w") as book:
        book.writestr("readme.txt", "no workbook")
    (inbox / "page.xml").write_text("<html><body>502 Bad Gateway</body></html>", encoding="utf-8")
    (inbox / "deep.json").write_text("[" * 100_000 + "]" * 100_000, encoding="utf-8")
    (inbox / "notes.json").write_text(json.dumps({"hello": 1}), encoding="utf-8")
    return kelisim(home, "run", "--quarter", QUARTER, "--lang", "en")


def files_of(outcome: Any) -> pl.DataFrame:
    return pl.read_parquet(sorted((outcome.home / "lake" / "out_inbox__files").glob("*.parquet")))


def test_the_run_finishes(outcome: Any) -> None:
    assert outcome.code == 0, outcome.err + outcome.out
    assert "Traceback" not in outcome.err + outcome.out


REFUSED = {
    "synthetic_wave_2024.sav",
    "cut.json",
    "empty.csv",
    "long.csv",
    "bomb.csv.gz",
    "sheetless.xlsx",
    "page.xml",
    "deep.json",
    "notes.json",
}


def test_each_broken_file_is_quarantined_with_a_reason(outcome: Any) -> None:
    refused = files_of(outcome).filter(pl.col("rows_kept") == 0)
    assert set(refused["file_name"]) == REFUSED
    assert set(refused["status"]) == {"quarantined"} | (set(refused["status"]) & {"partly_quarantined"})
    assert refused.filter(pl.col("reason").is_null() & (pl.col("rows_quarantined") == 0)).is_empty()


def test_everything_else_is_processed(outcome: Any) -> None:
    kept = dict(files_of(outcome).select("file_name", "rows_kept").iter_rows())
    assert kept["good.csv"] == 40
    assert kept["old.csv"] == 40
    assert kept["future.csv"] == 1
    assert kept["synthetic_wave_2025.csv"] > 500
    assert kept["synthetic_wave_2023_pspp.sav"] == 2_306
    texts = pl.read_parquet(sorted((outcome.home / "lake" / "core_feeds__messages").glob("*.parquet")))
    assert texts.height == 81


def test_user_missing_codes_of_another_program_stay_apart(outcome: Any) -> None:
    answers = pl.read_parquet(outcome.home / "lake" / "core_survey__answers" / "2023-synthetic.parquet")
    counts = dict(answers.group_by("answer_status").len().iter_rows())
    assert counts["dont_know"] > 500
    assert counts["refused"] > 100
    assert answers.filter(pl.col("answer_code") > 5).is_empty()


def test_rows_are_told_by_number_and_rule(outcome: Any) -> None:
    problems = pl.read_parquet(sorted((outcome.home / "lake" / "core_survey__quarantine").glob("*.parquet")))
    wave = problems.filter(pl.col("file_name") == "synthetic_wave_2025.csv")
    found = {(row["row_number"], row["rule"]) for row in wave.iter_rows(named=True)}
    assert {(4, "unknown_region"), (5, "negative_weight"), (7, "duplicate_respondent")} <= found
    feed = pl.read_parquet(sorted((outcome.home / "lake" / "core_feeds__quarantine").glob("*.parquet")))
    rules = {(row["file_name"], row["row_number"], row["rule"]) for row in feed.iter_rows(named=True)}
    assert ("future.csv", 1, "future_date") in rules
    assert ("long.csv", 1, "text_too_long") in rules


def test_the_summary_and_the_notes_say_it_in_words(outcome: Any) -> None:
    for name in ("cut.json", "empty.csv", "future.csv"):
        note = (outcome.home / "quarantine" / f"{name}.txt").read_text(encoding="utf-8")
        assert len(note.splitlines()) >= 3
        assert name in note
    assert "empty.csv" in outcome.out
    assert "Not taken" in outcome.out


def test_all_sums_hold(outcome: Any) -> None:
    parts = pl.sum_horizontal("rows_kept", "rows_duplicate", "rows_quarantined")
    assert files_of(outcome).filter(pl.col("rows_in") != parts).is_empty()
