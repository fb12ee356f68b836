"""Which feeds are polled: the operator's list, `KELISIM_HOME/subscriptions.yml`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator

from data_contracts.contract import ContractError, Promise, read_yaml


class Subscription(Promise):
    """One feed to poll."""

    url: str = Field(description="address of the RSS, Atom or JSON feed")
    with_articles: bool = Field(default=False, description="also fetch the page of each new entry for its full text")

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no http(s) address")
        if parts.username or parts.password:
            raise ValueError("an address with a password in it does not belong in this file")
        return url


class Subscriptions(Promise):
    """Every feed that is polled, and how politely."""

    feeds: tuple[Subscription, ...] = ()
    feed_bytes: int = Field(default=20 * 2**20, ge=1024, description="most bytes of one feed")
    page_bytes: int = Field(default=5 * 2**20, ge=1024, description="most bytes of one article's page")
    pages_per_poll: int = Field(default=50, ge=0, description="most article pages fetched from one feed at a time")
    page_pause_seconds: float = Field(default=1.0, ge=0, description="between two pages of one host")

    @model_validator(mode="after")
    def _each_once(self) -> Subscriptions:
        urls = [feed.url for feed in self.feeds]
        doubled = sorted({url for url in urls if urls.count(url) > 1})
        if doubled:
            raise ValueError(f"listed twice: {', '.join(doubled)}")
        return self


def read_subscriptions(path: Path) -> Subscriptions:
    """The operator's list.

    Raises:
        ContractError: if the file is missing, is not YAML or does not hold a list; the message names the field.
    """
    try:
        return Subscriptions.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ContractError(f"{path.name}: {error}") from error
