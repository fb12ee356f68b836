"""Names of people inside sentences, replaced where a text is shown to people as evidence.

In the lake such names stay: most are of officials and authors of news, and analysts need them to read the news.
What is shown outside the institute names nobody.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

import yaml
from pymorphy3 import MorphAnalyzer

from models.text.ethnonym_forms import ethnonym_table
from models.text.inflection import folded
from models.text.language_lexicon import lexicon
from models.text.place_forms import gazetteer

Part = Literal[
    "patronymic",
    "initial",
    "given",
    "perhaps_given",  # also a word
    "surname",
    "sure_surname",  # of a form that no word of another kind has (`Баймағамбетов`)
    "perhaps_surname",  # also a word or a place
    "unknown",  # no word of the dictionary, so perhaps a name
    "word",
]

_TOKEN = re.compile(r"\b[^\W\d_](?:[^\W\d_]|(?<=[^\W\d_])[-'’](?=[^\W\d_]))*\.?")
_KAZAKH_LETTERS = re.compile(r"[әғқңөұүһі]", re.IGNORECASE)
_OPENING = '.!?…:;«»"“”—–-(\n•'
_KAZAKH_CASE = (
    r"(?:(?:дар|дер|тар|тер|лар|лер)?(?:[нтд][ыі]ң|[нтдғгқк][аеыі]|[дт][ае]ғы|[дт][ае]гі|[дтн][ае]н|[мбп]ен|[дт][ае]|"
    r"(?:ғ|г)?а|е|ім|ым))?"
)
_PATRONYMIC = re.compile(
    r"(?:\w{2,}(?:ұлы|қызы|оғлы|оглы)|\w{4,}кызы|\w{2,}(?:[ое]вич|[ое]вн|ьич|ильич|кузьмич|иничн|ьиничн)(?:|а|у|ем|ом|е|ы|ой|и))"
    + _KAZAKH_CASE
    + r"\Z"
)
_SURNAME = re.compile(
    r"\w{2,}(?:ов|ев|ёв|[гкнсдтлр]ин|ова|ева|ёва|[гкнсдтлр]ина|ск(?:ий|ая|ого|ому|ой|ую)|цк(?:ий|ая|ого|ой)|енко|швили|"
    r"(?:ов|ев|ёв|ин)(?:а|у|ым|е|ой|ы|ых|ыми))" + _KAZAKH_CASE + r"\Z"
)
# Surnames that no word of another kind looks like.
_KAZAKH_SURNAME = re.compile(
    r"\w{1,}(?:ба|бе|жа|ха|ға|қа|га|ка|та|ра|ли|ди|ғали|қали|гали|кали)(?:й|к|н)?(?:ев|ов)(?:а|у|ым|е|ой|ы|ых)?"
    + _KAZAKH_CASE
    + r"\Z"
)
_ONE_CASE = re.compile(_KAZAKH_CASE.replace("ғ", "г").replace("қ", "к").replace("ң", "н").replace("і", "и") + r"\Z")
_RUSSIAN_CASE = re.compile(r"(?:а|у|ом|ем|е|ы|и|ой|ей|я|ю)?\Z")
_COMPOUND = re.compile(
    r"\w+(?:бек|жан|болат|ғали|қали|гали|кали|сұлтан|султан|мұрат|жаппар|ғазы|берген)" + _KAZAKH_CASE + r"\Z"
)
_NAMED_AFTER = re.compile(
    r"[ \u00a0]+(?:көшес|кошес|даңғыл|данғыл|атындағы|атында|аудан[ыд]|ауылы|ауылд[ыі]қ|мектебі|университет|институт|"
    r"академия|театр|стадион|облыс|әуежай|проспект|улиц|бульвар|район|сельск|мұражай|қалас|сыйлығ|стипендия)"
)
_NAMED_BEFORE = re.compile(
    r"(?:улиц\w*|ул\.|проспект\w*|пр\.|бульвар\w*|имени|им\.|район\w*|сел[оеау])[ \u00a0]+\Z", re.IGNORECASE
)
_PROPER = frozenset({"Name", "Patr", "Surn", "Geox", "Orgn"})
_SHORT_SURNAME = 6
_BESIDE = frozenset({"patronymic", "initial", "given"})
_SURNAMES = frozenset({"surname", "sure_surname", "perhaps_surname"})


class _Token(NamedTuple):
    start: int
    end: int
    part: Part
    opens: bool


def without_person_names(text: str) -> str:
    """The text with each name of a person as `[есім]` (a text with Kazakh letters) or `[имя]`.

    A name is: a patronymic with the capitalised names beside it; initials and a surname; a given name in use in
    Kazakhstan or known to pymorphy3's dictionary, with its surname or alone; a surname by its form. Places,
    peoples and what bears someone's name (`Абай көшесі`) stay. Names of small letters are not seen.
    """
    mark = "[есім]" if _KAZAKH_LETTERS.search(text) else "[имя]"
    shown, last = [], 0
    for start, end in person_names(text):
        shown += [text[last:start], mark]
        last = end
    return "".join([*shown, text[last:]])


def person_names(text: str) -> list[tuple[int, int]]:
    """Start and end of each name of a person in a text, in order, none within another."""
    found: list[tuple[int, int]] = []
    run: list[_Token] = []
    for token in [*_tokens(text), None]:
        if run and (token is None or text[run[-1].end : token.start].strip(" \u00a0") or token.start - run[-1].end > 1):
            found += _names_of_run(run, text)
            run = []
        if token is not None:
            run.append(token)
    return found


def _tokens(text: str) -> list[_Token]:
    """Capitalised words and initials with the part of a name that each may be."""
    tokens = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        is_initial = len(word) == 2 and word[0].isupper() and word[1] == "."
        if not is_initial:
            word = word.rstrip(".")
        if not word[0].isupper() or (len(word) > 3 and word.isupper()) or (len(word) < 3 and not is_initial):
            continue
        before = text[: match.start()].rstrip(" \u00a0")
        opens = not before or before[-1] in _OPENING
        end = match.start() + len(word)
        part: Part = "initial" if is_initial else _part(word.lower())
        tokens.append(_Token(match.start(), end, part, opens))
    return tokens


@cache
def _part(word: str) -> Part:
    plain = folded(word)
    peoples = ethnonym_table().forms
    if word in peoples or plain in peoples:
        return "word"
    is_place = word in gazetteer().forms
    if _PATRONYMIC.fullmatch(word):
        return "word" if is_place else "patronymic"
    names, words = _given()
    stems = {plain[:size] for size in range(3, len(plain) + 1) if _is_case(plain[size:])}
    if stems & names:
        return "perhaps_given" if is_place or stems & words else "given"
    if is_place:
        return "word"
    if len(word) > 5 and _COMPOUND.fullmatch(word) and not _is_kazakh_word(plain):
        return "given"
    return _part_in_russian(word, plain)


def _is_case(ending: str) -> bool:
    return bool(_ONE_CASE.fullmatch(ending) or _RUSSIAN_CASE.fullmatch(ending))


def _part_in_russian(word: str, plain: str) -> Part:
    parses = [parse for parse in _morphology().parse(word) if parse.is_known]
    is_word = any(not _PROPER & parse.tag.grammemes for parse in parses) or _is_kazakh_word(plain)
    is_surname = any("Surn" in parse.tag for parse in parses)
    if _KAZAKH_SURNAME.fullmatch(word) and not is_word:
        return "sure_surname"
    if is_surname or _SURNAME.fullmatch(word):
        return "perhaps_surname" if is_word else "surname"
    return "word" if is_word else "unknown"


def _is_kazakh_word(plain: str) -> bool:
    known = lexicon()
    return any(
        plain[:size] in known.kazakh_stems and (size == len(plain) or plain[size:] in known.kazakh_endings)
        for size in range(3, len(plain) + 1)
    )


@cache
def _given() -> tuple[frozenset[str], frozenset[str]]:
    """Given names in folded spelling, Russian ones in all cases; and those of them that are words or places too."""
    content = yaml.safe_load((files("models.text") / "data" / "person_names.yml").read_text("utf-8"))
    words = frozenset(folded(name) for name in content["words"].split()) | _russian_forms(content["russian_words"])
    return words | {folded(name) for name in content["given"].split()} | _russian_forms(content["russian"]), words


def _russian_forms(names: str) -> frozenset[str]:
    forms: set[str] = set()
    for name in names.split():
        parses = [parse for parse in _morphology().parse(name) if "Name" in parse.tag]
        forms |= {folded(form.word) for parse in parses[:1] for form in parse.lexeme} | {folded(name)}
    return frozenset(forms)


@cache
def _morphology() -> MorphAnalyzer:
    return MorphAnalyzer()


def _names_of_run(run: list[_Token], text: str) -> list[tuple[int, int]]:
    """Names within neighbouring capitalised words."""
    marked = [_is_name(run, at) for at in range(len(run))]
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(run):
        first = at
        while at < len(run) and marked[at]:
            at += 1
        if at > first:
            before = text[max(0, run[first].start - 20) : run[first].start]
            if not _NAMED_AFTER.match(text, run[at - 1].end) and not _NAMED_BEFORE.search(before):
                found.append((run[first].start, run[at - 1].end))
        at = max(at, first + 1)
    return found


def _is_name(run: list[_Token], at: int) -> bool:
    """Whether one word of a run is part of a name, by itself or by its neighbours."""
    part, opens = run[at].part, run[at].opens
    before = run[at - 1].part if at else None
    after = run[at + 1].part if at + 1 < len(run) else None
    near = {before, after}
    if part in ("patronymic", "given", "sure_surname"):
        return True
    if part == "initial":
        return bool(near - {"word", None})
    if part == "surname":
        return not opens or run[at].end - run[at].start > _SHORT_SURNAME or bool(near & _BESIDE)
    if part == "perhaps_given":
        return after == "unknown" or bool(near & (_BESIDE | _SURNAMES))
    if part == "perhaps_surname":
        return bool(near & (_BESIDE | {"perhaps_given"}))
    return part == "unknown" and (before in _BESIDE | {"perhaps_given"} or after in ("patronymic", "initial"))
