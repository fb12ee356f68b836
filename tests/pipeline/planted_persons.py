"""Files of every format with personal data planted in them, and what of each piece must not be found again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

FORMATS = ("telegram", "rss", "atom", "jsonfeed", "brand", "medialogia", "csv", "jsonl", "parquet", "xlsx")
DAY = "2026-09-{:02d}"
BRAND = (
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
)
MEDIALOGIA = ("Дата", "Заголовок", "Текст", "Источник", "Категория", "МедиаИндекс", "Автор", "Ссылка")


@dataclass
class Planted:
    """The pieces by kind: what stands in the file, and the trace that must be gone."""

    texts: list[tuple[str, str]] = field(default_factory=list)
    fields: list[tuple[str, str]] = field(default_factory=list)

    @property
    def traces(self) -> list[str]:
        """Every trace."""
        return [trace for _, trace in (*self.texts, *self.fields)]


def planted() -> Planted:
    """Three hundred invented pieces: 220 inside texts, 80 in fields about authors."""
    found = Planted()
    for at in range(20):
        n = f"{at:02d}"
        found.texts += [
            (f"+7 701 55{n} 1{n[0]} {n[1]}7", f"55{n} 1{n[0]} {n[1]}7"),
            (f"8 (727) 6{n}-1{n[0]}-3{n[1]}", f"6{n}-1{n[0]}-3{n[1]}"),
            (f"8775{n}81943", f"775{n}81943"),
            (f"synaq.poshta{n}@mail.example", f"synaq.poshta{n}"),
            (f"@synaq_nick{n}", f"synaq_nick{n}"),
            (f"https://vk.com/id7700{n}99", f"id7700{n}99"),
            (f"t.me/synaqkanal{n}", f"synaqkanal{n}"),
            (f"instagram: synaq.insta{n}", f"synaq.insta{n}"),
            (f"9{n[1]}0101300{n}7", f"0101300{n}7"),
            (f"4400 4301 23{n} 00{n}", f"23{n} 00{n}"),
            (f"ул. Пробная{n}, д. 1{n}, кв. 4{n[1]}", f"Пробная{n}"),
        ]
        found.fields += [
            (f"Авторов{n} Тест{n}", f"Авторов{n}"),
            (f"https://social.example/profil{n}", f"profil{n}"),
            (f"user99{n}88", f"user99{n}88"),
            (f"avatar{n}.png", f"avatar{n}"),
        ]
    return found


def write_inbox(folder: Path, pieces: Planted) -> None:
    """One file a format; every piece stands in one of them, also once in a row that is refused."""
    shares: dict[str, list[dict[str, str]]] = {name: [] for name in FORMATS}
    fields = cycle(pieces.fields)
    for (piece, _), name in zip(pieces.texts, cycle(FORMATS), strict=False):
        shares[name].append({"text": f"Орыстар туралы жазды, хабарласыңыз: {piece} деді", "who": next(fields)[0]})
    for name, rows in shares.items():
        for at, row in enumerate(rows):
            row["at"] = DAY.format(1 + at % 28) + "T10:00:00"
            row["ref"] = f"{name}-{at}"
        refused = [{**row, "at": "бір күні", "ref": row["ref"] + "x"} for row in rows[:3]]
        _WRITERS[name](folder, [*rows, *refused])


def _telegram(folder: Path, rows: list[dict[str, str]]) -> None:
    messages = [
        {"type": "message", "id": at, "date": row["at"], "from": row["who"], "from_id": "user" + row["who"],
         "text": row["text"], "photo": row["who"], "forwarded_from": row["who"]}
        for at, row in enumerate(rows)
    ]  # fmt: skip
    chat = {"name": "Сынақ тобы", "type": "public_supergroup", "id": 5, "messages": messages}
    (folder / "planted_telegram.json").write_text(json.dumps(chat, ensure_ascii=False), encoding="utf-8")


def _rss(folder: Path, rows: list[dict[str, str]]) -> None:
    items = "".join(
        f"<item><title>{row['text']}</title><author>{row['who']}</author><guid>{row['ref']}</guid>"
        f"<pubDate>{row['at']}</pubDate></item>"
        for row in rows
    )
    text = f"<rss version='2.0'><channel><title>С</title><link>https://synaq.example</link>{items}</channel></rss>"
    (folder / "planted_rss.xml").write_text(text, encoding="utf-8")


def _atom(folder: Path, rows: list[dict[str, str]]) -> None:
    entries = "".join(
        f"<entry><id>{row['ref']}</id><title>х</title><content>{row['text']}</content><updated>{row['at']}</updated>"
        f"<author><name>{row['who']}</name></author></entry>"
        for row in rows
    )
    text = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>А</title>{entries}</feed>"
    (folder / "planted_atom.xml").write_text(text, encoding="utf-8")


def _jsonfeed(folder: Path, rows: list[dict[str, str]]) -> None:
    items = [
        {"id": row["ref"], "content_text": row["text"], "date_published": row["at"],
         "authors": [{"name": row["who"], "avatar": row["who"]}]}
        for row in rows
    ]  # fmt: skip
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": items}
    (folder / "planted_feed.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def _workbook(
    path: Path, sheet: str, skip: int, header: tuple[str, ...], rows: list[tuple[Any, ...]], left: int
) -> None:
    with xlsxwriter.Workbook(str(path), {"strings_to_urls": False}) as book:
        if left:
            book.add_worksheet("Сводка")
        page = book.add_worksheet(sheet)
        for at, cells in enumerate((header, *rows)):
            page.write_row(skip + at, left, cells)


def _russian_day(row: dict[str, str]) -> str:
    moment = row["at"]
    return f"{moment[8:10]}.{moment[5:7]}.{moment[:4]} 10:00" if moment[:2] == "20" else moment


def _brand(folder: Path, rows: list[dict[str, str]]) -> None:
    cells = [
        (
            _russian_day(row),
            row["ref"],
            "",
            row["text"],
            "vk.com/" + row["who"],
            "",
            "Соцсети",
            row["who"],
            row["who"],
            "Ж",
            "37",
        )
        for row in rows
    ]
    _workbook(folder / "planted_brand.xlsx", "Упоминания", 5, BRAND, cells, 1)


def _medialogia(folder: Path, rows: list[dict[str, str]]) -> None:
    cells = [
        (_russian_day(row), "Х", row["text"], "gazeta.example", "Газета", "1,2", row["who"], row["ref"]) for row in rows
    ]
    _workbook(folder / "planted_medialogia.xlsx", "Сообщения", 3, MEDIALOGIA, cells, 0)


def _mapping(folder: Path, form: str, stem: str) -> None:
    (folder / f"{stem}.mapping.yml").write_text(
        f"format: {form}\nsource:\n  source_id: {stem.replace('_', '-')}\n  source_kind: forum\n"
        "columns:\n  published_at: at\n  text: text\n  author: who\n  message_ref: ref\n",
        encoding="utf-8",
    )


def _frame(rows: list[dict[str, str]]) -> pl.DataFrame:
    return pl.DataFrame([{**row, "phone": row["who"], "sex": "Ж", "name": row["who"]} for row in rows])


def _csv(folder: Path, rows: list[dict[str, str]]) -> None:
    _frame(rows).write_csv(folder / "planted_csv.csv")
    _mapping(folder, "csv", "planted_csv")


def _jsonl(folder: Path, rows: list[dict[str, str]]) -> None:
    _frame(rows).write_ndjson(folder / "planted_jsonl.jsonl")
    _mapping(folder, "jsonl", "planted_jsonl")


def _parquet(folder: Path, rows: list[dict[str, str]]) -> None:
    _frame(rows).write_parquet(folder / "planted_parquet.parquet")
    _mapping(folder, "parquet", "planted_parquet")


def _xlsx(folder: Path, rows: list[dict[str, str]]) -> None:
    frame = _frame(rows)
    _workbook(folder / "planted_xlsx.xlsx", "Лист1", 0, tuple(frame.columns), frame.rows(), 0)
    _mapping(folder, "xlsx", "planted_xlsx")


_WRITERS = {
    "telegram": _telegram, "rss": _rss, "atom": _atom, "jsonfeed": _jsonfeed, "brand": _brand,
    "medialogia": _medialogia, "csv": _csv, "jsonl": _jsonl, "parquet": _parquet, "xlsx": _xlsx,
}  # fmt: skip
