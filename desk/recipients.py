"""Where letters go: the channel and address of each body in each region, as the operator enters them."""

from __future__ import annotations

import re
from typing import Any

from data_contracts.councils import councils
from data_contracts.reference import regions
from desk.book import Book, Entry
from desk.models import Recipient
from models.warning.refusals import Refused

CHANNELS = ("folder", "smtp", "apprise")
EXAMPLES = {"smtp": "council@example.org", "apprise": "tgram://TOKEN/CHAT"}
PATTERNS = {
    "smtp": re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+"),
    "apprise": re.compile(r"[a-z][a-z0-9+.-]*://\S+"),
}


class RecipientError(Refused):
    """A recipient that cannot be entered; the message names what is wrong."""


def check_recipient(body_code: str, region_code: str, channel: str, address: str) -> None:
    """Body, region and channel are known, and the address is one for the channel.

    Raises:
        RecipientError: naming what is not.
    """
    if body_code not in councils():
        raise RecipientError("no_body", body=body_code, known=", ".join(councils()))
    if region_code not in (*regions(), "unknown"):
        raise RecipientError("no_region", region=region_code)
    if channel not in CHANNELS:
        raise RecipientError("no_channel", channel=channel, known=", ".join(CHANNELS))
    if address and channel != "folder" and not PATTERNS[channel].fullmatch(address):
        raise RecipientError("bad_address", address="…", channel=channel, example=EXAMPLES[channel])


def set_recipient(
    book: Book, *, body_code: str, region_code: str, channel: str, address: str = "", actor: str = "operator"
) -> Any:
    """Enter or replace where letters for a body of a region go; an empty address takes it away.

    The address itself stays out of the events: it may hold the secret of a bot.

    Returns:
        The recipient.

    Raises:
        RecipientError: naming what is not known or not an address.
    """
    check_recipient(body_code, region_code, channel, address)
    with book.writing():
        row, _ = Recipient.objects.using(book.alias).update_or_create(
            body_code=body_code, region_code=region_code, defaults={"channel": channel, "address": address}
        )
        content = {"body": body_code, "region": region_code, "channel": channel, "has_address": bool(address)}
        book.append(Entry("recipient_set", actor, payload=content))
    return row
