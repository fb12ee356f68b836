"""Mail to councils: one SMTP transaction a letter, and an honest answer about what became of it."""

from __future__ import annotations

import ipaddress
import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

from models.warning.dispatching import Delivery, Letter, Verdict
from models.warning.refusals import Refused

ADDRESS = re.compile(r"\S+@\S+")
SERVER_READY_FOR_TEXT = 354
ACCEPTED = (250, 251, 252)
DETAIL_LENGTH = 200


class MailError(Refused):
    """Settings of the mail server that are not allowed; the message says what to set."""


@dataclass(frozen=True)
class MailServer:
    """Where mail goes out and how it is protected.

    Attributes:
        tls: `starttls`, `implicit` or `none`; none is allowed on this machine only.
        sender: address that letters come from.
        ca_file: certificates to trust; the system's without it.
        timeout: seconds to wait for each answer.

    Raises:
        MailError: for mail without TLS to another machine.
    """

    host: str
    port: int
    tls: Literal["starttls", "implicit", "none"]
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    timeout: float = 20.0

    def __post_init__(self) -> None:
        if self.tls == "none" and not _is_this_machine(self.host):
            raise MailError("unprotected", host=self.host)


class SmtpSender:
    """Sends letters through one mail server.

    Until the server has asked for the text nothing can have been delivered, so every failure may be tried again.
    From the first byte of the text on, a connection that dies leaves the matter open: the server may have taken the
    letter. That is answered with `uncertain`, and only a person sends it again. Every attempt carries the same
    Message-ID, so that mail programs can tell a copy.
    """

    def __init__(self, server: MailServer, clock: Callable[[], datetime]) -> None:
        self.server = server
        self.clock = clock

    def send(self, letter: Letter) -> Delivery:
        """Try once to deliver a letter."""
        try:
            connection = self._connect()
        except smtplib.SMTPNotSupportedError:
            return Delivery("temporary", "the server offers no TLS; nothing was sent")
        except smtplib.SMTPResponseException as error:
            return Delivery("temporary", _detail(error.smtp_code, error.smtp_error))
        except (smtplib.SMTPException, OSError) as error:
            return Delivery("temporary", _reason(error))
        try:
            return self._transaction(connection, letter)
        finally:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        context = ssl.create_default_context(cafile=server.ca_file)
        if server.tls == "implicit":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, "localhost", timeout=server.timeout, context=context
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, "localhost", timeout=server.timeout)
        try:
            if server.tls == "starttls":
                connection.starttls(context=context)
            connection.ehlo_or_helo_if_needed()
            if server.user is not None:
                connection.login(server.user, server.password or "")
        except BaseException:
            connection.close()
            raise
        return connection

    def _transaction(self, connection: smtplib.SMTP, letter: Letter) -> Delivery:
        try:
            content = _on_the_wire(self.message(letter))
            for code, answer in (connection.mail(self.server.sender), connection.rcpt(letter.address)):
                if code not in ACCEPTED:
                    return Delivery(_refusal(code), _detail(code, answer))
            code, answer = connection.docmd("DATA")
            if code != SERVER_READY_FOR_TEXT:
                return Delivery(_refusal(code), _detail(code, answer))
        except ValueError as error:
            return Delivery("permanent", f"the letter cannot be written as mail: {type(error).__name__}")
        except (smtplib.SMTPException, OSError) as error:
            return Delivery("temporary", _reason(error))
        try:
            connection.send(content)
            code, answer = connection.getreply()
        except (smtplib.SMTPException, OSError) as error:
            return Delivery("uncertain", f"after the text was sent: {_reason(error)}")
        return Delivery("sent" if code in ACCEPTED else _refusal(code), _detail(code, answer))

    def message(self, letter: Letter) -> EmailMessage:
        """The letter as mail: text, and HTML that loads nothing.

        Raises:
            ValueError: if the address or subject cannot stand in a header.
        """
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"] = self.server.sender
        mail["To"] = letter.address
        mail["Subject"] = letter.subject
        mail["Date"] = format_datetime(self.clock())
        mail["Message-ID"] = f"<{letter.idempotency_key}@{self.server.sender.rsplit('@', 1)[-1]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Kelisim-Alert"] = letter.clearance.alert_id
        mail.set_content(letter.text, cte="quoted-printable")
        mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
        return mail


def _on_the_wire(mail: EmailMessage) -> bytes:
    """The bytes after DATA: lines that begin with a dot doubled, a dot alone at the end (RFC 5321, 4.5.2)."""
    text = re.sub(rb"(?m)^\.", b"..", mail.as_bytes())
    return text + (b".\r\n" if text.endswith(b"\r\n") else b"\r\n.\r\n")


def _refusal(code: int) -> Verdict:
    return "permanent" if code >= 500 else "temporary"


def _detail(code: int, answer: bytes | str) -> str:
    """What the server said, without addresses: it is shown to people and kept."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return ADDRESS.sub("[address]", f"{code} {text}")[:DETAIL_LENGTH]


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or type(error).__name__}"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the server closed the connection"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
