"""The state machine: nothing leaves before two different people, whatever is tried."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.warning.lifecycle import (
    FINAL,
    MOVES,
    OUTCOMES,
    RABAT_FACTORS,
    Action,
    Case,
    LifecycleError,
    advance,
    possible_actions,
)

RABAT = dict.fromkeys(RABAT_FACTORS, 1)
ACTIONS = st.builds(
    Action,
    kind=st.sampled_from(list(MOVES)),
    actor=st.sampled_from(["aigerim", "Aigerim ", "daniyar", "olga", ""]),
    reason=st.sampled_from([None, "", "rumour of another year"]),
    outcome=st.sampled_from([None, *OUTCOMES]),
    rabat=st.sampled_from([None, RABAT, {**RABAT, "intent": None}, {"context": 1}]),
)


def walk(actions: list[Action]) -> list[Case]:
    """Every state passed when impossible steps are refused and the rest taken."""
    cases = [Case()]
    for action in actions:
        try:
            cases.append(advance(cases[-1], action))
        except LifecycleError:
            continue
    return cases


@given(st.lists(ACTIONS, max_size=40))
def test_nothing_is_dispatched_without_two_people(actions: list[Action]) -> None:
    for case in walk(actions):
        if case.status in ("approved", "dispatched", "acknowledged", "closed"):
            assert case.may_leave
            assert case.first_reviewer != case.second_reviewer
        if case.status == "dismissed":
            assert (case.reason or "").strip()
            assert not case.may_leave
        assert (case.status == "closed") == (case.outcome is not None)


@given(st.lists(ACTIONS, max_size=40))
def test_steps_are_counted_and_final_is_final(actions: list[Action]) -> None:
    cases = walk(actions)
    assert [case.version for case in cases] == list(range(len(cases)))
    final = [number for number, case in enumerate(cases) if case.status in FINAL]
    assert all(case.status == "closed" for case in cases[final[0] :][1:]) if final else True
    for before, after in pairwise(cases):
        assert after.corrections - before.corrections == (before.status == "closed")
    assert all(possible_actions(case) for case in cases if case.status not in FINAL)


def test_the_whole_way() -> None:
    case = Case()
    for kind, actor in [("first_review", "A"), ("approve", "B"), ("dispatch", "B"), ("acknowledge", "council")]:
        case = advance(case, Action(kind, actor, rabat=RABAT))  # type: ignore[arg-type]
    case = advance(case, Action("close", "council", outcome="rumour"))
    assert (case.status, case.outcome, case.version) == ("closed", "rumour", 5)
    case = advance(case, Action("correct", "A", "a second source", outcome="confirmed"))
    assert (case.status, case.outcome, case.corrections) == ("closed", "confirmed", 1)


@pytest.mark.parametrize(
    ("case", "action", "message"),
    [
        (Case(), Action("dispatch", "A"), "possible from approved only"),
        (Case(), Action("approve", "A"), "possible from first_reviewed only"),
        (Case("first_reviewed", "a b"), Action("approve", " A  B "), "needs another person"),
        (Case("first_reviewed", "a"), Action("dismiss", "b", reason=" "), "give the reason"),
        (Case("acknowledged"), Action("close", "council"), "outcome None"),
        (Case(), Action("first_review", "  "), "actor is empty"),
        (Case(version=3), Action("first_review", "a", expected_version=2), "moved on"),
        (Case(), Action("erase", "a"), "unknown action"),  # type: ignore[arg-type]
        (Case("closed", outcome="rumour"), Action("correct", "a", outcome="confirmed"), "give the reason"),
        (Case("first_reviewed", "a"), Action("approve", "b", rabat={"context": 1}), "missing: speaker"),
        (Case(), Action("first_review", "a", rabat={**RABAT, "extent": True}), "0 to 3 or unknown"),
    ],
)
def test_illegal_steps_say_why(case: Case, action: Action, message: str) -> None:
    with pytest.raises(LifecycleError, match=message):
        advance(case, action)
