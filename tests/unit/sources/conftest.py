"""Files of every outside format, made by the tests, and what readers are given."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import yaml

from data_contracts.questionnaire import Questionnaire

AS_OF = datetime(2026, 10, 1, 12, tzinfo=UTC)
KEY = b"key of a quarter, for tests only"
BRAND_HEADER = (
    "Дата",
    "id",
    "Заголовок",
    "Текст",
    "Источник",
    "Url",
    "Тип источника",
    "Автор",
    "Url автора",
    "Пол",
    "Возраст",
    "Тип сообщения",
    "Лайки",
    "Страна",
    "Регион",
    "Город",
    "Язык",
)


@pytest.fixture
def run() -> dict[str, Any]:
    """The keyword arguments of every feed reader."""
    return {"as_of": AS_OF, "pseudonym_key": KEY}


@pytest.fixture
def write_workbook(tmp_path: Path) -> Callable[..., Path]:
    """Writes sheets of rows; a cell `(url, text)` becomes a HYPERLINK() formula."""

    def write(name: str, sheets: dict[str, Sequence[Sequence[Any]]]) -> Path:
        path = tmp_path / name
        with xlsxwriter.Workbook(str(path), {"strings_to_urls": False}) as book:
            for title, rows in sheets.items():
                sheet = book.add_worksheet(title)
                for at, cells in enumerate(rows):
                    for place, cell in enumerate(cells):
                        if isinstance(cell, tuple):
                            sheet.write_formula(at, place, f'=HYPERLINK("{cell[0]}","{cell[1]}")', None, cell[1])
                        elif cell is not None:
                            sheet.write(at, place, cell)
        return path

    return write


@pytest.fixture
def write_brand(write_workbook: Callable[..., Path]) -> Callable[..., Path]:
    """A Brand Analytics workbook from dicts by header; first column blank, header on row 6."""

    def write(rows: Sequence[dict[str, Any]], name: str = "brand.xlsx", sheet: str = "Упоминания") -> Path:
        body = [[None, *(row.get(header) for header in BRAND_HEADER)] for row in rows]
        top: list[list[Any]] = [["Отчёт"], [], [None, "Период"], [], []]
        return write_workbook(name, {"Сводка": [["всего"]], sheet: [*top, [None, *BRAND_HEADER], *body]})

    return write


@pytest.fixture
def write_telegram(tmp_path: Path) -> Callable[..., Path]:
    """A Telegram export of one chat."""

    def write(messages: Sequence[Any], file_name: str = "result.json", **chat: Any) -> Path:
        document = {
            "name": "Ел хабары",
            "type": "public_channel",
            "id": 77,
            "messages": list(messages),
            **chat,
        }
        path = tmp_path / file_name
        path.write_text(json.dumps(document, ensure_ascii=True), encoding="utf-8")
        return path

    return write


@pytest.fixture
def wave() -> Questionnaire:
    """The questionnaire of the wave that GNU PSPP wrote."""
    path = Path(__file__).parents[2] / "reference" / "pspp_wave.questionnaire.yml"
    return Questionnaire.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
