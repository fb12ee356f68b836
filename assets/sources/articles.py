"""Article pages to text, written into the entries of the feed that links to them."""

import hashlib
import time
from collections.abc import Callable
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring as safe_fromstring

from data_contracts.subscriptions import Subscriptions

REMEMBERED = 5_000
LONGEST_TEXT = 90_000


def article_text(page: str) -> str | None:
    """The main text of an article's HTML page, without menus, comments and mark-up; None if there is none."""
    import trafilatura

    found = trafilatura.extract(
        page, include_comments=False, include_tables=False, include_links=False, favor_precision=True
    )
    return found[:LONGEST_TEXT] if found and found.strip() else None


def with_full_texts(
    feed: bytes,
    page_of: Callable[[str], str | None],
    seen: set[str],
    remembered: list[str],
    limits: Subscriptions,
) -> tuple[bytes, int]:
    """A feed whose new entries carry the full text of their page as `encoded`.

    Args:
        feed: RSS or Atom; anything else comes back as it is.
        page_of: fetches a page, or None where it must not or cannot be had.
        seen: marks of pages fetched before.
        remembered: the same marks as a list; new ones are added, the oldest dropped.
        limits: how many pages, and the pause between two.

    Returns:
        The feed, and how many entries got a text.
    """
    try:
        root = safe_fromstring(feed, forbid_dtd=False, forbid_entities=True)
    except (DefusedXmlException, ParseError, ValueError):
        return feed, 0
    fetched = filled = 0
    for item in [element for element in root.iter() if _local(element) in ("item", "entry")]:
        address = _address(item)
        if address is None or fetched >= limits.pages_per_poll:
            continue
        mark = hashlib.sha256(address.encode()).hexdigest()[:16]
        if mark in seen:
            continue
        if fetched and limits.page_pause_seconds:
            time.sleep(limits.page_pause_seconds)
        page = page_of(address)
        fetched += 1
        remembered.append(mark)
        text = article_text(page) if page else None
        if text:
            SubElement(item, "encoded").text = text
            filled += 1
    del remembered[:-REMEMBERED]
    return (tostring(root, encoding="utf-8", xml_declaration=True), filled) if filled else (feed, 0)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _address(item: Element) -> str | None:
    for child in item:
        if _local(child) == "link" and child.get("rel", "alternate") == "alternate":
            address = (child.get("href") or child.text or "").strip()
            if address.startswith(("http://", "https://")):
                return address
    return None
