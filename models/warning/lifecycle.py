"""The life of an alert candidate as a state machine: two people decide before anything leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from models.warning.refusals import Refused

Status = Literal[
    "awaiting_review", "first_reviewed", "approved", "dismissed", "expired", "dispatched", "acknowledged", "closed"
]
ActionKind = Literal["first_review", "approve", "dismiss", "expire", "dispatch", "acknowledge", "close", "correct"]
Outcome = Literal["confirmed", "rumour", "already_mediated", "not_verifiable"]

STATUSES: tuple[Status, ...] = (
    "awaiting_review",
    "first_reviewed",
    "approved",
    "dismissed",
    "expired",
    "dispatched",
    "acknowledged",
    "closed",
)
OUTCOMES: tuple[Outcome, ...] = ("confirmed", "rumour", "already_mediated", "not_verifiable")
FINAL: frozenset[Status] = frozenset({"dismissed", "expired", "closed"})
MOVES: dict[ActionKind, tuple[tuple[Status, ...], Status]] = {
    "first_review": (("awaiting_review",), "first_reviewed"),
    "approve": (("first_reviewed",), "approved"),
    "dismiss": (("first_reviewed",), "dismissed"),
    "expire": (("awaiting_review", "first_reviewed"), "expired"),
    "dispatch": (("approved",), "dispatched"),
    "acknowledge": (("dispatched",), "acknowledged"),
    "close": (("acknowledged",), "closed"),
    "correct": (("closed",), "closed"),
}
RABAT_FACTORS = ("context", "speaker", "intent", "content", "extent", "imminence")
RABAT_HIGHEST = 3


class LifecycleError(Refused):
    """A step the rules do not allow; the message says which rule and what to do."""


@dataclass(frozen=True)
class Action:
    """What somebody wants to do with a candidate.

    Attributes:
        kind: the step.
        actor: who does it; never empty.
        reason: needed to dismiss and to correct; in a first review the reviewer's judgement in words.
        outcome: needed to close and to correct.
        rabat: the reviewer's answers to the six Rabat questions, 0 (no) to 3 (strongly), None where it cannot
            be told; needed in the first review and to approve.
        expected_version: version of the case the actor looked at; None skips the check.
    """

    kind: ActionKind
    actor: str
    reason: str | None = None
    outcome: Outcome | None = None
    rabat: Mapping[str, int | None] | None = None
    expected_version: int | None = None


@dataclass(frozen=True)
class Case:
    """Where a candidate stands. `version` counts the steps taken, `corrections` those after closing."""

    status: Status = "awaiting_review"
    first_reviewer: str | None = None
    second_reviewer: str | None = None
    reason: str | None = None
    outcome: Outcome | None = None
    corrections: int = 0
    version: int = 0

    @property
    def may_leave(self) -> bool:
        """True only when two different people have looked and the second approved."""
        return (
            self.status in ("approved", "dispatched", "acknowledged", "closed")
            and bool(self.first_reviewer)
            and bool(self.second_reviewer)
            and self.first_reviewer != self.second_reviewer
        )


@dataclass(frozen=True)
class Clearance:
    """Proof that two different people let one alert leave; no letter can be made without it.

    Raises:
        LifecycleError: if either name is empty or both are the same person.
    """

    alert_id: str
    first_reviewer: str
    second_reviewer: str

    def __post_init__(self) -> None:
        first, second = normal_name(self.first_reviewer), normal_name(self.second_reviewer)
        if not self.alert_id or not first or not second or first == second:
            raise LifecycleError("not_cleared", alert=self.alert_id, status="not approved by two people")


def clearance(alert_id: str, case: Case) -> Clearance:
    """The clearance of an approved case.

    Raises:
        LifecycleError: unless two different people have approved it.
    """
    if not case.may_leave:
        raise LifecycleError("not_cleared", alert=alert_id, status=case.status)
    return Clearance(alert_id, case.first_reviewer or "", case.second_reviewer or "")


def advance(case: Case, action: Action) -> Case:
    """The case after the action.

    Raises:
        LifecycleError: if the action is unknown, not possible from this status, based on an old version, done
            by the first reviewer a second time, or lacks its actor, reason, outcome or Rabat answers.
    """
    actor = normal_name(action.actor)
    kind = action.kind
    if kind not in MOVES:
        raise LifecycleError("unknown_action", action=kind, known=", ".join(MOVES))
    if not actor:
        raise LifecycleError("empty_actor", action=kind)
    if action.expected_version is not None and action.expected_version != case.version:
        raise LifecycleError("moved_on", action=kind, version=case.version, seen=action.expected_version)
    before, after = MOVES[kind]
    if case.status not in before:
        raise LifecycleError("wrong_status", action=kind, allowed=" / ".join(before), status=case.status)
    moved = replace(case, status=after, version=case.version + 1)
    if kind == "first_review":
        check_rabat(kind, action.rabat)
        return replace(moved, first_reviewer=actor, reason=action.reason)
    if kind in ("approve", "dismiss"):
        return _second_review(moved, action, actor)
    if kind in ("close", "correct"):
        return _with_outcome(moved, action)
    return moved


def _second_review(moved: Case, action: Action, actor: str) -> Case:
    if actor == moved.first_reviewer:
        raise LifecycleError("same_reviewer", action=action.kind, actor=actor)
    if action.kind == "dismiss":
        _need_reason(action)
    else:
        check_rabat(action.kind, action.rabat)
    return replace(moved, second_reviewer=actor, reason=action.reason)


def _with_outcome(moved: Case, action: Action) -> Case:
    if action.outcome not in OUTCOMES:
        raise LifecycleError("wrong_outcome", action=action.kind, outcome=action.outcome, known=", ".join(OUTCOMES))
    if action.kind == "correct":
        _need_reason(action)
        moved = replace(moved, corrections=moved.corrections + 1)
    return replace(moved, outcome=action.outcome, reason=action.reason)


def _need_reason(action: Action) -> None:
    if not (action.reason or "").strip():
        raise LifecycleError("reason_needed", action=action.kind)


def check_rabat(action: str, answers: Mapping[str, int | None] | None) -> None:
    """All six Rabat questions are answered, each with 0 to 3 or None ("cannot be told").

    Raises:
        LifecycleError: naming the question that is missing, unknown or out of range.
    """
    given = answers or {}
    for factor, value in given.items():
        if factor not in RABAT_FACTORS:
            raise LifecycleError("rabat_unknown", action=action, factor=factor, known=", ".join(RABAT_FACTORS))
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (is_number and 0 <= value <= RABAT_HIGHEST):
            raise LifecycleError("rabat_range", action=action, factor=factor, value=value)
    missing = [factor for factor in RABAT_FACTORS if factor not in given]
    if missing:
        raise LifecycleError("rabat_missing", action=action, missing=", ".join(missing))


def normal_name(actor: str) -> str:
    """A name compared without regard to case and spaces, so that one person cannot pass for two."""
    return " ".join(actor.casefold().split())


def possible_actions(case: Case) -> tuple[ActionKind, ...]:
    """Steps the rules allow from here, whoever takes them."""
    return tuple(kind for kind, (before, _) in MOVES.items() if case.status in before)
