"""Writes the synthetic messages as Telegram, RSS, Atom, Brand Analytics and table exports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import polars as pl
import xlsxwriter

from data_contracts import reference
from models.simulation.feeds import Outlet
from pipelines.demo_waves import MARK, set_fixed_properties

LOCAL = timezone(timedelta(hours=5))
PHOTOS_PER_CHANNEL = 3
HEADER_ROW = 5
HEADERS = (
    "", "Дата", "id", "Заголовок", "Текст", "Источник", "Url", "Тип источника", "Тип сообщения",
    "Автор", "Url автора", "Тип автора", "Пол", "Возраст", "Аудитория", "Место публикации", "Страна",
    "Регион", "Город", "Язык", "Лайки", "Комментарии",
)  # fmt: skip
SOURCE_KINDS = {"social": "Соцсети", "forum": "Форумы", "media": "Онлайн СМИ"}
_ENTITIES = re.compile(
    r"(?P<email>[\w.]+@example\.org)|(?P<mention>@demo_\w+)"
    r"|(?P<phone>\+7 700 000 \d\d \d\d)|(?P<bold>^[А-ЯЁ][а-яё]+!)"
)
_FIRST_SENTENCE = re.compile(r"^(.{12,}?[.!?…])\s+(.+)$")


def address(outlet: Outlet) -> str:
    """The invented host of an outlet."""
    return f"{outlet.slug.removeprefix('demo-')}.example.org"


def write_telegram(path: Path, outlet: Outlet, messages: pl.DataFrame) -> int:
    """A Telegram Desktop export of one channel or group; returns the number of message records in it.

    Beside the messages it holds a few photos without text, which are records, and pins, which are not.
    """
    is_channel = outlet.kind == "channel"
    number = 1_000_000_000 + sum(ord(letter) for letter in outlet.slug)
    records: list[dict[str, Any]] = [
        _telegram_service(messages["published_at"][0], outlet),
        *(_telegram_record(row, outlet, is_channel, number) for row in messages.iter_rows(named=True)),
    ]
    for at in range(PHOTOS_PER_CHANNEL):
        row = messages.row((at + 1) * messages.height // (PHOTOS_PER_CHANNEL + 1), named=True)
        photo = _telegram_record(row, outlet, is_channel, number)
        records.append({**photo, "id": 9_000_000 + at, "photo": "(File not included)", "text": "", "text_entities": []})
    export = {
        "name": outlet.name,
        "type": "public_channel" if is_channel else "public_supergroup",
        "id": number,
        "messages": records,
    }
    path.write_text(json.dumps(export, ensure_ascii=False, indent=1), encoding="utf-8")
    return len(records) - 1


def _telegram_record(row: dict[str, Any], outlet: Outlet, is_channel: bool, number: int) -> dict[str, Any]:
    author = row["author_number"]
    moment: datetime = row["published_at"]
    pieces = list(_telegram_pieces(row["text"]))
    record: dict[str, Any] = {
        "id": int(row["message_ref"]),
        "type": "message",
        "date": moment.astimezone(LOCAL).strftime("%Y-%m-%dT%H:%M:%S"),
        "date_unixtime": str(int(moment.timestamp())),
        "from": outlet.name if is_channel or author is None else f"Demo User {author}",
        "from_id": f"channel{number}" if is_channel or author is None else f"user70000{author:05d}",
        "text": row["text"]
        if len(pieces) == 1
        else [piece["text"] if piece["type"] == "plain" else piece for piece in pieces],
        "text_entities": pieces,
    }
    if row["copy_of"] is not None:
        record["forwarded_from"] = "Demo Channel"
    if row["reply_to_ref"] is not None:
        record["reply_to_message_id"] = int(row["reply_to_ref"])
    if row["reaction_count"]:
        record["reactions"] = [{"type": "emoji", "count": row["reaction_count"], "emoji": "👍"}]
    return record


def _telegram_pieces(text: str) -> Iterator[dict[str, str]]:
    """Plain text and what Telegram would mark in it."""
    end = 0
    for match in _ENTITIES.finditer(text):
        if match.start() > end:
            yield {"type": "plain", "text": text[end : match.start()]}
        yield {"type": match.lastgroup or "plain", "text": match.group()}
        end = match.end()
    if end < len(text):
        yield {"type": "plain", "text": text[end:]}


def _telegram_service(moment: datetime, outlet: Outlet) -> dict[str, Any]:
    return {
        "id": 1,
        "type": "service",
        "date": moment.astimezone(LOCAL).strftime("%Y-%m-%dT%H:%M:%S"),
        "date_unixtime": str(int(moment.timestamp())),
        "actor": outlet.name,
        "action": "create_channel",
        "title": f"{outlet.name} {MARK}",
        "text": "",
    }


def write_rss(path: Path, outlet: Outlet, messages: pl.DataFrame) -> int:
    """An RSS 2.0 feed; returns the number of items."""
    host = address(outlet)
    items = []
    for row in messages.iter_rows(named=True):
        title, body = _title_and_body(row["text"])
        moment = row["published_at"].astimezone(LOCAL).strftime("%a, %d %b %Y %H:%M:%S +0500")
        heading = f"<title>{escape(title)}</title>" if title else ""
        link = f"https://{host}/{row['message_ref']}"
        items.append(
            f'<item>{heading}<link>{link}</link><guid isPermaLink="true">{link}</guid>'
            f"<pubDate>{moment}</pubDate><description>{escape(body)}</description></item>"
        )
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
        f"<title>{escape(outlet.name)}</title><link>https://{host}/</link><description>{MARK}</description>\n"
        + "\n".join(items)
        + "\n</channel></rss>\n",
        encoding="utf-8",
    )
    return len(items)


def write_atom(path: Path, outlet: Outlet, messages: pl.DataFrame) -> int:
    """An Atom feed; returns the number of entries."""
    host = address(outlet)
    entries = []
    for row in messages.iter_rows(named=True):
        title, body = _title_and_body(row["text"])
        moment = row["published_at"].strftime("%Y-%m-%dT%H:%M:%SZ")
        link = f"https://{host}/{row['message_ref']}"
        entries.append(
            f'<entry><id>{link}</id><title>{escape(title)}</title><link href="{link}"/>'
            f"<updated>{moment}</updated><published>{moment}</published>"
            f'<content type="text">{escape(body)}</content></entry>'
        )
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f'<title>{escape(outlet.name)}</title><subtitle>{MARK}</subtitle><id>https://{host}/</id><link href="https://{host}/"/>'
        "<updated>2026-10-01T00:00:00Z</updated>\n" + "\n".join(entries) + "\n</feed>\n",
        encoding="utf-8",
    )
    return len(entries)


def _title_and_body(text: str) -> tuple[str, str]:
    """The first sentence as heading when more follows; otherwise no heading."""
    match = _FIRST_SENTENCE.match(text)
    return (match.group(1), match.group(2)) if match else ("", text)


def write_brand_analytics(path: Path, outlets: dict[str, Outlet], messages: pl.DataFrame) -> int:
    """A Brand Analytics workbook of several outlets; returns the number of mentions."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        set_fixed_properties(workbook)
        summary = workbook.add_worksheet("Сводка")
        summary.write_column(0, 1, ["Отчёт", MARK, f"Упоминаний: {messages.height}"])
        page = workbook.add_worksheet("Упоминания")
        page.write(0, 1, MARK)
        page.write_row(HEADER_ROW, 0, HEADERS)
        for number, row in enumerate(messages.iter_rows(named=True), start=HEADER_ROW + 1):
            _write_mention(page, number, row, outlets[row["source_slug"]])
    return messages.height


def _write_mention(page: Any, number: int, row: dict[str, Any], outlet: Outlet) -> None:
    host = address(outlet)
    link = f"https://{host}/post/{row['message_ref']}"
    author = f"https://{host}/user/{row['author_number']}"
    region = reference.regions()[outlet.region] if outlet.region else None
    city = region.name.ru.removeprefix("город ") if region and region.kind == "city" else ""
    cells = (
        row["published_at"].astimezone(LOCAL).strftime("%d.%m.%Y %H:%M:%S"),
        f"{row['message_number']:08d}",
        "",
        row["text"],
        host,
        None,
        SOURCE_KINDS[outlet.kind],
        "Репост" if row["copy_of"] is not None else "Пост",
        f"Demo User {row['author_number']}",
        None,
        "Личный профиль",
        "не указан",
        "",
        100,
        outlet.name,
        "Казахстан",
        region.name.ru if region else "",
        city,
        {"kk": "Казахский", "ru": "Русский", "mixed": "Другой"}[row["language"]],
        row["reaction_count"],
        0,
    )
    for column, cell in enumerate(cells, start=1):
        if cell not in (None, ""):
            page.write(number, column, cell)
    page.write_formula(number, 6, f'=HYPERLINK("{link}","Ссылка")', None, "Ссылка")
    page.write_formula(number, 10, f'=HYPERLINK("{author}","{author}")', None, author)


def write_table(path: Path, outlets: dict[str, Outlet], messages: pl.DataFrame) -> int:
    """A CSV, JSONL or Parquet table of comments and its mapping YAML; returns the number of rows."""
    names = pl.Series([outlets[slug].name for slug in messages["source_slug"]], dtype=pl.String)
    regions = [outlets[slug].region for slug in messages["source_slug"]]
    table = messages.select(
        pl.col("published_at").dt.convert_time_zone("Asia/Almaty").dt.strftime("%Y-%m-%dT%H:%M:%S").alias("time"),
        pl.concat_str(pl.lit("c"), pl.col("message_number").cast(pl.String)).alias("comment_id"),
        pl.format("Demo User {}", pl.col("author_number")).alias("user_name"),
        pl.col("text").alias("comment"),
        pl.col("reaction_count").alias("likes"),
        pl.col("copy_of").is_not_null().alias("shared"),
        pl.col("source_slug").alias("page"),
        names.alias("page_name"),
        pl.Series(
            "region",
            [reference.regions()[code].name.ru if code else None for code in regions],
            dtype=pl.String,
        ),
    )
    kind = path.suffix.removeprefix(".")
    if kind == "csv":
        table.write_csv(path)
    elif kind == "jsonl":
        table.write_ndjson(path)
    else:
        table.write_parquet(path, metadata={"note": "synthetic"})
    path.with_name(f"{path.stem}.mapping.yml").write_text(_MAPPING.format(kind=kind), encoding="utf-8")
    return table.height


_MAPPING = """\
# SYNTHETIC: how the columns of the demo's comments are to be read.
format: {kind}
source:
  source_id_column: page
  source_name_column: page_name
  source_kind: forum
columns:
  published_at: time
  text: comment
  message_ref: comment_id
  author: user_name
  region: region
  is_repost: shared
  reaction_count: likes
date_formats: [iso]
timezone: Asia/Almaty
"""
