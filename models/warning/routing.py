"""Which kind of case a candidate is, and which bodies receive it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from data_contracts.councils import CaseKind, case_kinds, council_address

MEDIA_SHARE = 0.5
LEAST_CUE_SHARE = 0.3


@dataclass(frozen=True)
class Route:
    """One primary body and those that support it, with their addresses in the region; None where one has none."""

    primary_body: str
    supporting_bodies: tuple[str, ...]
    addresses: dict[str, str | None]


@cache
def _cue_pattern(case_kind: str) -> re.Pattern[str] | None:
    cues = case_kinds()[case_kind].cues
    stems = [re.escape(stem) for stem in (*cues.kk, *cues.ru)]
    return re.compile(r"(?<!\w)(?:" + "|".join(stems) + ")") if stems else None


def case_kind(texts: Sequence[str], signals: Sequence[str], source_kinds: Sequence[str]) -> str:
    """The kind of a case by cue words in its texts, else by where it is said, else by its leading signal.

    Args:
        texts: one text per cluster.
        signals: signals of the case, strongest first.
        source_kinds: kind of source of each text.

    Returns:
        A code of `councils.yml`. A kind needs its cues in at least 30 % of the texts; a tie goes to the kind
        listed first.
    """
    lowered = [text.casefold() for text in texts]
    hits = {
        code: sum(1 for text in lowered if pattern.search(text))
        for code in case_kinds()
        if (pattern := _cue_pattern(code)) is not None
    }
    best = max(hits, key=lambda code: hits[code], default=None)
    if best is not None and lowered and hits[best] >= max(1, LEAST_CUE_SHARE * len(lowered)):
        return best
    for code, kind in case_kinds().items():
        if kind.source_kinds and _share(source_kinds, kind) > MEDIA_SHARE and "tension" not in signals[:1]:
            return code
    for signal in signals:
        for code, kind in case_kinds().items():
            if signal in kind.signals:
                return code
    return list(case_kinds())[-1]


def _share(source_kinds: Sequence[str], kind: CaseKind) -> float:
    if not source_kinds:
        return 0.0
    return sum(1 for source in source_kinds if source in kind.source_kinds) / len(source_kinds)


def route(kind: str, region_code: str) -> Route:
    """The bodies that receive a case of this kind in this region.

    Raises:
        KeyError: for a kind that `councils.yml` does not know.
    """
    rule = case_kinds()[kind]
    bodies = (rule.primary, *rule.supporting)
    return Route(rule.primary, rule.supporting, {body: council_address(body, region_code) for body in bodies})
