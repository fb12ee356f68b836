"""Inflected forms of Kazakh and Russian nouns, generated so that whole words can be looked up in a table.

The generators over-generate on purpose: a form that nobody writes costs one dictionary entry, a form that is
missing costs a mention. Collisions with other words are removed where the forms are used, not here.
"""

from __future__ import annotations

from functools import cache
from itertools import product

_BACK = set("аоұы")
_FRONT = set("әеөүі")
_VOWELS = set("аәеёиоөуұүыіэюя")
_VOICELESS = set("пфкқтсшщчцхһбвгд")
FOLDED_LETTERS = dict(zip("әғқңөұүһі", "агкноуухи", strict=True))
_FOLD = str.maketrans("әғқңөұүһіӘҒҚҢӨҰҮҺІ", "агкноуухиАГКНОУУХИ")

RUSSIAN_CLASSES = (
    "m",
    "ec",
    "in",
    "f",
    "a",
    "soft",
    "neuter",
    "adj",
    "adj_city",
    "fixed",
    "plural",
    "country",
    "phrase_adj",
)


def folded(word: str) -> str:
    """The word as typed on a keyboard without the Kazakh letters: `қазақтың` -> `казактын`."""
    return word.translate(_FOLD)


@cache
def kazakh_noun_forms(stem: str) -> frozenset[str]:
    """Case, plural, possessive, predicative and attributive forms of a lower-case Kazakh noun.

    Args:
        stem: nominative singular; several words are inflected in the last one.

    Returns:
        All generated forms, the stem included. Where the last vowel does not decide vowel harmony (и, у, ю,
        я, э, common in loans) both harmonies are generated.
    """
    forms: set[str] = set()
    for back in _harmonies(stem):
        for noun in (stem, stem + _plural_suffix(stem, back)):
            forms |= _cases(noun, back) | _possessives(noun, back) | _predicatives(noun, back)
    return frozenset(forms)


@cache
def kazakh_predicative_forms(stem: str) -> frozenset[str]:
    """What a Kazakh noun becomes when somebody is it: `қытаймын`, `қытайсың`, `қытаймыз`, `қытайсыңдар`.

    The polite `-сыз` is left out: it also means "without".
    """
    forms = {form for back in _harmonies(stem) for form in _predicatives(stem, back)}
    return frozenset(form for form in forms if not form.endswith(("сыз", "сіз")))


@cache
def kazakh_resident_forms(stem: str) -> frozenset[str]:
    """Forms of "inhabitant of / belonging to" (`алматылық`, `шымкенттіктер`) for a place name."""
    forms: set[str] = set()
    for back in _harmonies(stem):
        last = stem[-1]
        onset = "т" if last in _VOICELESS else "д" if last in "змнңж" else "л"
        forms |= kazakh_noun_forms(stem + onset + ("ық" if back else "ік"))
    return frozenset(forms)


@cache
def kazakh_language_forms(stem: str) -> frozenset[str]:
    """Forms of "in the manner or language of" (`қазақша`, `орысшадан`, `өзбекшелеп`)."""
    forms: set[str] = set()
    for back in _harmonies(stem):
        adverb = stem + ("ша" if back else "ше")
        forms |= {adverb, adverb + ("лап" if back else "леп")}
        forms |= _cases(adverb, back) | _possessives(adverb, back)
    return frozenset(forms)


def _harmonies(word: str) -> tuple[bool, ...]:
    for letter in reversed(word):
        if letter in _BACK:
            return (True,)
        if letter in _FRONT:
            return (False,)
        if letter in _VOWELS:
            return (True, False)
    return (True, False)


def _plural_suffix(noun: str, back: bool) -> str:
    last = noun[-1]
    onset = "л" if last in _VOWELS or last in "рй" else "т" if last in _VOICELESS else "д"
    return onset + ("ар" if back else "ер")


def _cases(noun: str, back: bool) -> set[str]:
    """Cases beside the nominative, the locative attributive (-дағы) and the substantive genitive (-дікі)."""
    a, y, gh, q = ("а", "ы", "ғ", "қ") if back else ("е", "і", "г", "к")
    last = noun[-1]
    vowel, nasal, voiceless = last in _VOWELS, last in "мнң", last in _VOICELESS
    d = "т" if voiceless else "д"
    genitive = "н" if vowel or nasal else d
    accusative = "н" if vowel else d
    ablative = "н" if nasal else d
    instrumental = "п" if voiceless else "б" if last in "зж" else "м"
    return {
        noun,
        noun + genitive + y + "ң",
        noun + (q if voiceless else gh) + a,
        noun + accusative + y,
        noun + d + a,
        noun + ablative + a + "н",
        noun + instrumental + "ен",
        noun + d + a + gh + y,
        noun + genitive + "ікі",
    }


def _possessives(noun: str, back: bool) -> set[str]:
    a, y, gh = ("а", "ы", "ғ") if back else ("е", "і", "г")
    if noun[-1] in _VOWELS:
        base, third = noun, noun + "с" + y
    else:
        base = noun[:-1] + {"қ": "ғ", "к": "г", "п": "б"}.get(noun[-1], noun[-1])
        base, third = base + y, base + y
    owned = [base + "м", base + "ң", base + "м" + y + "з", base + "ң" + y + "з"]
    forms = {third, third + "н", third + "н" + a, third + "нд" + a, third + "нд" + a + gh + y}
    forms |= {third + "н" + y + "ң", third + "н" + a + "н", third + "мен"}
    for form in owned:
        forms |= _cases(form, back)
        if form[-1] in "мң":
            forms |= {form + a, form + "нан" if back else form + "нен"}
    return forms


def _predicatives(noun: str, back: bool) -> set[str]:
    y, people = ("ы", "ңдар") if back else ("і", "ңдер")
    last = noun[-1]
    m = "п" if last in _VOICELESS else "б" if last in "зж" else "м"
    return {noun + onset + y + end for onset, end in ((m, "н"), (m, "з"), ("с", "ң"), ("с", "з"), ("с", people))}


@cache
def russian_noun_forms(lemma: str, inflection: str) -> frozenset[str]:
    """Case forms of a lower-case Russian noun or adjective in both numbers.

    Args:
        lemma: nominative singular (plural for `plural`, masculine for adjectives).
        inflection: `m` hard masculine, `ec` and `in` nouns of inhabitants, `f` feminine in -ка, `a` other
            feminine,
            `soft` feminine in a soft sign, `neuter` in -о/-е, `adj` adjective in -ий/-ый/-ой, `adj_city`
            place name declined as an adjective, `plural` nouns in -ы/-и only, `country` names in -ия,
            `phrase_adj` an adjective and `область`, `район` or a noun in -а, `fixed` not declined.

    Raises:
        ValueError: for an unknown inflection.
    """
    endings = {
        "m": lambda: _hard_masculine(lemma),
        "ec": lambda: _join(_ec_base(lemma), "у ем ом а е ы ев ов ам ами ах") | {lemma},
        "in": lambda: _join(lemma, "а у ом е") | {lemma} | _join(lemma[:-2], "ы е ам ами ах") | {lemma[:-2]},
        "f": lambda: _feminine_in_ka(lemma),
        "a": lambda: _join(lemma[:-1], "а у е ой ою ам ами ах ы и") | {lemma[:-1]},
        "soft": lambda: _join(lemma[:-1], "ь и ью ей ям ями ях"),
        "neuter": lambda: _join(lemma[:-1], "о е а у ом ем"),
        "adj": lambda: _adjective(lemma[:-2]),
        "adj_city": lambda: _adjective(lemma[:-2]),
        "plural": lambda: _join(lemma[:-1], "ы и ов ам ами ах") | {lemma},
        "fixed": lambda: {lemma},
        "country": lambda: _join(lemma[:-1], "я и ю ей"),
        "phrase_adj": lambda: _adjective_and_noun(*lemma.split(" ")),
    }
    if inflection not in endings:
        raise ValueError(f"{lemma}: unknown inflection {inflection!r}; one of {', '.join(RUSSIAN_CLASSES)}")
    forms = endings[inflection]()
    return frozenset(forms | {form.replace("ё", "е") for form in forms})


def _join(base: str, endings: str) -> set[str]:
    return {base + ending for ending in endings.split()}


def _hard_masculine(lemma: str) -> set[str]:
    base = lemma[:-1] if lemma.endswith(("й", "ь")) else lemma
    if base != lemma:
        return _join(base, "я ю ем е и ев ей ям ями ях") | {lemma}
    plural = "и" if lemma[-1] in "гкхшжчщ" else "ы"
    genitive = "ей" if lemma[-1] in "шжчщ" else "ов"
    return _join(lemma, f"а у ом ем е ам ами ах {genitive} {plural}") | {lemma}


def _ec_base(lemma: str) -> str:
    base = lemma[:-2]
    return base + ("йц" if base[-1] in "аеиоуыэюя" else "ц")


def _feminine_in_ka(lemma: str) -> set[str]:
    base = lemma[:-2]
    genitive = base + ("ек" if base[-1] in "шжчй" else "ок")
    if base[-1] == "й":
        genitive = base[:-1] + "ек"
    return _join(base + "к", "а и е у ой ою ам ами ах") | {genitive}


def _adjective(base: str) -> set[str]:
    soft = ("ий", "ие", "их", "им", "ими") if base[-1] in "гкхшжч" else ("ый", "ые", "ых", "ым", "ыми")
    return _join(base, "ой ого ому ом ая ую ою ое") | {base + ending for ending in soft}


_MASCULINE_ENDINGS = (("", "ий"), ("а", "ого"), ("у", "ому"), ("ом", "им"), ("е", "ом"))
_SOFT_ENDINGS = (("ь", "ая"), ("и", "ой"), ("ь", "ую"), ("ью", "ой"))
_FEMININE_ENDINGS = (("а", "ая"), ("ы", "ой"), ("е", "ой"), ("у", "ую"), ("ой", "ой"))


def _adjective_and_noun(adjective: str, noun: str) -> set[str]:
    """Both words in the same case, in the singular."""
    base = adjective[:-2]
    if noun[-1] == "ь":
        pairs, stem = _SOFT_ENDINGS, noun[:-1]
    elif noun[-1] == "а":
        pairs, stem = _FEMININE_ENDINGS, noun[:-1]
    else:
        pairs, stem = _MASCULINE_ENDINGS, noun
    forms = {f"{base}{ending} {stem}{case}" for case, ending in pairs}
    if noun == "область":
        forms |= {f"{base}{ending} обл" for ending in ("ая", "ой", "ую")}
    return forms


@cache
def kazakh_izafet_forms(phrase: str) -> frozenset[str]:
    """Case forms of a phrase ending in a third-person possessive: `абай облысы` -> `абай облысында`."""
    a, y, gh = ("а", "ы", "ғ") if phrase[-1] == "ы" else ("е", "і", "г")
    endings = ("", f"н{y}ң", f"н{a}", "н", f"нд{a}", f"н{a}н", "мен", f"нд{a}{gh}{y}")
    forms = {phrase + ending for ending in endings}
    if phrase.endswith(" облысы"):
        forms |= {phrase.removesuffix("ы") + "тық", phrase.removesuffix("ысы")}
    return frozenset(forms)


def spaced_hyphens(forms: frozenset[str]) -> frozenset[str]:
    """Forms with every mixture of hyphen and space in place of hyphens (`алма-ата`, `алма ата`)."""
    found: set[str] = set()
    for form in forms:
        parts = form.split("-")
        for joints in product("- ", repeat=len(parts) - 1):
            found.add("".join(part + joint for part, joint in zip(parts, (*joints, ""), strict=True)))
    return frozenset(found)
