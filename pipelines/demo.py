"""The demo inbox: synthetic waves, feeds and council returns in the file formats that real senders use."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

import polars as pl
import xlsxwriter
import yaml

from data_contracts import reference
from data_contracts.outlets import OUTLETS_FILE
from models.simulation.attitudes import years
from models.simulation.council_returns import QUARTERS, council_returns
from models.simulation.feeds import Outlet, messages, outlets
from models.simulation.outbreaks import Decoy, Outbreak, demo_scale, planted_decoys, planted_outbreaks
from models.simulation.truth import true_indicators
from models.simulation.waves import waves
from pipelines import demo_feeds
from pipelines.demo_waves import MARK, set_fixed_properties, write_wave

Progress = Callable[[str, int, int], None]
FileKind = Literal["survey", "feed", "council"]

OVERLAP_DAYS = 45
BRAND_ANALYTICS_CUT = "2025-12-31"
COUNCIL_HEADERS = {
    "ru": (
        "Квартал",
        "Регион",
        "Совет",
        "Заседания",
        "Обращения к медиаторам",
        "Разрешено",
        "Мероприятия",
        "Участники",
    ),
    "kk": (
        "Тоқсан",
        "Өңір",
        "Кеңес",
        "Отырыстар",
        "Медиаторларға өтініштер",
        "Шешілді",
        "Іс-шаралар",
        "Қатысушылар",
    ),
}
README = f"""\
{MARK}

Бұл қалтадағы барлық файл - Kelisim жобасының көрсетілімі үшін компьютер жасаған синтетикалық деректер.
Мұнда бірде-бір нақты адам, хабар, басылым немесе оқиға жоқ. Нақты жұмысқа кіріспес бұрын қалтаны тазалаңыз.

Все файлы в этой папке - синтетические данные, созданные компьютером для показа проекта Kelisim. Здесь нет
ни одного настоящего человека, сообщения, издания или события. Перед настоящей работой очистите папку.

Every file in this folder is synthetic data made by a computer to show what Kelisim does. There is no real
person, message, outlet or event in it. Empty the folder before real work begins.
"""


@dataclass(frozen=True)
class DemoFile:
    """One file of the demo inbox: what it holds, how many records, and what is particular about it."""

    name: str
    kind: FileKind
    source_format: str
    record_count: int
    note: Literal["plain", "overlap", "same_file"] = "plain"


@dataclass(frozen=True)
class DemoSummary:
    """What was written.

    Attributes:
        folder: The inbox.
        seed: Seed of everything.
        files: Every data file, in the order of writing.
        message_count: Messages, each counted once.
        overlap_count: Records that repeat a message of another, differing file.
        empty_count: Records without text (photos), which ingestion must refuse by name.
        respondent_counts: Respondents by year.
        return_count: Rows of council returns.
    """

    folder: Path
    seed: int
    files: tuple[DemoFile, ...]
    message_count: int
    overlap_count: int
    empty_count: int
    respondent_counts: dict[int, int]
    return_count: int

    @property
    def feed_record_count(self) -> int:
        """Records in feed files, the copied file left out."""
        return sum(file.record_count for file in self.files if file.kind == "feed" and file.note != "same_file")


@dataclass(frozen=True)
class DemoTruth:
    """What is known about the demo data and is never written into the inbox.

    Attributes:
        messages: As `models.simulation.feeds.messages`.
        indicators: As `models.simulation.truth.true_indicators`.
        outbreaks: What the early warning should find.
        decoys: Surges it should leave alone.
        returns: As `models.simulation.council_returns.council_returns`.
    """

    messages: pl.DataFrame
    indicators: pl.DataFrame
    outbreaks: tuple[Outbreak, ...]
    decoys: tuple[Decoy, ...]
    returns: pl.DataFrame


@dataclass
class _Inbox:
    """The folder being filled."""

    folder: Path
    progress: Progress | None
    total: int
    files: list[DemoFile] = field(default_factory=list)

    def add(self, path: Path, kind: FileKind, source_format: str, count: int, note: str = "plain") -> None:
        self.files.append(DemoFile(path.name, kind, source_format, count, note))  # type: ignore[arg-type]
        if self.progress is not None:
            self.progress(path.name, min(len(self.files), self.total), self.total)


def write_demo_inbox(
    folder: Path,
    seed: int = 2026,
    messages: int = 60_000,
    respondents: int = 8_000,
    progress: Progress | None = None,
) -> DemoSummary:
    """Writes a whole inbox of synthetic files.

    Waves 2021-2024 are SPSS files, 2025 a CSV, 2026 an XLSX. Feeds are Telegram exports, RSS and Atom
    files, Brand Analytics workbooks and mapped tables; two Telegram channels come a second time for their
    last weeks (overlap) and one RSS file twice under two names. Council returns are one workbook per
    quarter. The seed decides every byte.

    Args:
        folder: Created if missing; files of the same names are overwritten.
        seed: Seed of everything.
        messages: Messages, each counted once.
        respondents: Wanted respondents of each wave.
        progress: Called after each file with its name, the files done and the files in all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SYNTHETIC.txt").write_text(f"{MARK}\nseed: {seed}\n", encoding="utf-8")
    (folder / "README.txt").write_text(README, encoding="utf-8")
    (folder / OUTLETS_FILE).write_text(_regional_outlets(), encoding="utf-8")
    flow = _messages(seed, messages)
    inbox = _Inbox(folder, progress, total=len(years()) + len(QUARTERS) + _feed_file_count())
    counts = {}
    for year, frame in waves(seed, respondents).items():
        path = write_wave(folder, year, frame)
        counts[year] = frame.height
        inbox.add(path, "survey", path.suffix.removeprefix("."), frame.height)
    overlap = _write_feeds(inbox, flow)
    returns = council_returns(seed)
    _write_returns(inbox, returns)
    telegram = [file for file in inbox.files if file.source_format == "telegram"]
    return DemoSummary(
        folder=folder,
        seed=seed,
        files=tuple(inbox.files),
        message_count=flow.height,
        overlap_count=overlap,
        empty_count=len(telegram) * demo_feeds.PHOTOS_PER_CHANNEL,
        respondent_counts=counts,
        return_count=returns.height,
    )


def _regional_outlets() -> str:
    served = [{"name": outlet.name, "region_code": outlet.region} for outlet in outlets() if outlet.region]
    return f"# {MARK}\n" + yaml.safe_dump({"outlets": served}, allow_unicode=True, sort_keys=False)


def demo_truth(seed: int = 2026, messages: int = 60_000) -> DemoTruth:
    """The truth behind `write_demo_inbox` of the same seed and number of messages."""
    return DemoTruth(
        messages=_messages(seed, messages),
        indicators=true_indicators(seed),
        outbreaks=planted_outbreaks(demo_scale(messages)),
        decoys=planted_decoys(demo_scale(messages)),
        returns=council_returns(seed),
    )


@lru_cache(maxsize=1)
def _messages(seed: int, count: int) -> pl.DataFrame:
    return messages(seed, count)


def _feed_file_count() -> int:
    single = sum(outlet.export in ("telegram", "rss", "atom") for outlet in outlets())
    tables = len({outlet.export for outlet in outlets()} & {"csv", "jsonl", "parquet"})
    return single + tables + 2 + 3


def _write_feeds(inbox: _Inbox, flow: pl.DataFrame) -> int:
    """All feed files; returns the number of records that repeat a message of another file."""
    by_slug: dict[str, Outlet] = {outlet.slug: outlet for outlet in outlets()}
    writers = {"telegram": (demo_feeds.write_telegram, "json"), "rss": (demo_feeds.write_rss, "xml")}
    writers["atom"] = (demo_feeds.write_atom, "xml")
    overlap, first_rss, telegram_seen = 0, None, 0
    for outlet in outlets():
        if outlet.export not in writers:
            continue
        write, suffix = writers[outlet.export]
        part = flow.filter(pl.col("source_slug") == outlet.slug)
        path = inbox.folder / f"synthetic_{outlet.slug.removeprefix('demo-').replace('-', '_')}.{suffix}"
        inbox.add(path, "feed", outlet.export, write(path, outlet, part))
        first_rss = first_rss or (path if outlet.export == "rss" else None)
        telegram_seen += outlet.export == "telegram"
        if outlet.export == "telegram" and telegram_seen <= 2:
            moment = pl.col("published_at")
            late = part.filter(moment > moment.max() - timedelta(days=OVERLAP_DAYS))
            again = path.with_name(f"{path.stem}_again.json")
            inbox.add(again, "feed", "telegram", write(again, outlet, late), "overlap")
            overlap += late.height
    _write_workbooks(inbox, by_slug, flow.filter(pl.col("export") == "brand_analytics"))
    for kind in ("csv", "jsonl", "parquet"):
        path = inbox.folder / f"synthetic_comments_{kind}.{kind}"
        inbox.add(
            path,
            "feed",
            "mapped",
            demo_feeds.write_table(path, by_slug, flow.filter(pl.col("export") == kind)),
        )
    if first_rss is not None:
        copy = inbox.folder / f"synthetic_copy_of_{first_rss.stem.removeprefix('synthetic_')}.xml"
        shutil.copyfile(first_rss, copy)
        original = next(file for file in inbox.files if file.name == first_rss.name)
        inbox.add(copy, "feed", "rss", original.record_count, "same_file")
    return overlap


def _write_workbooks(inbox: _Inbox, by_slug: dict[str, Outlet], part: pl.DataFrame) -> None:
    """Brand Analytics exports of the years up to 2025 and of 2026."""
    is_early = pl.col("published_at").dt.date() <= pl.lit(BRAND_ANALYTICS_CUT).str.to_date()
    for name, rows in (("2024_2025", part.filter(is_early)), ("2026", part.filter(~is_early))):
        path = inbox.folder / f"synthetic_brand_analytics_{name}.xlsx"
        inbox.add(path, "feed", "brand_analytics", demo_feeds.write_brand_analytics(path, by_slug, rows))


def _write_returns(inbox: _Inbox, returns: pl.DataFrame) -> None:
    """One workbook per quarter, headings in Russian and Kazakh by turns."""
    for at, quarter in enumerate(QUARTERS):
        language = "ru" if at % 2 == 0 else "kk"
        rows = returns.filter(pl.col("quarter") == quarter).drop("outbreak_appeal_count")
        path = inbox.folder / f"synthetic_council_returns_{quarter}.xlsx"
        with xlsxwriter.Workbook(path) as workbook:
            set_fixed_properties(workbook)
            page = workbook.add_worksheet("Отчёт")
            page.write(0, 0, MARK)
            page.write_row(2, 0, COUNCIL_HEADERS[language])
            for number, (when, region, *rest) in enumerate(rows.iter_rows(), start=3):
                name = reference.regions()[region].name.in_language(language)
                page.write_row(number, 0, [when, name, *rest])
        inbox.add(path, "council", "council_returns", rows.height)
