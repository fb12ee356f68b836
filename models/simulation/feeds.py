"""Simulated public messages in Kazakh, Russian and both, with planted outbreaks and a known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from random import Random
from typing import Any

import numpy as np
import polars as pl

from models.simulation import spelling
from models.simulation.data_files import simulation_data
from models.simulation.grammar import LANGUAGES, Subject, compose, place_count, story_severities
from models.simulation.outbreaks import (
    Decoy,
    Outbreak,
    demo_scale,
    group_weights,
    outbreak_label_shares,
    planted_decoys,
    planted_outbreaks,
)
from models.simulation.populations import region_codes, region_totals

FIRST_DAY = date(2024, 10, 1)
LAST_DAY = date(2026, 9, 30)

_DATA_FILE = "outlets.yml"
_LOCAL = timezone(timedelta(hours=5))
_WITHOUT_GROUP = ("other", "authority")


@dataclass(frozen=True)
class Outlet:
    """An invented outlet: where its messages are published and in which kind of file they arrive."""

    slug: str
    name: str
    kind: str
    region: str | None
    share: float
    languages: tuple[float, float, float]
    export: str

    @property
    def is_news(self) -> bool:
        """Whether it writes as a newsroom does."""
        return self.kind == "media"

    @property
    def has_authors(self) -> bool:
        """Whether messages are written by single people."""
        return self.kind in ("group", "social", "forum")


@dataclass
class _Draft:
    """A message before and after its text is written."""

    outlet: int
    published_at: datetime
    label: str
    region: str | None
    names_place: bool
    event_id: str | None = None
    outbreak: Outbreak | None = None
    severity: int = 0
    language: str = ""
    text: str = ""
    groups: tuple[str, ...] = ()
    script: str = "cyrillic"
    personal_data: str | None = None
    copy_of: int | None = None


@cache
def outlets() -> tuple[Outlet, ...]:
    """All outlets in the order of the data file; shares add up to one."""
    entries = simulation_data(_DATA_FILE)["outlets"]
    total = sum(entry["share"] for entry in entries)
    return tuple(
        Outlet(**{**entry, "share": entry["share"] / total, "languages": tuple(entry["languages"])})
        for entry in entries
    )


def messages(
    seed: int = 2026,
    count: int = 60_000,
    *,
    first_day: date = FIRST_DAY,
    last_day: date = LAST_DAY,
    outbreaks: Sequence[Outbreak] | None = None,
    decoys: Sequence[Decoy] | None = None,
) -> pl.DataFrame:
    """Messages of invented outlets with their truth, by time of publication.

    The ordinary flow has a weekly, a daily and a mild yearly rhythm and grows a little. Outbreaks and
    decoys are added on top, reposts copy a text to another outlet within days. Hostile phrases are only as
    harsh as is needed to be recognised.

    Args:
        seed: Seed of everything.
        count: Messages in all, reposts, outbreaks and decoys included.
        first_day: First local day (UTC+5).
        last_day: Last local day.
        outbreaks: Planted outbreaks; None for those of the demo, smaller in a smaller flow.
        decoys: Surges without hostility, likewise. Events outside the period are left out.

    Returns:
        One row per message: `message_number` (from 0), `source_slug`, `source_name`, `source_kind`, `export`,
        `source_region` (region code of the outlet or null), `message_ref`, `published_at` (UTC), `text`,
        `author_number` (null for outlets that sign themselves), `reply_to_ref`, `reaction_count`; and the
        truth: `discourse`, `severity` (0..3), `group_codes`, `language` (kk|ru|mixed), `script`
        (cyrillic|latin), `region_code` (`unknown` where neither text nor outlet tells), `region_basis`
        (text|source|none), `event_id` (outbreak or decoy), `outbreak_id`, `copy_of` (message_number of the
        original), `personal_data` (kind or null).

    Raises:
        ValueError: if `count` does not hold the planted events.
    """
    rng = Random(f"feeds-{seed}")  # noqa: S311 - a simulation, not cryptography
    outbreaks = planted_outbreaks(demo_scale(count)) if outbreaks is None else outbreaks
    decoys = planted_decoys(demo_scale(count)) if decoys is None else decoys
    planted = _planted(rng, outbreaks, decoys, (first_day, last_day))
    reposts = round(count * simulation_data(_DATA_FILE)["repost_share"])
    ordinary = count - reposts - len(planted)
    if ordinary < 0:
        raise ValueError(f"count {count} is too small for {len(planted)} planted messages; ask for more or plant fewer")
    drafts = _ordinary(seed, ordinary, first_day, last_day) + planted
    _write(rng, drafts, group_weights(seed))
    drafts.extend(_reposts(rng, drafts, reposts, last_day))
    return _frame(rng, drafts)


def _ordinary(seed: int, count: int, first_day: date, last_day: date) -> list[_Draft]:
    """The daily flow, drawn column by column."""
    data = simulation_data(_DATA_FILE)
    rng = np.random.default_rng([seed, 41])
    chosen = rng.choice(len(outlets()), count, p=[outlet.share for outlet in outlets()])
    times = _times(rng, count, first_day, last_day)
    names = list(data["label_shares"])
    labels = rng.choice(len(names), count, p=list(data["label_shares"].values()))
    severities = rng.choice([1, 2, 3], count, p=data["severity_shares"])
    totals = np.array(list(region_totals().values()))
    regions = rng.choice(len(totals), count, p=totals / totals.sum())
    chances = rng.random((count, 2))
    drafts = []
    for at in range(count):
        outlet = outlets()[chosen[at]]
        label = names[labels[at]]
        if label == "hostile" and outlet.is_news and chances[at, 0] > data["media_hostile_factor"]:
            label = "neutral"
        place_share = data["place_share"]["regional" if outlet.region else "nationwide"]
        drafts.append(
            _Draft(
                outlet=int(chosen[at]),
                published_at=times[at],
                label=label,
                severity=int(severities[at]) if label == "hostile" else 0,
                region=outlet.region or region_codes()[regions[at]],
                names_place=bool(chances[at, 1] < place_share),
            )
        )
    return drafts


def _times(rng: np.random.Generator, count: int, first_day: date, last_day: date) -> list[datetime]:
    """Moments of publication, UTC."""
    data = simulation_data(_DATA_FILE)
    days = np.arange((last_day - first_day).days + 1)
    weekday = (days + first_day.weekday()) % 7
    phase = 2 * np.pi * (days + first_day.timetuple().tm_yday) / 365.25
    weights = np.array(data["weekday_weights"])[weekday]
    weights = (
        weights * (1 + data["yearly_amplitude"] * np.cos(phase)) * (1 + data["growth_per_year"]) ** (days / 365.25)
    )
    day = rng.choice(days, count, p=weights / weights.sum())
    hour_weights = np.array(data["hour_weights"])
    hour = rng.choice(24, count, p=hour_weights / hour_weights.sum())
    second = rng.integers(0, 3600, count)
    start = datetime(first_day.year, first_day.month, first_day.day, tzinfo=_LOCAL).astimezone(UTC)
    return [start + timedelta(seconds=int(moment)) for moment in day * 86400 + hour * 3600 + second]


def _planted(
    rng: Random, outbreaks: Sequence[Outbreak], decoys: Sequence[Decoy], period: tuple[date, date]
) -> list[_Draft]:
    """Messages of the planted events; most come from outlets of the region."""
    shares = outbreak_label_shares()
    drafts = []
    for event in (*outbreaks, *decoys):
        outbreak = event if isinstance(event, Outbreak) else None
        for week, size in enumerate(event.weekly_messages):
            monday = event.first_week + timedelta(weeks=week)
            if monday < period[0] or monday + timedelta(days=6) > period[1]:
                continue
            for _ in range(size):
                label = rng.choices(list(shares), list(shares.values()))[0] if outbreak else event.discourse  # type: ignore[union-attr]
                at, is_local = _event_outlet(rng, event.region_code)
                drafts.append(
                    _Draft(
                        outlet=at,
                        published_at=_event_time(rng, monday),
                        label=label,
                        severity=rng.choice(story_severities(outbreak.story)) if outbreak and label == "hostile" else 0,
                        region=event.region_code,
                        names_place=not is_local or rng.random() < 0.5,
                        event_id=outbreak.outbreak_id if outbreak else event.decoy_id,  # type: ignore[union-attr]
                        outbreak=outbreak,
                    )
                )
    return drafts


def _event_outlet(rng: Random, region: str) -> tuple[int, bool]:
    local = [at for at, outlet in enumerate(outlets()) if outlet.region == region]
    nationwide = [at for at, outlet in enumerate(outlets()) if outlet.region is None and not outlet.is_news]
    is_local = bool(local) and rng.random() < 0.65
    return rng.choice(local if is_local else nationwide), is_local


def _event_time(rng: Random, monday: date) -> datetime:
    start = datetime(monday.year, monday.month, monday.day, tzinfo=_LOCAL).astimezone(UTC)
    hour = min(rng.triangular(0, 7 * 24, 50), 7 * 24 - 1)
    return start + timedelta(hours=int(hour), seconds=rng.randrange(3600))


def _write(rng: Random, drafts: list[_Draft], weights: dict[str, dict[str, float]]) -> None:
    """Language, groups and text of every draft."""
    data = simulation_data(_DATA_FILE)
    names = {region: list(found) for region, found in weights.items()}
    shares = {region: list(found.values()) for region, found in weights.items()}
    for draft in drafts:
        outlet = outlets()[draft.outlet]
        draft.language = rng.choices(LANGUAGES, outlet.languages)[0]
        group, other = None, None
        if draft.outbreak is not None:
            group, other = draft.outbreak.group_code, draft.outbreak.other_group
        elif draft.label not in _WITHOUT_GROUP and draft.region is not None:
            group, other = rng.choices(names[draft.region], shares[draft.region], k=2)
            if group == other:
                other = "kazakh" if group != "kazakh" else "russian"
        place = (draft.region, rng.randrange(place_count(draft.region))) if draft.names_place and draft.region else None
        story = draft.outbreak.story if draft.outbreak else None
        subject = Subject(draft.label, draft.severity, group, other, place, story, outlet.is_news)
        composed = compose(rng, draft.language, subject)
        draft.text, draft.groups = composed.text, composed.group_codes
        if not outlet.is_news:
            _respell(rng, draft, data)
        if rng.random() < data["personal_data_share"]:
            draft.personal_data, sentence = spelling.planted_personal_data(rng)
            draft.text = f"{draft.text} {sentence}"


def _respell(rng: Random, draft: _Draft, data: dict[str, Any]) -> None:
    draft.text = spelling.roughened(rng, draft.text)
    if draft.language == "kk":
        chance = rng.random()
        if chance < data["latin_share"]:
            draft.text, draft.script = spelling.in_chat_latin(draft.text), "latin"
        elif chance < data["latin_share"] + data["russian_letters_share"]:
            draft.text = spelling.with_russian_letters(draft.text)


def _reposts(rng: Random, drafts: list[_Draft], count: int, last_day: date) -> list[_Draft]:
    """Copies in other outlets, a third slightly changed; talk of outbreaks is copied twice as often."""
    end = datetime(last_day.year, last_day.month, last_day.day, tzinfo=_LOCAL) + timedelta(days=1)
    changed_share = simulation_data(_DATA_FILE)["changed_repost_share"]
    originals = rng.choices(range(len(drafts)), [2.0 if draft.outbreak else 1.0 for draft in drafts], k=count)
    copies = []
    for number in originals:
        original = drafts[number]
        at = rng.choice([at for at in range(len(outlets())) if at != original.outlet])
        moment = original.published_at + timedelta(hours=rng.expovariate(1 / 10))
        text = original.text
        if rng.random() < changed_share:
            text = spelling.changed_repost(rng, original.language, text)
        copies.append(
            _Draft(
                outlet=at,
                published_at=min(moment.replace(microsecond=0), end.astimezone(UTC) - timedelta(seconds=1)),
                label=original.label,
                severity=original.severity,
                region=original.region if original.names_place else outlets()[at].region,
                names_place=original.names_place,
                event_id=original.event_id,
                outbreak=original.outbreak,
                language=original.language,
                text=text,
                groups=original.groups,
                script=original.script,
                personal_data=original.personal_data,
                copy_of=number,
            )
        )
    return copies


def _frame(rng: Random, drafts: list[_Draft]) -> pl.DataFrame:
    """Rows in order of time, with references, authors and reactions."""
    order = sorted(range(len(drafts)), key=lambda number: (drafts[number].published_at, number))
    number_of = {draft: number for number, draft in enumerate(order)}
    last_ref: dict[int, int] = {}
    rows = []
    for number, at in enumerate(order):
        draft, outlet = drafts[at], outlets()[drafts[at].outlet]
        ref = last_ref.get(draft.outlet, 1000) + rng.randint(1, 3)
        reply = last_ref.get(draft.outlet) if outlet.has_authors and rng.random() < 0.12 else None
        last_ref[draft.outlet] = ref
        basis = "text" if draft.names_place else "source" if outlet.region else "none"
        rows.append(
            {
                "message_number": number,
                "source_slug": outlet.slug,
                "source_name": outlet.name,
                "source_kind": outlet.kind,
                "export": outlet.export,
                "source_region": outlet.region,
                "message_ref": str(ref),
                "published_at": draft.published_at,
                "text": draft.text,
                "author_number": int(rng.random() ** 2 * 4000) if outlet.has_authors else None,
                "reply_to_ref": None if reply is None else str(reply),
                "reaction_count": int(rng.expovariate(1 / 6)),
                "discourse": draft.label,
                "severity": draft.severity,
                "group_codes": list(draft.groups),
                "language": draft.language,
                "script": draft.script,
                "region_code": "unknown" if basis == "none" else draft.region,
                "region_basis": basis,
                "event_id": draft.event_id,
                "outbreak_id": draft.outbreak.outbreak_id if draft.outbreak else None,
                "copy_of": None if draft.copy_of is None else number_of[draft.copy_of],
                "personal_data": draft.personal_data,
            }
        )
    return pl.DataFrame(rows, schema=_SCHEMA)


_SCHEMA: dict[str, Any] = {
    "message_number": pl.Int64,
    **dict.fromkeys(("source_slug", "source_name", "source_kind", "export", "source_region", "message_ref"), pl.String),
    "published_at": pl.Datetime("us", "UTC"),
    "text": pl.String,
    "author_number": pl.Int64,
    "reply_to_ref": pl.String,
    "reaction_count": pl.Int64,
    "discourse": pl.String,
    "severity": pl.Int64,
    "group_codes": pl.List(pl.String),
    **dict.fromkeys(("language", "script", "region_code", "region_basis", "event_id", "outbreak_id"), pl.String),
    "copy_of": pl.Int64,
    "personal_data": pl.String,
}
