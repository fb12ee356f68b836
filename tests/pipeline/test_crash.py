"""A run killed in the middle leaves no half-written partition, and the next run completes."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

QUARTER = "2026-Q3"
pytestmark = pytest.mark.slow


def wait_for(found: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    """Poll until something is there; fail if the process ends first."""
    end = time.monotonic() + seconds
    while not found():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < end, "nothing was staged"


def test_killed_and_run_again(
    demo: Any, new_home: Callable[[], Path], kelisim: Callable[..., Any], started: Callable[..., Any]
) -> None:
    home = new_home()
    for pattern in ("*telegram_shymkent*", "*comments_csv*"):
        for path in (demo.home / "inbox").glob(pattern):
            shutil.copy(path, home / "inbox")
    process = started(home, "run", "--quarter", QUARTER, "--lang", "en")
    staging = home / "staging"
    wait_for(lambda: any(staging.glob("*/core_feeds__messages/*.parquet")), process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for path in (home / "lake").rglob("*.parquet"):
        pl.read_parquet(path)
    assert not list((home / "lake").rglob("*.new"))
    again = kelisim(home, "run", "--quarter", QUARTER, "--lang", "en")
    assert again.code == 0, again.err
    files = pl.read_parquet(sorted((home / "lake" / "out_inbox__files").glob("*.parquet")))
    messages = pl.read_parquet(sorted((home / "lake" / "core_feeds__messages").glob("*.parquet")))
    assert messages.height == files["rows_kept"].sum() > 100
    assert messages["message_id"].n_unique() == messages.height
