from __future__ import annotations

from pathlib import Path

from assets.sources.brand_analytics import read_brand_analytics

ROW = {
    "Дата": "01.07.2026 10:00",
    "id": "9001",
    "Заголовок": ("https://tengri.example/a/1", "Татулық күні"),
    "Текст": "Елімізде татулық күні өтті",
    "Источник": "tengri.example",
    "Url": ("https://tengri.example/a/1", "https://tengri.example/a/1"),
    "Тип источника": "СМИ",
    "Лайки": 12,
    "Страна": "Казахстан",
    "Регион": "Акмолинская область",
    "Город": "Кокшетау",
    "Язык": "казахский",
}
PERSON = {
    **ROW,
    "id": "9002",
    "Заголовок": None,
    "Источник": "vk.com",
    "Url": ("https://vk.com/wall7_1", "Ссылка"),
    "Тип источника": "Соцсети",
    "Автор": "Айгерим Бекова",
    "Url автора": ("https://vk.com/aigerim_bekova", "Айгерим Бекова"),
    "Пол": "Женский",
    "Возраст": 34,
    "Тип сообщения": "Репост",
    "Страна": "Россия",
    "Регион": "Москва",
    "Город": "Москва",
}


def test_the_layout_is_read_and_persons_stay_outside(write_brand, run) -> None:
    result = read_brand_analytics(write_brand([ROW, PERSON]), **run)
    assert (result.rows_in, result.rows_kept) == (2, 2)
    outlet, person = result.rows.iter_rows(named=True)
    assert outlet["text"] == "Татулық күні\nЕлімізде татулық күні өтті"
    assert (outlet["source_id"], outlet["source_kind"]) == ("tengri-example", "media")
    assert outlet["source_region"] == "Акмолинская область, Кокшетау"
    assert outlet["published_at"].isoformat() == "2026-07-01T05:00:00+00:00"
    assert (outlet["reaction_count"], outlet["author_pseudonym"]) == (12, None)
    assert (person["source_id"], person["is_repost"]) == ("personal-pages-vk", True)
    assert person["source_region"] == "Россия, Москва"
    assert len(person["author_pseudonym"]) == 32
    dumped = result.rows.write_ndjson()
    for personal in ("Айгерим", "Бекова", "aigerim", "wall7", "Женский"):
        assert personal not in dumped


def test_without_an_id_the_address_behind_the_link_tells_messages_apart(write_brand, run) -> None:
    first = {**ROW, "id": None, "Url": ("https://tengri.example/a/1", "Ссылка")}
    second = {**ROW, "id": None, "Url": ("https://tengri.example/a/2", "Ссылка")}
    assert read_brand_analytics(write_brand([first, second]), **run).rows["message_ref"].n_unique() == 2


def test_bad_rows_are_counted_and_the_others_kept(write_brand, run) -> None:
    rows = [
        ROW,
        {**ROW, "Дата": "скоро"},
        {**ROW, "Дата": "01.07.2036 10:00"},
        {**ROW, "Источник": None},
        {**ROW, "Заголовок": None, "Текст": " "},
        {**ROW, "Дата": 46204.4166666667},
    ]
    result = read_brand_analytics(write_brand(rows), **run)
    assert (result.rows_in, result.rows_kept) == (6, 2)
    assert result.quarantine.select("row_number", "column_name", "rule").rows() == [
        (2, "Дата", "unreadable_date"),
        (3, "Дата", "future_date"),
        (4, None, "missing_source"),
        (5, "Текст", "empty_text"),
    ]
    assert result.rows["published_at"].n_unique() == 1


def test_files_that_are_not_the_layout_are_refused(write_brand, write_workbook, tmp_path: Path, run) -> None:
    other = write_brand([ROW], "other.xlsx", sheet="Данные")
    headless = write_workbook("headless.xlsx", {"A": [], "Упоминания": [[]] * 5 + [[None, "Дата", "Источник"]]})
    half = tmp_path / "half.xlsx"
    half.write_bytes(other.read_bytes()[:3000])
    (tmp_path / "zero.xlsx").touch()
    found = {
        path.name: read_brand_analytics(path, **run).quarantine.select("rule", "detail").rows()
        for path in (other, headless, half, tmp_path / "zero.xlsx", write_brand([], "bare.xlsx"))
    }
    assert found == {
        "other.xlsx": [("not_expected_sheet", "expected Упоминания")],
        "headless.xlsx": [("missing_column", "columns missing: Текст")],
        "half.xlsx": [("broken_workbook", "BadZipFile")],
        "zero.xlsx": [("empty_file", "")],
        "bare.xlsx": [("no_rows", "")],
    }
