"""The one settings class: every environment variable of the project is named here."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Language = Literal["kk", "ru", "en"]


class Settings(BaseSettings):
    """Where the work happens and what may be changed without touching code; read from `KELISIM_*`."""

    model_config = SettingsConfigDict(env_prefix="KELISIM_", frozen=True, extra="forbid")

    home: Path = Field(default=Path("var"), description="folder of inbox, lake, warehouse, ledger and outputs")
    language: Language = Field(default="ru", description="language of messages to the operator")
    seed: int = Field(default=2026, description="seed of everything random: demo, folds, bootstrap")
    as_of: datetime | None = Field(
        default=None,
        description="the moment the run takes for now (UTC); later dates in the input are errors",
    )
    ledger_url: SecretStr | None = Field(
        default=None,
        description="sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE; by default ledger.sqlite in home",
    )
    desk_password: SecretStr | None = Field(
        default=None, description="password of the desk user who acts, for scripts; without it the command asks"
    )
    duty_contact: str | None = Field(default=None, description="analyst on duty, printed in every brief to a council")
    channel: Literal["folder", "smtp", "apprise"] = Field(
        default="folder", description="channel of letters to bodies that have no recipient of their own"
    )
    smtp_host: str | None = Field(default=None, description="mail server; without it no mail is sent")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="port of the mail server")
    smtp_tls: Literal["starttls", "implicit", "none"] = Field(
        default="starttls", description="protection of mail; none only on this machine"
    )
    smtp_user: str | None = Field(default=None, description="user name at the mail server")
    smtp_password: SecretStr | None = Field(default=None, description="password at the mail server")
    smtp_sender: str = Field(default="kelisim@localhost", description="address that letters come from")
    smtp_ca_file: Path | None = Field(default=None, description="certificates to trust, PEM; by default the system's")
    smtp_timeout: float = Field(default=20.0, gt=0, description="seconds to wait for each answer of the mail server")
    pseudonym_key: SecretStr | None = Field(
        default=None,
        description="key of author pseudonyms; without it a key is made in home for each quarter",
    )
    browser: Path | None = Field(default=None, description="Chromium browser that prints the bulletin to PDF")
    retention_days: int = Field(default=90, ge=1, description="days a raw feed file may stay in the inbox once read")
    demo_messages: int = Field(default=60_000, ge=1_000, description="messages of the demo inbox")
    demo_respondents: int = Field(default=8_000, ge=500, description="respondents of each demo wave")

    @property
    def root(self) -> Path:
        """`home` as an absolute path."""
        return self.home.expanduser().resolve()

    def now(self) -> datetime:
        """The moment the run takes for now, in UTC."""
        moment = self.as_of or datetime.now(UTC)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
