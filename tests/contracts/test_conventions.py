"""Conventions that hold over the whole tree; each test first makes sure that it found something to look at."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pipelines", "assets", "desk", "models", "data_contracts")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "base", "constants"}
MAXIMUM_FILE_LINES = 400
MAXIMUM_FUNCTION_LINES = 50
LANGUAGES = {"kk", "ru", "en"}
OTHERS = {".venv", ".venv-encoder", ".git", ".hypothesis", ".ruff_cache", ".pytest_cache", "var"}


def sources() -> list[Path]:
    found = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    assert len(found) > 40
    return found


def code_lines(text: str) -> int:
    return sum(1 for line in text.splitlines() if line.strip() and not line.strip().startswith("#"))


def test_no_forbidden_file_names() -> None:
    assert [path for path in sources() if path.stem in FORBIDDEN_NAMES] == []


def test_no_file_is_too_long() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in [*sources(), *sorted((ROOT / "tests").rglob("*.py"))]
        if (lines := code_lines(path.read_text(encoding="utf-8"))) > MAXIMUM_FILE_LINES
    }
    assert long == {}


def test_no_function_is_too_long() -> None:
    found = 0
    long = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found += 1
                body = node.body
                documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
                first = body[1].lineno if documented and len(body) > 1 else node.lineno
                if (lines := (node.end_lineno or 0) - first + 1) > MAXIMUM_FUNCTION_LINES:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = lines
    assert found > 100
    assert long == {}


def test_package_files_hold_one_docstring() -> None:
    files = [path for path in sources() if path.name == "__init__.py"]
    assert len(files) >= len(PACKAGES)
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert len(tree.body) == 1, f"{path}: one docstring line only"
        assert ast.get_docstring(tree), f"{path}: no docstring"


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in sources() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_models_are_pure() -> None:
    forbidden = re.compile(
        r"^\s*(?:import|from) (?:dagster|duckdb|great_expectations|sqlalchemy|requests|httpx)\b"
        r"|datetime\.now\(|date\.today\(|time\.time\(|os\.environ|os\.getenv",
        re.MULTILINE,
    )
    files = sorted((ROOT / "models").rglob("*.py"))
    assert len(files) > 20
    assert {path.name: found.group() for path in files if (found := forbidden.search(path.read_text()))} == {}


def trilingual_gaps(node: object, place: str) -> list[str]:
    if isinstance(node, dict):
        keys = {key for key in node if isinstance(key, str)}
        if keys & LANGUAGES and keys <= LANGUAGES and keys != LANGUAGES and "kk" not in place.split("/")[-1]:
            return [f"{place}: only {sorted(keys)}"]
        return [gap for key, value in node.items() for gap in trilingual_gaps(value, f"{place}/{key}")]
    if isinstance(node, list):
        return [gap for number, item in enumerate(node) for gap in trilingual_gaps(item, f"{place}/{number}")]
    return []


@pytest.mark.parametrize("folder", ["tables", "sources"])
def test_contracts_speak_three_languages(folder: str) -> None:
    files = sorted((ROOT / "data_contracts" / folder).glob("*.yml"))
    assert len(files) >= 4
    gaps = [
        gap for path in files for gap in trilingual_gaps(yaml.safe_load(path.read_text(encoding="utf-8")), path.name)
    ]
    assert gaps == []


def test_no_machine_paths_or_registry_hosts() -> None:
    hosts = ["py" + "pi.org", "python" + "hosted", "npm" + "js.org", "debian" + ".org", "/" + "work/", "bash" + "_jobs"]
    checked = 0
    found = []
    for path in sorted(ROOT.rglob("*")):
        if path.is_dir() or path.suffix not in {".py", ".md", ".yml", ".toml", ".lock", ".txt", ".R", ""}:
            continue
        if OTHERS & set(path.relative_to(ROOT).parts):
            continue
        checked += 1
        text = path.read_text(encoding="utf-8", errors="ignore")
        found.extend(f"{path.relative_to(ROOT)}: {host}" for host in hosts if host in text)
    assert checked > 50
    assert found == []


def test_every_dependency_has_a_reason() -> None:
    text = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8")
    listed = re.findall(r'^\s+"([a-z0-9-]+)[\[=><]', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert len(listed) > 25
    assert [name for name in listed if f"`{name}`" not in text] == []
