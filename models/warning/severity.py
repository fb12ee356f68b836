"""Severity of a case by the six factors of the Rabat plan of action, as far as data knows them.

Content, extent and imminence are computed. Context, the speaker's status and intent need knowledge of people
and place: they are left to the reviewers, and every explanation says so.
"""

from __future__ import annotations

from dataclasses import dataclass

COMPUTED_FACTORS = ("content", "extent", "imminence")
HUMAN_FACTORS = ("context", "speaker", "intent")


@dataclass(frozen=True)
class CaseFacts:
    """What data knows of a case.

    Attributes:
        cluster_count: distinct texts.
        source_count: distinct sources.
        expected: texts expected in such a week, of the leading cell.
        observed: texts seen, of the leading cell.
        hostile_clusters, hard_clusters: distinct texts labelled hostile, and hostile of severity 3.
        mean_severity: mean severity of the hostile texts, 0 without.
        has_tension: a concrete incident or its risk is among the signals.
        late_share: share of the texts from the last three days of the week.
        is_growing: more than in the week before.
    """

    cluster_count: int
    source_count: int
    expected: float
    observed: int
    hostile_clusters: int
    hard_clusters: int
    mean_severity: float
    has_tension: bool
    late_share: float
    is_growing: bool


@dataclass(frozen=True)
class Assessment:
    """Scores 0..3 of the computed factors and the severity 1..5 they give."""

    content: int
    extent: int
    imminence: int
    severity: int


def assess(facts: CaseFacts) -> Assessment:
    """Score a case.

    Content: mean severity of hostile texts rounded, 3 if a third of them is hard. Extent: one point each for
    at least 10 texts, at least 4 sources, at least 5 times the expected. Imminence: one point each for a
    concrete incident, for calls to act (a hard text), for growth or most texts in the last three days.
    Severity is 1 plus half the sum, rounded down, at most 5.
    """
    content = min(3, round(facts.mean_severity))
    if facts.hard_clusters and 3 * facts.hard_clusters >= max(facts.hostile_clusters, 1):
        content = 3
    ratio = facts.observed / max(facts.expected, 0.2)
    extent = (facts.cluster_count >= 10) + (facts.source_count >= 4) + (ratio >= 5)
    imminence = facts.has_tension + (facts.hard_clusters > 0) + (facts.is_growing or facts.late_share > 0.6)
    severity = min(5, 1 + (content + int(extent) + int(imminence)) // 2)
    return Assessment(content, int(extent), int(imminence), severity)
