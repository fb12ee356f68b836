"""One small demo home, made once by the real command, and cheap homes that share its fitted model."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

DEMO_MESSAGES = 3_000
DEMO_RESPONDENTS = 1_200
QUARTER = "2026-Q3"


@dataclass(frozen=True)
class Outcome:
    """What a call of the command said and how it ended."""

    home: Path
    code: int
    out: str
    err: str


COMMAND = (sys.executable, "-c", "from pipelines.cli import main; main()")


def environment() -> dict[str, str]:
    """The environment of every call: a small demo and a fixed moment."""
    return os.environ | {
        "KELISIM_DEMO_MESSAGES": str(DEMO_MESSAGES),
        "KELISIM_DEMO_RESPONDENTS": str(DEMO_RESPONDENTS),
        "KELISIM_AS_OF": "2026-10-20T00:00:00Z",
    }


def call(home: Path, *arguments: str) -> Outcome:
    """Run `kelisim` in a process of its own, as a user does."""
    done = subprocess.run(
        [*COMMAND, *arguments, "--home", str(home)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return Outcome(home, done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def demo(once: Callable[[str, Callable[[Path], None]], Path], fitted_models: Path) -> Outcome:
    """The demo quarter, from a home that holds only the fitted model; tests that change a home take a copy."""

    def make(folder: Path) -> None:
        shutil.copytree(fitted_models, folder / "home" / "models")
        outcome = call(folder / "home", "run", "--quarter", QUARTER, "--lang", "en")
        assert outcome.code == 0, outcome.err + outcome.out
        (folder / "out").write_text(outcome.out, encoding="utf-8")
        (folder / "err").write_text(outcome.err, encoding="utf-8")

    folder = once("demo", make)
    out, err = ((folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
    return Outcome(folder / "home", 0, out, err)


@pytest.fixture(scope="session")
def kelisim() -> Callable[..., Outcome]:
    """`kelisim(home, *arguments)`: one call of the command."""
    return call


@pytest.fixture(scope="session")
def started() -> Callable[..., subprocess.Popen[bytes]]:
    """`started(home, *arguments)`: the command running, to be killed."""

    def start(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*COMMAND, *arguments, "--home", str(home)],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    return start


@pytest.fixture
def new_home(demo: Outcome, tmp_path: Path) -> Callable[[], Path]:
    """A home with an empty inbox and the model that the demo fitted."""

    def make() -> Path:
        home = tmp_path / "home"
        (home / "inbox").mkdir(parents=True)
        shutil.copytree(demo.home / "models", home / "models")
        return home

    return make
