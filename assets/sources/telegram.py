"""Telegram Desktop's `result.json`: one channel or group, or a whole account's export of them."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from assets.sources.admission import Door, admitted, found_frame
from assets.sources.encoding import decoded
from assets.sources.outlets import slug
from assets.sources.read_result import (
    FileIdentity,
    ReadResult,
    Refusal,
    SourceError,
    quarantine_frame,
    refused_file,
)
from assets.sources.unpacking import FileLimits, read_unpacked
from models.text.privacy import PLACEHOLDERS

CHANNELS = frozenset({"public_channel", "private_channel"})
GROUPS = frozenset({"public_supergroup", "private_supergroup", "private_group"})
# Pieces of a text that Telegram itself has marked as somebody's: the mark is surer than any pattern.
ENTITIES = {
    "mention": PLACEHOLDERS["handle"],
    "mention_name": PLACEHOLDERS["handle"],
    "phone": PLACEHOLDERS["phone"],
    "email": PLACEHOLDERS["email"],
    "link": PLACEHOLDERS["link"],
    "bank_card": PLACEHOLDERS["card"],
}
PARSE_LIMIT = 2**30


def read_telegram(path: Path, *, as_of: datetime, pseudonym_key: bytes, limits: FileLimits | None = None) -> ReadResult:
    """Messages of a Telegram export.

    Only messages are rows: joins, pins, calls and other service entries are events of the chat, nobody's
    speech, and are neither kept nor counted. A message without text (a photo) is a row, refused as
    `empty_text`. Chats between people are not read; a file holding nothing else is refused as
    `private_chat`, and in an account's export their number is told once for the file. The author of a
    post in a channel is the channel, so only members of groups get a pseudonym. Names of private groups
    and channels are not kept.

    Args:
        path: `result.json`, also as .gz or in a .zip.
        as_of: the run's moment, with time zone; later messages are refused.
        pseudonym_key: of the quarter, at least 16 bytes.
        limits: what the file may cost.
    """
    identity = FileIdentity.of(path)
    door = Door(
        identity,
        "telegram",
        as_of,
        pseudonym_key,
        ("unix", "iso"),
        date_column="date",
    )
    try:
        chats, private_count = _chats(_document(path, limits))
    except SourceError as error:
        return refused_file(identity, error, "raw_feeds__messages", "core_feeds__quarantine")
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for chat in chats:
        source = _source(chat)
        for message in _messages(chat):
            _append(columns, message, source)
    columns["row_number"] = list(range(1, len(columns["text"]) + 1))
    result = admitted(found_frame(columns), door)
    if private_count:
        told = quarantine_frame(identity, [Refusal("private_chat", detail=f"{private_count} chats not read")])
        return ReadResult(result.rows, told.vstack(result.quarantine), result.rows_in)
    return result


_COLUMNS = (
    "source_id",
    "source_name",
    "source_kind",
    "message_ref",
    "published",
    "text",
    "author",
    "is_repost",
    "reply_to_ref",
    "reaction_count",
    "refusal",
    "refusal_detail",
)


def _document(path: Path, limits: FileLimits | None) -> dict[str, Any]:
    data = read_unpacked(path, limits, at_most=PARSE_LIMIT + 1)
    if len(data) > PARSE_LIMIT:
        raise SourceError("file_too_large", f"more than {PARSE_LIMIT} bytes of JSON")
    try:
        document = json.loads(decoded(data))
    except RecursionError as error:
        raise SourceError("too_deep") from error
    except json.JSONDecodeError as error:
        raise SourceError("broken_json", f"line {error.lineno}, column {error.colno}") from error
    except ValueError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError("broken_json", "a number beyond all size") from error
    if not isinstance(document, dict):
        raise SourceError("missing_column", "no object at the top", "messages")
    return document


def _chats(document: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """Channels and groups of the export, and how many chats between people it holds."""
    whole_account = document.get("chats")
    listed = whole_account.get("list") if isinstance(whole_account, dict) else [document]
    if not isinstance(listed, list) or not any(isinstance(chat, dict) and "messages" in chat for chat in listed):
        raise SourceError("missing_column", "no list of messages", "messages")
    chats = [chat for chat in listed if isinstance(chat, dict) and isinstance(chat.get("messages"), list)]
    if not chats:
        raise SourceError("missing_column", "messages is no list", "messages")
    public = [chat for chat in chats if chat.get("type") in CHANNELS | GROUPS]
    if not public:
        raise SourceError("private_chat", f"{len(chats)} chats")
    return public, len(chats) - len(public)


def _source(chat: dict[str, Any]) -> tuple[str, str, str]:
    """(source_id, source_name, source_kind); a private group has no name of its own here."""
    kind = "channel" if chat["type"] in CHANNELS else "group"
    number = str(chat.get("id", ""))
    if str(chat["type"]).startswith("private"):
        mark = hashlib.sha256(f"telegram {number}".encode()).hexdigest()[:8]
        return f"telegram-private-{mark}", f"Telegram, private {kind}", kind
    name = str(chat.get("name") or f"telegram {kind} {number}")
    return slug(name), name, kind


def _messages(chat: dict[str, Any]) -> Iterator[object]:
    for message in chat["messages"]:
        if not isinstance(message, dict) or message.get("type", "message") == "message":
            yield message


def _append(columns: dict[str, list[Any]], message: object, source: tuple[str, str, str]) -> None:
    columns["source_id"].append(source[0])
    columns["source_name"].append(source[1])
    columns["source_kind"].append(source[2])
    if not isinstance(message, dict):
        for name in _COLUMNS[3:]:
            columns[name].append(None)
        columns["refusal"][-1] = "unreadable_row"
        columns["refusal_detail"][-1] = "a message that is no object"
        return
    number = message.get("id")
    author = message.get("from_id")
    reply = message.get("reply_to_message_id")
    seconds = message.get("date_unixtime")
    columns["message_ref"].append(None if number is None else str(number))
    columns["published"].append(str(seconds if seconds is not None else message.get("date") or ""))
    columns["text"].append(_text(message.get("text")))
    columns["author"].append(author if isinstance(author, str) and author.startswith("user") else None)
    columns["is_repost"].append("forwarded_from" in message or "forwarded_from_id" in message)
    columns["reply_to_ref"].append(None if reply is None else str(reply))
    columns["reaction_count"].append(_reactions(message.get("reactions")))
    columns["refusal"].append(None)
    columns["refusal_detail"].append(None)


def _text(text: object) -> str:
    if isinstance(text, str):
        return text
    if not isinstance(text, list):
        return ""
    return "".join(piece if isinstance(piece, str) else _entity(piece) for piece in text)


def _entity(piece: object) -> str:
    if not isinstance(piece, dict):
        return ""
    placeholder = ENTITIES.get(str(piece.get("type")))
    return str(piece.get("text") or "") if placeholder is None else placeholder


def _reactions(reactions: object) -> int | None:
    if not isinstance(reactions, list):
        return None
    counts = (reaction.get("count") for reaction in reactions if isinstance(reaction, dict))
    return sum(count for count in counts if isinstance(count, int))
