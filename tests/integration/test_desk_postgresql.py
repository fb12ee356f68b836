"""The same ledger in PostgreSQL; runs where KELISIM_TEST_POSTGRESQL_URL names an empty database."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from models.warning.lifecycle import Action, LifecycleError
from pipelines.resources.ledger import Ledger
from tests.desk_cases import PASSWORD, PEOPLE, RABAT, approve, frame

VARIABLE = "KELISIM_TEST_POSTGRESQL_URL"


@pytest.fixture(scope="module")
def url() -> str:
    if VARIABLE not in os.environ:
        pytest.skip(f"no PostgreSQL server: set {VARIABLE} to the URL of an empty database")
    return os.environ[VARIABLE]


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    opened = Ledger(url)
    from django.contrib.auth.models import User

    if User.objects.using(opened.book.alias).count() == 0:
        for name, group in PEOPLE.items():
            opened.add_user(name, group, PASSWORD)
    yield opened
    opened.close()


def test_the_ledger_works_and_is_append_only(ledger: Ledger) -> None:
    from django.db import DatabaseError, connections, transaction

    names = [f"pg{os.getpid()}{letter}" for letter in "ab"]
    assert ledger.register_candidates(frame(*names)) == 2
    approve(ledger, names[0])
    assert ledger.enqueue(names[0], "daniyar", "a test") == 2
    assert ledger.verify().is_intact
    for statement in (
        "UPDATE desk_event SET actor = 'x'",
        "DELETE FROM desk_event",
        "DELETE FROM desk_alert",
        "UPDATE desk_alert SET payload = '{}'",
        "INSERT INTO desk_dispatch (idempotency_key, alert_id, body_code, region_code, edition, severity, channel, "
        "state, attempts, queued_at, next_attempt_at, problem, detail) "
        f"VALUES ('k', '{names[1]}', 'b', 'r', 1, 1, '', 'queued', 0, now(), now(), '', '')",
    ):
        with (
            pytest.raises(DatabaseError, match=r"append-only|never changes|two people"),
            transaction.atomic(using=ledger.book.alias),
            connections[ledger.book.alias].cursor() as cursor,
        ):
            cursor.execute(statement)
    assert ledger.verify().is_intact
    assert ledger.histories().letters.height >= 2


def test_two_reviewers_at_once_take_one_step(ledger: Ledger, url: str) -> None:
    name = f"pg{os.getpid()}c"
    ledger.register_candidates(frame(name))
    results: list[str] = []

    def review(actor: str) -> None:
        own = Ledger(url)
        try:
            results.append(own.decide(name, Action("first_review", actor, rabat=RABAT, expected_version=0)).status)
        except LifecycleError as error:
            results.append(error.rule)
        own.close()

    threads = [threading.Thread(target=review, args=(actor,)) for actor in ("aigerim", "daniyar", "olga")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["first_reviewed", "moved_on", "moved_on"]
    assert ledger.verify().is_intact
