"""What a file is, told by its content and by the description beside it, never by its suffix alone."""

import re
from dataclasses import dataclass
from pathlib import Path

from assets.sources.council_returns import finds_council_header
from assets.sources.encoding import SAMPLE_BYTES, detected_encoding
from assets.sources.medialogia import finds_medialogia_header
from assets.sources.read_result import SourceError
from assets.sources.spss import SAV_MAGIC
from assets.sources.unpacking import FileLimits, is_workbook, read_unpacked
from assets.sources.workbook import OLE_MAGIC, open_workbook
from data_contracts.contract import ContractError
from data_contracts.questionnaire import Questionnaire, questionnaire_for
from data_contracts.source import FeedMapping, FileKind, feed_mapping_for, source_contract

PARQUET_MAGIC = b"PAR1"
XML_FEED = re.compile(r"<(?:\w+:)?(?:rss|feed|RDF)\b", re.IGNORECASE)
HTML = re.compile(r"<!doctype html|<html\b", re.IGNORECASE)
TELEGRAM_SIGNS = ('"messages"', '"chats"')
TELEGRAM_TYPES = re.compile(
    r'"type"\s*:\s*"(?:(?:public|private)_(?:channel|supergroup|group)|personal_chat|bot_chat|saved_messages)"'
)
DETAIL_CHARACTERS = 150


@dataclass(frozen=True)
class Identified:
    """Kind and format of a file, its description, or the rule by which no reader takes it."""

    kind: FileKind
    source_format: str | None
    refusal: str | None = None
    detail: str = ""
    questionnaire: Questionnaire | None = None
    mapping: FeedMapping | None = None


def identified(path: Path, limits: FileLimits) -> Identified:
    """What a file of the inbox is.

    A description beside the file decides first (`<stem>.questionnaire.yml`, `<stem>.mapping.yml`), so that
    a broken file still comes to the reader that can say what is wrong with it; then its first bytes do.
    """
    source_format = None
    try:
        questionnaire = _questionnaire(path)
        if questionnaire is not None:
            source_format = "survey_sav" if _is_sav(path) else "survey_table"
            return Identified("survey", source_format, questionnaire=questionnaire)
        mapping = _mapping(path)
        if mapping is not None:
            return Identified("feed", "mapped", mapping=mapping)
        source_format = _format(path, limits)
    except SourceError as error:
        return Identified("unknown", source_format, error.rule, error.detail)
    if source_format == "survey_sav":
        return Identified("unknown", source_format, "no_questionnaire")
    if source_format == "council_returns":
        return Identified("council", source_format)
    if source_format in ("telegram", "syndication", "brand_analytics", "medialogia"):
        return Identified("feed", source_format)
    return Identified("unknown", source_format, "no_mapping" if source_format else "unknown_format")


def is_html(path: Path, limits: FileLimits | None = None) -> bool:
    """Whether a file is a web page, as servers send one with their errors in place of what was asked for."""
    try:
        head = read_unpacked(path, limits, at_most=2000).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    except SourceError:
        return False
    return head.startswith("<") and HTML.search(head) is not None


def _questionnaire(path: Path) -> Questionnaire | None:
    try:
        return questionnaire_for(path)
    except ContractError as error:
        raise SourceError("bad_questionnaire", _first_line(error)) from error


def _mapping(path: Path) -> FeedMapping | None:
    try:
        return feed_mapping_for(path)
    except ContractError as error:
        raise SourceError("bad_mapping", _first_line(error)) from error


def _first_line(error: ContractError) -> str:
    return " ".join(str(error).split())[:DETAIL_CHARACTERS]


def _is_sav(path: Path) -> bool:
    if path.suffix.lower() in (".sav", ".zsav"):
        return True
    try:
        return read_unpacked(path, at_most=4) in SAV_MAGIC
    except SourceError:
        return False


def _format(path: Path, limits: FileLimits) -> str | None:
    """The outside format, `table` for one that needs a mapping, or None."""
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic == OLE_MAGIC:
        raise SourceError("locked_or_old_workbook")
    if magic.startswith(b"PK") and is_workbook(path):
        return _workbook_format(path, limits)
    head = read_unpacked(path, limits, at_most=SAMPLE_BYTES)
    if head[:4] in SAV_MAGIC:
        return "survey_sav"
    if head.startswith(PARQUET_MAGIC):
        return "table"
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        raise SourceError("broken_workbook")
    encoding = detected_encoding(head, complete=len(head) < SAMPLE_BYTES)
    return _text_format(head.decode(encoding, "replace").lstrip("\ufeff \t\r\n"))


def _workbook_format(path: Path, limits: FileLimits) -> str:
    with open_workbook(path, limits) as workbook:
        if source_contract("brand_analytics").sheet in workbook.sheet_names:
            return "brand_analytics"
        if finds_medialogia_header(workbook):
            return "medialogia"
        return "council_returns" if finds_council_header(workbook) else "table"


def _text_format(head: str) -> str | None:
    if head.startswith("<"):
        if HTML.search(head[:2000]):
            raise SourceError("html_instead_of_data")
        return "syndication" if XML_FEED.search(head) else None
    if head.startswith("{"):
        if any(sign in head for sign in TELEGRAM_SIGNS) and (TELEGRAM_TYPES.search(head) or '"chats"' in head):
            return "telegram"
        return "syndication" if "jsonfeed.org/version" in head[:2000] else "table"
    if head.startswith("["):
        return "table"
    first = head.split("\n", 1)[0]
    return "table" if any(mark in first for mark in ",;\t|") else None
