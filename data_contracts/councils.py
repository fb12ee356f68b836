"""The bodies that receive alerts, and which kind of case goes to whom, as `councils.yml` says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal

from pydantic import Field, model_validator

from data_contracts.contract import FOLDER, ContractError, Promise, Trilingual, read_yaml


class Addresses(Promise):
    """How addresses are made; `overrides` replaces single ones."""

    pattern: str = Field(pattern=r"^\S*\{mailbox\}\S*\{region\}\S*@\S+$")
    republican: str = Field(pattern=r"^\S*\{mailbox\}\S*@\S+$")
    overrides: tuple[AddressOverride, ...] = ()


class AddressOverride(Promise):
    """The address of one body in one region where it differs; null says that the body has none there."""

    body_code: str
    region_code: str
    address: str | None


class Body(Promise):
    """A kind of council: what it is for, what it is asked, how it may reply."""

    body_code: str = Field(pattern=r"^[a-z][a-z_]*$")
    mailbox: str = Field(pattern=r"^[a-z0-9-]+$")
    name: Trilingual
    task: Trilingual
    ask: Trilingual
    do_not: Trilingual
    languages: tuple[Literal["kk", "ru"], ...] = Field(min_length=1)
    replies: tuple[str, ...] = Field(min_length=1)
    working_hours: WorkingHours | None = None
    letters_per_day: int | None = Field(default=None, ge=1)


class WorkingHours(Promise):
    """Days of the week (1 Monday to 7 Sunday) and the hours between which a body reads letters."""

    weekdays: tuple[int, ...] = Field(min_length=1)
    opens: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    closes: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")

    @model_validator(mode="after")
    def _days_and_hours_exist(self) -> WorkingHours:
        if self.opens >= self.closes or not all(1 <= day <= 7 for day in self.weekdays):
            raise ValueError(f"working hours {self.opens} to {self.closes} on {self.weekdays}: no such hours or days")
        return self


class Urgent(Promise):
    """From which severity a case may pass the working hours, and how many letters a day more it may add."""

    severity_from: int = Field(ge=1, le=5)
    passes_working_hours: bool
    more_letters_per_day: int = Field(ge=0)


class Attempts(Promise):
    """How often and how long sending is tried, and when a started attempt counts as broken off."""

    most: int = Field(ge=1)
    first_delay_minutes: int = Field(ge=1)
    factor: int = Field(ge=1)
    longest_delay_minutes: int = Field(ge=1)
    lease_minutes: int = Field(ge=1)


class Delivery(Promise):
    """When and how often letters go out."""

    utc_offset_hours: int = Field(ge=-12, le=14)
    working_hours: WorkingHours
    holidays: tuple[str, ...]
    letters_per_day: int = Field(ge=1)
    urgent: Urgent
    attempts: Attempts
    cooldown_days: int = Field(ge=0)


class TimeLimits(Promise):
    """Hours an alert may stay in a status before analysts are told, and days before it expires."""

    hours: dict[str, int]
    urgent_hours: dict[str, int]
    expires_after_days: int = Field(ge=1)


class Advice(Promise):
    """What every letter says whoever receives it."""

    do_not: tuple[Trilingual, ...] = Field(min_length=1)
    call: Trilingual
    contact: str


class Reply(Promise):
    """One of the answers a council may give."""

    reply_code: Literal["confirmed", "rumour", "already_mediated", "not_verifiable"]
    name: Trilingual


class Cues(Promise):
    """Beginnings of words that point at a kind of case."""

    kk: tuple[str, ...]
    ru: tuple[str, ...]


class CaseKind(Promise):
    """A kind of case and who receives it."""

    case_kind: str = Field(pattern=r"^[a-z][a-z_]*$")
    name: Trilingual
    cues: Cues
    signals: tuple[str, ...] = ()
    source_kinds: tuple[str, ...] = ()
    primary: str
    supporting: tuple[str, ...] = Field(min_length=1)


class Councils(Promise):
    """The whole file."""

    version: str
    addresses: Addresses
    delivery: Delivery
    time_limits: TimeLimits
    advice: Advice
    bodies: tuple[Body, ...] = Field(min_length=1)
    replies: tuple[Reply, ...] = Field(min_length=1)
    case_kinds: tuple[CaseKind, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _codes_agree(self) -> Councils:
        bodies = [body.body_code for body in self.bodies]
        replies = [reply.reply_code for reply in self.replies]
        kinds = [kind.case_kind for kind in self.case_kinds]
        for what, codes in (("body_code", bodies), ("reply_code", replies), ("case_kind", kinds)):
            if len(set(codes)) != len(codes):
                raise ValueError(f"a {what} stands there twice: {codes}")
        for kind in self.case_kinds:
            for code in (kind.primary, *kind.supporting):
                if code not in bodies:
                    raise ValueError(f"case kind {kind.case_kind}: {code} is no body_code")
            if kind.primary in kind.supporting:
                raise ValueError(f"case kind {kind.case_kind}: {kind.primary} is primary and supporting")
        for body in self.bodies:
            unknown = set(body.replies) - set(replies)
            if unknown:
                raise ValueError(f"body {body.body_code}: no such reply {sorted(unknown)}")
        for override in self.addresses.overrides:
            if override.body_code not in bodies:
                raise ValueError(f"addresses: {override.body_code} is no body_code")
        return self


@cache
def council_book() -> Councils:
    """The validated content of `councils.yml`.

    Raises:
        ContractError: if the file does not validate.
    """
    try:
        return Councils.model_validate(read_yaml(FOLDER / "councils.yml"))
    except ContractError:
        raise
    except ValueError as error:
        raise ContractError(f"councils.yml: {error}") from error


@cache
def councils() -> Mapping[str, Body]:
    """Bodies by body code."""
    return MappingProxyType({body.body_code: body for body in council_book().bodies})


@cache
def case_kinds() -> Mapping[str, CaseKind]:
    """Kinds of case by code, in the order in which they are tried."""
    return MappingProxyType({kind.case_kind: kind for kind in council_book().case_kinds})


def council_address(body_code: str, region_code: str) -> str | None:
    """The address of a body in a region, of the republican body where the region is not known; None without one.

    Raises:
        ContractError: if there is no such body.
    """
    book = council_book()
    if body_code not in councils():
        raise ContractError(f"councils.yml: no body {body_code!r}")
    for override in book.addresses.overrides:
        if (override.body_code, override.region_code) == (body_code, region_code):
            return override.address
    mailbox = councils()[body_code].mailbox
    if not region_code.startswith("KZ-"):
        return book.addresses.republican.format(mailbox=mailbox)
    return book.addresses.pattern.format(mailbox=mailbox, region=region_code.lower())
