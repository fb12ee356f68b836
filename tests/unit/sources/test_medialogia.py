from __future__ import annotations

from assets.sources.identification import identified
from assets.sources.medialogia import read_medialogia
from assets.sources.unpacking import FileLimits

HEADER = [
    "№",
    "Дата",
    "Время",
    "Заголовок",
    "Источник",
    "Уровень СМИ",
    "МедиаИндекс",
    "Регион",
    "Город",
    "Автор",
    "Текст",
    "Ссылка",
]
ROW = [1, "01.07.2026", "10:30", "Жиын", "gazeta.example", "Региональный", "12,4", "Костанайская область", "Рудный",
       "Вера Пробная", "Қалада жиын өтті", "https://gazeta.example/1"]  # fmt: skip
PERSON = [
    2,
    "01.07.2026",
    "11:30",
    None,
    "vk.com",
    "Соцмедиа",
    "0",
    None,
    None,
    "Сауле Т.",
    "Тел. +77015550101",
    "https://vk.com/w1",
]


def test_the_list_is_found_under_its_caption_and_read(write_workbook, run) -> None:
    path = write_workbook("m.xlsx", {"Отчёт": [["Отчёт"], ["Период"], [], HEADER, ROW, PERSON]})
    assert identified(path, FileLimits()).source_format == "medialogia"
    result = read_medialogia(path, **run)
    assert (result.rows_in, result.rows_kept) == (2, 2)
    outlet, person = result.rows.iter_rows(named=True)
    assert (outlet["source_id"], outlet["source_region"]) == ("gazeta-example", "Костанайская область, Рудный")
    assert outlet["published_at"].isoformat() == "2026-07-01T05:30:00+00:00"
    assert outlet["text"] == "Жиын\nҚалада жиын өтті"
    assert (person["source_id"], person["text"]) == ("personal-pages-vk", "Тел. [☎]")
    assert not {"Пробная", "Сауле"} & set(result.rows.write_csv().replace(",", " ").split())


def test_a_list_without_its_columns_is_refused_by_name(write_workbook, run) -> None:
    path = write_workbook("m.xlsx", {"Отчёт": [["Дата", "МедиаИндекс"], ["01.07.2026", "1"]]})
    (refusal,) = read_medialogia(path, **run).quarantine.iter_rows(named=True)
    assert refusal["rule"] == "missing_column"
    assert "Текст" in refusal["detail"]
