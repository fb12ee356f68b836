"""`alerts`, `ledger` and `desk user|recipient` as an operator calls them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from data_contracts.councils import councils
from desk.phrases import _phrases
from models.warning.refusals import sentences
from pipelines.commands.alerts import app as alerts_app
from pipelines.commands.desk import app as desk_app
from pipelines.commands.ledger import app as ledger_app
from tests.desk_cases import PASSWORD, frame, new_ledger

RABAT = "context=2,speaker=1,intent=unknown,content=2,extent=1,imminence=2"
Run = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KELISIM_HOME", str(tmp_path))
    monkeypatch.setenv("KELISIM_LANGUAGE", "en")
    monkeypatch.setenv("KELISIM_DESK_PASSWORD", PASSWORD)
    ledger = new_ledger(tmp_path / "ledger.sqlite")
    ledger.register_candidates(frame("abc", severity=5))
    ledger.close()
    return tmp_path


@pytest.fixture
def run() -> Run:
    apps = {"alerts": alerts_app, "ledger": ledger_app, "desk": desk_app}

    def call(*words: str) -> Any:
        return CliRunner().invoke(apps[words[0]], list(words))

    return call


def good(result: Any) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def bad(result: Any, message: str, code: int = 2) -> None:
    assert result.exit_code == code, result.output
    assert message in result.output.replace("\n", " ")
    assert "Traceback" not in result.output


def test_the_whole_way_of_an_alert(home: Path, run: Run) -> None:
    assert [row["candidate_id"] for row in json.loads(good(run("alerts", "list", "--format", "json")))] == ["abc"]
    assert "abc" in good(run("alerts", "list", "--lang", "kk"))
    assert "қаз" in good(run("alerts", "show", "abc", "--lang", "kk"))
    bad(run("alerts", "review", "abc", "--as", "aigerim", "--rabat", "context=2"), "missing: speaker")
    good(run("alerts", "review", "abc", "--as", "aigerim", "--rabat", RABAT))
    bad(run("alerts", "approve", "abc", "--as", "Aigerim", "--rabat", RABAT), "another person")
    bad(run("alerts", "send", "abc", "--as", "daniyar"), "two different people")
    bad(run("alerts", "approve", "abc", "--as", "daniyar", "--rabat", RABAT, "--seen", "0"), "moved on")
    good(run("alerts", "approve", "abc", "--as", "daniyar", "--rabat", RABAT, "--seen", "1"))
    assert "sent: abc -> mediation_council" in good(run("alerts", "send", "abc", "--as", "daniyar"))
    assert "Nothing is due" in good(run("alerts", "send", "--as", "daniyar"))
    assert len(list((home / "outbox" / "abc").iterdir())) == 4
    reply = ("alerts", "reply", "abc", "--as", "saule", "--body")
    bad(run(*reply, "mothers_council", "--reply", "confirmed"), "nothing was sent to mothers_council")
    bad(run(*reply, "accord_council", "--reply", "maybe"), "no reply 'maybe'")
    bad(run(*reply, "accord_council", "--reply", "confirmed", "--confirmed", "2999-01-01"), "lies in the future")
    good(run(*reply, "accord_council", "--reply", "confirmed", "--confirmed", "2020-08-14"))
    bad(run("alerts", "close", "abc", "--as", "saule", "--outcome", "confirmed"), "may not do this")
    good(run("alerts", "close", "abc", "--as", "daniyar", "--outcome", "confirmed"))
    bad(run("alerts", "correct", "abc", "--as", "daniyar", "--outcome", "rumour"), "give the reason")
    good(run("alerts", "correct", "abc", "--as", "daniyar", "--outcome", "rumour", "--reason", "a second source"))
    shown = json.loads(good(run("alerts", "show", "abc", "--format", "json")))
    assert (shown["status"], shown["outcome"]) == ("closed", "rumour")
    assert "intact" in good(run("ledger", "verify"))


def test_the_export_holds_no_person_no_text_and_no_address(home: Path, run: Run) -> None:
    good(run("alerts", "review", "abc", "--as", "aigerim", "--rabat", RABAT, "--reason", "Aigerim saw it herself"))
    for form in ("json", "csv"):
        text = good(run("alerts", "export", "--format", form))
        for secret in ("aigerim", "saw it", "[tension", "@", "қаз"):
            assert secret not in text
    path = home / "alerts.csv"
    good(run("alerts", "export", "--format", "csv", "--out", str(path)))
    assert path.read_text(encoding="utf-8").count("\n") == 2


def test_no_word_of_the_house_knows_a_receiver_among_the_police() -> None:
    everything = [*councils(), *(text for phrase in _phrases().values() for text in phrase.model_dump().values())]
    for word in ("police", "полици", "prosecut", "прокур"):
        assert not any(word in text.casefold() for text in everything)


def test_who_is_not_known_does_nothing(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    bad(run("alerts", "review", "abc", "--as", "nobody", "--rabat", RABAT), "no user 'nobody'")
    monkeypatch.setenv("KELISIM_DESK_PASSWORD", "wrong")
    bad(run("alerts", "review", "abc", "--as", "aigerim", "--rabat", RABAT), "password is wrong")
    monkeypatch.delenv("KELISIM_DESK_PASSWORD")
    bad(run("alerts", "review", "abc", "--as", "aigerim", "--rabat", RABAT), "password is needed")


def test_missed_events_are_written_down(home: Path, run: Run) -> None:
    words = ("alerts", "missed", "--as", "saule", "--date", "2020-08-01", "--kind", "household_dispute")
    assert "error book" in good(run(*words, "--region", "KZ-31", "--body", "accord_council", "--cause", "no_source"))
    bad(run(*words, "--region", "KZ-99", "--body", "accord_council"), "no region 'KZ-99'")
    bad(run(*words, "--region", "KZ-31", "--body", "police"), "no body 'police'")
    bad(run(*words, "--region", "KZ-31", "--body", "accord_council", "--cause", "x"), "no cause 'x'")


def test_a_broken_ledger_ends_with_code_1_and_names_the_event(home: Path, run: Run) -> None:
    with sqlite3.connect(home / "ledger.sqlite") as raw:
        raw.execute("DROP TRIGGER desk_event_no_update")
        raw.execute("UPDATE desk_event SET actor = 'x' WHERE sequence = 3")
    bad(run("ledger", "verify"), "event 3 was changed", code=1)
    found = run("ledger", "verify", "--format", "json", "--lang", "kk")
    assert json.loads(found.stdout)["broken_sequence"] == 3
    assert "БҮЛІНГЕН" in found.stderr


def test_people_and_addresses(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    good(run("desk", "user", "Marat", "--group", "secretary"))
    bad(run("desk", "user", "MARAT"), "there is a user 'marat' already")
    bad(run("desk", "user", "x", "--group", "police"), "no group 'police'")
    good(run("desk", "user", "marat", "--disable"))
    monkeypatch.setenv("KELISIM_DESK_PASSWORD", "123")
    bad(run("desk", "user", "other"), "will not do")
    good(run("desk", "recipient", "accord_council", "KZ-31", "--address", "a@council.test"))
    bad(run("desk", "recipient", "accord_council", "KZ-31", "--address", "nowhere"), "no address for smtp")
    bad(run("desk", "recipient", "accord_council", "KZ-31", "--channel", "pigeon"), "no channel 'pigeon'")
    assert "intact" in good(run("ledger", "verify"))


def test_letters_without_a_mail_server_wait_and_say_so(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KELISIM_CHANNEL", "smtp")
    good(run("alerts", "review", "abc", "--as", "aigerim", "--rabat", RABAT))
    good(run("alerts", "approve", "abc", "--as", "daniyar", "--rabat", RABAT))
    bad(run("alerts", "send", "abc", "--as", "daniyar"), "has no address; the letter waits")
    for body in ("mediation_council", "accord_council"):
        good(run("desk", "recipient", body, "KZ-31", "--address", "a@council.test"))
    bad(run("alerts", "send", "abc", "--as", "daniyar"), "KELISIM_SMTP_HOST")
    monkeypatch.setenv("KELISIM_SMTP_HOST", "mail.council.test")
    monkeypatch.setenv("KELISIM_SMTP_TLS", "none")
    bad(run("alerts", "send", "abc", "--as", "daniyar"), "this machine only")
    assert "queued" in good(run("alerts", "show", "abc"))
    assert "no alerts" in good(run("alerts", "list", "--dead"))


def test_bad_words_end_with_code_2(home: Path, run: Run, tmp_path: Path) -> None:
    bad(run("alerts", "show", "nobody"), "nobody")
    bad(run("alerts", "list", "--status", "sent"), "no status 'sent'")
    bad(run("alerts", "list", "--format", "xml"), "choose json, table")
    bad(run("alerts", "list", "--lang", "de"), "kk, ru or en")
    bad(run("alerts", "review", "abc", "--as", "aigerim", "--rabat", "context"), "write the Rabat answers like")
    bad(run("alerts", "list", "--home", str(tmp_path / "none")), "no ledger there yet")


def test_every_sentence_fills_in_the_same_names_in_every_language() -> None:
    import re

    for texts in (sentences(), _phrases()):
        for name, text in texts.items():
            fields = {language: set(re.findall(r"{(\w+)", said)) for language, said in text.model_dump().items()}
            assert fields["kk"] == fields["ru"] == fields["en"], name


def test_django_is_imported_only_when_a_ledger_is_opened() -> None:
    code = (
        "import sys, pipelines.cli, pipelines.commands.alerts, pipelines.commands.desk, pipelines.home; "
        "sys.exit(any(name in sys.modules for name in ('django', 'apprise', 'waitress')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
