"""One language's voice: phrases filled with figures and names, and nothing else that holds a number.

A phrase of `phrases/<language>.yml` names its fields in braces. After a colon stands what to do with the
field: a Kazakh case (`{low:ablative}` gives 80,2-ден), a noun that agrees (`{n:regions}` gives 5 регионов),
a form of a name (`{region:locative}`), or `bare` (no percent sign).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

import yaml
from markupsafe import Markup, escape

from models.bulletin.figure_book import Figure, FigureBook
from models.bulletin.inputs import LANGUAGES, BulletinInputError
from models.bulletin.narrative import kazakh
from models.bulletin.narrative.agreement import NounForms, agreeing_noun
from models.bulletin.narrative.number_format import (
    NO_BREAK,
    shown,
    with_unit,
    written,
    written_date,
)

NOTHING = Markup('<span class="nothing">\N{EM DASH}</span>')


@dataclass(frozen=True)
class Phrasebook:
    """Phrases and nouns of one language."""

    language: str
    phrases: Mapping[str, str]
    nouns: Mapping[str, NounForms]


@dataclass(frozen=True)
class SpokenNumber:
    """A figure in a language, marked up with its id so that a reader, or a test, can find its source."""

    figure: Figure
    book: Phrasebook

    @property
    def text(self) -> str:
        """The number as written, without unit."""
        return written(self.figure.value, self.figure.unit, self.book.language)

    def __html__(self) -> str:
        return self.__html_format__("")

    def __html_format__(self, spec: str) -> str:
        unit, language = self.figure.unit, self.book.language
        text = self.text if spec == "bare" else with_unit(self.text, unit, language)
        before, after = "", ""
        if spec in kazakh.CASES:
            text, after = self.text, "-" + kazakh.number_suffix(self.text, spec)
        elif spec and spec != "bare":
            noun = agreeing_noun(shown(self.figure.value, unit), self._forms(spec), language)
            after = NO_BREAK + noun
        mark = Markup('<data value="{}" data-figure="{}">{}</data>')
        return before + mark.format(repr(self.figure.value), self.figure.figure_id, text) + escape(after)

    def _forms(self, spec: str) -> NounForms:
        if spec not in self.book.nouns:
            raise BulletinInputError(f"phrases/{self.book.language}.yml: no noun {spec!r}")
        return self.book.nouns[spec]


@dataclass(frozen=True)
class SpokenName:
    """A name of a region, group or body, with the forms its sentence may ask for."""

    text: str
    language: str
    forms: Mapping[str, str]

    def __html__(self) -> str:
        return str(escape(self.text))

    def __html_format__(self, spec: str) -> str:
        if spec in self.forms:
            return str(escape(self.forms[spec]))
        if spec == "capital":
            return str(escape(self.text[:1].upper() + self.text[1:]))
        if self.language == "kk" and spec in kazakh.CASES and any(map(str.isalpha, self.text)):
            return str(escape(kazakh.attach(self.text, spec)))
        return str(escape(self.text))


@dataclass(frozen=True)
class Voice:
    """Says phrases of one language with the figures of one issue."""

    book: Phrasebook
    figures: FigureBook

    @property
    def language(self) -> str:
        """`kk`, `ru` or `en`."""
        return self.book.language

    def say(self, key: str, /, **fields: object) -> Markup:
        """A phrase with its fields filled in and escaped.

        Raises:
            BulletinInputError: if the language has no such phrase, or the phrase names a field not given.
        """
        if key not in self.book.phrases:
            raise BulletinInputError(f"phrases/{self.language}.yml: no phrase {key!r}; add it")
        try:
            return Markup(self.book.phrases[key]).format(**fields)  # noqa: S704 - our own phrase files
        except KeyError as error:
            raise BulletinInputError(f"phrases/{self.language}.yml: {key} asks for unknown {error}") from error

    def knows(self, key: str) -> bool:
        """Whether there is such a phrase."""
        return key in self.book.phrases

    def label(self, group: str, code: str) -> Markup:
        """The name of a code (`signal.hostile`), the code itself where the phrases do not know it."""
        key = f"{group}.{code}"
        return self.say(key) if self.knows(key) else escape(code)

    def number(self, *parts: object) -> SpokenNumber | Markup:
        """A figure by the parts of its id; a dash where it is suppressed or unknown."""
        figure = self.figures.find(*parts)
        return NOTHING if figure is None else SpokenNumber(figure, self.book)

    def interval(self, low: tuple[object, ...], high: tuple[object, ...]) -> Markup:
        """Two figures as an interval: `79,1–81,3 %`."""
        ends = [self.figures.find(*parts) for parts in (low, high)]
        if ends[0] is None or ends[1] is None:
            return NOTHING
        first, second = (SpokenNumber(end, self.book) for end in ends if end is not None)
        joint = (
            "\N{EN DASH}" if ends[0].value >= 0 and ends[0].unit != "percentage_point" else "\N{HORIZONTAL ELLIPSIS}"
        )
        return Markup('<span class="interval">{:bare}{}{}</span>').format(first, joint, second)

    def year(self, year: int) -> Markup:
        """A year as a time element."""
        return Markup('<time datetime="{0}">{0}</time>').format(year)

    def day(self, day: date, *, short: bool = False) -> Markup:
        """A date in words."""
        return Markup('<time datetime="{}">{}</time>').format(
            day.isoformat(), written_date(day, self.language, short=short)
        )

    def listing(self, names: Iterable[object]) -> Markup:
        """`A, B and C`."""
        parts = [escape(name) for name in names]
        if len(parts) < 2:
            return Markup("").join(parts)
        return Markup("{} {} {}").format(Markup(", ").join(parts[:-1]), self.say("word.and"), parts[-1])


@cache
def phrasebook(language: str) -> Phrasebook:
    """The phrases of one language, with keys joined by points.

    Raises:
        BulletinInputError: for a language the bulletin does not have.
    """
    if language not in LANGUAGES:
        raise BulletinInputError(f"language {language!r}: the bulletin is written in {', '.join(LANGUAGES)}")
    path = resources.files("models.bulletin") / "phrases" / f"{language}.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    nouns = content.pop("nouns")
    return Phrasebook(language, _flat(content), nouns)


def _flat(branch: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    leaves: dict[str, str] = {}
    for key, value in branch.items():
        if isinstance(value, Mapping):
            leaves |= _flat(value, f"{prefix}{key}.")
        else:
            leaves[f"{prefix}{key}"] = str(value).strip()
    return leaves
