"""What supports a case in plain words, in Kazakh, Russian and English."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

from data_contracts.indicator_registry import indicators
from data_contracts.reference import regions
from models.warning.supporting import Evidence

Language = Literal["kk", "ru", "en"]


@cache
def _phrases() -> dict[str, dict[str, str]]:
    return yaml.safe_load((files("models.warning") / "supporting_phrases.yml").read_text(encoding="utf-8"))


def supporting_sentences(
    evidence: Sequence[Evidence], neighbour_regions: Sequence[str], language: Language
) -> list[str]:
    """One sentence a fact, and one for the neighbouring regions if there are any."""
    sentences = [_phrases()[fact.signal][language].format(**_numbers(fact, language)) for fact in evidence]
    if neighbour_regions:
        names = ", ".join(regions()[code].name.in_language(language) for code in neighbour_regions)
        sentences.append(_phrases()["neighbours"][language].format(regions=names))
    return sentences


def _numbers(fact: Evidence, language: Language) -> dict[str, str]:
    known = indicators()
    name = known[fact.item].name.in_language(language) if fact.item in known else fact.item
    if fact.signal == "mediation_cases":
        observed, expected = f"{fact.observed:.0f}", f"{fact.expected:.1f}"
    else:
        observed, expected = f"{abs(fact.observed):.1f}", ""
    if language != "en":
        observed, expected = observed.replace(".", ","), expected.replace(".", ",")
    return {"quarter": fact.quarter, "item": name, "observed": observed, "expected": expected}
