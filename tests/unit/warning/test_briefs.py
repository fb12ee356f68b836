"""Briefs and the rules of delivery: what a letter says, when it may go, how often it is tried."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.councils import case_kinds, council_book, councils
from models.warning.briefs import Envelope, as_text, briefs, letter
from models.warning.deadlines import SentAlert, earlier_alert_in_cooldown, elapsed, is_overdue, recorded_moment
from models.warning.dispatching import (
    Delivery,
    after_attempt,
    hold_until,
    idempotency_key,
    next_opening,
    retry_delay,
)
from models.warning.lifecycle import Clearance
from models.warning.series import THREAT_SIGNALS
from tests.desk_cases import WEDNESDAY, candidate

CLEARED = Clearance("a", "one", "two")
HOURS = council_book().delivery.working_hours


@pytest.mark.parametrize("kind", list(case_kinds()))
def test_every_body_of_every_kind_is_told_everything_in_both_languages(kind: str) -> None:
    rule = case_kinds()[kind]
    row = candidate(
        "a", case_kind=kind, primary_body=rule.primary, supporting_bodies=list(rule.supporting),
        signals=list(THREAT_SIGNALS), is_continuation_of="b",
    )  # fmt: skip
    for body in (rule.primary, *rule.supporting):
        told = briefs(row, body, contact="+7 000 duty")
        assert [brief.language for brief in told] == ["kk", "ru"]
        for brief in told:
            text = as_text(brief)
            assert len(brief.sections) == 7
            assert all(section.lines or section.items for section in brief.sections)
            for needed in ("+7 000 duty", "112", councils()[body].ask.in_language(brief.language)):
                assert needed in text
            assert not any(signal in text for signal in THREAT_SIGNALS)
            assert "{" not in text


def test_a_letter_shows_no_message_and_loads_nothing() -> None:
    row = candidate("a", example_texts=["[hostile 0.9] words that must not travel"])
    made = letter(row, CLEARED, Envelope("accord_council", "", "key"), is_synthetic=True)
    assert "must not travel" not in made.text + made.html
    assert made.text.count("СИНТЕТИ") == 2
    assert not any(word in made.html for word in ("http:", "https:", "src=", "<script"))
    with pytest.raises(ValueError, match="clearance is for"):
        letter(candidate("other"), CLEARED, Envelope("accord_council", "", "key"))


def test_an_unknown_region_or_group_stops_no_letter() -> None:
    row = candidate("a", region_code="unknown", group_codes=[], signals=["something_new"], week_date="2026-08-10")
    assert "Регион не установлен" in as_text(briefs(row, "mediation_council")[1])


def test_keys_differ_where_letters_differ() -> None:
    keys = {
        idempotency_key(alert, body, region, edition)
        for alert in "ab" for body in ("x", "y") for region in ("r", "s") for edition in (1, 2)
    }  # fmt: skip
    assert len(keys) == 16
    assert idempotency_key("a", "x", "r", 1) in keys


def test_waits_grow_to_a_cap_and_end() -> None:
    waits = [retry_delay(attempt) for attempt in range(1, 7)]
    assert waits == [*(timedelta(minutes=minutes) for minutes in (5, 15, 45, 135, 405)), None]
    assert after_attempt(Delivery("temporary"), 6, WEDNESDAY) == ("dead", None)
    assert after_attempt(Delivery("permanent"), 1, WEDNESDAY) == ("dead", None)
    assert after_attempt(Delivery("uncertain"), 1, WEDNESDAY) == ("uncertain", None)


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        (datetime(2026, 8, 19, 6, tzinfo=UTC), datetime(2026, 8, 19, 6, tzinfo=UTC)),
        (datetime(2026, 8, 19, 3, tzinfo=UTC), datetime(2026, 8, 19, 4, tzinfo=UTC)),
        (datetime(2026, 8, 19, 13, tzinfo=UTC), datetime(2026, 8, 20, 4, tzinfo=UTC)),
        (datetime(2026, 8, 21, 14, tzinfo=UTC), datetime(2026, 8, 24, 4, tzinfo=UTC)),
        (datetime(2026, 12, 31, 14, tzinfo=UTC), datetime(2027, 1, 4, 4, tzinfo=UTC)),
        (datetime(2026, 3, 20, 14, tzinfo=UTC), datetime(2026, 3, 24, 4, tzinfo=UTC)),
    ],
)
def test_offices_open_on_working_days(now: datetime, opening: datetime) -> None:
    assert next_opening(HOURS, now) == opening


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)), st.integers(1, 5), st.integers(0, 9))
def test_a_held_letter_waits_for_a_moment_at_which_it_may_go(moment: datetime, severity: int, sent: int) -> None:
    now = moment.replace(tzinfo=UTC)
    held = hold_until("accord_council", severity, sent, now)
    if held is None:
        assert sent < 5
        return
    assert held[1] > now
    assert hold_until("accord_council", severity, 0, held[1]) is None


def test_severe_letters_pass_the_hours_and_not_the_limit() -> None:
    night = datetime(2026, 8, 22, 20, tzinfo=UTC)
    assert hold_until("accord_council", 4, 0, night) is None
    assert hold_until("accord_council", 3, 0, night) is not None
    assert hold_until("accord_council", 4, 4, night) is None
    assert hold_until("accord_council", 5, 5, night) is not None


def test_time_that_runs_backwards_is_no_time() -> None:
    before = WEDNESDAY - timedelta(days=3)
    assert elapsed(WEDNESDAY, before) == timedelta(0)
    assert not is_overdue("awaiting_review", 5, WEDNESDAY, before)
    assert recorded_moment(before, WEDNESDAY) == (WEDNESDAY, before.isoformat(timespec="seconds"))
    assert recorded_moment(WEDNESDAY - timedelta(seconds=9), WEDNESDAY) == (WEDNESDAY, None)


def test_the_same_story_is_told_by_region_kind_and_group() -> None:
    def story(name: str, groups: set[str], severity: int = 3, continues: str | None = None) -> SentAlert:
        return SentAlert(name, "KZ-31", "rumour", frozenset(groups), severity, continues, WEDNESDAY)

    sent = [story("first", {"dungan"})]
    later = WEDNESDAY + timedelta(days=13)
    found = earlier_alert_in_cooldown(story("second", {"dungan", "kazakh"}), sent, later)
    assert found is not None
    assert found[1] == 13
    assert earlier_alert_in_cooldown(story("second", {"uzbek"}), sent, later) is None
    assert earlier_alert_in_cooldown(story("second", {"uzbek"}, continues="first"), sent, later) is not None
    assert earlier_alert_in_cooldown(story("second", {"dungan"}, 4), sent, later) is None
    assert earlier_alert_in_cooldown(story("second", {"dungan"}), sent, later + timedelta(days=1)) is None


def test_weeks_are_written_as_people_write_them() -> None:
    text = as_text(briefs(candidate("a", week_date=date(2026, 8, 10)), "mediation_council")[1])
    assert "с 10.08.2026 по 16.08.2026" in text
