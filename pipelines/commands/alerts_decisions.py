"""`kelisim alerts review`, `approve`, `dismiss`, `send`, `reply`, `close`, `correct`, `missed`: people decide."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from desk.channels import Report
from desk.phrases import phrase, refusal_text
from models.warning.lifecycle import RABAT_FACTORS, Action, ActionKind
from models.warning.refusals import Refused
from pipelines.commands.desk_access import ActorOption, HomeOption, LanguageOption, acting, opened, settings_of, stop
from pipelines.resources.ledger import Ledger, MissedReport
from pipelines.resources.senders import channels
from pipelines.settings import Settings

RABAT_EXAMPLE = "context=2,speaker=1,intent=unknown,content=2,extent=1,imminence=2"
IdArgument = Annotated[str, typer.Argument(help="Id as `alerts list` prints it.")]
ReasonOption = Annotated[str | None, typer.Option(help="Why, in words; without names of people.")]
RabatOption = Annotated[
    str | None, typer.Option(help=f"Answers to the six Rabat questions, 0 to 3 or unknown: {RABAT_EXAMPLE}")
]
SeenOption = Annotated[
    int | None, typer.Option("--seen", help="Version you looked at (`show` prints it as v0, v1 ...).")
]
OutcomeOption = Annotated[str, typer.Option(help="confirmed, rumour, already_mediated or not_verifiable.")]


def review_command(
    candidate_id: IdArgument,
    actor: ActorOption,
    rabat: RabatOption = None,
    reason: ReasonOption = None,
    *,
    seen: SeenOption = None,
    home: HomeOption = None,
    language: LanguageOption = None,
) -> None:
    """First review: answer the six Rabat questions."""
    settings = settings_of(home, language)
    action = Action("first_review", actor, reason, rabat=_rabat(rabat, settings), expected_version=seen)
    _decide(settings, candidate_id, action)


def approve_command(
    candidate_id: IdArgument,
    actor: ActorOption,
    rabat: RabatOption = None,
    reason: ReasonOption = None,
    *,
    seen: SeenOption = None,
    home: HomeOption = None,
    language: LanguageOption = None,
) -> None:
    """Second review by another person: the alert may leave."""
    settings = settings_of(home, language)
    action = Action("approve", actor, reason, rabat=_rabat(rabat, settings), expected_version=seen)
    _decide(settings, candidate_id, action)


def dismiss_command(
    candidate_id: IdArgument,
    actor: ActorOption,
    reason: ReasonOption = None,
    *,
    seen: SeenOption = None,
    home: HomeOption = None,
    language: LanguageOption = None,
) -> None:
    """Second review by another person: the alert does not leave, for a reason."""
    settings = settings_of(home, language)
    _decide(settings, candidate_id, Action("dismiss", actor, reason, expected_version=seen))


def close_command(
    candidate_id: IdArgument,
    actor: ActorOption,
    outcome: OutcomeOption,
    reason: ReasonOption = None,
    *,
    home: HomeOption = None,
    language: LanguageOption = None,
) -> None:
    """Close an acknowledged alert with its outcome."""
    settings = settings_of(home, language)
    _decide(settings, candidate_id, Action("close", actor, reason, outcome=outcome))  # type: ignore[arg-type]


def correct_command(
    candidate_id: IdArgument,
    actor: ActorOption,
    outcome: OutcomeOption,
    reason: ReasonOption = None,
    *,
    home: HomeOption = None,
    language: LanguageOption = None,
) -> None:
    """Correct the outcome of a closed alert; the correction goes into the error book."""
    settings = settings_of(home, language)
    _decide(settings, candidate_id, Action("correct", actor, reason, outcome=outcome))  # type: ignore[arg-type]


def _decide(settings: Settings, candidate_id: str, action: Action) -> None:
    with opened(settings) as ledger:
        acting(ledger, settings, action.actor)
        case = ledger.decide(candidate_id, action)
        _tell_of_clock(ledger, settings)
    _tell(
        settings,
        "decided",
        alert=candidate_id,
        action=_event(action.kind, settings),
        status=_status(case.status, settings),
    )


def send_command(
    actor: ActorOption,
    candidate_id: Annotated[str | None, typer.Argument(help="An approved alert; without it all that is due.")] = None,
    reason: ReasonOption = None,
    again: Annotated[
        str | None, typer.Option("--again", help="Send the dead or uncertain letter to this body once more.")
    ] = None,
    *,
    home: HomeOption = None,
    language: LanguageOption = None,
) -> None:
    """Queue the letters of an approved alert and send what is due; escalate and expire what time has overtaken."""
    if again is not None and candidate_id is None:
        raise typer.BadParameter("--again needs the id of an alert")
    settings = settings_of(home, language)
    with opened(settings) as ledger:
        acting(ledger, settings, actor)
        if again is not None and candidate_id is not None:
            ledger.send_again(candidate_id, again, actor, reason or "")
        elif candidate_id is not None:
            _tell(settings, "queued", alert=candidate_id, count=ledger.enqueue(candidate_id, actor, reason))
        passed = ledger.housekeeping()
        report = ledger.deliver(channels(settings, lambda: datetime.now(UTC)), actor, candidate_id)
        _tell_of_clock(ledger, settings)
        approved = [row["candidate_id"] for row in ledger.candidates("approved")] if candidate_id is None else []
        written = {letter["alert_id"] for letter in ledger.letters()}
        unqueued = [alert for alert in approved if alert not in written]
    for name, alerts in (
        ("escalated", passed.escalated),
        ("expired", passed.expired),
        ("approved_not_queued", unqueued),
    ):
        if alerts:
            _tell(settings, name, alerts=", ".join(alerts))
    _print_report(report, settings)


def _print_report(report: Report, settings: Settings) -> None:
    for alert, body in report.sent:
        _tell(settings, "sent", alert=alert, body=body)
    for alert, body, until in report.waiting:
        _tell(settings, "waiting", alert=alert, body=body, until=until)
    for refusal in report.refusals:
        typer.echo(refusal_text(refusal, settings.language), err=True)
    for alert, body, state in report.stuck:
        _tell(settings, "stuck", alert=alert, body=body, state=phrase(f"letter.{state}", settings.language))
    if not (report.sent or report.waiting or report.refusals or report.stuck):
        _tell(settings, "nothing_due")
    if report.refusals:
        raise typer.Exit(2)


def reply_command(
    candidate_id: IdArgument,
    actor: ActorOption,
    body: Annotated[str, typer.Option(help="Who answered, e.g. mediation_council.")],
    reply: Annotated[str, typer.Option(help="received, confirmed, rumour, already_mediated or not_verifiable.")],
    confirmed: Annotated[
        str | None, typer.Option("--confirmed", help="Day of the first confirmed report, e.g. 2026-08-14.")
    ] = None,
    *,
    home: HomeOption = None,
    language: LanguageOption = None,
) -> None:
    """Write down what a council answered."""
    settings = settings_of(home, language)
    with opened(settings) as ledger:
        acting(ledger, settings, actor)
        day = None if confirmed is None else _day(confirmed)
        ledger.record_reply(candidate_id, body, reply, actor=actor, confirmed=day)
    _tell(settings, "replied", alert=candidate_id, body=body, reply=reply)


def missed_command(
    actor: ActorOption,
    day: Annotated[str, typer.Option("--date", help="Day of the event, e.g. 2026-08-14.")],
    region: Annotated[str, typer.Option(help="Code such as KZ-31.")],
    body: Annotated[str, typer.Option(help="Who reports it, e.g. mediation_council.")],
    kind: Annotated[str, typer.Option(help="Kind of case, e.g. household_dispute.")],
    *,
    cause: Annotated[
        str, typer.Option(help="no_source, below_threshold, wrong_label, wrong_place, not_public or unknown.")
    ] = "unknown",
    home: HomeOption = None,
    language: LanguageOption = None,
) -> None:
    """Write down an event that a council reports and no alert had told of."""
    settings = settings_of(home, language)
    with opened(settings) as ledger:
        acting(ledger, settings, actor)
        entry = ledger.record_missed_event(MissedReport(_day(day), region, body, kind, cause), actor)
    _tell(settings, "missed", entry=entry)


def _rabat(text: str | None, settings: Settings) -> dict[str, int | None] | None:
    """Answers written as factor=number,...; asked for one by one where somebody sits at the terminal."""
    if text is None:
        if not sys.stdin.isatty():
            return None
        text = ",".join(
            f"{factor}={typer.prompt(phrase(f'rabat.{factor}', settings.language) + ' [0-3, unknown]')}"
            for factor in RABAT_FACTORS
        )
    answers: dict[str, int | None] = {}
    for part in text.split(","):
        factor, mark, value = part.strip().partition("=")
        if not mark or not (value.strip().isdecimal() or value.strip() == "unknown"):
            raise stop(phrase("say.wrong_rabat", settings.language, example=RABAT_EXAMPLE))
        answers[factor.strip()] = None if value.strip() == "unknown" else int(value)
    return answers


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("bad_moment", value=text) from None


def _tell_of_clock(ledger: Ledger, settings: Settings) -> None:
    warning = ledger.clock_warning()
    if warning is not None:
        typer.echo(refusal_text(warning, settings.language), err=True)


def _event(kind: ActionKind, settings: Settings) -> str:
    return phrase(f"event.{kind}", settings.language)


def _status(status: str, settings: Settings) -> str:
    return phrase(f"status.{status}", settings.language)


def _tell(settings: Settings, name: str, **values: object) -> None:
    typer.echo(phrase(f"say.{name}", settings.language, **values))
