from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from assets.sources.feed_file import read_feed
from assets.sources.inbox import UnknownPartitionError, file_of_partition, inbox_table, scan_inbox
from assets.sources.read_result import combined
from assets.sources.survey_file import read_wave
from data_contracts.contract import table_contract
from data_contracts.schemas import conform, empty_frame

REFERENCE = Path(__file__).parents[2] / "reference"
RSS = (
    "<rss><channel><title>Т</title><item><title>сөз</title>"
    "<pubDate>Wed, 01 Jul 2026 10:00:00 GMT</pubDate></item>{}</channel></rss>"
)
TELEGRAM = {
    "name": "Ел",
    "type": "public_channel",
    "id": 1,
    "messages": [{"id": 1, "type": "message", "date": "2026-07-01T10:00:00", "text": "сөз"}],
}
MAPPING = "format: csv\nsource: {source_id: s, source_kind: media}\ncolumns: {published_at: at, text: text}\n"


@pytest.fixture
def inbox(tmp_path: Path, write_brand, write_workbook) -> Path:
    """An inbox with a file of every kind and of every kind of trouble."""
    folder = tmp_path / "inbox"
    (folder / "ChatExport_2026").mkdir(parents=True)
    shutil.copy(REFERENCE / "pspp_wave.sav", folder / "wave.sav")
    shutil.copy(REFERENCE / "pspp_wave.questionnaire.yml", folder / "wave.questionnaire.yml")
    (folder / "feed.xml").write_text(RSS.format(""), encoding="utf-8")
    (folder / "table.csv").write_text("at,text\n2026-07-01,сөз\n2026-07-01,сөз\n,сөз\n", encoding="utf-8")
    (folder / "table.mapping.yml").write_text(MAPPING, encoding="utf-8")
    for path in (folder / "tg.json", folder / "ChatExport_2026" / "result.json"):
        path.write_text(json.dumps(TELEGRAM), encoding="utf-8")
    brand = {"Дата": "01.07.2026", "Текст": "сөз", "Источник": "a.example"}
    shutil.move(write_brand([brand]), folder / "ba.xlsx")
    header = ["region", "body", "meetings", "appeals", "resolved", "events", "participants"]
    book = write_workbook("c.xlsx", {"2026-Q3": [header, ["KZ-11", "accord_council", 1, 1, 1, 1, 1]]})
    shutil.move(book, folder / "council.xlsx")
    # trouble
    (folder / "zero.json").touch()
    (folder / "page.html").write_text("<!DOCTYPE html><html>502</html>")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4)
    (folder / "nomap.csv").write_text("a,b\n1,2\n")
    (folder / "badmap.csv").write_text("a,b\n1,3\n")
    (folder / "badmap.mapping.yml").write_text("format: csv\nsource: {}\n")
    shutil.copy(folder / "table.csv", folder / "a-copy-under-another-name.csv")
    (folder / "bomb.csv.gz").write_bytes(gzip.compress(b"a,b\n" * 20_000_000, 1))
    (folder / "SYNTHETIC.txt").write_text("demo")
    (folder / ".hidden").write_text("x")
    return folder


def test_every_file_is_told_by_its_content(inbox: Path) -> None:
    found = {file.file_name: (file.kind, file.source_format, file.status, file.reason) for file in scan_inbox(inbox)}
    assert found == {
        "ChatExport_2026__result.json": ("feed", "telegram", "accepted", None),
        "a-copy-under-another-name.csv": ("feed", "mapped", "same_file", "table.csv"),
        "ba.xlsx": ("feed", "brand_analytics", "accepted", None),
        "badmap.csv": ("unknown", None, "quarantined", "bad_mapping"),
        "bomb.csv.gz": ("unknown", "table", "quarantined", "no_mapping"),
        "council.xlsx": ("council", "council_returns", "accepted", None),
        "feed.xml": ("feed", "syndication", "accepted", None),
        "nomap.csv": ("unknown", "table", "quarantined", "no_mapping"),
        "page.html": ("unknown", None, "quarantined", "html_instead_of_data"),
        "photo.jpg": ("unknown", None, "quarantined", "wrong_encoding"),
        "table.csv": ("feed", "mapped", "accepted", None),
        "tg.json": ("feed", "telegram", "same_file", "ChatExport_2026__result.json"),
        "wave.sav": ("survey", "survey_sav", "accepted", None),
        "zero.json": ("unknown", None, "quarantined", "empty_file"),
    }


def test_partitions_lead_back_to_their_files(inbox: Path, run) -> None:
    wave = file_of_partition(inbox, "survey", "2026-pspp")
    assert read_wave(wave).rows_kept == 4
    feeds = [file for file in scan_inbox(inbox) if file.kind == "feed" and file.partition_key]
    keys = [str(file.partition_key) for file in feeds]
    assert len(set(keys)) == 4
    assert all(key.endswith(file.file_sha256[:12]) for key, file in zip(keys, feeds, strict=True))
    for file in feeds:
        assert file_of_partition(inbox, "feed", str(file.partition_key)) == file
        result = combined(read_feed(file, **run))
        assert set(result.rows["file_name"]) == {file.file_name}
    with pytest.raises(UnknownPartitionError, match="put the file back"):
        file_of_partition(inbox, "feed", "gone-000000000000")
    with pytest.raises(ValueError, match="no feed"):
        list(read_feed(wave, **run))
    with pytest.raises(ValueError, match="no survey wave"):
        read_wave(feeds[0])


def test_two_files_for_one_wave_are_not_both_taken(inbox: Path) -> None:
    shutil.copy(inbox / "wave.questionnaire.yml", inbox / "wave2.questionnaire.yml")
    (inbox / "wave2.sav").write_bytes((inbox / "wave.sav").read_bytes()[:-8])
    found = {file.file_name: file for file in scan_inbox(inbox)}
    assert found["wave.sav"].partition_key == "2026-pspp"
    assert (found["wave2.sav"].partition_key, found["wave2.sav"].reason) == (None, "same_wave_twice")


def test_a_new_or_changed_file_is_seen(inbox: Path) -> None:
    before = {file.file_name: file.file_sha256 for file in scan_inbox(inbox)}
    (inbox / "feed.xml").write_text(RSS.format("<!-- more -->"), encoding="utf-8")
    (inbox / "nomap.mapping.yml").write_text(MAPPING, encoding="utf-8")
    after = {file.file_name: file for file in scan_inbox(inbox)}
    assert after["feed.xml"].file_sha256 != before["feed.xml"]
    assert after["nomap.csv"].kind == "feed"
    assert scan_inbox(inbox / "not-there") == []


def test_the_account_of_the_inbox_adds_up(inbox: Path, run) -> None:
    files = scan_inbox(inbox)
    accounts, refused = [], [empty_frame(table_contract("core_feeds__quarantine"))]
    for file in files:
        if file.partition_key is None:
            continue
        result = combined(read_feed(file, **run)) if file.kind == "feed" else read_wave(file)
        refused.append(result.quarantine.select(refused[0].columns))
        accounts.append((file.file_sha256, result.rows_in, result.rows_kept, 0, result.rows_quarantined))
    names = ["file_sha256", "rows_in", "rows_kept", "rows_duplicate", "rows_quarantined"]
    table = inbox_table(files, pl.DataFrame(accounts, schema=names, orient="row"), pl.concat(refused))
    conform(table, table_contract("out_inbox__files"))
    rows = {row["file_name"]: row for row in table.iter_rows(named=True)}
    assert table.height == 14
    assert rows["table.csv"]["status"] == "partly_quarantined"
    counts = [rows["table.csv"][name] for name in names[1:]]
    assert counts == [3, 2, 0, 1]
    copied = [rows["a-copy-under-another-name.csv"][name] for name in names[1:]]
    assert copied == [3, 0, 3, 0]
    assert (table["rows_in"] == table["rows_kept"] + table["rows_duplicate"] + table["rows_quarantined"]).all()
