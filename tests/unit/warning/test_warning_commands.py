"""`detect` and `alerts` as an operator calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from models.warning.detection import Method
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
        ("week,count\n1,2\n2,-1\n", [], "row 2, week 2: count '-1' is not a whole number"),
        ("week,count\n1,2\n2,1.5\n", [], "series.csv: row 2, week 2"),
        ("week,count\n1,2\n1,3\n", [], "week 1 stands there more than once"),
        ("week,count,region_code\n1,2,KZ-31\n2,3,KZ-99\n", [], "row 2: region_code 'KZ-99' is no region"),
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


@pytest.mark.parametrize("method", get_args(Method))
def test_holes_zeros_and_a_giant_week_are_answered_by_every_method(tmp_path: Path, method: str) -> None:
    counts = np.random.default_rng(8).poisson(3, 260).astype(object)
    counts[[40, 41, 190]] = None
    counts[120] = 10**12
    rows = [(week, count, code) for code in ("KZ-31", "unknown") for week, count in enumerate(counts, start=1)]
    rows += [(week, 0, "KZ-10") for week in range(1, 261) if week % 50]
    path = tmp_path / "series.csv"
    pl.DataFrame(rows, schema=["week", "count", "region_code"], orient="row").write_csv(path)
    options = ["--method", method, "--range", "255", "259", "--format", "json"]
    result = RUNNER.invoke(app, ["detect", str(path), *options])
    assert result.exit_code == 0, result.output
    answers = json.loads(result.stdout)
    assert [row["series"] for row in answers[::5]] == ["KZ-31", "unknown", "KZ-10"]
    assert not any(row["alarm"] for row in answers[10:])
    assert answers[:5] == [row | {"series": "KZ-31"} for row in answers[5:10]] or method == "gamma_poisson"
