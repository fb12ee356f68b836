"""What the councils answered to alerts, and the error book: misses, false alarms and corrections."""

from __future__ import annotations

import polars as pl
from markupsafe import Markup

from data_contracts.councils import councils
from models.bulletin.issue import Issue, Table
from models.bulletin.narrative.names import case_kind_name, region_name

ALL = "all"
COLUMNS = ("letter", "reply", "confirmed", "already_mediated", "rumour", "not_verifiable")
ENTRIES_SHOWN = 40


def answer_sentences(issue: Issue) -> list[Markup]:
    """Letters, answers, how many could be judged and were right; "no answers yet" in words."""
    voice = issue.voice
    stem = ("answers", ALL)
    if not voice.figures.value(*stem, "letter_count"):
        return [voice.say("answers.absent")]
    letters = voice.number(*stem, "letter_count")
    if not voice.figures.value(*stem, "reply_count"):
        return [voice.say("answers.no_replies", letter=letters)]
    decisions = voice.number("method", "decisions_before_alert")
    reply = voice.number(*stem, "reply_count")
    sentences = [voice.say("answers.sum", letter=letters, reply=reply, decisions=decisions)]
    if voice.figures.value(*stem, "ppv_share") is None:
        sentences.append(voice.say("answers.not_judged"))
    else:
        judged = voice.number(*stem, "judged_count")
        sentences.append(voice.say("answers.judged", judged=judged, **_share(issue, "ppv")))
    if voice.figures.value(*stem, "timely_share") is not None:
        sentences.append(voice.say("answers.timely", **_share(issue, "timely")))
    return sentences


def _share(issue: Issue, name: str) -> dict[str, object]:
    stem = ("answers", ALL)
    interval = issue.voice.interval((*stem, f"{name}_ci_low_share"), (*stem, f"{name}_ci_high_share"))
    return {name: issue.voice.number(*stem, f"{name}_share"), "interval": interval}


def answer_table(issue: Issue) -> Table | None:
    """One row a body with letters, whole country."""
    voice = issue.voice
    told = issue.frames["answers"].filter(pl.col("region_code") == "KZ", pl.col("signal") == ALL)
    codes = told["body_code"].to_list()
    if not codes:
        return None
    order = [*(code for code in councils() if code in codes), *(code for code in codes if code not in councils())]
    rows = [
        [_body(issue, code), *(voice.number("answers", code, f"{column}_count") for column in COLUMNS)]
        for code in order
    ]
    keys = ("body", "letters", "replies", "confirmed", "already_mediated", "rumours", "not_verifiable")
    return Table(voice.say("answers.caption"), [voice.say(f"column.{key}") for key in keys], rows)


def _body(issue: Issue, code: str) -> Markup:
    found = councils().get(code)
    if found is None:
        return issue.voice.label("body", code)
    return Markup("{}").format(found.name.in_language(issue.voice.language))


def error_sentence(issue: Issue) -> Markup:
    """Entries of the quarter by kind, or that there are none."""
    voice = issue.voice
    kinds = ("missed_event", "false_alarm", "dismissed", "correction")
    if issue.frames["error_book"].is_empty():
        return voice.say("error_book.absent")
    counts = {kind: voice.number("error_book", f"{kind}_count") for kind in kinds}
    return voice.say("error_book.sum", missed=counts.pop("missed_event"), **counts)


def error_table(issue: Issue) -> Table | None:
    """The entries themselves: kind, day, region, kind of case and why it was missed; never a text or a person."""
    voice = issue.voice
    book = issue.frames["error_book"].sort("entry_kind", "known_date", "entry_id").head(ENTRIES_SHOWN)
    if book.is_empty():
        return None
    rows = [
        [
            voice.label("error_kind", row["entry_kind"]),
            voice.day(row["known_date"]),
            voice.day(row["event_date"]),
            region_name(row["region_code"], voice),
            case_kind_name(row["case_kind"], voice),
            Markup("&ndash;") if row["cause_code"] is None else voice.label("cause", row["cause_code"]),
        ]
        for row in book.iter_rows(named=True)
    ]
    columns = [voice.say(f"column.{key}") for key in ("entry_kind", "known", "event", "region", "case_kind", "cause")]
    return Table(voice.say("error_book.caption"), columns, rows, frozenset(range(1, 6)))
