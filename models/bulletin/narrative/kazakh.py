"""Kazakh case and possessive endings after numbers and names: vowel harmony and assimilation of consonants.

A number takes the ending of the last word it is read with: 40-тан (қырықтан), 12-сінде (он екісінде),
80,0-ге (нөлге). Rules follow school grammar: the last syllable is back or front, the last sound decides the
consonant.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_BACK = frozenset("аоұыяё")
_FRONT = frozenset("әөүіеэ")
_VOWELS = _BACK | _FRONT
_GLIDES = frozenset("уию")
_NASALS = frozenset("мнң")
_VOICED = frozenset("зж")
_SONORANTS = frozenset("лрй") | _GLIDES
_EXCEPTIONS: Mapping[str, bool] = MappingProxyType({"жетісу": True, "су": True, "ру": True})

_ONES = ("нөл", "бір", "екі", "үш", "төрт", "бес", "алты", "жеті", "сегіз", "тоғыз")
_TENS = ("", "он", "жиырма", "отыз", "қырық", "елу", "алпыс", "жетпіс", "сексен", "тоқсан")
_GROUPS = ((10**9, "миллиард"), (10**6, "миллион"), (10**3, "мың"), (100, "жүз"))

# case: (after a vowel, м н ң, з ж, л р й у, a voiceless consonant); А and Ы stand for harmony
_ENDINGS: Mapping[str, tuple[str, str, str, str, str]] = MappingProxyType(
    {
        "genitive": ("нЫң", "нЫң", "дЫң", "дЫң", "тЫң"),
        "accusative": ("нЫ", "дЫ", "дЫ", "дЫ", "тЫ"),
        "dative": ("ғА", "ғА", "ғА", "ғА", "қА"),
        "locative": ("дА", "дА", "дА", "дА", "тА"),
        "ablative": ("дАн", "нАн", "дАн", "дАн", "тАн"),
        "possessive": ("сЫ", "Ы", "Ы", "Ы", "Ы"),
        "possessive_locative": ("сЫндА", "ЫндА", "ЫндА", "ЫндА", "ЫндА"),
        "possessive_ablative": ("сЫнАн", "ЫнАн", "ЫнАн", "ЫнАн", "ЫнАн"),
        "possessive_genitive": ("сЫнЫң", "ЫнЫң", "ЫнЫң", "ЫнЫң", "ЫнЫң"),
    }
)
CASES = frozenset(_ENDINGS)

# after a word that already carries the possessive of the third person (облысы, қаласы)
_AFTER_POSSESSIVE: Mapping[str, str] = MappingProxyType(
    {"genitive": "нЫң", "accusative": "н", "dative": "нА", "locative": "ндА", "ablative": "нАн"}
)
_POSSESSED = ("облысы", "қаласы", "ауданы", "ауылы", "лары", "лері", "дары", "дері", "тары", "тері")


def is_back(word: str) -> bool:
    """Whether the last syllable of a word is back (қала), not front (дүние).

    The letters у, и and ю say nothing of themselves: they follow the vowel before them, back without one.
    """
    lowered = word.casefold()
    if lowered in _EXCEPTIONS:
        return _EXCEPTIONS[lowered]
    for letter in reversed(lowered):
        if letter in _VOWELS:
            return letter in _BACK
    return True


def suffix(word: str, case: str) -> str:
    """The ending of a word in a case, without the word.

    Args:
        word: a word, or words, in Kazakh Cyrillic; the last one is inflected.
        case: one of `CASES`; `possessive` is the third person (бірі, алтысы).

    Raises:
        ValueError: if the case is not one of `CASES` or the word has no letter.
    """
    if case not in _ENDINGS:
        raise ValueError(f"{case!r} is not a Kazakh case known here: {', '.join(sorted(_ENDINGS))}")
    letters = [letter for letter in word.casefold().split()[-1] if letter.isalpha()] if word.split() else []
    if not letters:
        raise ValueError(f"{word!r} has no letter to put an ending on")
    last = letters[-1] if letters[-1] not in "ьъ" else letters[-2:][0]
    pattern = _ENDINGS[case][_sound_class(last)]
    if "".join(letters).endswith(_POSSESSED):
        pattern = _AFTER_POSSESSIVE.get(case, "")
    back = is_back("".join(letters))
    ending = pattern.replace("А", "а" if back else "е").replace("Ы", "ы" if back else "і")
    return ending if back else ending.replace("ғ", "г").replace("қ", "к")


def attach(word: str, case: str) -> str:
    """A name with its ending: `attach("өзбектер", "genitive")` is `өзбектердің`."""
    return word + suffix(word, case)


def number_suffix(written: str, case: str) -> str:
    """The ending of a number as it is read; written with digits and at most one decimal comma or point.

    Raises:
        ValueError: if there is no digit in it.
    """
    return suffix(last_word(written), case)


def last_word(written: str) -> str:
    """The last word a written number is read with: `80,2` ends in екі, `1 000` in мың, `80,0` in нөл.

    Raises:
        ValueError: if there is no digit in it.
    """
    whole, _, fraction = written.replace(".", ",").partition(",")
    digits = "".join(letter for letter in (fraction or whole) if letter.isdecimal())
    if not digits:
        raise ValueError(f"{written!r} is not a number")
    return _last_word_of(int(digits))


def _last_word_of(number: int) -> str:
    if number % 10:
        return _ONES[number % 10]
    if number % 100:
        return _TENS[number % 100 // 10]
    for unit, word in reversed(_GROUPS):
        if number and number % (unit * (10 if unit == 100 else 1000)):
            return word
    return _ONES[0] if number == 0 else _GROUPS[0][1]


def _sound_class(letter: str) -> int:
    if letter in _VOWELS:
        return 0
    if letter in _NASALS:
        return 1
    if letter in _VOICED:
        return 2
    if letter in _SONORANTS:
        return 3
    return 4
