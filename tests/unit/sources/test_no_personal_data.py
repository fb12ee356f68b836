"""Sixty and more pieces of personal data, planted in every format: none in rows or in quarantine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assets.sources.brand_analytics import read_brand_analytics
from assets.sources.council_returns import read_council_returns
from assets.sources.mapped import read_mapped
from assets.sources.read_result import ReadResult
from assets.sources.survey_table import read_survey_table
from assets.sources.syndication import read_syndication
from assets.sources.telegram import read_telegram
from data_contracts.questionnaire import Questionnaire
from data_contracts.source import FeedMapping

IN_TEXTS = (
    "+7 701 555 01 01",
    "8 (727) 555-02-02",
    "87015550303",
    "7475550404",
    "+998 90 555 05 05",
    "vera.kim06@mail.example",
    "saule07 [at] post.example",
    "@saule_bek08",
    "https://vk.com/id09090909",
    "t.me/saule10",
    "instagram: saule_11",
    "850101300112",
    "900202 400213",
    "ИИН 950303500314",
    "4400 4301 2345 0015",
    "5536913712340016",
    "KZ86125KZT5004100117",
    "ул. Тестовая, д. 118, кв. 19",
    "Сынақ көшесі, 120-үй, 21-пәтер",
    "мкр. Пробный-2, дом 122",
    "удостоверение №045678123",
    "www.saule24.example",
)
# What of each must not be found again, in order.
TRACES = (
    "555 01",
    "555-02",
    "5550303",
    "5550404",
    "555 05",
    "vera.kim06",
    "saule07",
    "saule_bek08",
    "id09090909",
    "saule10",
    "saule_11",
    "0101300112",
    "400213",
    "0303500314",
    "2345 0015",
    "12340016",
    "5004100117",
    "Тестовая",
    "Сынақ көше",
    "Пробный",
    "045678123",
    "saule24",
)
IN_FIELDS = (
    "Saule Testova",
    "Вера Пробная",
    "saule.testova.page",
    "user700800900",
    "Женский",
    "Возраст-37",
    "avatar_77.png",
)


def texts(of: int) -> list[str]:
    """Sentences with every piece once, `of` a piece in an unreadable row too."""
    return [f"Хабарласыңыз {piece} деп жазды" for piece in IN_TEXTS[:of]]


def telegram(folder: Path, run: dict[str, Any]) -> ReadResult:
    base = {"type": "message", "date": "2026-07-01T10:00:00", "from": IN_FIELDS[0], "from_id": IN_FIELDS[3]}
    messages = [{**base, "id": at, "text": text, "photo": IN_FIELDS[6]} for at, text in enumerate(texts(99))]
    messages += [{**base, "id": 900 + at, "text": text, "date": IN_FIELDS[1]} for at, text in enumerate(texts(5))]
    entity = [{"type": "mention_name", "text": IN_FIELDS[1], "user_id": 1}, " айтты"]
    messages += [{**base, "id": 990, "text": entity, "forwarded_from": IN_FIELDS[0]}]
    chat = {"name": f"Топ {IN_TEXTS[7]}", "type": "public_supergroup", "id": 1, "messages": messages}
    path = folder / "t.json"
    path.write_text(json.dumps(chat), encoding="utf-8")
    return read_telegram(path, **run)


def syndication(folder: Path, run: dict[str, Any]) -> ReadResult:
    item = "<item><title>{}</title><author>{}</author><pubDate>{}</pubDate></item>"
    day = "Wed, 01 Jul 2026 10:00:00 GMT"
    items = [item.format(text, IN_FIELDS[0], day) for text in texts(99)]
    items += [item.format(text, IN_FIELDS[0], IN_FIELDS[1]) for text in texts(5)]
    path = folder / "s.xml"
    path.write_text(
        f"<rss><channel><title>Т</title><link>https://livejournal.com/{IN_FIELDS[2]}</link>{''.join(items)}</channel></rss>",
        encoding="utf-8",
    )
    return read_syndication(path, **run)


def mapped(folder: Path, run: dict[str, Any]) -> ReadResult:
    columns = {"published_at": "at", "text": "text", "author": "who", "region": "where"}
    source = {"source_id_column": "page", "source_kind": "social"}
    rows = [
        {
            "at": "2026-07-01",
            "text": text,
            "who": IN_FIELDS[0],
            "where": IN_TEXTS[0],
            "page": f"vk.com/{IN_FIELDS[2]}",
        }
        | {"sex": IN_FIELDS[4], "name": IN_FIELDS[1]}
        for text in texts(99)
    ]
    rows += [row | {"at": IN_FIELDS[1]} for row in rows[:5]]
    path = folder / "m.jsonl"
    lines = [json.dumps(row) for row in rows] + ['{"who": "' + IN_FIELDS[0]]
    path.write_text("\n".join(lines), encoding="utf-8")
    mapping = FeedMapping.model_validate({"format": "jsonl", "source": source, "columns": columns})
    return read_mapped(path, mapping, **run)


def brand(write_brand, run: dict[str, Any]) -> ReadResult:
    person = {"Автор": IN_FIELDS[0], "Url автора": (f"https://vk.com/{IN_FIELDS[2]}", IN_FIELDS[1])}
    person |= {"Пол": IN_FIELDS[4], "Возраст": IN_FIELDS[5], "Источник": f"vk.com/{IN_FIELDS[2]}"}
    rows = [person | {"Дата": "01.07.2026", "Текст": text, "Тип источника": "Блоги"} for text in texts(99)]
    rows += [row | {"Дата": IN_FIELDS[1]} for row in rows[:5]]
    return read_brand_analytics(write_brand(rows), **run)


@pytest.mark.parametrize("reader", ["telegram", "syndication", "mapped", "brand"])
def test_no_planted_person_passes_the_door(reader: str, tmp_path: Path, write_brand, run) -> None:
    if reader == "brand":
        result = brand(write_brand, run)
    else:
        result = {"telegram": telegram, "syndication": syndication, "mapped": mapped}[reader](tmp_path, run)
    assert result.rows_kept >= len(IN_TEXTS)
    assert result.rows_quarantined >= 5
    written = (result.rows.write_csv() + result.quarantine.write_csv()).casefold()
    found = [trace for trace in (*TRACES, *IN_FIELDS) if trace.casefold() in written]
    assert found == []
    assert set(result.rows["text"].str.contains("деп жазды|айтты")) == {True}


def test_a_wave_and_a_return_keep_persons_out(tmp_path: Path, write_workbook, wave: Questionnaire, run) -> None:
    header = "id,int_date,obl,tip,str,psu,pol,vozrast,nac,yazyk,ves,q1,q2,fio,phone,address"
    row = "{},2026-09-03,71,1,s,1,1,30,1,kk,1,5,5," + f"{IN_FIELDS[0]},{IN_TEXTS[2]},{IN_TEXTS[21]}"
    path = tmp_path / "w.csv"
    path.write_text("\n".join([header, row.format(1), row.format(2) + ",extra"]), encoding="utf-8")
    survey = read_survey_table(path, wave)
    top = ["region", "body", "meetings", "appeals", "resolved", "events", "participants", "secretary"]
    cells = ["KZ-11", "accord_council", 1, 1, 1, 1, 1, IN_FIELDS[0]]
    bad = [IN_TEXTS[2], "accord_council", 1, 1, 1, 1, 1, IN_FIELDS[0]]
    book = write_workbook("r.xlsx", {"2026-Q3": [top, cells, bad]})
    council = read_council_returns(book, as_of=run["as_of"])
    assert (survey.rows_kept, survey.rows_quarantined, council.rows_kept, council.rows_quarantined) == (
        1,
        1,
        1,
        1,
    )
    for result in (survey, council):
        written = result.rows.write_csv() + result.quarantine.write_csv()
        assert [trace for trace in (*TRACES, *IN_FIELDS) if trace in written] == []
