"""Names of coded values in a language, for exports that carry labels: regions, groups, indicators, signals, rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from data_contracts.contract import Column, Trilingual
from data_contracts.councils import case_kinds, councils
from data_contracts.indicator_registry import indicators
from data_contracts.reference import ethnic_groups, regions
from models.bulletin.narrative.voice import phrasebook

YES_NO: Mapping[str, tuple[str, str]] = {"kk": ("жоқ", "иә"), "ru": ("нет", "да"), "en": ("no", "yes")}
_REFERENCES: Mapping[str, Callable[[], Mapping[str, Trilingual]]] = {
    "regions.region_code": lambda: {code: entry.name for code, entry in regions().items()},
    "ethnic_groups.group_code": lambda: {code: entry.name for code, entry in ethnic_groups().items()},
    "indicators.indicator_id": lambda: {code: entry.name for code, entry in indicators().items()},
    "councils.body_code": lambda: {code: entry.name for code, entry in councils().items()},
}
# Columns whose codes have names among the phrases of the bulletin, with the groups of phrases to look in.
_PHRASES: Mapping[str, tuple[str, ...]] = {
    "signal": ("signal",),
    "verdict": ("verdict", "change_short"),
    "suppression_rule": ("suppression",),
    "entry_kind": ("error_kind",),
    "cause_code": ("cause",),
    "region_code": ("place",),
    "group_code": ("group",),
    "body_code": ("body",),
}


def value_names(column: Column, language: str) -> dict[str, str]:
    """Names by code of a column's values; empty where the codes have no names.

    Args:
        column: a column of a table contract.
        language: `kk`, `ru` or `en`.
    """
    names: dict[str, str] = {}
    if found := _REFERENCES.get(column.reference or ""):
        names = {code: text.in_language(language) for code, text in found().items()}
    elif column.name == "case_kind":
        names = {code: kind.name.in_language(language) for code, kind in case_kinds().items()}
    phrases = phrasebook(language).phrases
    for code in (*(column.also_allowed), *(column.allowed or ())):
        for group in _PHRASES.get(column.name, ()):
            if f"{group}.{code}" in phrases:
                names.setdefault(str(code), phrases[f"{group}.{code}"])
    return names
