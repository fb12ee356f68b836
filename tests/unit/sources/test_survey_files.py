from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pyreadstat
import pytest

from assets.sources.spss import read_spss
from assets.sources.survey_table import read_survey_table
from data_contracts.questionnaire import Questionnaire

PSPP = Path(__file__).parents[2] / "reference" / "pspp_wave.sav"
HEADER = "id,int_date,obl,tip,str,psu,pol,vozrast,nac,yazyk,ves,fio,q1,q2"
ROWS = (
    "1,03.09.2026,71,1,KZ-71-u,7101,1,34,1,kk,1.25,Ғалым Әуезұлы,5,4",
    "2,04.09.2026,11,2,KZ-11-r,1102,2,61,2,ru,0.8,Пётр Петров,98,2",
    "3,05.09.2026,61,2,KZ-61-r,6103,2,45,3,kk,2,Роза,99,97",
)


def wide(rows: pl.DataFrame) -> dict[int, dict[str, str | None]]:
    table: dict[int, dict[str, str | None]] = {}
    for row in rows.iter_rows(named=True):
        table.setdefault(row["row_number"], {})[row["field"]] = row["value"]
    return table


def csv_file(folder: Path, encoding: str = "utf-8", lines: tuple[str, ...] = ROWS, name: str = "w.csv") -> Path:
    path = folder / name
    path.write_bytes("\r\n".join([HEADER, *lines, ""]).encode(encoding))
    return path


def test_a_file_of_pspp_is_read_with_its_missing_codes(wave: Questionnaire) -> None:
    result = read_spss(PSPP, wave)
    assert (result.rows_in, result.rows_kept, result.quarantine.height) == (4, 4, 0)
    table = wide(result.rows)
    assert table[2]["accord_q1_relations_country"] == "98"
    assert table[3] == {
        "respondent_id": "3",
        "interview_date": "2026-09-05",
        "region_code": "61",
        "settlement_code": "2",
        "stratum_id": "KZ-61-r",
        "psu_id": "6103",
        "sex_code": "2",
        "age_years": "45",
        "group_code": "3",
        "language": "kk",
        "design_weight": "2",
        "accord_q1_relations_country": "99",
        "accord_q3_unity": "97",
    }
    assert table[4]["accord_q1_relations_country"] is None
    assert table[1]["design_weight"] == "1.25"
    marked = result.rows.filter("is_user_missing").select("row_number", "field").rows()
    assert sorted(marked) == [
        (2, "accord_q1_relations_country"),
        (3, "accord_q1_relations_country"),
        (3, "accord_q3_unity"),
    ]


def test_names_in_columns_nobody_mapped_are_not_read(wave: Questionnaire) -> None:
    dumped = read_spss(PSPP, wave).rows.write_csv()
    assert "Synthetic Person" not in dumped
    assert "fio" not in dumped


@pytest.mark.parametrize("suffix", [".sav", ".zsav"])
def test_a_file_written_by_pyreadstat_gives_the_same_codes(tmp_path: Path, wave: Questionnaire, suffix: str) -> None:
    frame, meta = pyreadstat.read_sav(str(PSPP), user_missing=True)
    path = tmp_path / f"again{suffix}"
    pyreadstat.write_sav(
        frame,
        str(path),
        missing_ranges=meta.missing_ranges,
        row_compress=suffix == ".sav",
        compress=suffix == ".zsav",
    )
    theirs, ours = read_spss(path, wave).rows, read_spss(PSPP, wave).rows
    columns = ["row_number", "field", "value", "is_user_missing"]
    assert theirs.select(columns).equals(ours.select(columns))


def test_a_compressed_sav_is_read(tmp_path: Path, wave: Questionnaire) -> None:
    path = tmp_path / "wave.sav.gz"
    path.write_bytes(gzip.compress(PSPP.read_bytes()))
    assert read_spss(path, wave).rows_kept == 4


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.9, 0.97, 0.995])
def test_a_truncated_sav_is_refused_wherever_it_breaks(tmp_path: Path, wave: Questionnaire, share: float) -> None:
    data = PSPP.read_bytes()
    path = tmp_path / "half.sav"
    path.write_bytes(data[: int(len(data) * share)])
    result = read_spss(path, wave)
    assert result.rows.is_empty()
    assert result.quarantine.select("row_number", "rule", "file_name", "wave_id").rows() == [
        (None, "truncated_file", "half.sav", "2026-pspp")
    ]
    assert result.rows_in == 0


def test_a_sav_of_no_bytes_and_one_that_is_none(tmp_path: Path, wave: Questionnaire) -> None:
    (tmp_path / "empty.sav").touch()
    (tmp_path / "other.sav").write_text("<html>502</html>")
    assert read_spss(tmp_path / "empty.sav", wave).file_rule == "empty_file"
    assert read_spss(tmp_path / "other.sav", wave).file_rule == "unknown_format"


def test_a_variable_that_is_not_there_is_named(wave: Questionnaire) -> None:
    items = {**wave.items, "extra": wave.items["accord_q3_unity"].model_copy(update={"column": "q7"})}
    result = read_spss(PSPP, wave.model_copy(update={"items": items}))
    assert result.quarantine.select("rule", "column_name", "detail").rows() == [
        ("missing_column", "q7", "columns missing: q7")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251", "kz1048", "koi8-r"])
def test_csv_waves_of_every_encoding_read_alike(tmp_path: Path, wave: Questionnaire, encoding: str) -> None:
    lines = (
        ROWS
        if encoding not in ("cp1251", "koi8-r")
        else tuple(
            line.replace("Ғалым Әуезұлы", "Иван Сергеевич Абрамов, село Родниковское".replace(",", "")) for line in ROWS
        )
    )
    result = read_survey_table(csv_file(tmp_path, encoding, lines), wave)
    assert (result.rows_in, result.rows_kept) == (3, 3)
    assert wide(result.rows) == wide(read_spss(PSPP, wave).rows.filter(pl.col("row_number") < 4)) | {
        number: row | {"interview_date": f"0{number + 2}.09.2026"} for number, row in wide(result.rows).items()
    }


def test_a_csv_whose_encoding_cannot_be_told_is_refused(tmp_path: Path, wave: Questionnaire) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(HEADER.encode() + b"\n1,\xff\x81\x8d\x9d\xa0\n")
    assert read_survey_table(path, wave).file_rule == "wrong_encoding"


def test_rows_of_another_width_are_set_aside_alone(tmp_path: Path, wave: Questionnaire) -> None:
    lines = (ROWS[0], "2,too,short", ROWS[2], ROWS[1] + ",one,more", "")
    result = read_survey_table(csv_file(tmp_path, lines=lines), wave)
    assert (result.rows_in, result.rows_kept) == (4, 2)
    assert result.quarantine.select("row_number", "rule").rows() == [
        (2, "unreadable_row"),
        (4, "unreadable_row"),
    ]
    assert sorted(wide(result.rows)) == [1, 3]


def test_a_quote_that_never_closes_costs_one_row(tmp_path: Path, wave: Questionnaire) -> None:
    lines = (ROWS[0], '2,"04.09.2026' + ROWS[1][12:], ROWS[2])
    result = read_survey_table(csv_file(tmp_path, lines=lines), wave)
    assert result.quarantine.select("row_number", "rule").rows() == [(2, "unreadable_row")]
    assert sorted(wide(result.rows)) == [1, 3]


def test_a_megabyte_in_a_code_is_set_aside_without_its_text(tmp_path: Path, wave: Questionnaire) -> None:
    lines = (ROWS[0], ROWS[1].replace("KZ-11-r", "x" * 1_000_000))
    result = read_survey_table(csv_file(tmp_path, lines=lines), wave)
    assert result.quarantine.select("row_number", "detail").rows() == [(2, "cell over 1000")]


def test_xlsx_waves_give_dates_and_the_missing_sheet_is_named(write_workbook, wave: Questionnaire) -> None:
    cells = [line.split(",") for line in ROWS]
    rows = [HEADER.split(","), *([int(c) if c.isdigit() else c for c in line] for line in cells)]
    rows[1][1] = 46268  # Excel's number of 2026-09-03
    path = write_workbook("wave.xlsx", {"data": rows})
    result = read_survey_table(path, wave)
    assert wide(result.rows)[1]["interview_date"] == "2026-09-03"
    assert wide(result.rows)[1]["design_weight"] == "1.25"
    assert result.rows_kept == 3
    named = read_survey_table(path, wave.model_copy(update={"sheet": "Жауаптар"}))
    assert named.quarantine.select("rule", "detail").rows() == [("not_expected_sheet", "expected Жауаптар")]


def test_half_a_workbook_and_an_old_one_are_refused(tmp_path: Path, write_workbook, wave: Questionnaire) -> None:
    whole = write_workbook("wave.xlsx", {"data": [HEADER.split(","), *[line.split(",") for line in ROWS]]})
    half = tmp_path / "half.xlsx"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    old = tmp_path / "old.xlsx"
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    assert read_survey_table(half, wave).file_rule == "broken_workbook"
    assert read_survey_table(old, wave).file_rule == "locked_or_old_workbook"
