"""The desk's pages: who sees what, who may decide what, and that nothing can be changed past the rules."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from desk.channels import Channels
from pipelines.resources.ledger import Ledger
from pipelines.resources.senders import FolderSender
from tests.desk_cases import PASSWORD, RABAT, MovableClock, approve, frame, new_ledger

ANSWERS = {factor: "unknown" if value is None else str(value) for factor, value in RABAT.items()}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = new_ledger(tmp_path / "ledger.sqlite", MovableClock(), alias="default")
    opened.register_candidates(frame("aaa", example_texts=["[hostile 0.9] <script>alert(1)</script>"]))
    yield opened
    opened.close()


def visitor(name: str | None = None, language: str = "ru", **options: Any) -> Any:
    from django.test import Client

    client = Client(headers={"host": "127.0.0.1", "accept-language": language}, **options)
    if name is not None:
        assert client.login(username=name, password=PASSWORD)
    return client


def page(client: Any, alert: str = "aaa") -> str:
    return client.get(f"/desk/alert/{alert}/change/").content.decode()


def decide(client: Any, step: str, version: int, alert: str = "aaa", **content: str) -> str:
    answer = client.post(
        f"/desk/alert/{alert}/change/", {"step": step, "version": version, **ANSWERS, **content}, follow=True
    )
    return answer.content.decode()


def test_nobody_sees_anything_without_a_name(ledger: Ledger) -> None:
    for path in ("/", "/desk/alert/", "/desk/alert/aaa/change/", "/desk/event/"):
        answer = visitor().get(path)
        assert answer.status_code == 302
        assert "/login/" in answer.url


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("kk", ["Рабат", "Не белгілі", "қарауды күтуде", "Жамбыл облысы", "қаз"]),
        ("ru", ["Что известно", "ждёт рассмотрения", "Жамбылская область", "рус"]),
        ("en", ["Evidence", "awaiting review", "eng"]),
    ],
)
def test_the_evidence_is_shown_in_three_languages_and_escaped(ledger: Ledger, language: str, words: list[str]) -> None:
    text = page(visitor("aigerim", language))
    for word in words:
        assert word in text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert text.count("<select") == 6
    for path in ("/", "/desk/alert/", "/desk/event/", "/desk/dispatch/", "/desk/event/1/change/"):
        shown = visitor("aigerim", language).get(path)
        assert shown.status_code == 200
        if language == "kk":
            heading = re.search(r"<h1>(.*?)</h1>", shown.content.decode())
            assert heading is None or not re.search("Select|View", heading[1])


def test_two_people_decide_on_the_page(ledger: Ledger) -> None:
    first, second = visitor("aigerim"), visitor("daniyar")
    assert "Записано" in decide(first, "first_review", 0, reason="похоже на правду")
    assert "второе проведёт другой человек" in page(first)
    assert 'value="approve"' not in page(first)
    decide(first, "approve", 1)
    assert ledger.case("aaa").status == "first_reviewed"
    assert "Записано" in decide(second, "approve", 1)
    assert ledger.case("aaa").status == "approved"
    assert "Писем в очереди: 2" in decide(second, "queue", 2)
    events = [event["kind"] for event in ledger.candidate("aaa")["events"]]
    assert events == ["registered", "first_review", "approve", "queued"]
    assert ledger.verify().is_intact


def test_what_is_missing_is_said_and_nothing_is_recorded(ledger: Ledger) -> None:
    client = visitor("aigerim")
    told = decide(client, "first_review", 0, context="", reason="уже написанное")
    assert "нет ответа: context" in told
    assert "уже написанное" in told, "what was typed is not lost"
    assert "2000" in decide(client, "first_review", 0, reason="x" * 2001)
    decide(client, "first_review", 0)
    assert "укажите причину" in decide(visitor("olga"), "dismiss", 1)
    assert "случай уже изменился" in decide(visitor("olga"), "dismiss", 0, reason="старый слух")
    assert ledger.case("aaa").version == 1
    assert "Записано" in decide(visitor("olga"), "dismiss", 1, reason="старый слух")


def test_a_secretary_looks_but_does_not_decide(ledger: Ledger) -> None:
    secretary = visitor("saule")
    assert "<select" not in page(secretary)
    decide(secretary, "first_review", 0)
    assert ledger.case("aaa").version == 0
    approve(ledger, "aaa")
    assert "не может" in decide(secretary, "queue", 2)
    assert ledger.letters() == []


def test_a_secretary_records_a_reply_and_an_analyst_closes(ledger: Ledger, tmp_path: Path) -> None:
    approve(ledger, "aaa")
    ledger.enqueue("aaa", "daniyar")
    channels = Channels({"folder": FolderSender(tmp_path / "o")}, "folder", lambda body, region: "x@example.org")
    ledger.deliver(channels, "daniyar")
    secretary = visitor("saule")
    reply = {"body": "mediation_council", "reply": "confirmed"}
    assert "<form" not in page(visitor("daniyar")).split("Ваше решение")[1]
    assert "из будущего" in decide(secretary, "reply", 3, **reply, confirmed="2999-12-31")
    assert "Ответ записан: Подтвердилось" in decide(secretary, "reply", 3, **reply, confirmed="2020-08-14")
    assert ledger.case("aaa").status == "acknowledged"
    assert "не может" in decide(visitor("daniyar"), "reply", 4, **reply)
    assert "Записано" in decide(visitor("daniyar"), "close", 4, outcome="confirmed")
    assert ledger.case("aaa").outcome == "confirmed"
    assert ledger.verify().is_intact


def test_the_pages_change_and_delete_nothing_else(ledger: Ledger) -> None:
    client = visitor("aigerim")
    for path in (
        "/desk/event/1/delete/", "/desk/event/add/", "/desk/alert/aaa/delete/", "/desk/alert/add/",
        "/desk/dispatch/add/", "/desk/reply/add/",
    ):  # fmt: skip
        assert client.post(path, {"post": "yes"}).status_code == 403, path
    assert client.post("/desk/event/1/change/", {"actor": "x"}).status_code == 403
    strict = visitor("aigerim", enforce_csrf_checks=True)
    assert strict.post("/desk/alert/aaa/change/", {"step": "first_review", **ANSWERS}).status_code == 403
    assert ledger.case("aaa").version == 0
    assert client.get("/desk/alert/ghost/change/", follow=True).status_code == 200


def test_addresses_are_checked_and_leave_a_trace_without_the_address(ledger: Ledger) -> None:
    client = visitor("aigerim")
    where = {"body_code": "accord_council", "region_code": "KZ-31", "channel": "apprise"}
    refused = client.post("/desk/recipient/add/", {**where, "address": "no address"})
    assert "tgram://" in refused.content.decode()
    secret = "tgram://123456:secret/42"
    assert client.post("/desk/recipient/add/", {**where, "address": secret}).status_code == 302
    assert secret not in client.get("/desk/recipient/").content.decode()
    assert "secret" not in client.get("/desk/event/").content.decode()
    assert visitor("daniyar").get("/desk/recipient/").status_code == 403
    assert ledger.verify().is_intact


def test_the_secret_stays_with_its_owner(ledger: Ledger, tmp_path: Path) -> None:
    from desk.server import application, secret_key

    key = secret_key(tmp_path / "keys")
    assert secret_key(tmp_path / "keys") == key
    assert len(key) > 60
    assert stat.S_IMODE((tmp_path / "keys" / "desk-secret.key").stat().st_mode) == 0o600
    started: list[str] = []
    site = application(key, "ru")
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/static/admin/css/base.css", "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80", "wsgi.input": BytesIO(), "wsgi.url_scheme": "http",
    }  # fmt: skip
    answer = site(environ, lambda status, headers: started.append(status))
    assert started == ["200 OK"]
    answer.close()
    environ |= {"PATH_INFO": "/login/", "HTTP_HOST": "desk.example.org"}
    site(environ, lambda status, headers: started.append(status)).close()
    assert started[-1].startswith("400"), "only under the names of this machine"
