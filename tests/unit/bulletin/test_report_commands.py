"""`kelisim bulletin` and `kelisim export` on a small home: what they write, what they say of what is not there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pyreadstat
import pytest
from click.testing import Result
from typer.testing import CliRunner

from assets.bulletin_kept import keep_inputs, kept_path
from assets.bulletin_pdf import BrowserMissing, PrintingFailed, find_browser, print_pdf
from data_contracts.contract import table_contracts
from models.bulletin.inputs import TABLES, BulletinMeta, BulletinTables
from pipelines.commands import bulletin, export

QUARTER, FIRST = "2025-Q3", "2025-07-01"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, small: BulletinTables) -> Path:
    """A home with the published tables of one quarter, one indicator and no charts of discourse."""
    root = tmp_path_factory.mktemp("home")
    for entry in fields(small):
        frame: pl.DataFrame | None = getattr(small, entry.name)
        if frame is None:
            continue
        table = TABLES[entry.name]
        if entry.name == "estimates":
            frame = frame.filter(pl.col("domain") != "region")
        folder = root / "lake" / table
        folder.mkdir(parents=True)
        partition = table_contracts()[table].partition
        frame.write_parquet(folder / f"{FIRST if partition == 'quarter' else 'all'}.parquet")
    return root


def _runner(app: Any) -> Run:
    def run(*arguments: object, **environment: str) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment)

    return run


make, take = _runner(bulletin.app), _runner(export.app)


def test_a_page_and_its_charts_are_made_without_a_run(home: Path, tmp_path: Path) -> None:
    done = make("--home", home, "--lang", "ru", "-o", tmp_path / "ru.html", "--charts", tmp_path / "charts")
    assert done.exit_code == 0, done.output
    text = (tmp_path / "ru.html").read_text(encoding="utf-8")
    assert '<html lang="ru">' in text
    assert "III квартал" in text
    assert len(list((tmp_path / "charts").glob("*.png"))) == len(list((tmp_path / "charts").glob("*.svg"))) > 2
    assert not list(home.glob("keys")) and not list(home.glob("bulletins"))


def test_a_page_that_differs_from_the_issue_is_not_written_over_it(
    home: Path, tmp_path: Path, small: BulletinTables, small_meta: BulletinMeta
) -> None:
    root = tmp_path / "moved"
    bare = BulletinTables(returns=small.returns)
    keep_inputs(kept_path(root / "bulletins", QUARTER), bare, small_meta)
    issued = root / "bulletins" / QUARTER / f"kelisim-{QUARTER}-en.html"
    assert make("--home", root, "--lang", "en").exit_code == 0
    first = issued.read_bytes()
    again = make("--home", root, "--lang", "en")
    assert "byte for byte" in again.output
    issued.write_bytes(b"as it was issued")
    other = make("--home", root, "--lang", "en")
    assert "differs from the one issued on 2026-10-05" in other.output
    assert issued.read_bytes() == b"as it was issued"
    assert issued.with_name(f"kelisim-{QUARTER}-en-remade.html").read_bytes() == first


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--quarter", "2024-Q1"), "holds no tables of 2024-Q1. There: 2025-Q3"),
        (("--quarter", "now"), "'now' is not a quarter"),
        (("--format", "odt"), "format 'odt' is not known; choose one of html, pdf, docx"),
        (("--inputs", "nowhere.zip"), "nowhere.zip"),
    ],
)
def test_wrong_input_is_said_and_ends_with_two(home: Path, arguments: tuple[str, ...], words: str) -> None:
    done = make("--home", home, "--lang", "en", *arguments)
    assert (done.exit_code, type(done.exception)) == (2, SystemExit)
    assert words in done.output


def test_an_empty_home_and_a_half_made_quarter_are_said(home: Path, tmp_path: Path) -> None:
    for run in (make, take):
        done = run("--home", tmp_path / "empty", "--lang", "kk", *(["-o", tmp_path / "x"] if run is take else []))
        assert done.exit_code == 2
        assert "дайын бірде-бір тоқсан жоқ" in done.output
    assert not (tmp_path / "empty").exists()
    half = tmp_path / "half"
    table = TABLES["estimates"]
    (half / "lake" / table).mkdir(parents=True)
    (half / "lake" / table / f"{FIRST}.parquet").write_bytes((home / "lake" / table / f"{FIRST}.parquet").read_bytes())
    done = make("--home", half, "--lang", "en")
    assert done.exit_code == 2
    assert "is not whole, these tables are missing: out_indicators__changes" in done.output


def test_a_damaged_table_is_a_sentence(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    table = TABLES["estimates"]
    (broken / "lake" / table).mkdir(parents=True)
    (broken / "lake" / table / f"{FIRST}.parquet").write_bytes(b"not parquet")
    assert make("--home", broken, "--lang", "en").exit_code == 2
    done = take("--home", broken, "--lang", "ru", "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert "таблицы не прочитаны" in done.output


def test_a_pdf_needs_a_browser_and_says_which(tmp_path: Path, small: BulletinTables, small_meta: BulletinMeta) -> None:
    kept = tmp_path / "inputs.zip"
    keep_inputs(kept, BulletinTables(returns=small.returns), small_meta)
    missing = make("--inputs", kept, "--format", "pdf", "--lang", "en", "-o", tmp_path / "a.pdf", KELISIM_BROWSER="/no")
    assert missing.exit_code == 1
    assert "apt install chromium" in missing.output


def test_a_page_is_printed_with_a_browser_of_the_machine() -> None:
    try:
        browser = find_browser()
    except BrowserMissing:
        pytest.skip("no Chromium browser on this machine")
    assert print_pdf('<!doctype html><html lang="kk"><body><h1>Өңірлер</h1></body></html>', browser).startswith(b"%PDF")


def test_a_browser_that_gives_no_pdf_is_a_failure_with_its_last_words(tmp_path: Path) -> None:
    false = tmp_path / "browser"
    false.write_text("#!/bin/sh\necho no display >&2\nexit 3\n")
    false.chmod(0o755)
    with pytest.raises(PrintingFailed, match="no display"):
        print_pdf("<!doctype html>", find_browser(false))


@pytest.fixture(scope="module")
def taken(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("taken")
    for form in ("csv", "xlsx", "parquet", "sav"):
        done = take("--home", home, "--format", form, "--lang", "ru", "-o", folder / form)
        assert done.exit_code == 0, done.output
        assert "СИНТЕТИЧЕСКИЕ" not in done.output
    return folder


def test_every_form_has_the_rows_and_keeps_what_is_suppressed(taken: Path, small: BulletinTables) -> None:
    assert small.estimates is not None
    name = f"kelisim-{QUARTER}-indicators__estimates"
    frames = {
        "csv": pl.read_csv(taken / "csv" / f"{name}.csv"),
        "parquet": pl.read_parquet(taken / "parquet" / f"{name}.parquet"),
        "sav": pyreadstat.read_sav(str(taken / "sav" / f"{name}.sav"), output_format="polars")[0],
    }
    rows = small.estimates.filter(pl.col("domain") != "region")
    hidden = rows["is_suppressed"].sum()
    for form, frame in frames.items():
        assert frame.height == rows.height, form
        assert frame.filter(pl.col("estimate_pct").is_null()).height == hidden > 0, form


def test_a_number_left_in_a_suppressed_row_does_not_leave(home: Path, tmp_path: Path) -> None:
    table = TABLES["estimates"]
    (tmp_path / "lake" / table).mkdir(parents=True)
    frame = pl.read_parquet(home / "lake" / table / f"{FIRST}.parquet")
    leaky = frame.with_columns(pl.col("estimate_pct").fill_null(12.345), is_suppressed=pl.lit(value=True))
    leaky.write_parquet(tmp_path / "lake" / table / f"{FIRST}.parquet")
    assert take("--home", tmp_path, "--format", "csv", "--lang", "en", "-o", tmp_path / "out").exit_code == 0
    assert "12.345" not in (tmp_path / "out" / f"kelisim-{QUARTER}-indicators__estimates.csv").read_text()


def test_a_file_named_like_a_formula_stays_a_text(home: Path, tmp_path: Path) -> None:
    for table in (TABLES["estimates"], TABLES["inbox_files"]):
        (tmp_path / "lake" / table).mkdir(parents=True)
        for path in (home / "lake" / table).glob("*.parquet"):
            frame = pl.read_parquet(path)
            if table == TABLES["inbox_files"]:
                frame = frame.with_columns(file_name=pl.lit('=HYPERLINK("x")'))
            frame.write_parquet(tmp_path / "lake" / table / path.name)
    for form in ("csv", "xlsx"):
        assert take("--home", tmp_path, "--format", form, "--lang", "en", "-o", tmp_path / form).exit_code == 0
    text = (tmp_path / "csv" / f"kelisim-{QUARTER}-inbox__files.csv").read_text(encoding="utf-8-sig")
    assert "\"'=HYPERLINK" in text
    sheet = openpyxl.load_workbook(tmp_path / "xlsx" / f"kelisim-{QUARTER}-en.xlsx")["inbox files"]
    assert (sheet["A3"].value, sheet["A3"].data_type) == ('=HYPERLINK("x")', "s")


def test_spss_has_labels_of_variables_and_values(taken: Path) -> None:
    _, facts = pyreadstat.read_sav(str(taken / "sav" / f"kelisim-{QUARTER}-indicators__estimates.sav"))
    assert facts.column_names_to_labels["estimate_pct"].startswith("Оценка")
    assert facts.variable_value_labels["group_code"]["korean"] == "корейцы"
    assert facts.variable_value_labels["is_suppressed"] == {0.0: "нет", 1.0: "да"}


def test_the_workbook_is_styled_and_explains_itself(taken: Path) -> None:
    book = openpyxl.load_workbook(taken / "xlsx" / f"kelisim-{QUARTER}-ru.xlsx")
    assert book.sheetnames[0] == "Пояснения"
    notes = " ".join(str(cell) for row in book.worksheets[0].iter_rows(values_only=True) for cell in row if cell)
    assert "Пустая ячейка - не ноль" in notes
    sheet = book["indicators estimates"]
    assert sheet.freeze_panes == "B3"
    assert sheet.auto_filter.ref
    assert sheet["A2"].font.b


def test_the_manifest_names_every_file_and_what_stays_in_the_house(taken: Path) -> None:
    for folder in taken.iterdir():
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        listed = {entry["file"]: entry["sha256"] for entry in manifest["files"]}
        found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
        found.pop("manifest.json")
        assert listed == found
        assert "out_warning__candidates" in manifest["tables_kept_in_house"]
        assert not [name for name in manifest["tables"] if "candidates" in name or name.startswith("core_")]
        assert not list(folder.glob(".kelisim*"))
