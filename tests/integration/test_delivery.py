"""Letters on their way: a real mail server on loopback that accepts, refuses, hangs and dies; every door is tried."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from django.db import IntegrityError

from desk.channels import Channels, Report
from models.warning.dispatching import Delivery, Letter
from models.warning.lifecycle import Action, Clearance, LifecycleError
from models.warning.refusals import Refused
from pipelines.resources.ledger import Ledger
from pipelines.resources.senders import AppriseSender, FolderSender
from pipelines.resources.senders_smtp import MailServer, SmtpSender
from tests.desk_cases import RABAT, MovableClock, approve, frame, new_ledger
from tests.mail_server import PATIENCE, MailBox, serving

GROUPS = ["uzbek", "uyghur", "tatar", "turkish", "russian"]
PRIMARY, SUPPORTING = "mediation_council", "accord_council"


@pytest.fixture
def box() -> MailBox:
    return MailBox()


def mailer(port: int, clock: Callable[[], Any], **options: Any) -> SmtpSender:
    settings = {"tls": "none", "sender": "kelisim@institute.test", "timeout": PATIENCE} | options
    return SmtpSender(MailServer("127.0.0.1", port, **settings), clock)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: MovableClock) -> Iterator[Ledger]:
    opened = new_ledger(tmp_path / "ledger.sqlite", clock)
    opened.register_candidates(frame("a"))
    yield opened
    opened.close()


def only_mail(sender: Any) -> Channels:
    return Channels({"smtp": sender}, "smtp", lambda body, region: f"{body}.{region}@example.org")


def address_both(ledger: Ledger) -> None:
    for body in (PRIMARY, SUPPORTING):
        ledger.set_recipient(
            {"body_code": body, "region_code": "KZ-31", "channel": "smtp", "address": f"{body}@council.test"}
        )


def send(ledger: Ledger, sender: Any) -> Report:
    return ledger.deliver(only_mail(sender), "daniyar")


def states(ledger: Ledger) -> dict[str, str]:
    return {row["body_code"]: row["state"] for row in ledger.letters()}


def test_each_body_gets_its_brief_once(ledger: Ledger, clock: MovableClock, box: MailBox) -> None:
    approve(ledger, "a")
    address_both(ledger)
    assert ledger.enqueue("a", "daniyar") == 2
    assert ledger.enqueue("a", "daniyar") == 0
    with serving(box) as port:
        report = send(ledger, mailer(port, clock))
        assert len(report.sent) == 2
        assert send(ledger, mailer(port, clock)).sent == []
    assert sorted(mail.rcpt_tos[0] for mail in box.mails) == ["accord_council@council.test", f"{PRIMARY}@council.test"]
    text = box.mails[0].content.decode()
    assert "Content-Type: text/html" in text
    assert "Message-ID: <" in text
    assert "example_texts" not in text
    assert ledger.case("a").status == "dispatched"
    assert ledger.verify().is_intact


def test_mail_is_readable_in_both_languages(ledger: Ledger, clock: MovableClock, box: MailBox) -> None:
    import email
    from email import policy

    approve(ledger, "a")
    address_both(ledger)
    ledger.enqueue("a", "daniyar")
    with serving(box) as port:
        send(ledger, mailer(port, clock))
    mail: Any = email.message_from_bytes(box.mails[0].content, policy=policy.default)
    plain, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for words in ("Не істемеу керек".upper(), "ЧЕГО НЕ ДЕЛАТЬ", "112"):
        assert words in plain
    assert "Ерте ескерту" in mail["Subject"]
    assert "http" not in html
    assert "[tension" not in plain + html


@pytest.mark.parametrize(("answer", "state"), [("550 no such box", "dead"), ("554 refused", "dead")])
def test_a_final_refusal_is_dead_and_visible(
    ledger: Ledger, clock: MovableClock, box: MailBox, answer: str, state: str
) -> None:
    approve(ledger, "a")
    address_both(ledger)
    ledger.enqueue("a", "daniyar")
    box.answer = answer
    with serving(box) as port:
        report = send(ledger, mailer(port, clock))
    assert report.sent == []
    assert len(report.stuck) == 2
    assert {row["state"] for row in ledger.letters(only_stuck=True)} == {state}
    assert not any("@" in row["detail"] for row in ledger.letters())
    assert ledger.case("a").status == "approved"


def test_a_server_that_is_away_or_busy_is_tried_again_later_and_later(
    ledger: Ledger, clock: MovableClock, box: MailBox
) -> None:
    approve(ledger, "a")
    address_both(ledger)
    ledger.enqueue("a", "daniyar")
    box.answer = "451 busy"
    with serving(box) as port:
        sender = mailer(port, clock)
        waits = []
        for _ in range(2):
            send(ledger, sender)
            before = len(box.mails)
            send(ledger, sender)
            assert len(box.mails) == before, "not tried before its time"
            waits.append(ledger.letters()[0]["next_attempt_at"])
            clock.move(minutes=20)
        box.answer = "250 taken"
        assert len(send(ledger, sender).sent) == 2
    assert waits[1] > waits[0]
    assert ledger.letters()[0]["attempts"] == 3


def test_a_server_that_never_comes_back_leaves_dead_letters(ledger: Ledger, clock: MovableClock) -> None:
    approve(ledger, "a")
    address_both(ledger)
    ledger.enqueue("a", "daniyar")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        sender = mailer(free.getsockname()[1], clock)
    for _ in range(12):
        send(ledger, sender)
        clock.move(days=7)
    assert states(ledger) == {PRIMARY: "dead", SUPPORTING: "dead"}
    assert {row["attempts"] for row in ledger.letters()} == {6}
    ledger.send_again("a", PRIMARY, "daniyar", "the server is back")
    assert states(ledger)[PRIMARY] == "queued"


@pytest.mark.parametrize("trouble", ["dies", "hangs"])
def test_death_after_data_is_uncertain_and_never_sent_again_by_itself(
    ledger: Ledger, clock: MovableClock, box: MailBox, trouble: str
) -> None:
    approve(ledger, "a")
    address_both(ledger)
    ledger.enqueue("a", "daniyar")
    setattr(box, trouble, True)
    with serving(box) as port:
        sender = mailer(port, clock)
        send(ledger, sender)
        assert states(ledger) == {PRIMARY: "uncertain", SUPPORTING: "uncertain"}
        seen = len(box.mails)
        for _ in range(3):
            clock.move(days=7)
            assert len(send(ledger, sender).stuck) == 2
        assert len(box.mails) == seen
        setattr(box, trouble, False)
        with pytest.raises(Refused, match="give the reason"):
            ledger.send_again("a", PRIMARY, "daniyar", " ")
        ledger.send_again("a", PRIMARY, "daniyar", "the council says nothing came")
        assert send(ledger, sender).sent == [("a", PRIMARY)]
    keys = [line for mail in box.mails for line in mail.content.decode().splitlines() if "Message-ID" in line]
    assert keys[-1] in keys[:-1], "a copy can be told by its Message-ID"
    with pytest.raises(Refused, match="only uncertain and dead"):
        ledger.send_again("a", PRIMARY, "daniyar", "once more")


def test_a_process_that_dies_while_sending_leaves_an_uncertain_letter(ledger: Ledger, clock: MovableClock) -> None:
    approve(ledger, "a")
    ledger.enqueue("a", "daniyar")
    address_both(ledger)

    class Killed(BaseException):
        pass

    class Dying:
        calls = 0

        def send(self, letter: Letter) -> Delivery:
            self.calls += 1
            raise Killed

    dying = Dying()
    with pytest.raises(Killed):
        send(ledger, dying)
    assert sorted(states(ledger).values()) == ["queued", "sending"]
    clock.move(minutes=16)
    with pytest.raises(Killed):
        send(ledger, dying)
    assert sorted(states(ledger).values()) == ["sending", "uncertain"]
    clock.move(minutes=16)
    send(ledger, dying)
    assert dying.calls == 2
    assert ledger.verify().is_intact


def test_two_senders_at_once_send_once(ledger: Ledger, clock: MovableClock, tmp_path: Path) -> None:
    approve(ledger, "a")
    ledger.enqueue("a", "daniyar")
    address_both(ledger)
    seen: list[str] = []

    class Counting:
        def send(self, letter: Letter) -> Delivery:
            seen.append(letter.idempotency_key)
            return Delivery("sent")

    def work() -> None:
        own = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", clock)
        own.deliver(only_mail(Counting()), "olga")
        own.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == len(set(seen)) == 2


def test_tls_is_demanded_and_works(ledger: Ledger, clock: MovableClock, box: MailBox, tmp_path: Path) -> None:
    import ssl

    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    approve(ledger, "a")
    address_both(ledger)
    ledger.enqueue("a", "daniyar")
    with serving(box) as port:
        send(ledger, mailer(port, clock, tls="starttls"))
        assert box.mails == [], "no TLS, no mail"
        assert "offers no TLS" in ledger.letters()[0]["detail"]
    clock.move(minutes=6)
    with serving(box, tls_context=context, require_starttls=True) as port:
        send(ledger, mailer(port, clock, tls="starttls", timeout=5))
        assert box.mails == [], "a certificate nobody vouches for"
        clock.move(minutes=20)
        assert len(send(ledger, mailer(port, clock, tls="starttls", ca_file=trusted, timeout=5)).sent) == 2
    with pytest.raises(Refused, match="this machine only"):
        MailServer("mail.institute.test", 25, "none", "kelisim@institute.test")


def test_a_body_without_address_waits_and_is_named(ledger: Ledger, clock: MovableClock, box: MailBox) -> None:
    approve(ledger, "a")
    ledger.set_recipient({"body_code": PRIMARY, "region_code": "KZ-31", "channel": "smtp", "address": "m@council.test"})
    ledger.enqueue("a", "daniyar")
    with serving(box) as port:
        report = send(ledger, mailer(port, clock))
        assert report.sent == [("a", PRIMARY)]
        assert [refusal.rule for refusal in report.refusals] == ["no_address"]
        assert "kelisim desk recipient" in report.refusals[0].said("kk")
        assert states(ledger)[SUPPORTING] == "queued"
        address_both(ledger)
        assert send(ledger, mailer(port, clock)).sent == [("a", SUPPORTING)]
    without = Channels({}, "smtp", lambda body, region: None)
    assert ledger.deliver(without, "daniyar").sent == []


def test_addresses_of_the_example_file_are_for_the_folder_only(
    ledger: Ledger, clock: MovableClock, tmp_path: Path
) -> None:
    approve(ledger, "a")
    ledger.enqueue("a", "daniyar")
    outbox = tmp_path / "outbox"
    channels = Channels({"folder": FolderSender(outbox)}, "folder", lambda body, region: "x@example.org", "+7 ...")
    assert len(ledger.deliver(channels, "daniyar").sent) == 2
    files = sorted(path.name for path in (outbox / "a").iterdir())
    assert len(files) == 4
    assert all(path.suffix in (".txt", ".html") for path in (outbox / "a").iterdir())
    (tmp_path / "taken").write_text("a file where the folder should be")
    blocked = FolderSender(tmp_path / "taken").send(_letter())
    assert blocked.verdict == "temporary"


def _letter(address: str = "x@council.test") -> Letter:
    return Letter(Clearance("a", "one", "two"), "k" * 32, PRIMARY, "KZ-31", address, "subject", ".text\n..x", "<p>")


def test_a_line_with_a_dot_arrives_as_it_was(box: MailBox, clock: MovableClock) -> None:
    with serving(box) as port:
        assert mailer(port, clock).send(_letter()).verdict == "sent"
        refused = mailer(port, clock).send(_letter("x@council.test\nBcc: y@council.test"))
    assert refused.verdict == "permanent"
    assert len(box.mails) == 1
    assert b"\r\n.text\r\n..x" in box.mails[0].content


def test_working_hours_and_the_daily_limit_are_kept(ledger: Ledger, clock: MovableClock) -> None:
    class Ready:
        def send(self, letter: Letter) -> Delivery:
            return Delivery("sent")

    names = [f"n{number}" for number in range(5)]
    for number, name in enumerate(names):
        ledger.register_candidates(frame(name, group_codes=[GROUPS[number]], supporting_bodies=[]))
    ledger.register_candidates(frame("urgent", severity=5, group_codes=["korean"], supporting_bodies=[]))
    ledger.set_recipient({"body_code": PRIMARY, "region_code": "KZ-31", "channel": "smtp", "address": "m@c.test"})
    for name in (*names, "urgent"):
        approve(ledger, name)
        _enqueue_any_group(ledger, name)
    clock.move(hours=14)
    assert send(ledger, Ready()).sent == [("urgent", PRIMARY)], "at night only the severe one"
    clock.move(hours=8)
    assert len(send(ledger, Ready()).sent) == 2, "three a day, and one went at one in the morning"
    clock.move(days=1)
    assert len(send(ledger, Ready()).sent) == 3


def _enqueue_any_group(ledger: Ledger, name: str) -> None:
    ledger.enqueue(name, "daniyar", "another story")


def test_the_same_story_is_not_sent_twice_without_a_reason(ledger: Ledger, clock: MovableClock, tmp_path: Path) -> None:
    channels = Channels({"folder": FolderSender(tmp_path / "o")}, "folder", lambda body, region: "x@example.org")
    approve(ledger, "a")
    ledger.enqueue("a", "daniyar")
    ledger.deliver(channels, "daniyar")
    ledger.register_candidates(frame("again"))
    ledger.register_candidates(frame("elsewhere", region_code="KZ-10"))
    ledger.register_candidates(frame("worse", severity=4))
    clock.move(days=3)
    for name in ("again", "elsewhere", "worse"):
        approve(ledger, name)
    with pytest.raises(Refused, match="3 days ago"):
        ledger.enqueue("again", "daniyar")
    assert ledger.enqueue("elsewhere", "daniyar") == ledger.enqueue("worse", "daniyar") == 2
    assert ledger.enqueue("again", "daniyar", "the council asked") == 2


@pytest.mark.parametrize("steps", [0, 1, "dismissed"])
def test_nothing_leaves_without_two_approvals_by_any_door(
    ledger: Ledger, clock: MovableClock, tmp_path: Path, steps: int | str
) -> None:
    if steps:
        ledger.decide("a", Action("first_review", "aigerim", rabat=RABAT))
    if steps == "dismissed":
        ledger.decide("a", Action("dismiss", "daniyar", "an old rumour"))
    outbox = tmp_path / "outbox"
    channels = Channels({"folder": FolderSender(outbox)}, "folder", lambda body, region: "x@example.org")
    doors: list[Callable[[], object]] = [
        lambda: ledger.enqueue("a", "daniyar"),
        lambda: ledger.decide("a", Action("dispatch", "daniyar")),
        lambda: ledger.decide("a", Action("approve", "aigerim", rabat=RABAT)),
        lambda: Clearance("a", "aigerim", "Aigerim "),
        lambda: Letter(None, "k", PRIMARY, "KZ-31", "", "", "", ""),  # type: ignore[arg-type]
        lambda: _row(ledger).save(using=ledger.book.alias),
    ]
    for door in doors:
        with pytest.raises((Refused, TypeError, IntegrityError)):
            door()
    assert ledger.deliver(channels, "daniyar").sent == []
    _forge(tmp_path / "ledger.sqlite")
    for attempt in (lambda: ledger.enqueue("a", "daniyar"), lambda: _row(ledger).save(using=ledger.book.alias)):
        try:
            attempt()
        except LifecycleError:
            continue
    report = ledger.deliver(channels, "daniyar")
    assert report.sent == []
    assert not outbox.exists()
    assert not ledger.verify().is_intact, "the forgery itself is noticed"


def _row(ledger: Ledger) -> Any:
    from desk.models import Dispatch

    now = ledger.book.now()
    return Dispatch(
        idempotency_key="forged", alert_id="a", body_code=PRIMARY, region_code="KZ-31", edition=9, severity=3,
        state="queued", queued_at=now, next_attempt_at=now,
    )  # fmt: skip


def _forge(path: Path) -> None:
    """An approval written past the desk: the row says approved, the events do not."""
    case = {
        "status": "approved", "first_reviewer": "aigerim", "second_reviewer": "daniyar", "reason": None,
        "outcome": None, "corrections": 0, "version": 2,
    }  # fmt: skip
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE desk_alert SET status = 'approved', version = 2, case_state = ?", [json.dumps(case)])


def test_a_webhook_through_apprise(clock: MovableClock) -> None:
    bodies: list[dict[str, Any]] = []
    answers = [200, 500]

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers[len(bodies) - 1])
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        letter = _letter(f"json://127.0.0.1:{server.server_port}/hook")
        assert AppriseSender().send(letter).verdict == "sent"
        assert AppriseSender().send(letter).verdict == "uncertain"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert bodies[0]["title"] == "subject"
    assert AppriseSender().send(_letter("nonsense")).verdict == "permanent"
