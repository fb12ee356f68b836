"""Sentences about public discourse and about alert candidates."""

from __future__ import annotations

from markupsafe import Markup

from models.bulletin.issue import Issue
from models.bulletin.narrative.names import region_name

COUNTRY = ("KZ", "all")


def brief(issue: Issue) -> list[Markup]:
    """Discourse in one or two sentences for the first page."""
    if not issue.has_feeds:
        return [issue.voice.say("discourse.absent")]
    return [level_and_comparison(issue, "hostile")]


def level_and_comparison(issue: Issue, signal: str) -> Markup:
    """A signal's level followed by how it compares with the quarter before."""
    return Markup(" ").join([signal_level(issue, signal), compared_with_before(issue, signal)])


def volume(issue: Issue) -> list[Markup]:
    """How many messages were counted, and whether every week of the quarter is there."""
    voice = issue.voice
    if not issue.has_feeds:
        return [voice.say("discourse.absent")]
    stem = ("quarter_messages", *COUNTRY)
    counts = {name: voice.number(*stem, f"{name}_count") for name in ("message", "interethnic")}
    sentences = [voice.say("discourse.volume", **counts)]
    weeks = voice.figures.value(*stem, "week_count")
    due = voice.figures.value("calendar", issue.meta.quarter, "weeks_count")
    if weeks is not None and due is not None and weeks < due:
        numbers = {
            "weeks": voice.number(*stem, "week_count"),
            "due": voice.number("calendar", issue.meta.quarter, "weeks_count"),
        }
        sentences.append(voice.say("discourse.weeks_missing", **numbers))
    return sentences


def signal_level(issue: Issue, signal: str) -> Markup:
    """Share of one signal over the quarter, with an interval that holds the classifier's error."""
    voice = issue.voice
    stem = ("quarter_rates", *COUNTRY, signal)
    name = voice.label("signal", signal)
    if voice.figures.value(*stem, "shown_share") is None:
        return voice.say("discourse.level_absent", signal=name)
    return voice.say(
        "discourse.level",
        signal=name,
        value=voice.number(*stem, "shown_share"),
        interval=voice.interval((*stem, "shown_ci_low_share"), (*stem, "shown_ci_high_share")),
    )


def compared_with_before(issue: Issue, signal: str) -> Markup:
    """This quarter against the one before: a direction only where the two intervals do not overlap."""
    voice = issue.voice
    now, before = (
        issue.values(prefix, *COUNTRY, signal, low="shown_ci_low_share", high="shown_ci_high_share")
        for prefix in ("quarter_rates", "previous_rates")
    )
    if None in (*now.values(), *before.values()):
        return voice.say("discourse.before_absent")
    stem = ("previous_rates", *COUNTRY, signal)
    fields = {
        "value": voice.number(*stem, "shown_share"),
        "interval": voice.interval((*stem, "shown_ci_low_share"), (*stem, "shown_ci_high_share")),
    }
    return voice.say(f"discourse.before_{_order(now, before)}", **fields)


def threat_beside_peace(issue: Issue, threat: str, peace: str) -> Markup:
    """Whether a threat signal or its peace counterpart is the more frequent, if that can be told."""
    voice = issue.voice
    first, second = (
        issue.values("quarter_rates", *COUNTRY, signal, low="shown_ci_low_share", high="shown_ci_high_share")
        for signal in (threat, peace)
    )
    if None in (*first.values(), *second.values()):
        return voice.say("discourse.pair_absent")
    names = {"threat": voice.label("signal", threat), "peace": voice.label("signal", peace)}
    return voice.say(f"discourse.pair_{_order(first, second)}", **names)


def alerts(issue: Issue) -> Markup:
    """How many candidates await review; never more than that."""
    voice = issue.voice
    if not voice.figures.value("candidates", "candidate_count"):
        return voice.say("alerts.none")
    return voice.say(
        "alerts.awaiting",
        count=voice.number("candidates", "candidate_count"),
        regions=voice.number("candidates", "region_count"),
        decisions=voice.number("method", "decisions_before_alert"),
    )


def false_alarms(issue: Issue) -> list[Markup]:
    """How many false alarms to expect at these thresholds."""
    if issue.voice.figures.value("candidates", "false_alarms_per_year") is None:
        return []
    rate = issue.voice.number("candidates", "false_alarms_per_year")
    return [issue.voice.say("alerts.false_alarms", rate=rate)]


def unplaced(issue: Issue) -> list[Markup]:
    """How many messages could not be placed in a region."""
    voice = issue.voice
    sentences = []
    for place in ("unknown", "abroad"):
        if voice.figures.value("quarter_messages", place, "all", "message_count"):
            count = voice.number("quarter_messages", place, "all", "message_count")
            sentences.append(voice.say("discourse.unplaced", place=region_name(place, voice), count=count))
    return sentences


def _order(first: dict[str, float | None], second: dict[str, float | None]) -> str:
    if (first["low"] or 0.0) > (second["high"] or 0.0):
        return "higher"
    if (first["high"] or 0.0) < (second["low"] or 0.0):
        return "lower"
    return "same"
