"""Names of indicators, regions, groups and bodies in a language; an unknown code stands for itself."""

from __future__ import annotations

from markupsafe import Markup

from data_contracts.councils import case_kinds
from data_contracts.indicator_registry import indicators
from data_contracts.reference import ethnic_groups, regions
from models.bulletin.narrative.voice import SpokenName, Voice

INDICATOR_ORDER = ("accord", "tolerance", "wellbeing")


def region_name(code: str, voice: Voice) -> SpokenName:
    """A region, the whole country, or the places beside them (`unknown`, `abroad`)."""
    language = voice.language
    region = regions().get(code)
    if region is None:
        key = f"place.{code}"
        text = voice.say(key).unescape() if voice.knows(key) else code
        return SpokenName(text, language, {})
    name = region.name.in_language(language)
    if language == "en":
        return SpokenName(name, language, {"locative": f"in {name}", "genitive": f"of {name}"})
    locative = region.name_locative.kk if language == "kk" else region.name_locative.ru
    genitive = region.name_genitive.kk if language == "kk" else region.name_genitive.ru
    return SpokenName(name, language, {"locative": locative, "genitive": genitive})


def short_region_name(code: str, voice: Voice) -> str:
    """A region's name for a chart axis or a narrow table, without the word for region."""
    key = f"region_short.{code}"
    return voice.say(key).unescape() if voice.knows(key) else region_name(code, voice).text


def tile_label(code: str, voice: Voice) -> str:
    """A region's name cut to fit a tile of the map."""
    key = f"region_tile.{code}"
    return voice.say(key).unescape() if voice.knows(key) else short_region_name(code, voice)


def group_name(code: str, voice: Voice) -> SpokenName:
    """An ethnic group in the plural; `all` is everybody."""
    group = ethnic_groups().get(code)
    if group is not None:
        return SpokenName(group.name.in_language(voice.language), voice.language, {})
    key = f"group.{code}"
    return SpokenName(voice.say(key).unescape() if voice.knows(key) else code, voice.language, {})


def indicator_name(code: str, voice: Voice) -> SpokenName:
    """The registry's name of an indicator."""
    found = indicators().get(code)
    text = code if found is None else found.name.in_language(voice.language)
    return SpokenName(text, voice.language, {})


def case_kind_name(code: str, voice: Voice) -> SpokenName:
    """A kind of case by the book of the councils."""
    found = case_kinds().get(code)
    return SpokenName(code if found is None else found.name.in_language(voice.language), voice.language, {})


def quality_domain_name(code: str, voice: Voice) -> Markup:
    """Of whom a quality measure speaks: `all`, a language, or a margin such as `place:KZ-71/urban`."""
    if voice.knows(f"quality_domain.{code}"):
        return voice.say(f"quality_domain.{code}")
    parts = code.partition(":")[2].split("/")
    if parts == [""]:
        return Markup("<code>{}</code>").format(code)
    return Markup(", ").join(_margin_part(part, voice) for part in parts)


def _margin_part(code: str, voice: Voice) -> Markup:
    if code in regions():
        return Markup("{}").format(region_name(code, voice))
    if code in ethnic_groups():
        return Markup("{}").format(group_name(code, voice))
    if voice.knows(f"quality_domain.{code}"):
        return voice.say(f"quality_domain.{code}")
    return Markup("<code>{}</code>").format(code)


def ordered_indicators(codes: set[str]) -> list[str]:
    """Indicators in the order of the plan, unknown ones after them."""
    known = [code for code in INDICATOR_ORDER if code in codes]
    return known + sorted(codes - set(known))
