from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from models.survey.calibration import calibrate as calibrated
from models.survey.estimation import estimate
from pipelines.commands.margins_file import read_margins
from pipelines.commands.survey import app
from pipelines.commands.tables import read_table
from tests.unit.survey.r_reference import DESIGNS, areas, assert_close, expected, respondents

DESIGN = (
    *("--strata", "stratum", "--psu", "village", "--psu", "person", "--weight", "weight", "--nest"),
    *("--fpc", "villages_exist", "--fpc", "people_exist"),
)


@pytest.fixture
def waves(tmp_path: Path) -> Path:
    path = tmp_path / "wave.csv"
    respondents().write_csv(path, null_value="NA")
    return path


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


def rows(*arguments: object) -> list[dict[str, Any]]:
    return json.loads(run(*arguments, "--format", "json").stdout)


def test_estimate_gives_r_numbers_as_json(waves: Path) -> None:
    row = rows("estimate", waves, "--outcome", "trust", *DESIGN)[0]
    wanted = expected("two_stage.mean")
    for name, key in (
        ("estimate", "est"),
        ("se", "se"),
        ("ci_low", "lo"),
        ("ci_high", "hi"),
        ("deff", "deff"),
    ):
        assert_close(row[name], wanted[key], 1e-8)
    assert row["df"] == wanted["df"]
    assert {"n", "n_eff", "suppressed"} <= set(row)


def test_text_is_estimated_by_category_and_yes_no_as_one_share(waves: Path) -> None:
    found = rows("estimate", waves, "--outcome", "answer", "--kind", "proportion", *DESIGN)
    assert [row["level"] for row in found] == expected("two_stage.levels")["level"]
    assert [row["answer"] for row in found] == expected("two_stage.levels")["level"]
    (yes,) = rows("estimate", waves, "--outcome", "friend", "--kind", "proportion", "--ci", "beta", *DESIGN)
    assert_close(yes["ci_low"], expected("two_stage.beta")["lo"], 1e-6)


def test_weights_follow_from_population_sizes_or_are_equal(waves: Path) -> None:
    without = [text for text in DESIGN if "weight" not in text]
    row = rows("estimate", waves, "--outcome", "trust", *without)[0]
    assert_close(row["estimate"], expected("implied.mean")["est"], 1e-8)
    plain = run("estimate", waves, "--outcome", "trust")
    assert "all rows count equally" in plain.stderr


def test_contrast_rows_follow_the_estimates(waves: Path) -> None:
    found = rows("estimate", waves, "--outcome", "talks", "--contrast", "sex", "f", "m", *DESIGN)
    assert [row["sex"] for row in found] == ["f", "m", "f - m"]
    assert_close(found[-1]["se"], expected("two_stage.contrast")["se"], 1e-8)
    assert found[-1]["difference"] == found[-1]["estimate"]
    wrong = run("estimate", waves, "--outcome", "talks", "--contrast", "sex", "f", "x", *DESIGN, code=2)
    assert "sex has no value 'x'; it has f, m" in wrong.stderr


def test_normal_quantiles_and_suppression_are_flags_only(waves: Path) -> None:
    found = rows("estimate", waves, "--outcome", "friend", "--kind", "proportion", "--by", "village", *DESIGN)
    hidden = [row for row in found if row["suppressed"]]
    assert hidden
    assert all(row["estimate"] is not None and row["suppression_rule"] for row in hidden)
    assert rows("estimate", waves, "--outcome", "talks", "--df", "inf", *DESIGN)[0]["df"] == "inf"


def test_parquet_and_spss_hold_the_same(waves: Path, tmp_path: Path) -> None:
    import pyreadstat

    plain = rows("estimate", waves, "--outcome", "talks", *DESIGN)
    respondents().write_parquet(tmp_path / "wave.parquet")
    pyreadstat.write_sav(respondents().to_pandas(), str(tmp_path / "wave.sav"))
    for name in ("wave.parquet", "wave.sav"):
        other = rows("estimate", tmp_path / name, "--outcome", "talks", *DESIGN)
        assert_close(other[0]["se"], plain[0]["se"], 1e-12)


MARGINS = """
sex: {f: 5200, m: 4800}
age:
  18-34: 4100
  35-54: 3500
  55+: 2400
hours: 71000
"""


def test_calibrate_keeps_the_file_and_adds_the_weight(tmp_path: Path) -> None:
    data = respondents().with_columns(code=pl.format("0{}", pl.col("village")))
    data.write_csv(tmp_path / "wave.csv", null_value="NA")
    (tmp_path / "margins.yml").write_text(MARGINS)
    out = tmp_path / "out.csv"
    files = (tmp_path / "wave.csv", "--margins", tmp_path / "margins.yml", "-o", out)
    options = ("--weight", "weight", "--method", "logit", "--bounds", "0.2", "4", "--format", "json")
    done = run("calibrate", *files, *options)
    answer = json.loads(done.stdout)
    assert answer["kish_deff_after"] > answer["kish_deff_before"]
    assert {row["margin"] for row in answer["margins"]} == {"sex", "age", "hours"}
    lines = out.read_text().splitlines()
    assert lines[0].endswith(",code,calibrated_weight")
    assert [line.rsplit(",", 1)[0] for line in lines] == (tmp_path / "wave.csv").read_text().splitlines()
    assert_close(read_table(out)["calibrated_weight"], expected("calibrated.logit")["weights"], 1e-6)


def test_estimates_may_be_calibrated_on_the_way(waves: Path, tmp_path: Path) -> None:
    (tmp_path / "margins.yml").write_text(MARGINS)
    design = ("--strata", "stratum", "--psu", "village", "--weight", "weight", "--nest")
    margins = ("--margins", tmp_path / "margins.yml", "--method", "linear")
    row = rows("estimate", waves, "--outcome", "talks", *design, *margins)[0]
    assert_close(row["se"], expected("calibrated.linear")["mean"]["se"], 1e-8)


@pytest.mark.parametrize(
    "text",
    [
        "sex: {Yes: 3, No: 4}",
        "margins:\n  sex: {Yes: 3, No: 4}",
        "margins:\n- column: sex\n  totals: {Yes: 3, No: 4}",
        "- {variable: sex, categories: {Yes: 3, No: 4}}",
    ],
)
def test_margin_files_have_several_spellings_and_keep_yes_as_a_word(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.yml"
    path.write_text(text)
    assert read_margins(path) == {"sex": {"Yes": 3.0, "No": 4.0}}


def test_small_areas_take_covariates_in_either_spelling(tmp_path: Path) -> None:
    areas().write_csv(tmp_path / "areas.csv")
    wanted = expected("fay_herriot.REML")
    base = (
        "small-areas",
        tmp_path / "areas.csv",
        "--estimate",
        "y",
        "--variance",
        "variance",
        "--format",
        "json",
    )
    for spelling in (("--covariates", "x", "kind"), ("--covariates", "x", "--covariates", "factor(kind)")):
        answer = json.loads(run(*base, *spelling).stdout)
        assert answer["beta_names"] == ["(intercept)", "x", "kind=b", "kind=c"]
        assert_close(answer["beta"], wanted["beta"], 1e-5)
        assert_close([row["eblup"] for row in answer["areas"]], wanted["eblup"], 1e-5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"a,b\n", "no rows"),
        (b"PK\x00\x00", "not a text file"),
        (b"trust,weight\n1,2\n3,-4\n", "weight column weight is negative in 1 row (first: data row 2)"),
        ("trust,weight\n1,екі\n".encode(), "'екі' is not a number"),
    ],
)
def test_wrong_input_ends_with_code_2_and_a_message(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    result = run("estimate", path, "--outcome", "trust", "--weight", "weight", code=2)
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_a_calibration_that_fails_writes_nothing(waves: Path, tmp_path: Path) -> None:
    (tmp_path / "m.yml").write_text("sex: {f: 5200, m: 4800}\nhours: 900000\n")
    out = tmp_path / "out.csv"
    result = run("calibrate", waves, "--margins", tmp_path / "m.yml", "--weight", "weight", "-o", out, code=2)
    assert "hours should be 900000" in result.stderr
    assert not list(tmp_path.glob("out.csv*"))


def test_codes_with_leading_zeros_and_cyrillic_in_cp1251(tmp_path: Path) -> None:
    path = tmp_path / "wave.csv"
    path.write_bytes("регион;балл\n05;1,0\n11;2,0\n".replace("1,0", "1.0").replace("2,0", "2.0").encode("cp1251"))
    frame = read_table(path)
    assert frame["регион"].to_list() == ["05", "11"]
    assert frame["балл"].to_list() == [1.0, 2.0]


def test_the_commands_add_nothing_to_the_models(waves: Path) -> None:
    direct = estimate(read_table(waves), DESIGNS["two_stage"], "talks", by=["age", "sex"]).frame
    told = rows("estimate", waves, "--outcome", "talks", "--by", "age,sex", *DESIGN)
    assert [row["se"] for row in told] == direct["se"].to_list()
    assert calibrated(respondents(), {"sex": {"f": 0.5, "m": 0.5}, "population": 10.0}).weights.sum() == pytest.approx(
        10
    )
