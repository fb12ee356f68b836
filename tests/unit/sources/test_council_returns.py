from __future__ import annotations

from pathlib import Path

import pytest

from assets.sources.council_returns import quarter_in, read_all_returns, read_council_returns
from assets.sources.inbox import scan_inbox

HEADER_RU = [
    "Регион",
    "Совет",
    "Заседания",
    "Обращения к медиаторам",
    "Разрешено",
    "Мероприятия",
    "Участники",
]
GOOD = ["Акмолинская область", "accord_council", 4, 10, 8, 3, 120]


@pytest.fixture
def as_of(run):
    return run["as_of"]


def test_a_return_in_russian_with_its_quarter_above(write_workbook, as_of) -> None:
    rows = [
        ["Отчёт за 3 квартал 2026 года"],
        [],
        HEADER_RU,
        GOOD,
        ["KZ-71", "mothers_council", 1, 2, 2, 0, 0],
    ]
    result = read_council_returns(write_workbook("r.xlsx", {"Лист": rows}), as_of=as_of)
    assert (result.rows_in, result.rows_kept) == (2, 2)
    assert result.rows.drop("file_name", "file_sha256").rows() == [
        ("2026-Q3", "KZ-11", "accord_council", 4, 10, 8, 3, 120, 1),
        ("2026-Q3", "KZ-71", "mothers_council", 1, 2, 2, 0, 0, 2),
    ]


def test_names_in_kazakh_and_english_and_a_column_of_quarters(write_workbook, as_of) -> None:
    kazakh = [
        ["Тоқсан", "Өңір", "Кеңес", "Жиналыстар", "Өтініштер", "Шешілгені", "Іс-шаралар", "Қатысушылар"],
        ["2026-Q2", "Алматы облысы", "mediation_council", 1, 1, 1, 1, 1],
        ["2026-Q2", "Алматы", "mediation_council", 1, 1, 1, 1, "1 200"],
        ["2026-Q2", "Павлодар", "mediation_council", 1, 1, 1, 1, 1],
    ]
    result = read_council_returns(write_workbook("k.xlsx", {"Парақ": kazakh}), as_of=as_of)
    assert result.rows["region_code"].to_list() == ["KZ-19", "KZ-75", "KZ-55"]
    assert result.rows["participant_count"].to_list() == [1, 1200, 1]


def test_every_row_that_breaks_a_rule_is_named(write_workbook, as_of) -> None:
    rows = [
        ["quarter", "region", "body", "meetings", "appeals", "resolved", "events", "participants"],
        ["2026-Q3", *GOOD],
        ["2026-Q3", "Нарния", *GOOD[1:]],
        ["2026-Q3", None, *GOOD[1:]],
        ["2026-Q3", "KZ-11", "board of +77011234567", 1, 1, 1, 1, 1],
        ["2026-Q3", "KZ-15", "accord_council", -1, 1, 1, 1, 1],
        ["2026-Q3", "KZ-15", "accord_council", 1, 1, 2, 1, 1],
        ["2026-Q3", "KZ-15", "accord_council", 1, "many", 0, 1, 1],
        ["2026-Q3", "KZ-15", "accord_council", 1, 2.5, 0, 1, 1],
        ["2026-Q3", "KZ-15", "accord_council", 1, None, 0, 1, 1],
        ["2031-Q1", "KZ-15", "accord_council", 1, 1, 0, 1, 1],
        ["summer", "KZ-15", "accord_council", 1, 1, 0, 1, 1],
        ["2026-Q3", *GOOD],
        ["2026-Q2", *GOOD],
    ]
    result = read_council_returns(write_workbook("r.xlsx", {"A": rows}), as_of=as_of)
    assert (result.rows_in, result.rows_kept) == (13, 2)
    assert result.quarantine.select("row_number", "column_name", "rule").rows() == [
        (2, "region_code", "unknown_region"),
        (3, "region_code", "missing_value"),
        (4, "body_code", "unknown_body"),
        (5, "meeting_count", "negative_count"),
        (6, "resolved_count", "resolved_exceeds_appeals"),
        (7, "appeal_count", "unreadable_number"),
        (8, "appeal_count", "unreadable_number"),
        (9, "appeal_count", "missing_value"),
        (10, "quarter", "future_quarter"),
        (11, "quarter", "unreadable_quarter"),
        (12, "body_code", "duplicate_return"),
    ]
    details = result.quarantine["detail"].to_list()
    assert details[0] == "Нарния"
    assert "7701" not in "".join(details)


def test_files_without_a_return_are_refused(write_workbook, tmp_path: Path, as_of) -> None:
    columns = write_workbook("c-2026-Q3.xlsx", {"A": [HEADER_RU[:-2], GOOD[:-2]]})
    cases = {
        write_workbook("none.xlsx", {"A": [["x", "y"], [1, 2]]}): "not_expected_sheet",
        write_workbook("when.xlsx", {"A": [HEADER_RU, GOOD]}): "missing_column",
        columns: "missing_column",
        write_workbook("bare-2026-Q3.xlsx", {"A": [HEADER_RU]}): "no_rows",
    }
    half = tmp_path / "half.xlsx"
    half.write_bytes(columns.read_bytes()[:900])
    cases[half] = "broken_workbook"
    for path, rule in cases.items():
        assert (path.name, read_council_returns(path, as_of=as_of).file_rule) == (path.name, rule)
    assert "Мероприятия" in read_council_returns(columns, as_of=as_of).quarantine["detail"][0]


def test_a_return_sent_twice_in_two_files_counts_once(write_workbook, tmp_path: Path, as_of) -> None:
    write_workbook("a-2026-Q3.xlsx", {"A": [HEADER_RU, GOOD]})
    write_workbook("b-2026-Q3.xlsx", {"A": [HEADER_RU, [*GOOD[:-1], 999], ["KZ-75", *GOOD[1:]]]})
    result = read_all_returns(scan_inbox(tmp_path), as_of=as_of)
    assert (result.rows_in, result.rows_kept) == (3, 2)
    assert result.rows["participant_count"].to_list() == [120, 120]
    assert result.quarantine.select("file_name", "row_number", "rule").rows() == [
        ("b-2026-Q3.xlsx", 1, "duplicate_return")
    ]


@pytest.mark.parametrize(
    ("text", "quarter"),
    [
        ("2026-Q3", "2026-Q3"),
        ("Q3 2026", "2026-Q3"),
        ("за III квартал 2026 г.", "2026-Q3"),
        ("2026 жылғы 3-тоқсан", "2026-Q3"),
        ("2026 жылғы IV тоқсан", "2026-Q4"),
        ("3-й кв. 2026", "2026-Q3"),
        ("returns_2026Q1", "2026-Q1"),
        ("2026", None),
        ("Q5 2026", None),
        (None, None),
    ],
)
def test_quarters_as_people_write_them(text: str | None, quarter: str | None) -> None:
    assert quarter_in(text) == quarter
