"""What the desk needs from outside to send letters, and what it reports; needs no Django."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from models.warning.dispatching import Delivery, Letter
from models.warning.refusals import Refused


class Sender(Protocol):
    """One channel. It never raises for what the other side does: that is a Delivery."""

    def send(self, letter: Letter) -> Delivery:
        """Try once to deliver a letter."""
        ...


@dataclass(frozen=True)
class Channels:
    """What sending needs from outside the ledger.

    Attributes:
        senders: by channel name.
        default: channel of bodies that no recipient row names.
        book_address: address of a body in a region by `councils.yml`, None without one; only the default
            channel uses it.
        contact: the analyst on duty, printed in every brief.
    """

    senders: Mapping[str, Sender]
    default: str
    book_address: Callable[[str, str], str | None]
    contact: str | None = None


@dataclass
class Report:
    """What one pass over the queue did; each list holds (alert, body, sentence)."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[tuple[str, str, str]] = field(default_factory=list)
    stuck: list[tuple[str, str, str]] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)
