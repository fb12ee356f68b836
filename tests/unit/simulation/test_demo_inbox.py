from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import defusedxml.ElementTree as ElementTree
import openpyxl
import polars as pl
import pyreadstat
import pytest

from data_contracts.questionnaire import packaged_questionnaires, questionnaire_for
from data_contracts.source import feed_mapping_for
from models.simulation.council_returns import council_returns
from models.simulation.waves import wave
from pipelines.demo import DemoSummary, demo_truth, write_demo_inbox

SEED, MESSAGES, RESPONDENTS = 11, 1_500, 600
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    return write_demo_inbox(tmp_path_factory.mktemp("inbox"), SEED, MESSAGES, RESPONDENTS)


@pytest.fixture(scope="module")
def truth() -> pl.DataFrame:
    return demo_truth(SEED, MESSAGES).messages


def texts_of(truth: pl.DataFrame, slug: str) -> list[str]:
    return truth.filter(pl.col("source_slug") == slug)["text"].to_list()


def test_everything_says_synthetic_and_nothing_tells_the_truth(summary: DemoSummary) -> None:
    names = {path.name for path in summary.folder.iterdir()}
    assert {"README.txt", "SYNTHETIC.txt"} <= names
    assert all("synthetic" in name.lower() for name in names - {"README.txt", "outlets.yml"})
    assert {file.name for file in summary.files} <= names
    readme = (summary.folder / "README.txt").read_text(encoding="utf-8")
    assert all(word in readme for word in ("синтетикалық", "синтетические", "synthetic"))
    for path in summary.folder.glob("*.json*"):
        assert "discourse" not in path.read_text(encoding="utf-8")


def test_counts_add_up(summary: DemoSummary) -> None:
    assert summary.message_count == MESSAGES
    assert summary.feed_record_count == MESSAGES + summary.overlap_count + summary.empty_count
    same = [file for file in summary.files if file.note == "same_file"]
    assert len(same) == 1
    digests = [hashlib.sha256((summary.folder / file.name).read_bytes()).hexdigest() for file in summary.files]
    assert len(digests) - len(set(digests)) == 1
    assert {file.kind for file in summary.files} == {"survey", "feed", "council"}


@pytest.mark.parametrize("year", [2021, 2022, 2023, 2024])
def test_spss_wave_keeps_codes_labels_and_declared_missing(summary: DemoSummary, year: int) -> None:
    path = summary.folder / f"synthetic_wave_{year}.sav"
    questionnaire = questionnaire_for(path)
    assert questionnaire is not None
    assert questionnaire.synthetic
    read: Any = pyreadstat.read_sav(path, user_missing=True)
    frame, metadata = read
    respondents = wave(year, SEED, RESPONDENTS)
    assert len(frame) == respondents.height == summary.respondent_counts[year]
    assert "SYNTHETIC" in (metadata.file_label or "")
    item = questionnaire.items["accord_q1_relations_country"]
    assert frame[item.column].astype(int).tolist() == respondents["accord_q1_relations_country"].to_list()
    assert metadata.missing_ranges[item.column][0]["lo"] == 98
    assert metadata.variable_value_labels[item.column][99]
    weight = questionnaire.columns["design_weight"].column
    assert frame[weight].sum() == pytest.approx(float(respondents["design_weight"].sum()))
    region = questionnaire.columns["region_code"]
    assert region.codes is not None
    regions = [region.codes[str(int(code))] for code in frame[region.column]]
    assert regions == respondents["region_code"].to_list()


def test_tables_of_the_later_waves_read_back(summary: DemoSummary) -> None:
    with (summary.folder / "synthetic_wave_2025.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    questionnaire = packaged_questionnaires()["2025-synthetic"]
    expected = wave(2025, SEED, RESPONDENTS)
    groups = questionnaire.columns["group_code"]
    assert groups.codes is not None
    assert [groups.codes[row[str(groups.column)]] for row in rows] == expected["group_code"].to_list()
    book = openpyxl.load_workbook(summary.folder / "synthetic_wave_2026.xlsx", read_only=True)
    header, *body = book["Деректер"].iter_rows(values_only=True)
    expected = wave(2026, SEED, RESPONDENTS)
    at = list(header).index(packaged_questionnaires()["2026-synthetic"].columns["age_years"].column)
    assert [row[at] for row in body] == expected["age_years"].to_list()


def test_telegram_export_holds_the_texts_in_pieces(summary: DemoSummary, truth: pl.DataFrame) -> None:
    export = json.loads((summary.folder / "synthetic_telegram_pavlodar.json").read_text(encoding="utf-8"))
    assert export["type"] == "public_supergroup"
    spoken = [one for one in export["messages"] if one["type"] == "message" and one["text"]]
    texts = [
        one["text"]
        if isinstance(one["text"], str)
        else "".join(piece if isinstance(piece, str) else piece["text"] for piece in one["text"])
        for one in spoken
    ]
    own = truth.filter(pl.col("source_slug") == "demo-telegram-pavlodar")
    assert texts == own["text"].to_list()
    assert [int(one["date_unixtime"]) for one in spoken] == own["published_at"].dt.epoch("s").to_list()
    assert all(one["from_id"].startswith("user70000") for one in spoken)
    forwarded = sum("forwarded_from" in one for one in spoken)
    assert forwarded == own["copy_of"].is_not_null().sum()
    again = json.loads((summary.folder / "synthetic_telegram_pavlodar_again.json").read_text(encoding="utf-8"))
    ids = {one["id"] for one in export["messages"]}
    assert {one["id"] for one in again["messages"]} <= ids


def spoken_xml(entry: Element, title: str, body: str) -> str:
    return " ".join(part for part in (entry.findtext(title), entry.findtext(body)) if part)


def test_syndicated_feeds_hold_the_texts(summary: DemoSummary, truth: pl.DataFrame) -> None:
    rss: Any = ElementTree.parse(summary.folder / "synthetic_rss_vestnik.xml").getroot()
    found = [spoken_xml(item, "title", "description") for item in rss.iter("item")]
    assert found == texts_of(truth, "demo-rss-vestnik")
    atom: Any = ElementTree.parse(summary.folder / "synthetic_atom_kyzylorda.xml").getroot()
    found = [spoken_xml(entry, f"{ATOM}title", f"{ATOM}content") for entry in atom.iter(f"{ATOM}entry")]
    assert found == texts_of(truth, "demo-atom-kyzylorda")


def test_brand_analytics_workbook_has_the_vendors_layout(summary: DemoSummary, truth: pl.DataFrame) -> None:
    found = []
    for name in ("2024_2025", "2026"):
        book = openpyxl.load_workbook(summary.folder / f"synthetic_brand_analytics_{name}.xlsx")
        assert book.sheetnames[1] == "Упоминания"
        rows = list(book["Упоминания"].iter_rows(min_row=6, values_only=True))
        header = list(rows[0])
        assert header[0] is None
        assert header[1:6] == ["Дата", "id", "Заголовок", "Текст", "Источник"]
        assert {"Регион", "Город", "Язык"} <= set(header)
        assert all(str(row[header.index("Url")]).startswith("=HYPERLINK(") for row in rows[1:])
        found += [row[header.index("Текст")] for row in rows[1:]]
    assert found == truth.filter(pl.col("export") == "brand_analytics")["text"].to_list()


def test_mapped_tables_are_read_by_the_mapping_beside_them(summary: DemoSummary, truth: pl.DataFrame) -> None:
    readers = {"csv": pl.read_csv, "jsonl": pl.read_ndjson, "parquet": pl.read_parquet}
    for kind, read in readers.items():
        path = summary.folder / f"synthetic_comments_{kind}.{kind}"
        mapping = feed_mapping_for(path)
        assert mapping is not None
        table = read(path)
        assert set(mapping.file_columns) <= set(table.columns)
        expected = truth.filter(pl.col("export") == kind)
        assert table[mapping.columns.text].to_list() == expected["text"].to_list()


def test_council_returns_read_back(summary: DemoSummary) -> None:
    page = openpyxl.load_workbook(summary.folder / "synthetic_council_returns_2026-Q3.xlsx").active
    assert page is not None
    rows = [row for row in page.iter_rows(min_row=4, values_only=True) if row[0]]
    expected = council_returns(SEED).filter(pl.col("quarter") == "2026-Q3")
    assert [row[4] for row in rows] == expected["appeal_count"].to_list()
    assert [row[7] for row in rows] == expected["participant_count"].to_list()


def test_the_seed_decides_every_byte_and_progress_tells_each_file(summary: DemoSummary, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    write_demo_inbox(tmp_path, SEED, MESSAGES, RESPONDENTS, progress=lambda *step: told.append(step))
    first = {path.name: path.read_bytes() for path in summary.folder.iterdir()}
    again = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert first.keys() == again.keys()
    assert [name for name in first if first[name] != again[name]] == []
    assert [name for name, _, _ in told] == [file.name for file in summary.files]
    assert told[-1][1] == told[-1][2] == len(summary.files)
