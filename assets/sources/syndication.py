"""News feeds saved as files: RSS 2.0 and 1.0, Atom, JSON Feed."""

import html
import io
import json
import re
from collections.abc import Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring as safe_fromstring

from assets.sources.admission import Door, admitted, found_frame
from assets.sources.encoding import decoded, detected_encoding
from assets.sources.outlets import host_of, personal_pages, platform_of, slug
from assets.sources.read_result import FileIdentity, ReadResult, SourceError, refused_file
from assets.sources.unpacking import FileLimits, read_unpacked

PARSE_LIMIT = 2**28
DEEPEST = 100
XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
DECLARED_ENCODING = re.compile(rb"^[^<]{0,8}<\?xml[^>]{0,100}encoding\s*=\s*[\"']([A-Za-z0-9._\-]+)[\"']")
NAMED_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
OWN_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
CLOSED_ROOT = re.compile(r"</(?:\w+:)?(?:rss|feed|RDF)\s*>\s*(?:<!--.*?-->\s*)*$", re.DOTALL | re.IGNORECASE)
TAG = re.compile(r"<(?:!--.*?--|/?[A-Za-z][^<>]*)>", re.DOTALL)
SKIPPED = re.compile(r"<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
BLOCK = re.compile(r"<(?:br|/?p|/?div|/?li|/?h[1-6]|/?tr)\b[^<>]*>", re.IGNORECASE)
DATES = ("pubdate", "published", "date", "issued", "updated", "modified")
TEXTS = ("encoded", "content", "description", "summary")


def read_syndication(
    path: Path, *, as_of: datetime, pseudonym_key: bytes, limits: FileLimits | None = None
) -> ReadResult:
    """Entries of a saved feed; title and the longest text of an entry, without HTML.

    A feed with a small slip in its XML (a bare `&`) is read leniently by feedparser if it is complete; one
    that is cut off, declares entities of its own or is a web page is refused as a whole.

    Args:
        path: the file, also as .gz or in a .zip.
        as_of: the run's moment, with time zone; later entries are refused.
        pseudonym_key: of the quarter, at least 16 bytes.
        limits: what the file may cost.
    """
    identity = FileIdentity.of(path)
    door = Door(identity, "syndication", as_of, pseudonym_key, ("iso",), timezone="UTC", date_column="pubDate")
    try:
        text = _text(path, limits)
        if text.lstrip("\ufeff \t\r\n").startswith("{"):
            site, title, entries = _json_feed(text)
        else:
            site, title, entries = _xml_feed(text)
        if not entries:
            raise SourceError("no_rows")
    except SourceError as error:
        return refused_file(identity, error, "raw_feeds__messages", "core_feeds__quarantine")
    source_id, source_name, kind = _source(site, title)
    count = len(entries)
    columns: dict[str, list[Any]] = {
        name: [entry.get(name) for entry in entries] for name in ("message_ref", "published", "title", "text", "author")
    }
    columns |= {
        "row_number": list(range(1, count + 1)),
        "source_id": [source_id] * count,
        "source_name": [source_name] * count,
        "source_kind": [kind] * count,
    }
    return admitted(found_frame(columns), door)


def _text(path: Path, limits: FileLimits | None) -> str:
    data = read_unpacked(path, limits, at_most=PARSE_LIMIT + 1)
    if len(data) > PARSE_LIMIT:
        raise SourceError("file_too_large", f"more than {PARSE_LIMIT} bytes")
    declared = DECLARED_ENCODING.match(data)
    if declared is not None and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        try:
            return decoded(data, declared[1].decode("ascii"))
        except SourceError:
            return decoded(data, detected_encoding(data))
    return decoded(data)


def _xml_feed(text: str) -> tuple[str | None, str | None, list[dict[str, str | None]]]:
    """(site, title, entries) of RSS or Atom."""
    head = text[:2000].lower()
    if "<html" in head or "<!doctype html" in head:
        raise SourceError("html_instead_of_data")
    if "<!ENTITY" in text:
        raise SourceError("xml_entities")
    readable = NAMED_ENTITY.sub(_character, XML_DECLARATION.sub("", text.lstrip("\ufeff"), count=1))
    try:
        root = safe_fromstring(readable.replace("\x00", ""), forbid_dtd=False, forbid_entities=True)
    except DefusedXmlException as error:
        raise SourceError("xml_entities") from error
    except RecursionError as error:
        raise SourceError("too_deep") from error
    except (ParseError, ValueError) as error:
        if not CLOSED_ROOT.search(text[-2000:]):
            line = getattr(error, "position", (0, 0))[0]
            raise SourceError("broken_xml", f"line {line}") from error
        return _lenient_feed(readable)
    if _local(root) not in ("rss", "feed", "rdf"):
        raise SourceError("unknown_format", "XML, but no feed")
    channel = next((child for child in root if _local(child) == "channel"), root)
    items = [element for element in (*channel, *root) if _local(element) in ("item", "entry")]
    unique = {id(item): item for item in items}
    return _link(channel), _child_text(channel, ("title",)), [_entry(item) for item in unique.values()]


def _character(match: re.Match[str]) -> str:
    name = match[1]
    return match[0] if name in OWN_ENTITIES else html.unescape(match[0])


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _content(element: Element) -> str:
    """All text inside, whatever markup is in it, at any depth."""
    return "".join(element.itertext())


def _child_text(parent: Element, names: Iterable[str]) -> str | None:
    for name in names:
        for child in parent:
            if _local(child) == name and (text := _content(child).strip()):
                return text
    return None


def _link(parent: Element) -> str | None:
    for child in parent:
        if _local(child) == "link" and child.get("rel", "alternate") == "alternate":
            address = child.get("href") or child.text
            if address and address.strip():
                return address.strip()
    return None


def _entry(item: Element) -> dict[str, str | None]:
    texts = [_plain(_content(child)) for child in item if _local(child) in TEXTS]
    author = _child_text(item, ("creator",))
    for child in item:
        if author is None and _local(child) == "author":
            author = _child_text(child, ("name", "email")) or _content(child).strip() or None
    return {
        "message_ref": _child_text(item, ("guid", "id")) or _link(item),
        "published": _moment(_child_text(item, DATES)),
        "title": _plain(_child_text(item, ("title",)) or ""),
        "text": max(texts, key=len, default=""),
        "author": author,
    }


def _moment(written: str | None) -> str | None:
    """A date of RFC 822 as ISO 8601; anything else as it is written."""
    if written is None or re.match(r"\d{4}-\d{2}", written):
        return written
    try:
        return parsedate_to_datetime(written).isoformat()
    except (ValueError, TypeError, OverflowError):
        return written


def _plain(markup: str) -> str:
    """The text of a piece of HTML: tags out, blocks on lines of their own, entities resolved."""
    if "<" in markup:
        markup = BLOCK.sub("\n", SKIPPED.sub(" ", markup))
        markup = TAG.sub("", markup)
    text = html.unescape(markup)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _lenient_feed(text: str) -> tuple[str | None, str | None, list[dict[str, str | None]]]:
    """A complete feed that is not well-formed XML, by feedparser's tolerant reader."""
    import feedparser

    document = feedparser.parse(io.BytesIO(text.encode("utf-8", "replace")), sanitize_html=False)
    entries = []
    for item in document.entries:
        contents = [str(content.get("value", "")) for content in item.get("content", [])]
        texts = [_plain(piece) for piece in (*contents, str(item.get("summary", "")))]
        entries.append(
            {
                "message_ref": item.get("id") or item.get("link"),
                "published": _moment(item.get("published") or item.get("updated")),
                "title": _plain(str(item.get("title", ""))),
                "text": max(texts, key=len),
                "author": item.get("author"),
            }
        )
    if not entries:
        raise SourceError("broken_xml", "no entry could be read")
    return document.feed.get("link"), document.feed.get("title"), entries


def _json_feed(text: str) -> tuple[str | None, str | None, list[dict[str, str | None]]]:
    try:
        document = json.loads(text.lstrip("\ufeff"))
    except RecursionError as error:
        raise SourceError("too_deep") from error
    except ValueError as error:
        raise SourceError("broken_json", f"line {getattr(error, 'lineno', 0)}") from error
    items = document.get("items")
    if not isinstance(items, list):
        raise SourceError("missing_column", "no list of items", "items")
    entries = [_json_entry(item if isinstance(item, dict) else {}) for item in items]
    return _string(document.get("home_page_url")), _string(document.get("title")), entries


def _json_entry(item: dict[str, Any]) -> dict[str, str | None]:
    authors = item.get("authors")
    listed = authors if isinstance(authors, list) else [item.get("author")]
    author = next((person for person in listed if isinstance(person, dict)), {})
    reference = item.get("id")
    return {
        "message_ref": None if reference is None else str(reference),
        "published": _string(item.get("date_published")) or _string(item.get("date_modified")),
        "title": _string(item.get("title")),
        "text": _string(item.get("content_text")) or _plain(_string(item.get("content_html")) or ""),
        "author": _string(author.get("url")) or _string(author.get("name")),
    }


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _source(site: str | None, title: str | None) -> tuple[str, str, str]:
    """(source_id, source_name, source_kind); the feed of a person's page is one of its platform's pages."""
    host = host_of(site)
    platform = platform_of(host) if host else None
    if platform is not None:
        page = personal_pages(platform)
        return page, page, "blog"
    name = " ".join((title or host or "feed").split())[:200]
    return slug(host or name), name, "media"
