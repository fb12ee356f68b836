from __future__ import annotations

import gzip
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from assets.sources import record_batches
from assets.sources.mapped import read_mapped, read_mapped_batches
from assets.sources.unpacking import FileLimits
from data_contracts.source import FeedMapping, read_feed_mapping

FRAME = pl.DataFrame(
    {
        "when": ["2026-07-01", "2026-07-02 10:30", "2026-07-02T10:30:00+00:00"],
        "body": ["Бірлік, татулық", 'Он сказал "мир"\nи ушёл', "1916 жыл"],
        "who": ["user-a", "user-b", "user-a"],
        "site": ["tengri.example", "https://vk.com/ivan.petrov", "tengri.example"],
        "kind": ["СМИ", "соцсеть", "СМИ"],
        "likes": ["5", "", "7.0"],
        "phone": ["+77011234567", "", ""],
    }
)
MAPPING = {
    "source": {
        "source_id_column": "site",
        "source_kind_column": "kind",
        "kinds": {"СМИ": "media", "соцсеть": "social"},
    },
    "columns": {"published_at": "when", "text": "body", "author": "who", "reaction_count": "likes"},
}
SIMPLE = {
    "source": {"source_id": "a-feed", "source_kind": "media"},
    "columns": {"published_at": "when", "text": "body"},
}


def mapping(form: str, base=MAPPING, **more) -> FeedMapping:
    return FeedMapping.model_validate({"format": form, **base, **more})


def csv_file(folder: Path, name: str, lines: list[str], encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes("\n".join(["when,body", *lines, ""]).encode(encoding))
    return path


def files(folder: Path) -> dict[str, Path]:
    paths = {form: folder / f"m.{form}" for form in ("csv", "tsv", "jsonl", "parquet", "xlsx")}
    FRAME.write_csv(paths["csv"])
    FRAME.write_csv(paths["tsv"], separator="\t")
    FRAME.write_ndjson(paths["jsonl"])
    FRAME.write_parquet(paths["parquet"])
    FRAME.write_excel(paths["xlsx"])
    return paths


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet", "xlsx"])
def test_the_same_messages_come_out_of_every_format(tmp_path: Path, run, form: str) -> None:
    result = read_mapped(files(tmp_path)[form], mapping(form), **run)
    assert (result.rows_in, result.quarantine.height) == (3, 0)
    rows = result.rows
    assert rows["text"].to_list() == FRAME["body"].to_list()
    assert rows["source_id"].to_list() == ["tengri-example", "personal-pages-vk", "tengri-example"]
    assert rows["source_kind"].to_list() == ["media", "social", "media"]
    assert rows["published_at"].to_list() == [
        datetime(2026, 6, 30, 19, tzinfo=UTC),
        datetime(2026, 7, 2, 5, 30, tzinfo=UTC),
        datetime(2026, 7, 2, 10, 30, tzinfo=UTC),
    ]
    assert rows["reaction_count"].to_list() == [5, None, 7]
    assert rows["author_pseudonym"].n_unique() == 2
    dumped = rows.write_ndjson()
    for personal in ("user-a", "ivan.petrov", "7701"):
        assert personal not in dumped


def test_wrapped_files_read_as_plain_ones(tmp_path: Path, run) -> None:
    paths = files(tmp_path)
    packed = tmp_path / "m.csv.gz"
    packed.write_bytes(gzip.compress(paths["csv"].read_bytes()))
    zipped = tmp_path / "m.zip"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(paths["csv"], "inside/m.csv")
    plain = read_mapped(paths["csv"], mapping("csv"), **run).rows.drop("file_name", "file_sha256")
    for path in (packed, zipped):
        assert read_mapped(path, mapping("csv"), **run).rows.drop("file_name", "file_sha256").equals(plain)
    columnar = tmp_path / "m.parquet.gz"
    columnar.write_bytes(gzip.compress(paths["parquet"].read_bytes()))
    assert read_mapped(columnar, mapping("parquet"), **run).rows_kept == 3


def test_repeated_comments_stay_apart_and_reading_again_changes_nothing(
    tmp_path: Path, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["2026-07-01,Жақсы", "2026-07-01,Жақсы", "2026-07-02,Жақсы", "2026-07-01,Жақсы"]
    one = csv_file(tmp_path, "one.csv", lines)
    refs = read_mapped(one, mapping("csv", SIMPLE), **run).rows["message_ref"]
    assert refs.n_unique() == 4
    other = csv_file(tmp_path, "renamed.csv", lines)
    assert read_mapped(other, mapping("csv", SIMPLE), **run).rows["message_ref"].equals(refs)
    longer = csv_file(tmp_path, "longer.csv", [*lines, "2026-07-03,Жаңа"])
    assert set(refs) < set(read_mapped(longer, mapping("csv", SIMPLE), **run).rows["message_ref"])
    monkeypatch.setattr(record_batches, "BATCH_ROWS", 2)
    batches = list(read_mapped_batches(one, mapping("csv", SIMPLE), **run))
    assert [batch.rows_in for batch in batches] == [2, 2]
    assert pl.concat([batch.rows["message_ref"] for batch in batches]).equals(refs)


def test_dates_in_six_formats_and_none(tmp_path: Path, run) -> None:
    written = [
        "2026-07-01T10:00:00+05:00",
        "01.07.2026 10:00",
        "1 июля 2026",
        "1 шілде 2026",
        "1782882000",
        "Wed, 01 Jul 2026 10:00:00 +0500",
        "soon",
        "",
        "31.02.2026 10:00",
    ]
    path = csv_file(tmp_path, "d.csv", [f'"{when}",сөз' for when in written])
    formats = ("iso", "%d.%m.%Y %H:%M", "%d %B %Y", "%a, %d %b %Y %H:%M:%S %z", "unix")
    result = read_mapped(path, mapping("csv", SIMPLE, date_formats=formats), **run)
    ten, midnight = datetime(2026, 7, 1, 5, tzinfo=UTC), datetime(2026, 6, 30, 19, tzinfo=UTC)
    assert result.rows["published_at"].to_list() == [ten, ten, midnight, midnight, ten, ten]
    assert result.quarantine.select("row_number", "rule").rows() == [
        (7, "unreadable_date"),
        (8, "missing_date"),
        (9, "unreadable_date"),
    ]
    assert result.rows_in == 9


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Межэтническое согласие в стране, говорят люди"),
        ("kz1048", "Қазақстан халқының бірлігі мен татулығы туралы әңгіме"),
        ("utf-16", "Халық бірлігі"),
        ("utf-8-sig", "Халық бірлігі"),
    ],
)
def test_encodings_are_told_by_content(tmp_path: Path, run, encoding: str, text: str) -> None:
    path = csv_file(tmp_path, "e.csv", [f'2026-07-01,"{text}"'], encoding)
    assert read_mapped(path, mapping("csv", SIMPLE), **run).rows["text"].to_list() == [text]


def test_a_named_encoding_that_does_not_fit_is_refused(tmp_path: Path, run) -> None:
    path = csv_file(tmp_path, "e.csv", ["2026-07-01,Слово"], "cp1251")
    assert read_mapped(path, mapping("csv", SIMPLE, encoding="utf-8"), **run).file_rule == "wrong_encoding"
    assert read_mapped(path, mapping("csv", SIMPLE, encoding="klingon"), **run).file_rule == "wrong_encoding"


def test_json_lines_lose_only_the_broken_ones(tmp_path: Path, run) -> None:
    good = json.dumps({"when": "2026-07-01", "body": "сөз \ud83d", "extra": {"deep": 1}})
    deep = '{"when": "2026-07-01", "body": ' + "[" * 50_000 + "]" * 50_000 + "}"
    path = tmp_path / "m.jsonl"
    path.write_text("\n".join([good, good[:20], "", deep, "[1]", good, '{"when": "2026-07-0']), encoding="utf-8")
    result = read_mapped(path, mapping("jsonl", SIMPLE), **run)
    assert result.rows["text"].to_list() == ["сөз \ufffd"] * 2
    assert result.quarantine.select("row_number", "rule").rows() == [
        (2, "unreadable_row"),
        (3, "too_deep"),
        (4, "unreadable_row"),
        (6, "unreadable_row"),
    ]


def test_fields_inside_objects_are_reached_by_dots(tmp_path: Path, run) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"meta": {"at": "2026-07-01"}, "body": "сөз"}\n', encoding="utf-8")
    inner = {**SIMPLE, "columns": {"published_at": "meta.at", "text": "body"}}
    assert read_mapped(path, mapping("jsonl", inner), **run).rows_kept == 1


def test_rows_without_source_or_with_too_many_fields(tmp_path: Path, run) -> None:
    path = tmp_path / "m.csv"
    path.write_text("when,body,site\n2026-07-01,сөз,\n2026-07-01,a,b,c,d\n2026-07-01,сөз,x.example\n")
    outlets = {
        "source": {"source_id_column": "site", "source_kind": "media"},
        "columns": {"published_at": "when", "text": "body"},
    }
    result = read_mapped(path, mapping("csv", outlets), **run)
    assert result.rows["source_id"].to_list() == ["x-example"]
    assert result.quarantine.select("row_number", "rule").rows() == [
        (1, "missing_source"),
        (2, "unreadable_row"),
    ]


def test_files_that_cannot_be_read_are_refused_whole(tmp_path: Path, run) -> None:
    paths = files(tmp_path)
    columns = {"published_at": "when", "text": "words"}
    absent = {**SIMPLE, "columns": columns}
    for form in ("csv", "jsonl", "parquet", "xlsx"):
        result = read_mapped(paths[form], mapping(form, absent), **run)
        assert result.quarantine.select("rule", "column_name", "row_number").rows() == [
            ("missing_column", "words", None)
        ]
    (tmp_path / "zero.csv").touch()
    half = tmp_path / "half.parquet"
    half.write_bytes(paths["parquet"].read_bytes()[:300])
    twice = tmp_path / "twice.csv"
    twice.write_text("when,body,body\n2026-07-01,a,b\n")
    header = tmp_path / "header.csv"
    header.write_text("when,body\n")
    page = tmp_path / "page.csv"
    page.write_text("<!DOCTYPE html>\n<html><body>502, Bad Gateway</body></html>")
    cases = [
        (tmp_path / "zero.csv", "csv", "empty_file"),
        (half, "parquet", "broken_table"),
        (twice, "csv", "ambiguous_column"),
        (header, "csv", "no_rows"),
        (page, "csv", "html_instead_of_data"),
        (page, "jsonl", "html_instead_of_data"),
    ]
    for path, form, rule in cases:
        assert (path.name, read_mapped(path, mapping(form, SIMPLE), **run).file_rule) == (path.name, rule)
    other = read_mapped(paths["xlsx"], mapping("xlsx", SIMPLE, sheet="Жоқ"), **run)
    assert other.file_rule == "not_expected_sheet"


def test_marks_that_hide_words_and_halves_of_characters_do_no_harm(tmp_path: Path, run) -> None:
    path = tmp_path / "m.jsonl"
    texts = [
        r"ка\u200bзахи и \u202eрусские\u202c",
        r"\ud800 жарты",
        r"\ud83d\ude00 бүтін",
        r"\u0000\u200b",
        "x" * 100_001,
    ]
    path.write_text("\n".join(f'{{"when": "2026-07-01", "body": "{text}"}}' for text in texts), "utf-8")
    result = read_mapped(path, mapping("jsonl", SIMPLE), **run)
    assert result.rows["text"].to_list() == ["казахи и русские", "\ufffd жарты", "😀 бүтін"]
    assert result.quarantine.select("row_number", "rule").rows() == [(4, "empty_text"), (5, "text_too_long")]


def test_bombs_and_broken_wrappers_are_refused(tmp_path: Path, run) -> None:
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(b"when,body\n" + b"2026-07-01,a\n" * 4_000_000))
    assert read_mapped(bomb, mapping("csv", SIMPLE), **run).file_rule == "zip_bomb"
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(b"when,body\n2026-07-01,a\n" * 50)[:-12])
    assert read_mapped(cut, mapping("csv", SIMPLE), **run).file_rule == "broken_archive"
    book = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 40_000_000)
    assert read_mapped(book, mapping("xlsx", SIMPLE), **run).file_rule == "zip_bomb"
    many = tmp_path / "many.zip"
    with zipfile.ZipFile(many, "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("b.csv", "x")
    assert read_mapped(many, mapping("csv", SIMPLE), **run).file_rule == "archive_not_single"
    small = FileLimits(file_bytes=10)
    assert read_mapped(cut, mapping("csv", SIMPLE), **run, limits=small).file_rule == "file_too_large"


def test_a_constant_source_is_what_the_operator_says() -> None:
    example = Path(__file__).parents[3] / "docs" / "examples" / "comments.mapping.yml"
    read = read_feed_mapping(example)
    assert (read.source.source_id, read.columns.message_ref) == ("youtube-comments", None)


@pytest.mark.shared_data
def test_the_real_comments_are_all_kept(shared_data: Path, run) -> None:
    example = read_feed_mapping(Path(__file__).parents[3] / "docs" / "examples" / "comments.mapping.yml")
    result = read_mapped(shared_data / "kz_comments.csv.gz", example, **run)
    assert (result.rows_in, result.rows_kept, result.rows_quarantined) == (5480, 5480, 0)
    assert result.rows["message_ref"].n_unique() == 5480
