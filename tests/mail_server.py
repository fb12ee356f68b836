"""A real mail server on loopback that accepts, refuses, hangs or dies as a test wants."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller

PATIENCE = 0.3
"""Seconds a sender waits in tests for an answer."""


class MailBox:
    """What a council's server does with mail; `answer` stands in for a full or strict mailbox."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.answer = "250 taken"
        self.hangs = False
        self.dies = False

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.answer.startswith("550"):
            return f"550 5.1.1 <{address}> unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        if self.dies:
            server.transport.abort()
        if self.hangs:
            await asyncio.sleep(2 * PATIENCE)
        return self.answer


@contextmanager
def serving(handler: MailBox, **options: Any) -> Iterator[int]:
    """The port of a server that lives as long as the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
