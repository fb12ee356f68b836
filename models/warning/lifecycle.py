"""The life of an alert candidate as a state machine: two people decide before anything leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Status = Literal["awaiting_review", "first_reviewed", "approved", "dismissed", "dispatched", "acknowledged", "closed"]
ActionKind = Literal["first_review", "approve", "dismiss", "dispatch", "acknowledge", "close"]
Outcome = Literal["confirmed", "rumour", "already_mediated", "not_verifiable"]

STATUSES: tuple[Status, ...] = (
    "awaiting_review",
    "first_reviewed",
    "approved",
    "dismissed",
    "dispatched",
    "acknowledged",
    "closed",
)
OUTCOMES: tuple[Outcome, ...] = ("confirmed", "rumour", "already_mediated", "not_verifiable")
FINAL: frozenset[Status] = frozenset({"dismissed", "closed"})
MOVES: dict[ActionKind, tuple[Status, Status]] = {
    "first_review": ("awaiting_review", "first_reviewed"),
    "approve": ("first_reviewed", "approved"),
    "dismiss": ("first_reviewed", "dismissed"),
    "dispatch": ("approved", "dispatched"),
    "acknowledge": ("dispatched", "acknowledged"),
    "close": ("acknowledged", "closed"),
}


class LifecycleError(ValueError):
    """A step the rules do not allow; the message says which rule and what to do."""


@dataclass(frozen=True)
class Action:
    """What somebody wants to do with a candidate.

    Attributes:
        kind: the step.
        actor: who does it; never empty.
        reason: needed to dismiss; in a first review the reviewer's judgement in words.
        outcome: needed to close.
        expected_version: version of the case the actor looked at; None skips the check.
    """

    kind: ActionKind
    actor: str
    reason: str | None = None
    outcome: Outcome | None = None
    expected_version: int | None = None


@dataclass(frozen=True)
class Case:
    """Where a candidate stands. `version` counts the steps taken."""

    status: Status = "awaiting_review"
    first_reviewer: str | None = None
    second_reviewer: str | None = None
    reason: str | None = None
    outcome: Outcome | None = None
    version: int = 0

    @property
    def may_leave(self) -> bool:
        """True only when two different people have looked and the second approved."""
        return (
            self.status in ("approved", "dispatched", "acknowledged", "closed")
            and self.first_reviewer is not None
            and self.second_reviewer is not None
            and self.first_reviewer != self.second_reviewer
        )


def advance(case: Case, action: Action) -> Case:
    """The case after the action.

    Raises:
        LifecycleError: if the action is unknown, not possible from this status, based on an old version, done
        by the
            first reviewer a second time, or lacks its actor, reason or outcome.
    """
    actor = normal_name(action.actor)
    if action.kind not in MOVES:
        raise LifecycleError(f"unknown action {action.kind!r}: choose one of {', '.join(MOVES)}")
    if not actor:
        raise LifecycleError(f"{action.kind}: the actor is empty; say who decides")
    if action.expected_version is not None and action.expected_version != case.version:
        raise LifecycleError(
            f"{action.kind}: the case has moved on (version {case.version}, you saw "
            f"{action.expected_version}); look at it again"
        )
    before, after = MOVES[action.kind]
    if case.status != before:
        raise LifecycleError(f"{action.kind}: possible from {before} only; this case is {case.status}")
    moved = replace(case, status=after, version=case.version + 1)
    if action.kind == "first_review":
        return replace(moved, first_reviewer=actor, reason=action.reason)
    if action.kind in ("approve", "dismiss"):
        return _second_review(moved, action, actor)
    if action.kind == "close":
        if action.outcome not in OUTCOMES:
            raise LifecycleError(f"close: outcome {action.outcome!r} must be one of {', '.join(OUTCOMES)}")
        return replace(moved, outcome=action.outcome, reason=action.reason)
    return moved


def _second_review(moved: Case, action: Action, actor: str) -> Case:
    if actor == moved.first_reviewer:
        raise LifecycleError(f"{action.kind}: {actor} made the first review; the second needs another person")
    if action.kind == "dismiss" and not (action.reason or "").strip():
        raise LifecycleError("dismiss: give the reason")
    return replace(moved, second_reviewer=actor, reason=action.reason)


def normal_name(actor: str) -> str:
    """A name compared without regard to case and spaces, so that one person cannot pass for two."""
    return " ".join(actor.casefold().split())


def possible_actions(case: Case) -> tuple[ActionKind, ...]:
    """Steps the rules allow from here, whoever takes them."""
    return tuple(kind for kind, (before, _) in MOVES.items() if before == case.status)
