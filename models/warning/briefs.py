"""Briefs: what one body is told about one alert, in each language it reads.

A brief is written from codes and counts. It holds no text of any message: letters are forwarded, and a letter that
repeats hostile words spreads them. The examples stay with the reviewers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from jinja2 import Environment, FunctionLoader, StrictUndefined

from data_contracts.contract import Trilingual
from data_contracts.councils import Body, case_kinds, council_book, councils
from data_contracts.reference import ethnic_groups, regions
from models.warning.deadlines import time_limit
from models.warning.dispatching import Letter
from models.warning.lifecycle import Clearance


@dataclass(frozen=True)
class BriefSection:
    """A heading, sentences under it, and list items under those."""

    heading: str
    lines: tuple[str, ...]
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Brief:
    """One body's brief in one language."""

    language: str
    title: str
    addressee: str
    banner: str
    sections: tuple[BriefSection, ...]


@dataclass(frozen=True)
class Envelope:
    """Where a brief goes and what every attempt at it has in common."""

    body_code: str
    address: str
    idempotency_key: str


def briefs(
    alert: Mapping[str, Any], body_code: str, *, contact: str | None = None, is_synthetic: bool = False
) -> tuple[Brief, ...]:
    """A body's briefs about an alert, one for each language of the body, in its order.

    Args:
        alert: a row of `out_warning__candidates`; `week_date` may be a date or its ISO form.
        body_code: code of `councils.yml`.
        contact: telephone or address of the analyst on duty; by default the one of `councils.yml`.
        is_synthetic: the alert comes from synthetic data, and every brief says so.

    Raises:
        KeyError: for a body, kind of case or signal that is not known.
    """
    body = councils()[body_code]
    return tuple(_brief(alert, body, language, contact, is_synthetic) for language in body.languages)


def letter(
    alert: Mapping[str, Any],
    clearance: Clearance,
    envelope: Envelope,
    *,
    contact: str | None = None,
    is_synthetic: bool = False,
) -> Letter:
    """The letter to one body: its briefs as plain text and as HTML that loads nothing.

    Raises:
        ValueError: if the clearance is for another alert.
    """
    if clearance.alert_id != alert["candidate_id"]:
        raise ValueError(f"the clearance is for {clearance.alert_id}, the brief for {alert['candidate_id']}")
    told = briefs(alert, envelope.body_code, contact=contact, is_synthetic=is_synthetic)
    subject = f"[Kelisim {alert['candidate_id']}] {' / '.join(brief.title for brief in told)}"
    return Letter(
        clearance=clearance,
        idempotency_key=envelope.idempotency_key,
        body_code=envelope.body_code,
        region_code=alert["region_code"],
        address=envelope.address,
        subject=subject,
        text="\n\n".join(as_text(brief) for brief in told),
        html=_template().render(briefs=told, subject=subject),
    )


def as_text(brief: Brief) -> str:
    """A brief as plain text."""
    head = [brief.banner] if brief.banner else []
    lines = [*head, brief.title, brief.addressee]
    for section in brief.sections:
        lines += ["", section.heading.upper(), *section.lines, *(f"- {item}" for item in section.items)]
    return "\n".join(lines)


def _brief(alert: Mapping[str, Any], body: Body, language: str, contact: str | None, is_synthetic: bool) -> Brief:
    advice = council_book().advice
    region = _region(alert["region_code"], language)
    kind = case_kinds()[alert["case_kind"]].name.in_language(language)
    forbidden = [body.do_not, *advice.do_not]
    call = advice.call.in_language(language).format(contact=contact or advice.contact)
    return Brief(
        language=language,
        title=f"{_say('subject', language)}: {kind}" + (f", {region}" if region else ""),
        addressee=body.name.in_language(language),
        banner=_say("synthetic", language) if is_synthetic else "",
        sections=(
            _section("what", language, _what(alert, kind, language)),
            _section("where", language, _where(alert, region, language)),
            _section("sure", language, _how_sure(alert, language)),
            _section("asked", language, _asked(alert, body, language)),
            _section("do_not", language, [], [rule.in_language(language) for rule in forbidden]),
            _section("call", language, [call]),
            _reply(alert, body, language),
        ),
    )


def _what(alert: Mapping[str, Any], kind: str, language: str) -> list[str]:
    signals = ", ".join(signal_name(name, language) for name in alert["signals"])
    known = ethnic_groups()
    groups = ", ".join(known[code].name.in_language(language) for code in alert["group_codes"] if code in known)
    earlier = alert.get("is_continuation_of")
    lines = [
        _say("line.kind", language, kind=kind),
        _say("line.signals", language, signals=signals),
        _say("line.groups", language, groups=groups) if groups else "",
        _say("line.counts", language, clusters=alert["cluster_count"], messages=alert["message_count"]),
        _say("line.continues", language, earlier=earlier) if earlier else "",
    ]
    return [line for line in lines if line]


def _where(alert: Mapping[str, Any], region: str, language: str) -> list[str]:
    week = alert["week_date"]
    monday = week if isinstance(week, date) else date.fromisoformat(str(week))
    sunday = monday + timedelta(days=6)
    place = _say("line.region", language, region=region) if region else _say("line.no_region", language)
    return [place, _say("line.week", language, first=f"{monday:%d.%m.%Y}", last=f"{sunday:%d.%m.%Y}")]


def _how_sure(alert: Mapping[str, Any], language: str) -> list[str]:
    number = f"{alert['expected_false_alarms_per_year']:.1f}"
    return [
        _say("line.not_a_fact", language),
        _say("line.two_people", language),
        _say("line.severity", language, severity=alert["severity"]),
        _say("line.false_alarms", language, number=number if language == "en" else number.replace(".", ",")),
    ]


def _asked(alert: Mapping[str, Any], body: Body, language: str) -> list[str]:
    if body.body_code == alert["primary_body"]:
        role = _say("line.primary", language)
    else:
        primary = councils()[alert["primary_body"]].name.in_language(language)
        role = _say("line.supporting", language, primary=primary)
    limit = time_limit("dispatched", alert["severity"])
    hours = [] if limit is None else [_say("line.deadline", language, hours=round(limit.total_seconds() / 3600))]
    return [role, body.ask.in_language(language), *hours]


def _reply(alert: Mapping[str, Any], body: Body, language: str) -> BriefSection:
    names = {reply.reply_code: reply.name.in_language(language) for reply in council_book().replies}
    lines = [
        _say("line.number", language, alert=alert["candidate_id"]),
        _say("line.report_date", language),
        _say("line.choose", language),
    ]
    return _section("reply", language, lines, [names[code] for code in body.replies])


def _section(name: str, language: str, lines: list[str], items: list[str] | None = None) -> BriefSection:
    return BriefSection(_say(f"heading.{name}", language), tuple(lines), tuple(items or ()))


def _region(region_code: str, language: str) -> str:
    known = regions().get(region_code)
    return known.name.in_language(language) if known else ""


def signal_name(signal: str, language: str) -> str:
    """A signal in words; one that the phrases do not know yet keeps its code, so that no letter stays behind."""
    return _say(f"signal.{signal}", language) if f"signal.{signal}" in _phrases() else signal


def _say(name: str, language: str, **values: object) -> str:
    return _phrases()[name].in_language(language).format(**values)


@cache
def _phrases() -> dict[str, Trilingual]:
    content = yaml.safe_load(files("models.warning").joinpath("brief_phrases.yml").read_text(encoding="utf-8"))
    flat: dict[str, Trilingual] = {}
    for name, entry in content.items():
        if set(entry) == {"kk", "ru", "en"}:
            flat[name] = Trilingual.model_validate(entry)
        else:
            flat |= {f"{name}.{key}": Trilingual.model_validate(text) for key, text in entry.items()}
    return flat


@cache
def _template() -> Any:
    folder = files("models.warning").joinpath("templates")
    environment = Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("brief.html.j2")
