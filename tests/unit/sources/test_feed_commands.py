from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from assets.sources.mapping_draft import mapping_draft
from assets.sources.read_result import SourceError
from pipelines.commands.feeds import app

TABLE = (
    "Дата;Автор;Текст;Ссылка;Лайки;Телефон\n"
    "01.07.2026 10:00;Вера;Привет всем, звоните +77015550101;https://x.example/1;3;87015550101\n"
    "02.07.2026 11:00;Пётр;Привет друзья;https://x.example/2;4;87015550102\n"
    "02.07.2026 11:00;Пётр;Привет друзья;https://x.example/2;4;87015550102\n"
    "99.07.2026 11:00;Пётр;Скоро буду;https://x.example/4;4;87015550102\n"
)


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments), env={"KELISIM_AS_OF": "2026-10-01T00:00:00Z"})


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "vendor.csv"
    path.write_text(TABLE, encoding="cp1251")
    return path


def test_a_draft_names_columns_dates_and_what_is_left_unread(table: Path) -> None:
    draft = mapping_draft(table)
    columns = draft.mapping.columns
    assert (columns.published_at, columns.text, columns.author) == ("Дата", "Текст", "Автор")
    assert (columns.message_ref, columns.reaction_count) == ("Ссылка", "Лайки")
    assert draft.mapping.date_formats == ("%d.%m.%Y %H:%M",)
    assert draft.mapping.encoding == "cp1251"
    assert draft.personal == ("Телефон",)
    assert yaml.safe_load(draft.as_yaml("vendor.csv"))["columns"]["text"] == "Текст"


@pytest.mark.parametrize("form", ["jsonl", "parquet", "xlsx", "tsv"])
def test_drafts_of_other_forms_read_their_own_file(form: str, tmp_path: Path, write_workbook) -> None:
    rows = [{"created_at": f"2026-07-0{at}", "body": f"Көршілер жиналды {at}", "user": "u"} for at in range(1, 6)]
    path = tmp_path / f"t.{form}"
    if form == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    elif form == "parquet":
        pl.DataFrame(rows).with_columns(pl.col("created_at").str.to_date()).write_parquet(path)
    elif form == "tsv":
        pl.DataFrame(rows).write_csv(path, separator="\t")
    else:
        write_workbook("t.xlsx", {"Жазба": [["есеп"], [], list(rows[0]), *[list(row.values()) for row in rows]]})
    done = run("map", str(path), "-o", str(tmp_path / "t.yml"))
    assert done.exit_code == 0, done.output
    done = run("read", str(path), "--mapping", str(tmp_path / "t.yml"), "-o", str(tmp_path / "o.parquet"))
    assert done.exit_code == 0, done.output
    read = pl.read_parquet(tmp_path / "o.parquet")
    assert read["text"].to_list() == [row["body"] for row in rows]
    assert read["published_at"].dt.year().unique().to_list() == [2026]


def test_read_counts_every_row_and_writes_refusals_beside(table: Path, tmp_path: Path) -> None:
    run("map", str(table), "-o", str(tmp_path / "m.yml"))
    done = run("read", str(table), "--mapping", str(tmp_path / "m.yml"), "-o", str(tmp_path / "o.jsonl"))
    assert done.exit_code == 0, done.output
    assert "rows_in 4 = kept 2 + duplicate 1 + quarantined 1" in done.output
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows[0]["text"] == "Привет всем, звоните [☎]"
    assert len({row["id"] for row in rows}) == 2
    refused = json.loads((tmp_path / "o.quarantine.jsonl").read_text(encoding="utf-8"))
    assert (refused["row_number"], refused["rule"]) == (4, "unreadable_date")
    assert not {"Вера", "Телефон", "8701555"} & set((tmp_path / "o.jsonl").read_text(encoding="utf-8").split('"'))


def test_a_known_format_needs_no_description(write_telegram, tmp_path: Path) -> None:
    path = write_telegram([{"type": "message", "id": 1, "date": "2026-07-01T10:00:00", "text": "Сәлем"}])
    for extra in ([], ["--source", "telegram"]):
        done = run("read", str(path), *extra, "-o", str(tmp_path / "o.parquet"))
        assert done.exit_code == 0, done.output
    assert pl.read_parquet(tmp_path / "o.parquet")["source_format"].to_list() == ["telegram"]
    assert not list(tmp_path.glob("*.quarantine.jsonl"))


def test_what_cannot_be_read_ends_with_code_two_and_a_reason(table: Path, tmp_path: Path) -> None:
    page = tmp_path / "error.xml"
    page.write_text("<!doctype html><html>502</html>", encoding="utf-8")
    out = str(tmp_path / "o.parquet")
    for arguments, told in (
        ([str(table)], "kelisim map"),
        ([str(page)], "html_instead_of_data"),
        ([str(tmp_path / "absent.csv")], "there is no file"),
        ([str(table), "--source", "fax"], "give one of"),
    ):
        done = run("read", *arguments, "-o", out)
        assert done.exit_code == 2
        assert told in done.output
    assert not Path(out).exists()
    with pytest.raises(SourceError, match=r"unknown_format|no column|one column"):
        single = tmp_path / "s.csv"
        single.write_text("жалғыз\nбаған\n", encoding="utf-8")
        mapping_draft(single)
