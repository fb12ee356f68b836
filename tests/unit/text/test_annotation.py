"""From rows of files to messages: nothing lost, nothing counted twice, contracts kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from data_contracts.contract import table_contract
from data_contracts.schemas import conform, schema
from models.text.annotation import annotate, collapsed, first_records, message_id

START = datetime(2026, 6, 30, 18, 59, tzinfo=UTC)  # 23:59 in Almaty
TEXTS = ["Алматыда қазақтар мен орыстар тату", "Русский язык в Шымкенте", "😂", "Молодцы"]


def raw(count=12):
    contract = table_contract("raw_feeds__messages")
    rows = {
        "file_name": "export.json",
        "file_sha256": ["a" * 64 if i % 2 else "b" * 64 for i in range(count)],
        "row_number": list(range(1, count + 1)),
        "source_format": "telegram",
        "source_id": ["kanal-1" if i % 3 else "kanal-2" for i in range(count)],
        "source_name": "Канал",
        "source_kind": "channel",
        "message_ref": [f"{i % 7:032x}" for i in range(count)],
        "published_at": [START + timedelta(minutes=i) for i in range(count)],
        "text": [TEXTS[i % len(TEXTS)] for i in range(count)],
        "source_region": [None if i % 2 else "Костанайская область" for i in range(count)],
        "author_pseudonym": None,
        "is_repost": False,
        "reply_to_ref": None,
        "reaction_count": None,
    }
    return pl.DataFrame(rows, schema=schema(contract))


def test_tables_keep_their_contracts_also_when_empty():
    for rows in (raw(), raw(0)):
        found = annotate(rows)
        conform(found.messages, table_contract("core_feeds__messages"))
        conform(found.mentions, table_contract("core_feeds__mentions"))


def test_rows_in_are_the_sum_of_copies():
    rows = raw()
    found = annotate(rows).messages
    assert found["copy_count"].sum() == rows.height
    assert found["message_id"].n_unique() == found.height
    pairs = rows.select("source_id", "message_ref").n_unique()
    assert found.height == pairs < rows.height


def test_order_of_rows_does_not_matter():
    rows = raw()
    one, other = annotate(rows), annotate(rows.reverse())
    assert one.messages.equals(other.messages)
    assert one.mentions.equals(other.mentions)


def test_the_records_kept_are_known_without_their_texts():
    rows = raw(40).with_columns(published_at=pl.lit(START), row_number=pl.int_range(40, 0, -1, dtype=pl.Int64))
    columns = ["file_sha256", "row_number", "copy_count"]
    known = first_records(rows.lazy()).collect().select(columns)
    assert known.sort(columns).equals(collapsed(rows).select(columns).sort(columns))


def test_the_day_is_the_day_in_almaty():
    days = annotate(raw(2)).messages["day_date"].to_list()
    assert [str(day) for day in days] == ["2026-06-30", "2026-07-01"]


def test_groups_are_people_only_and_cluster_leaders_lead():
    messages, mentions = annotate(raw())
    language = messages.filter(pl.col("text").str.contains("Русский язык"))
    assert language["group_codes"].to_list() == [[]] * language.height
    assert mentions.filter(pl.col("message_id").is_in(language["message_id"].to_list()))["is_person"].any() is False
    people = messages.filter(pl.col("text").str.contains("қазақтар"))
    assert people["group_codes"].to_list() == [["kazakh", "russian"]] * people.height
    assert (messages["is_cluster_first"] == (messages["message_id"] == messages["duplicate_cluster_id"])).all()


def test_a_source_lends_its_region_where_text_and_vendor_are_silent():
    found = annotate(raw(), {"kanal-1": "KZ-55"}).messages
    silent = found.filter((pl.col("text") == "😂") & (pl.col("source_id") == "kanal-1"))
    assert set(silent["region_code"]) <= {"KZ-39", "KZ-55"}
    assert "source" in found["region_basis"].to_list()


def test_message_id_depends_on_both_parts():
    assert message_id("ab", "c") != message_id("a", "bc")
    assert len(message_id("a", "b")) == 24
