"""Kazakh plural and case endings by rule, for names in generated texts."""

from __future__ import annotations

from functools import cache
from typing import Literal

Case = Literal["genitive", "dative", "accusative", "locative", "ablative", "instrumental"]
Sound = Literal["vowel", "nasal", "sonorant", "z", "voiceless"]

_BACK, _FRONT = "аоұыуёюя", "әеөүіэи"
_VOICELESS = "пфктқсшщчцхһбвгд"
_NASAL = "мнң"
_VOWELS = _BACK + _FRONT
# ending with a back vowel / with a front vowel, by the last sound of the word
_ENDINGS: dict[str, dict[str, tuple[str, str]]] = {
    "genitive": {
        "vowel": ("ның", "нің"),
        "nasal": ("ның", "нің"),
        "sonorant": ("дың", "дің"),
        "z": ("дың", "дің"),
        "voiceless": ("тың", "тің"),
    },
    "dative": {"vowel": ("ға", "ге"), "voiceless": ("қа", "ке")},
    "accusative": {
        "vowel": ("ны", "ні"),
        "nasal": ("ды", "ді"),
        "sonorant": ("ды", "ді"),
        "z": ("ды", "ді"),
        "voiceless": ("ты", "ті"),
    },
    "locative": {"vowel": ("да", "де"), "voiceless": ("та", "те")},
    "ablative": {"vowel": ("дан", "ден"), "nasal": ("нан", "нен"), "voiceless": ("тан", "тен")},
    "instrumental": {"vowel": ("мен", "мен"), "z": ("бен", "бен"), "voiceless": ("пен", "пен")},
    "plural": {
        "vowel": ("лар", "лер"),
        "nasal": ("дар", "дер"),
        "z": ("дар", "дер"),
        "voiceless": ("тар", "тер"),
    },
}
# after the possessive ending -ы/-і of the third person, as in `Меркі ауданы`
_POSSESSIVE: dict[str, tuple[str, str]] = {
    "genitive": ("ның", "нің"),
    "dative": ("на", "не"),
    "accusative": ("н", "н"),
    "locative": ("нда", "нде"),
    "ablative": ("нан", "нен"),
    "instrumental": ("мен", "мен"),
}


@cache
def inflected(name: str, case: Case, possessed: bool = False) -> str:
    """A Kazakh name in a case: `Саран` -> `Саранда`, `Меркі ауданы` (possessed) -> `Меркі ауданында`.

    The ending follows vowel harmony with the last syllable and the last sound. Names whose last vowel is
    `и` or `у` follow the vowel before it; surnames in `-ев` take back endings, as they are written.
    """
    endings = _POSSESSIVE[case] if possessed else _ending(_ENDINGS[case], name)
    return name + endings[_is_front(name)]


@cache
def plural(name: str) -> str:
    """The plural of a people's name: `қазақ` -> `қазақтар`, `корей` -> `корейлер`."""
    last = name[-1].lower()
    table = _ENDINGS["plural"]
    kind = "z" if last in "лзж" else _sound(last)
    return name + table.get(kind, table["vowel"])[_is_front(name)]


def _ending(table: dict[str, tuple[str, str]], name: str) -> tuple[str, str]:
    return table.get(_sound(name[-1].lower()), table["vowel"])


def _sound(letter: str) -> Sound:
    if letter in _VOICELESS:
        return "voiceless"
    if letter in _NASAL:
        return "nasal"
    if letter in "зж":
        return "z"
    return "vowel" if letter in _VOWELS else "sonorant"


def _is_front(name: str) -> bool:
    if name.endswith("ев"):
        return False
    vowels = [letter for letter in name.lower() if letter in _VOWELS]
    clear = [letter for letter in vowels if letter not in "иую"] or vowels
    return bool(clear) and clear[-1] in _FRONT
