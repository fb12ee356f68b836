"""Planted outbreaks and decoy surges: what the early warning should find, and what it should leave alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

import polars as pl

from models.simulation.data_files import simulation_data
from models.simulation.populations import census_groups, population, region_codes

_DATA_FILE = "outbreaks.yml"


@dataclass(frozen=True)
class Outbreak:
    """A burst of hostile and tense talk about one group in one region.

    Attributes:
        outbreak_id: Name of the outbreak.
        first_week: Monday of its first week.
        region_code: Where it happens.
        group_code: The group spoken about.
        other_group: The other side.
        story: Key of `phrases/stories.yml`.
        case_kind: Kind of case, for routing.
        weekly_messages: Messages of each week, reposts not counted.
    """

    outbreak_id: str
    first_week: date
    region_code: str
    group_code: str
    other_group: str
    story: str
    case_kind: str
    weekly_messages: tuple[int, ...]

    @property
    def weeks(self) -> tuple[date, ...]:
        """Mondays of the weeks it lasts."""
        return tuple(self.first_week + timedelta(weeks=at) for at in range(len(self.weekly_messages)))


@dataclass(frozen=True)
class Decoy:
    """A surge of talk without hostility between groups; `discourse` is its one label."""

    decoy_id: str
    first_week: date
    region_code: str
    discourse: str
    weekly_messages: tuple[int, ...]


def stories() -> tuple[str, ...]:
    """Stories an outbreak can tell."""
    return tuple(simulation_data("phrases/stories.yml"))


def outbreak_label_shares() -> dict[str, float]:
    """Shares of the labels inside an outbreak."""
    return dict(simulation_data(_DATA_FILE)["label_shares"])


def planted_outbreaks(scale: float = 1.0) -> tuple[Outbreak, ...]:
    """The outbreaks of the demo, by week, with `scale` times their messages (three a week at least)."""
    entries = simulation_data(_DATA_FILE)["outbreaks"]
    return tuple(_outbreak(**{**entry, "weekly_messages": _scaled(entry, scale)}) for entry in entries)


def planted_decoys(scale: float = 1.0) -> tuple[Decoy, ...]:
    """The surges of the demo that are not outbreaks, scaled like `planted_outbreaks`."""
    entries = simulation_data(_DATA_FILE)["decoys"]
    return tuple(Decoy(**{**entry, "weekly_messages": _scaled(entry, scale)}) for entry in entries)


def demo_scale(message_count: int) -> float:
    """Scale of the demo's events in a flow smaller than its 60,000 messages: the square root of its part."""
    return min(1.0, (message_count / simulation_data(_DATA_FILE)["made_for_messages"]) ** 0.5)


def drawn_outbreaks(
    seed: int, count: int, start: date, end: date, peak_messages: tuple[int, int] = (6, 60)
) -> tuple[Outbreak, ...]:
    """Random outbreaks for benchmarks, no two in one region within eight weeks of each other.

    Args:
        seed: Seed of the draw.
        count: Outbreaks wanted; fewer when the weeks and regions do not hold so many.
        start: First day of the period.
        end: Last day of the period.
        peak_messages: Range of the messages of the strongest week.

    Returns:
        Outbreaks by first week. A group is drawn in proportion to the square root of its number in the
        region.
    """
    rng = Random(f"outbreaks-{seed}")  # noqa: S311 - a simulation, not cryptography
    shares = _group_roots(seed)
    mondays = (end - start).days // 7 - 4
    first = start + timedelta(days=-start.weekday() % 7)
    found: list[Outbreak] = []
    for _ in range(count * 20):
        if len(found) == count:
            break
        region = rng.choice(region_codes())
        week = first + timedelta(weeks=rng.randrange(mondays))
        if any(one.region_code == region and abs((one.first_week - week).days) < 56 for one in found):
            continue
        group, other = _two_groups(rng, shares[region])
        peak = rng.randint(*peak_messages)
        decay = [1.0, rng.uniform(0.3, 0.9), rng.uniform(0.1, 0.4)][: rng.randint(1, 3)]
        story = rng.choice(stories())
        found.append(
            _outbreak(
                outbreak_id=f"ob-{seed}-{len(found) + 1:03d}",
                first_week=week,
                region_code=region,
                group_code=group,
                other_group=other,
                story=story,
                weekly_messages=[max(1, round(peak * part)) for part in decay],
            )
        )
    return tuple(sorted(found, key=lambda one: (one.first_week, one.region_code)))


def group_weights(seed: int) -> dict[str, dict[str, float]]:
    """How often each census group (`other` left out) is spoken about in each region; sums to one by region.

    Proportional to the square root of the group's number, the majority halved: small groups are talked
    about more than their size says.
    """
    weights = {}
    for region, roots in _group_roots(seed).items():
        halved = {group: root * (0.5 if group == "kazakh" else 1.0) for group, root in roots.items()}
        total = sum(halved.values())
        weights[region] = {group: value / total for group, value in halved.items()}
    return weights


def _group_roots(seed: int) -> dict[str, dict[str, float]]:
    cells = population(seed).group_by("region_code", "group_code", maintain_order=True)
    counts = cells.agg(pl.col("person_count").sum())
    roots: dict[str, dict[str, float]] = {region: {} for region in region_codes()}
    for region, group, number in counts.iter_rows():
        if group != "other":
            roots[region][group] = float(number) ** 0.5
    return roots


def _two_groups(rng: Random, roots: dict[str, float]) -> tuple[str, str]:
    names = [group for group in census_groups() if group in roots]
    spoken = [group for group in names if group != "kazakh"]
    group = rng.choices(spoken, [roots[name] for name in spoken])[0]
    rest = [name for name in names if name != group]
    return group, rng.choices(rest, [roots[name] for name in rest])[0]


def _scaled(entry: dict[str, Any], scale: float) -> tuple[int, ...]:
    return tuple(max(3, round(size * scale)) for size in entry["weekly_messages"])


def _outbreak(**entry: Any) -> Outbreak:
    weekly = entry.pop("weekly_messages")
    case_kind = simulation_data("phrases/stories.yml")[entry["story"]]["case_kind"]
    return Outbreak(**entry, case_kind=case_kind, weekly_messages=tuple(weekly))
