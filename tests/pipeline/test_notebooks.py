"""Every notebook runs on the demo's warehouse in three languages, shows its mark, and writes nothing."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NAMES = ("tour", "plan_met", "what_changed", "can_it_be_trusted", "discourse_safely", "audit_alert")
MARKS = {"kk": "СИНТЕТИКАЛЫҚ", "ru": "СИНТЕТИЧЕСКИЕ", "en": "SYNTHETIC"}
pytestmark = pytest.mark.slow


def run(name: str, **given: object) -> tuple[str, dict[str, Any]]:
    """The notebook's outputs as text, and what its cells define."""
    spec = importlib.util.spec_from_file_location(f"notebook_{name}", NOTEBOOKS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    outputs, defined = module.app.run(defs=given) if given else module.app.run()
    return "\n".join(getattr(one, "text", str(one)) for one in outputs if one is not None), dict(defined)


@pytest.fixture(autouse=True)
def reads_the_demo(demo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KELISIM_HOME", str(demo.home))
    monkeypatch.syspath_prepend(str(NOTEBOOKS))


def test_all_notebooks_are_tested() -> None:
    held = {path.stem for path in NOTEBOOKS.glob("*.py") if "marimo.App(" in path.read_text(encoding="utf-8")}
    assert held == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_notebook_runs_and_writes_nothing(name: str, demo: Any) -> None:
    before = hashlib.sha256((demo.home / "warehouse.duckdb").read_bytes()).hexdigest()
    shown, defined = run(name)
    assert MARKS["ru"] in shown
    assert len(defined) > 3
    assert hashlib.sha256((demo.home / "warehouse.duckdb").read_bytes()).hexdigest() == before


def test_words_follow_the_language(demo: Any) -> None:
    for language, mark in MARKS.items():
        import wording  # pyright: ignore[reportMissingImports]

        assert mark in wording.banner(language)
        _, defined = run("plan_met", language=language)
        assert len(defined["verdicts"]) == 6


def test_without_a_warehouse_a_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KELISIM_HOME", str(tmp_path))
    shown, _ = run("tour")
    assert "make run" in shown
    assert "Traceback" not in shown
