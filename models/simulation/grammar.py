"""Composes texts in Kazakh, Russian and a mixture of both from the phrase books."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from models.simulation.data_files import SimulationDataError, simulation_data
from models.simulation.kazakh_forms import Case, inflected, plural

LANGUAGES = ("kk", "ru", "mixed")

_SLOT = re.compile(r"\{([a-z0-9_]+)\}")
_KAZAKH_CASES: dict[str, Case] = {
    "gen": "genitive",
    "dat": "dative",
    "acc": "accusative",
    "loc": "locative",
    "abl": "ablative",
    "ins": "instrumental",
}
_RUSSIAN_FORMS = ("nom", "gen", "dat", "ins", "prep", "sg", "adj")
_CHATTY = ("other", "language", "accord", "neutral")
_GRAVE_EMOJI = ("", "", " 😡", " 🙏")
_DETAIL_OF = {"tension": "detail_event", "counter": "detail_peace", "accord": "detail_peace"}

Template = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Subject:
    """What a text is about.

    Attributes:
        label: Discourse label.
        severity: 1..3 for hostile, else 0.
        group_code: The group spoken about; needed by every label but `other` and `authority`.
        other_group: A second group, for phrases about two.
        place: Region code and index of a place the text has to name, or None.
        story: Key of `phrases/stories.yml` for a planted outbreak, or None.
        is_news: Whether the outlet writes as a newsroom does.
    """

    label: str
    severity: int = 0
    group_code: str | None = None
    other_group: str | None = None
    place: tuple[str, int] | None = None
    story: str | None = None
    is_news: bool = False


@dataclass(frozen=True)
class Composed:
    """A text and the groups it names."""

    text: str
    group_codes: tuple[str, ...]


@dataclass
class _Book:
    """One language's phrases, parsed."""

    language: str
    frames: dict[str, list[Template]]
    topics: list[list[Template]]
    stories: dict[str, dict[str, list[Template]]]
    slots: dict[str, list[str]]
    parts: dict[str, list[Template]] = field(default_factory=dict)


def compose(rng: Random, language: str, subject: Subject) -> Composed:
    """One text.

    Args:
        rng: Source of chance.
        language: kk, ru or mixed.
        subject: What the text is about.

    Returns:
        The text, without line breaks, and the census groups named in it, in the order of `Subject`.

    Raises:
        SimulationDataError: if the phrase book has no phrase for the subject or does not know a slot.
    """
    book = _book(language)
    core = _core(rng, book, subject)
    sentences = [core]
    if subject.label == "other":
        if rng.random() < 0.5:
            sentences.append(_pick(rng, rng.choice(book.topics)))
    elif rng.random() < 0.5:
        label = subject.label
        sentences.append(_pick(rng, book.parts[_DETAIL_OF.get(label, f"detail_{label}")]))
    used = {slot for sentence in sentences for _, slot in sentence if slot}
    if subject.place and not any(slot.endswith("in_place") for slot in used):
        sentences.append(_pick(rng, book.parts["from_place"]))
    tone = "news" if subject.is_news else "talk"
    if rng.random() < (0.45 if subject.label in _CHATTY else 0.15):
        sentences.append(_pick(rng, book.parts[f"closers_{tone}"]))
    forms = _forms(language, subject, rng)
    filled = [_fill(rng, book, sentence, forms) for sentence in sentences]
    if rng.random() < 0.4:
        filled[0] = _fill(rng, book, _pick(rng, book.parts[f"openers_{tone}"]), forms) + filled[0]
    named = [subject.group_code] if any("g_" in slot for slot in used) else []
    named += [subject.other_group] if any("h_" in slot for slot in used) else []
    text = " ".join(_finished(sentence) for sentence in filled)
    if not subject.is_news and rng.random() < 0.35:
        text += rng.choice(book.slots["emoji"] if subject.label in _CHATTY else _GRAVE_EMOJI)
    return Composed(text, tuple(code for code in named if code))


@cache
def place_count(region_code: str) -> int:
    """How many places of a region the phrases can name."""
    return len(simulation_data("phrases/places.yml")[region_code])


@cache
def phrase_count(language: str) -> int:
    """Hand-written phrases and slot fillers of one language, stories included."""
    book = _book(language)
    stories = sum(len(found) for story in book.stories.values() for found in story.values())
    own = {name: values for name, values in book.slots.items() if not name.startswith(("kk_", "ru_"))}
    return (
        sum(map(len, book.frames.values()))
        + sum(map(len, book.topics))
        + sum(map(len, book.parts.values()))
        + sum(map(len, own.values()))
        + stories
    )


def _core(rng: Random, book: _Book, subject: Subject) -> Template:
    if subject.label == "other":
        return _pick(rng, rng.choice(book.topics))
    name = f"hostile_{subject.severity}" if subject.label == "hostile" else subject.label
    frames = book.frames
    if subject.story is not None:
        frames = book.stories.get(subject.story, {})
    if name not in frames:
        raise SimulationDataError(f"phrases: no `{name}` in {book.language}, story {subject.story}")
    return _pick(rng, frames[name])


def story_severities(story: str) -> tuple[int, ...]:
    """Severities that a story has hostile phrases for, in both languages."""
    found = simulation_data("phrases/stories.yml")[story]
    names = set(found["kk"]) & set(found["ru"])
    return tuple(level for level in (1, 2, 3) if f"hostile_{level}" in names)


def _pick(rng: Random, templates: list[Template]) -> Template:
    return templates[int(rng.random() * len(templates))]


def _fill(rng: Random, book: _Book, template: Template, forms: Mapping[str, str]) -> str:
    pieces = []
    for literal, slot in template:
        pieces.append(literal)
        if slot is None:
            continue
        form = forms.get(slot)
        if form is None:
            values = book.slots.get(slot)
            if values is None:
                raise SimulationDataError(f"phrases/{book.language}.yml uses an unknown slot {{{slot}}}")
            form = values[int(rng.random() * len(values))]
        pieces.append(form)
    return "".join(pieces)


def _finished(sentence: str) -> str:
    text = sentence.strip().replace(" ,", ",").replace(" .", ".").replace(" ?", "?")
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?…" else f"{text}."


def _forms(language: str, subject: Subject, rng: Random) -> dict[str, str]:
    """Forms of the groups and the place for one text."""
    if language != "mixed":
        forms = dict(_place_forms(language, subject.place))
        for letter, code in (("g", subject.group_code), ("h", subject.other_group)):
            if code:
                forms.update(_group_forms(language, letter, code))
        return forms
    forms = {}
    for part in ("kk", "ru"):
        forms.update({f"{part}_{name}": form for name, form in _forms(part, subject, rng).items()})
    forms["in_place"] = forms[rng.choice(("kk_in_place", "ru_in_place"))]
    return forms


@cache
def _group_forms(language: str, letter: str, group_code: str) -> dict[str, str]:
    names = simulation_data("phrases/groups.yml").get(group_code)
    if names is None:
        raise SimulationDataError(f"phrases/groups.yml has no group {group_code}")
    if language == "ru":
        return {f"{letter}_{form}": name for form, name in zip(_RUSSIAN_FORMS, names["ru"], strict=True)}
    people = plural(names["kk"])
    forms = {f"{letter}_{short}": inflected(people, case) for short, case in _KAZAKH_CASES.items()}
    return {**forms, f"{letter}_pl": people, f"{letter}_attr": names["kk"]}


@cache
def _place_forms(language: str, place: tuple[str, int] | None) -> dict[str, str]:
    if place is None:
        return {"in_place": "", "where_place": "", "from_place": ""}
    _, locative, genitive, kazakh = simulation_data("phrases/places.yml")[place[0]][place[1]]
    if language == "ru":
        return {"in_place": f"{locative} ", "where_place": locative, "from_place": f"из {genitive}"}
    is_possessed = kazakh.endswith("ауданы")
    where = inflected(kazakh, "locative", is_possessed)
    return {
        "in_place": f"{where} ",
        "where_place": where,
        "from_place": inflected(kazakh, "ablative", is_possessed),
    }


@cache
def _book(language: str) -> _Book:
    if language not in LANGUAGES:
        raise SimulationDataError(f"no phrase book for {language!r}; there are {', '.join(LANGUAGES)}")
    data = simulation_data(f"phrases/{language}.yml")
    stories = simulation_data("phrases/stories.yml")
    parts = {
        name: _parsed(found) for name, found in data.items() if name.startswith(("detail", "opener", "closer", "from"))
    }
    frames = {name: _parsed(found) for name, found in data.items() if isinstance(found, list) and name not in parts}
    slots = dict(data.get("slots", {}))
    if language == "mixed":
        for part in ("kk", "ru"):
            slots.update({f"{part}_{name}": values for name, values in _book(part).slots.items()})
        slots["emoji"] = _book("ru").slots["emoji"]
    return _Book(
        language=language,
        frames=frames,
        topics=[_parsed(found) for found in data["other"].values()],
        stories={
            name: {label: _parsed(found) for label, found in _story_phrases(story, language).items()}
            for name, story in stories.items()
        },
        slots=slots,
        parts=parts,
    )


def _story_phrases(story: Mapping[str, Any], language: str) -> dict[str, list[str]]:
    """Phrases of a story by label; mixed texts use those of both languages, slots prefixed."""
    if language != "mixed":
        return dict(story[language])
    merged: dict[str, list[str]] = {}
    for part in ("kk", "ru"):
        for label, phrases in story[part].items():
            merged.setdefault(label, []).extend(_prefixed(phrase, part) for phrase in phrases)
    return merged


def _prefixed(phrase: str, part: str) -> str:
    """A phrase of one language with its slots named as in the mixed book; `in_place` has no language."""
    return _SLOT.sub(
        lambda match: match.group() if match.group(1) == "in_place" else f"{{{part}_{match.group(1)}}}",
        phrase,
    )


def _parsed(phrases: list[str]) -> list[Template]:
    """Phrases cut into literals and slots."""
    templates = []
    for phrase in phrases:
        pieces = _SLOT.split(phrase)
        pairs = [(pieces[i], pieces[i + 1]) for i in range(0, len(pieces) - 1, 2)]
        templates.append((*pairs, (pieces[-1], None)))
    return templates
