"""The main job on the synthetic demo: what it makes, and that what it says is true."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from data_contracts.contract import table_contracts
from models.simulation.truth import true_indicators
from pipelines.resources.ledger import Ledger

QUARTER = "2026-Q3"
DEMO_MESSAGES = 3_000
LANGUAGES = ("kk", "ru", "en")
OF_OTHER_JOBS = {"out_discourse__model_changes"}
"""Made when a model is retrained, not in the main job."""

pytestmark = pytest.mark.slow


def table(home: Path, name: str) -> pl.DataFrame:
    files = sorted((home / "lake" / name).glob("*.parquet"))
    assert files, name
    return pl.read_parquet(files)


def test_every_table_is_published(demo: Any) -> None:
    empty = {name for name in table_contracts() if not list((demo.home / "lake" / name).glob("*.parquet"))}
    assert empty == OF_OTHER_JOBS
    assert not list((demo.home / "staging").rglob("*.parquet")), "nothing stays staged after a good run"


def test_rows_in_are_kept_duplicate_or_quarantined(demo: Any) -> None:
    files = table(demo.home, "out_inbox__files")
    assert files.height > 30
    parts = pl.sum_horizontal("rows_kept", "rows_duplicate", "rows_quarantined")
    assert files.filter(pl.col("rows_in") != parts).is_empty()
    feeds = files.filter(pl.col("kind") == "feed")
    assert feeds["rows_kept"].sum() == table(demo.home, "core_feeds__messages").height == DEMO_MESSAGES
    copies = table(demo.home, "core_feeds__messages")["copy_count"].sum()
    raw = table(demo.home, "raw_feeds__messages").height
    assert copies == raw
    same = files.filter(pl.col("status") == "same_file")
    assert same.height == 1
    assert feeds["rows_duplicate"].sum() == raw - DEMO_MESSAGES + same["rows_in"].sum()


def test_the_three_indicators_are_near_the_truth(demo: Any) -> None:
    truth = true_indicators().filter(pl.col("domain") == "country")
    estimates = table(demo.home, "out_indicators__estimates").filter(pl.col("domain") == "country")
    both = estimates.join(truth, on=["indicator_id", "year"])
    assert both.height == 3 * 6
    score = (both["estimate_pct"] - both["true_pct"]) / both["se_pct"]
    assert score.abs().max() < 4.5
    assert (score.abs() < 2.6).sum() >= 16
    assert both.select(pl.col("ci_low_pct") < pl.col("estimate_pct")).to_series().all()


def test_the_ledger_holds_the_candidates_and_nothing_is_decided(demo: Any) -> None:
    candidates = table(demo.home, "out_warning__candidates")
    ledger = Ledger(f"sqlite:///{demo.home / 'ledger.sqlite'}")
    assert ledger.verify().is_intact
    assert {row["candidate_id"] for row in ledger.candidates()} == set(candidates["candidate_id"])
    assert {status for status, count in ledger.counts_by_status().items() if count} <= {"awaiting_review"}
    assert not list((demo.home / "outbox").iterdir())


def test_bulletins_say_synthetic_and_need_no_network(demo: Any) -> None:
    folder = demo.home / "bulletins" / QUARTER
    words = {"kk": "СИНТЕТИКАЛЫҚ", "ru": "СИНТЕТИЧЕСКИЕ", "en": "SYNTHETIC"}
    issues = table(demo.home, "out_bulletin__issues")
    for language in LANGUAGES:
        page = (folder / f"kelisim-{QUARTER}-{language}.html").read_text(encoding="utf-8")
        assert f'lang="{language}"' in page
        assert words[language] in page.upper()
        assert "<script" not in page
        assert len(page.encode()) == issues.filter(pl.col("language") == language)["byte_count"][0] < 3_000_000


def test_the_warehouse_answers_and_explains_itself(demo: Any) -> None:
    with duckdb.connect(str(demo.home / "warehouse.duckdb"), read_only=True) as connection:
        verdicts = connection.execute("SELECT count(*) FROM plan_verdicts").fetchone()
        comments = connection.execute(
            "SELECT table_name, comment FROM duckdb_tables() WHERE comment IS NOT NULL"
        ).fetchall()
        columns = connection.execute(
            "SELECT count(*) FROM duckdb_columns() WHERE table_name LIKE 'out_%' AND comment IS NULL AND NOT internal"
        ).fetchone()
        pseudonyms = connection.execute(
            "SELECT count(*) FROM duckdb_columns() WHERE column_name LIKE '%pseudonym%'"
        ).fetchone()
    assert verdicts and verdicts[0] >= 18
    assert {name for name, _ in comments} == {name for name in table_contracts() if name.startswith("out_")}
    assert columns == (0,)
    assert pseudonyms == (0,)


def test_the_summary_tells_indicators_counts_and_costs(demo: Any) -> None:
    for phrase in ("Quarter 2026-Q3", "SYNTHETIC", "Estimate, %", "Quarantined", "awaiting review", "Peak memory"):
        assert phrase in demo.out
    assert str(demo.home / "warehouse.duckdb") in demo.out.replace("\n", "")


def test_checks_found_something_to_check(demo: Any) -> None:
    reports = [json.loads(path.read_text()) for path in (demo.home / "checks").glob("*.json")]
    assert {report["table"] for report in reports} == set(table_contracts()) - OF_OTHER_JOBS
    assert sum(report["row_count"] for report in reports) > 10_000
    assert all(result["is_held"] for report in reports for result in report["results"])


def test_a_second_run_reads_nothing_again_and_says_the_same(
    demo: Any, kelisim: Callable[..., Any], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo.home, home)
    before = {path: path.stat().st_mtime_ns for path in (home / "lake").rglob("*.parquet")}
    again = kelisim(home, "run", "--quarter", QUARTER, "--lang", "ru")
    assert again.code == 0, again.err
    kept = {path for path, moment in before.items() if path.stat().st_mtime_ns == moment}
    for name in ("raw_survey__answers", "raw_feeds__messages", "core_feeds__messages", "core_discourse__labels"):
        assert set((home / "lake" / name).glob("*.parquet")) <= kept, name
    assert table(home, "out_bulletin__figures").equals(table(demo.home, "out_bulletin__figures"))
    assert "СИНТЕТИЧЕСКИЕ" in again.out


def test_no_absolute_path_or_key_in_published_tables(demo: Any) -> None:
    key = next((demo.home / "keys").glob("*.key")).read_bytes()
    for path in (demo.home / "lake").rglob("*.parquet"):
        content = path.read_bytes()
        assert key not in content
        assert str(demo.home).encode() not in content
