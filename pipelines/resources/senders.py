"""Channels for letters that need no mail server: the folder `outbox`, and Apprise for Telegram and webhooks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from assets.whole_file import whole_file
from data_contracts.councils import council_address
from desk.channels import Channels, Sender
from models.warning.dispatching import Delivery, Letter
from pipelines.resources.senders_smtp import MailServer, SmtpSender
from pipelines.settings import Settings


class FolderSender:
    """Writes each letter as text and HTML into a folder; a person carries them from there."""

    def __init__(self, outbox: Path) -> None:
        self.outbox = outbox

    def send(self, letter: Letter) -> Delivery:
        """Write a letter under the alert's id; written again it has the same names and the same content."""
        folder = self.outbox / letter.clearance.alert_id
        name = f"{letter.body_code}-{letter.idempotency_key[:8]}"
        try:
            # The text comes last: a reader who finds it finds the page too.
            for suffix, content in ((".html", letter.html), (".txt", f"{letter.subject}\n\n{letter.text}\n")):
                with whole_file(folder / f"{name}{suffix}") as beside:
                    beside.write_text(content, encoding="utf-8")
        except OSError as error:
            return Delivery("temporary", f"the outbox cannot be written: {error.strerror or type(error).__name__}")
        return Delivery("sent", f"{letter.clearance.alert_id}/{name}.txt")


class AppriseSender:
    """Sends through Apprise, which knows Telegram, webhooks and many more by the form of their address."""

    def send(self, letter: Letter) -> Delivery:
        """Send a letter as text.

        Apprise does not say how a failed attempt failed, so it may have arrived: every failure is uncertain, but an
        address that it does not understand is refused for good.
        """
        import apprise

        service = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False, app_id="Kelisim"))
        if not service.add(letter.address):
            return Delivery("permanent", "Apprise does not know this kind of address")
        is_sent = service.notify(title=letter.subject, body=letter.text, body_format=apprise.NotifyFormat.TEXT)
        return Delivery("sent") if is_sent else Delivery("uncertain", "Apprise reports a failure without saying which")


def channels(settings: Settings, clock: Callable[[], datetime]) -> Channels:
    """The channels that the settings allow.

    Raises:
        Refused: if mail without TLS to another machine is asked for.
    """
    senders: dict[str, Sender] = {"folder": FolderSender(settings.root / "outbox"), "apprise": AppriseSender()}
    if settings.smtp_host is not None:
        password = settings.smtp_password
        server = MailServer(
            host=settings.smtp_host,
            port=settings.smtp_port,
            tls=settings.smtp_tls,
            sender=settings.smtp_sender,
            user=settings.smtp_user,
            password=None if password is None else password.get_secret_value(),
            ca_file=settings.smtp_ca_file,
            timeout=settings.smtp_timeout,
        )
        senders["smtp"] = SmtpSender(server, clock)
    return Channels(senders, settings.channel, council_address, settings.duty_contact)
