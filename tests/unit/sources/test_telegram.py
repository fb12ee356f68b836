from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.sources.admission import LONGEST_TEXT
from assets.sources.telegram import read_telegram


def message(number: int, text, **more) -> dict:
    return {
        "id": number,
        "type": "message",
        "date": "2026-07-01T10:00:00",
        "date_unixtime": "1782882000",
        "from": "Aigerim Bekova",
        "from_id": "user5551234",
        "text": text,
        **more,
    }


def test_messages_keep_what_the_table_promises_and_nothing_of_the_author(write_telegram, run) -> None:
    path = write_telegram(
        [
            message(1, "Бірлік керек"),
            message(
                2,
                [
                    "Сәлем ",
                    {"type": "mention", "text": "@bekova_a"},
                    {"type": "mention_name", "text": "Aigerim B.", "user_id": 5},
                    " жазыңыз: ",
                    {"type": "phone", "text": "+77011234567"},
                    {"type": "text_link", "text": "осында", "href": "https://t.me/bekova_a"},
                    {"type": "bold", "text": " маңызды"},
                ],
                reply_to_message_id=1,
                forwarded_from="Somebody",
                reactions=[
                    {"type": "emoji", "count": 3, "emoji": "👍"},
                    {"type": "emoji", "count": 4, "emoji": "🔥"},
                ],
            ),
            {"id": 3, "type": "service", "action": "pin_message", "actor": "Aigerim Bekova", "text": ""},
        ],
        type="public_supergroup",
    )
    result = read_telegram(path, **run)
    assert (result.rows_in, result.rows.height, result.quarantine.height) == (2, 2, 0)
    first, second = result.rows.iter_rows(named=True)
    assert (first["source_id"], first["source_name"], first["source_kind"]) == (
        "el-habary",
        "Ел хабары",
        "group",
    )
    assert first["published_at"].isoformat() == "2026-07-01T05:00:00+00:00"
    assert second["text"] == "Сәлем [@][@] жазыңыз: [☎]осында маңызды"
    assert (second["is_repost"], second["reaction_count"]) == (True, 7)
    assert second["reply_to_ref"] == first["message_ref"]
    assert first["author_pseudonym"] == second["author_pseudonym"] is not None
    dumped = result.rows.write_ndjson()
    for person in ("Aigerim", "Bekova", "bekova", "5551234", "7701", "Somebody"):
        assert person not in dumped


def test_a_private_group_has_no_name_and_a_channel_no_author(write_telegram, run) -> None:
    group = read_telegram(write_telegram([message(1, "a b")], type="private_group", name="Bekov family"), **run)
    assert group.rows["source_id"][0].startswith("telegram-private-")
    assert "Bekov" not in group.rows.write_ndjson()
    post = message(1, "a b") | {"from_id": "channel77", "author": "Aigerim Bekova"}
    channel = read_telegram(write_telegram([post]), **run)
    assert channel.rows["author_pseudonym"].to_list() == [None]
    assert "Bekova" not in channel.rows.write_ndjson()


def test_every_row_that_cannot_be_taken_has_its_reason(write_telegram, run) -> None:
    path = write_telegram(
        [
            message(1, "жақсы"),
            message(2, ""),
            message(3, "x" * (LONGEST_TEXT + 1)),
            message(4, "ertteng", date_unixtime="1893456000"),
            message(5, "kesh", date_unixtime="not a date", date="neither"),
            message(6, "kuni zhok", date_unixtime=None, date=None),
            message(7, "eski", date_unixtime="86400"),
            "not an object",
        ]
    )
    result = read_telegram(path, **run)
    assert (result.rows_in, result.rows.height) == (8, 1)
    assert result.quarantine.select("row_number", "rule").rows() == [
        (2, "empty_text"),
        (3, "text_too_long"),
        (4, "future_date"),
        (5, "unreadable_date"),
        (6, "missing_date"),
        (7, "implausible_date"),
        (8, "unreadable_row"),
    ]
    details = dict(result.quarantine.select("row_number", "detail").rows())
    assert details[3] == "100001 > 100000"
    assert details[5] == "aaa a aaaa"


def test_ten_megabytes_in_one_text_do_not_stop_the_others(write_telegram, run) -> None:
    result = read_telegram(write_telegram([message(1, "a" * 10_000_000), message(2, "қысқа")]), **run)
    assert result.rows["text"].to_list() == ["қысқа"]
    assert result.quarantine.select("row_number", "rule", "detail").rows() == [
        (1, "text_too_long", "10000000 > 100000")
    ]


def test_lone_surrogates_null_bytes_and_marks_of_direction_are_cleaned(write_telegram, run) -> None:
    texts = ["бір \ud83d екі", "үш\x00 төрт\u200b\u202e", "\ud83d\ude00 бес", "\u200b\u2060"]
    result = read_telegram(write_telegram([message(at, text) for at, text in enumerate(texts)]), **run)
    assert result.rows["text"].to_list() == ["бір \ufffd екі", "үш төрт", "😀 бес"]
    assert result.quarantine.select("row_number", "rule").rows() == [(4, "empty_text")]


def test_private_correspondence_is_not_read(write_telegram, tmp_path: Path, run) -> None:
    alone = read_telegram(write_telegram([message(1, "secret")], type="personal_chat", name="Aigerim"), **run)
    assert alone.file_rule == "private_chat"
    chats = [
        {"type": "public_channel", "name": "Open", "id": 1, "messages": [message(1, "ашық")]},
        {"type": "personal_chat", "name": "Aigerim", "id": 2, "messages": [message(1, "secret")] * 3},
    ]
    path = tmp_path / "all.json"
    path.write_text(json.dumps({"about": "…", "chats": {"list": chats}}), encoding="utf-8")
    result = read_telegram(path, **run)
    assert (result.rows_in, result.rows["text"].to_list()) == (1, ["ашық"])
    assert result.quarantine.select("rule", "detail").rows() == [("private_chat", "1 chats not read")]


def test_files_that_cannot_be_read_are_refused_whole(tmp_path: Path, write_telegram, run) -> None:
    whole = write_telegram([message(1, "сөз")]).read_bytes()
    cases = {
        "half.json": (whole[: len(whole) // 2], "broken_json"),
        "empty.json": (b"", "empty_file"),
        "deep.json": (b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep"),
        "list.json": (b"[1, 2]", "missing_column"),
        "other.json": (b'{"messages": 5}', "missing_column"),
        "big.json": (b'{"messages": [{"id": ' + b"9" * 5000 + b"}]}", "broken_json"),
    }
    for name, (content, rule) in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        result = read_telegram(path, **run)
        assert (name, result.file_rule, result.rows_in) == (name, rule, 0)
        assert result.quarantine["file_name"].to_list() == [name]


@pytest.mark.parametrize("rotated", [False, True])
def test_pseudonyms_hold_within_a_key_only(write_telegram, run, rotated: bool) -> None:
    path = write_telegram([message(1, "a b")], type="public_supergroup")
    one = read_telegram(path, **run).rows["author_pseudonym"][0]
    other = read_telegram(path, **(run | {"pseudonym_key": b"n" * 32} if rotated else run)).rows
    assert (other["author_pseudonym"][0] == one) is not rotated
    assert other["message_ref"].is_in(read_telegram(path, **run).rows["message_ref"].implode()).all()
