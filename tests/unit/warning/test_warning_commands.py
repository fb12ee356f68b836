"""`detect` and `alerts` as an operator calls them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.commands.warning import app

RUNNER = CliRunner()


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    counts = np.random.default_rng(8).poisson(4, 220)
    counts[-1] = 30
    path = tmp_path / "series.csv"
    pl.DataFrame({"week": range(1, 221), "count": counts}).write_csv(path)
    return path


def test_detect_answers_point_by_point(csv: Path) -> None:
    options = ["--method", "farrington_flexible", "--range", "211", "220", "--alpha", "0.01", "--b", "3", "--w", "3"]
    result = RUNNER.invoke(app, ["detect", str(csv), *options, "--format", "json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert [row["index"] for row in rows] == list(range(211, 221))
    assert {"expected", "upperbound", "alarm", "score"} <= set(rows[0])
    assert rows[-1]["alarm"] is True
    assert sum(row["alarm"] for row in rows) == 1


def test_what_is_not_known_is_null(tmp_path: Path) -> None:
    path = tmp_path / "zeros.csv"
    pl.DataFrame({"week": range(1, 261), "count": [0] * 260}).write_csv(path)
    rows = json.loads(
        RUNNER.invoke(app, ["detect", str(path), "--method", "farrington_flexible", "--format", "json"]).stdout
    )
    assert rows[0]["upperbound"] is None
    assert rows[0]["note"]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("week,count\n1,2\n2,-1\n", [], "row 2"),
        ("week,count\n1,2\n", ["--method", "magic"], "choose one of"),
        ("week,count\n1,2\n", ["--format", "xml"], "choose json"),
        ("", [], "not a readable table"),
    ],
)
def test_bad_input_ends_with_code_2_and_a_sentence(
    tmp_path: Path, content: str, options: list[str], message: str
) -> None:
    path = tmp_path / "series.csv"
    path.write_text(content)
    result = RUNNER.invoke(app, ["detect", str(path), *options])
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
