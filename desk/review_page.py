"""The page on which people look at one alert and decide."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.timezone import localtime
from django.utils.translation import get_language

from data_contracts.councils import case_kinds, councils
from data_contracts.reference import ethnic_groups, regions
from desk.book import Book, now_utc
from desk.decisions import case_now, decide, row_of
from desk.delivery import enqueue
from desk.phrases import phrase, phrase_or_code, refusal_text
from desk.reading import alert as read_alert
from desk.reading import letters
from desk.replies import ARRIVED, record_reply
from desk.review_forms import DecisionForm, ReplyForm, reply_names
from models.warning.briefs import briefs
from models.warning.lifecycle import ActionKind, Case, normal_name, possible_actions
from models.warning.refusals import Refused

PERMISSIONS: dict[ActionKind, str] = {
    "first_review": "desk.review_alert",
    "approve": "desk.review_alert",
    "dismiss": "desk.review_alert",
    "close": "desk.send_alert",
    "correct": "desk.send_alert",
}
BOOK = Book("default", now_utc)


def language() -> str:
    """The language of the page: kk, ru or en."""
    chosen = (get_language() or "ru")[:2]
    return chosen if chosen in ("kk", "ru", "en") else "ru"


def local_time(recorded_at: str) -> str:
    """A recorded time as people in Kazakhstan read it."""
    return f"{localtime(datetime.fromisoformat(recorded_at)):%d.%m.%Y %H:%M}"


def _may(request: HttpRequest, permission: str) -> bool:
    user: Any = request.user
    return user.has_perm(permission)


def steps_for(request: HttpRequest, case: Case) -> tuple[ActionKind, ...]:
    """Steps that the rules allow now and this person may take; nobody reviews their own review."""
    steps = []
    for kind in possible_actions(case):
        is_own = kind in ("approve", "dismiss") and normal_name(request.user.get_username()) == case.first_reviewer
        if kind in PERMISSIONS and _may(request, PERMISSIONS[kind]) and not is_own:
            steps.append(kind)
    return tuple(steps)


def review_page(request: HttpRequest, alert_id: str, context: dict[str, Any]) -> HttpResponse:
    """Show an alert with its evidence, and take the decision that is posted."""
    if not _may(request, "desk.view_alert"):
        raise PermissionDenied
    spoken = language()
    try:
        case = case_now(BOOK, alert_id)
    except Refused as refusal:
        messages.error(request, refusal_text(refusal, spoken))
        return HttpResponseRedirect("../../")
    kinds = steps_for(request, case)
    typed: dict[str, Any] = {}
    if request.method == "POST":
        if _take(request, alert_id, DecisionForm(kinds, spoken, request.POST), spoken):
            return HttpResponseRedirect(request.path)
        # What was typed stays, on top of what is known now: the version is the present one.
        case = case_now(BOOK, alert_id)
        kinds = steps_for(request, case)
        typed = request.POST.dict()
    form = DecisionForm(kinds, spoken, initial={**typed, "version": case.version})
    return TemplateResponse(request, "desk/review.html", {**context, **_shown(request, alert_id, case, form, spoken)})


def _take(request: HttpRequest, alert_id: str, form: DecisionForm, spoken: str) -> bool:
    """Take the decision that is posted; a refusal is told on the page."""
    kind, actor = request.POST.get("step", ""), request.user.get_username()
    try:
        if kind == "queue":
            count = enqueue(BOOK, alert_id, actor, request.POST.get("reason"))
            messages.success(request, phrase("page.queued", spoken, count=count))
            return True
        if kind == "reply":
            return _take_reply(request, alert_id, spoken)
        if kind not in form.kinds:
            version, seen = case_now(BOOK, alert_id).version, request.POST.get("version", "?")
            raise Refused("moved_on", action=kind, version=version, seen=seen)
        if not form.is_valid():
            messages.error(request, _told(form))
            return False
        decide(BOOK, alert_id, form.action(kind, actor))  # type: ignore[arg-type]
        messages.success(request, phrase("page.decided", spoken, action=phrase(f"event.{kind}", spoken)))
    except Refused as refusal:
        messages.error(request, refusal_text(refusal, spoken))
        return False
    return True


def _take_reply(request: HttpRequest, alert_id: str, spoken: str) -> bool:
    form = ReplyForm(_bodies_written_to(alert_id), spoken, request.POST)
    if not form.is_valid():
        messages.error(request, _told(form))
        return False
    content, actor = form.cleaned_data, request.user.get_username()
    record_reply(BOOK, alert_id, content["body"], content["reply"], actor=actor, confirmed=content["confirmed"])
    messages.success(request, phrase("page.replied", spoken, reply=reply_names(spoken)[content["reply"]]))
    return True


def _bodies_written_to(alert_id: str) -> list[str]:
    return [letter["body_code"] for letter in letters(BOOK, alert_id) if letter["state"] in ARRIVED]


def _told(form: Form) -> str:
    return " ".join(str(told) for errors in form.errors.values() for told in errors)


def _shown(request: HttpRequest, alert_id: str, case: Case, form: DecisionForm, spoken: str) -> dict[str, Any]:
    row = read_alert(BOOK, alert_id)
    registered = json.loads(row_of(BOOK, alert_id).payload)
    written = _bodies_written_to(alert_id)
    is_own = case.status == "first_reviewed" and normal_name(request.user.get_username()) == case.first_reviewer
    may_queue = case.status == "approved" and not row["letters"] and _may(request, "desk.send_alert")
    return {
        "title": f"{phrase('column.alert', spoken)} {alert_id}",
        "alert": row,
        "explanation": row[f"explanation_{spoken}"],
        "status_name": phrase(f"status.{row['status']}", spoken),
        "facts": _facts(row, spoken),
        "events": [
            {
                **event,
                "name": phrase_or_code("event", event["kind"], spoken),
                "when": local_time(event["recorded_at"]),
                "answers": _answers(event, spoken),
            }
            for event in row["events"]
        ],
        "letters": [
            {
                **letter,
                "body": councils()[letter["body_code"]].name.in_language(spoken),
                "name": phrase(f"letter.{letter['state']}", spoken),
            }
            for letter in row["letters"]
        ],
        "briefs": briefs(registered, row["primary_body"], is_synthetic=row["is_synthetic"]),
        "form": form,
        "reply_form": ReplyForm(written, spoken) if written and _may(request, "desk.reply_alert") else None,
        "replies": [
            {
                **reply,
                "body": councils()[reply["body_code"]].name.in_language(spoken),
                "name": reply_names(spoken).get(reply["reply_code"], reply["reply_code"]),
                "when": local_time(reply["replied_at"]),
            }
            for reply in row["replies"]
        ],
        "steps": [(kind, phrase(f"page.{kind}", spoken)) for kind in form.kinds],
        "asks_rabat": "context" in form.fields,
        "may_queue": may_queue,
        "is_own": is_own,
        "say": {name: phrase(name.replace("__", "."), spoken) for name in SHOWN_PHRASES},
    }


SHOWN_PHRASES = (
    "page__evidence",
    "page__explanation",
    "page__examples",
    "page__goes_away",
    "page__synthetic",
    "page__history",
    "page__questions",
    "page__your_decision",
    "page__nothing_to_do",
    "page__own_review",
    "page__brief",
    "page__queue",
    "page__reply",
    "page__record_reply",
    "column__reply",
    "column__letters",
    "column__at",
    "column__event",
    "column__actor",
    "column__reason",
    "column__body",
    "column__status",
    "column__detail",
)


def _answers(event: dict[str, Any], spoken: str) -> str:
    given = event.get("rabat") or {}
    return ", ".join(
        f"{phrase(f'rabat.{factor}', spoken).split(':')[0]}: {'?' if value is None else value}"
        for factor, value in given.items()
    )


def _facts(row: dict[str, Any], spoken: str) -> list[tuple[str, str]]:
    region = regions().get(row["region_code"])
    facts = {
        "week": row["week_date"],
        "region": region.name.in_language(spoken) if region else row["region_code"],
        "kind": case_kinds()[row["case_kind"]].name.in_language(spoken),
        "groups": ", ".join(ethnic_groups()[code].name.in_language(spoken) for code in row["group_codes"]),
        "severity": f"{row['severity']} / 5",
        "counts": f"{row['cluster_count']} / {row['message_count']}",
        "false_alarms": f"{row['expected_false_alarms_per_year']:.2f}",
        "to": councils()[row["primary_body"]].name.in_language(spoken),
        "supporting": ", ".join(councils()[code].name.in_language(spoken) for code in row["supporting_bodies"]),
    }
    return [(phrase(f"column.{name}", spoken), value) for name, value in facts.items() if value]
