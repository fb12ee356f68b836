"""One story once: cooldown, escalation, continuation and expiry of alert cases as pure rules.

A case about the same groups within the cooldown continues the earlier one. It is told again only when it has grown
by half since it was last told; otherwise it is known and not repeated. A story no week has continued within the
cooldown has ended; the next alarm is a new one. A candidate nobody has begun to review expires when its story has
ended and the time for review is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

COOLDOWN_WEEKS = 2
GROWTH = 1.5
REVIEW_WEEKS = 2

Told = Literal["new", "grown", "known"]


@dataclass
class Chain:
    """A story followed over weeks.

    Attributes:
        candidate_id: its first candidate.
        last_week: last week with an alarm.
        told_size: size when it was last told.
        groups: groups spoken of; empty when none is named.
    """

    candidate_id: str
    last_week: date
    told_size: int
    groups: set[str]

    def continues(self, week: date, groups: set[str]) -> bool:
        """Whether a case of a later week belongs to this story."""
        is_near = timedelta(0) < week - self.last_week <= timedelta(weeks=COOLDOWN_WEEKS)
        return is_near and bool(groups & self.groups or not groups or not self.groups)


def follow(chains: list[Chain], candidate_id: str, week: date, *, size: int, groups: set[str]) -> tuple[Told, str]:
    """Place a case into the stories of its region, which are changed.

    Args:
        chains: stories so far.
        candidate_id: id of the case if it is a new story.
        week: its Monday; cases come in the order of weeks.
        size: its largest watched count.
        groups: groups spoken of.

    Returns:
        What it is, and the id of the first candidate of its story.
    """
    for chain in chains:
        if chain.continues(week, groups):
            chain.last_week = week
            chain.groups |= groups
            if size < GROWTH * chain.told_size:
                return "known", chain.candidate_id
            chain.told_size = size
            return "grown", chain.candidate_id
    chains.append(Chain(candidate_id, week, size, set(groups)))
    return "new", candidate_id


def expires_after(last_week: date) -> date:
    """The day after which a candidate that nobody reviewed is out of date.

    Args:
        last_week: Monday of the last week its story was seen in.

    Returns:
        The Sunday at which both the cooldown of the story and the time for review are over.
    """
    return last_week + timedelta(weeks=1 + max(COOLDOWN_WEEKS, REVIEW_WEEKS), days=-1)
