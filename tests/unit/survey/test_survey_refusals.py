"""Every translated refusal is one that the commands really give, and says the same names and numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.commands.survey import app
from pipelines.commands.survey_refusals import refusals, translated

ROWS = "trust,w,region,psu,size\n"
DATA = ROWS + "".join(f"{i % 2},{1 + i % 3},{'ab'[i % 2]},{i},{100}\n" for i in range(40))
CASES = [
    ("no_column_hint", DATA, ["--outcome", "trus"]),
    ("no_column", DATA, ["--outcome", "zzzz"]),
    ("doubled_columns", "trust,trust\n1,2\n", ["--outcome", "trust"]),
    ("ragged_row", "trust,w\n1,2\n3,4,5\n", ["--outcome", "trust"]),
    ("header_only", ROWS, ["--outcome", "trust"]),
    ("weight_negative", ROWS + "1,-2,a,1,9\n0,1,a,2,9\n", ["--outcome", "trust", "--weight", "w"]),
    ("weight_not_finite", ROWS + "1,NA,a,1,9\n0,1,a,2,9\n", ["--outcome", "trust", "--weight", "w"]),
    ("weight_all_zero", ROWS + "1,0,a,1,9\n0,0,a,2,9\n", ["--outcome", "trust", "--weight", "w"]),
    ("not_a_number", ROWS + "1,two,a,1,9\n0,1,a,2,9\n", ["--outcome", "trust", "--weight", "w"]),
    (
        "lonely",
        ROWS + "1,1,a,1,9\n0,1,b,2,9\n1,1,b,3,9\n",
        ["--outcome", "trust", "--strata", "region", "--psu", "psu"],
    ),
    (
        "units_in_several_strata",
        ROWS + "1,1,a,1,9\n0,1,b,1,9\n1,1,b,2,9\n0,1,a,2,9\n",
        ["--outcome", "trust", "--strata", "region", "--psu", "psu"],
    ),
    ("one_unit", ROWS + "1,1,a,1,9\n0,1,a,1,9\n", ["--outcome", "trust", "--psu", "psu"]),
    ("proportion_values", ROWS + "3,1,a,1,9\n0,1,a,2,9\n", ["--outcome", "trust", "--kind", "proportion"]),
    ("ratio_needs_denominator", DATA, ["--outcome", "trust", "--kind", "ratio"]),
    ("contrast_value", DATA, ["--outcome", "trust", "--contrast", "region", "a", "c"]),
    ("fpc_short", ROWS + "1,1,a,1,2\n0,1,a,2,2\n1,1,a,3,2\n", ["--outcome", "trust", "--psu", "psu", "--fpc", "size"]),
]


def stderr_of(path: Path, options: list[str], language: str) -> str:
    result = CliRunner().invoke(app, ["estimate", str(path), *options], env={"KELISIM_LANGUAGE": language})
    assert result.exit_code == 2
    return result.stderr


@pytest.mark.parametrize(("name", "content", "options"), CASES, ids=[case[0] for case in CASES])
def test_refusals_follow_the_language(name: str, content: str, options: list[str], tmp_path: Path) -> None:
    path = tmp_path / "wave.csv"
    path.write_text(content, encoding="utf-8")
    english = next(
        line.removeprefix("error: ")
        for line in stderr_of(path, options, "en").splitlines()
        if line.startswith("error: ")
    )
    refusal = refusals().messages[name]
    assert re.fullmatch(refusal.pattern, english, re.DOTALL)
    for language, start in (("kk", "қате: "), ("ru", "ошибка: ")):
        own = translated(english, language)
        assert own != english
        assert re.search("[а-яА-ЯәіңғүұқөһӘІҢҒҮҰҚӨҺ]", own)
        told = stderr_of(path, options, language)
        assert f"{start}{own}" in told
        assert f"[en] {english}" in told


def test_column_names_are_never_translated() -> None:
    text = "weight column weight is negative in 1 row (first: data row 2): correct or drop them"
    assert "столбец весов weight: вес отрицателен, строк: 1 (первая: строка данных 2)" in translated(text, "ru")
    assert "weight (салмақ бағаны)" in translated(text, "kk")


def test_patterns_and_texts_use_the_same_names() -> None:
    assert len(refusals().messages) > 40
    for name, refusal in refusals().messages.items():
        caught = set(re.compile(refusal.pattern).groupindex)
        for text in (refusal.kk, refusal.ru):
            used = set(re.findall(r"(?<!\{)\{(\w+)\}", text))
            assert used <= caught, name
            text.format(**dict.fromkeys(caught, "1"))


def test_unknown_texts_stay_english() -> None:
    assert translated("something nobody translated", "kk") == "something nobody translated"
