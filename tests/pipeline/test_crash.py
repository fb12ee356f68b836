"""A run killed in the middle leaves no half-written partition, and the next run completes."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

QUARTER = "2026-Q3"
ROWS = 2_000
MAPPING = """\
format: csv
source: {source_id: test-rain, source_name: Test rain, source_kind: social}
columns: {published_at: published, text: text, message_ref: id}
date_formats: [iso]
"""
pytestmark = pytest.mark.slow


def wait_for(found: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    """Poll until something is there; fail if the process ends first."""
    end = time.monotonic() + seconds
    while not found():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < end, "nothing was staged"


def write_feed(inbox: Path) -> None:
    """Messages of forty days as a mapped CSV."""
    lines = ["id,published,text"]
    lines += [f"{n},2026-08-{n % 20 + 1:02d}T10:00:00,Ауылда бүгін жаңбыр жауды {n}" for n in range(ROWS // 2)]
    lines += [f"{n},2026-09-{n % 20 + 1:02d}T10:00:00,Сегодня в селе дождь {n}" for n in range(ROWS // 2, ROWS)]
    (inbox / "rain.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (inbox / "rain.mapping.yml").write_text(MAPPING, encoding="utf-8")


def test_killed_and_run_again(
    new_home: Callable[[], Path], kelisim: Callable[..., Any], started: Callable[..., Any]
) -> None:
    home = new_home()
    write_feed(home / "inbox")
    process = started(home, "run", "--quarter", QUARTER, "--lang", "en")
    staging = home / "staging"
    wait_for(lambda: any(staging.glob("*/core_feeds__messages/*.parquet")), process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for path in (home / "lake").rglob("*.parquet"):
        pl.read_parquet(path)
    assert not list((home / "lake").rglob(".*.part"))
    again = kelisim(home, "run", "--quarter", QUARTER, "--lang", "en")
    assert again.code == 0, again.err
    files = pl.read_parquet(sorted((home / "lake" / "out_inbox__files").glob("*.parquet")))
    messages = pl.read_parquet(sorted((home / "lake" / "core_feeds__messages").glob("*.parquet")))
    assert messages.height == files["rows_kept"].sum() == ROWS
    assert messages["message_id"].n_unique() == messages.height
