"""Ways real texts depart from the book: chat spellings, changed reposts, planted personal data."""

from __future__ import annotations

from random import Random

_RUSSIAN_LETTERS = str.maketrans("әғқңөұүһіӘҒҚҢӨҰҮҺІ", "агкноуухиАГКНОУУХИ")
_LATIN = {
    **dict(zip("аәбвгғдежзийкқлмнңоөпрстуұүфхһцыіэ", "aabvggdejziikqlmnnooprstuuufhhcyie", strict=True)),
    **{"ё": "yo", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ь": "", "ю": "yu", "я": "ya"},
}
_TO_LATIN = str.maketrans({**_LATIN, **{letter.upper(): latin.capitalize() for letter, latin in _LATIN.items()}})
_REPOST_MARKS = {"kk": "Бөлісу: ", "ru": "Репост: ", "mixed": "Репост: "}
_REPOST_TAILS = (
    " Көшірілді.",
    " Прислали в личку.",
    " @demo_kanal",
    " Толығырақ сайтта.",
    " Источник в профиле.",
)
_CONTACTS = {
    "phone": ("Тел. {}", "Хабарласыңыз: {}", "звоните {}"),
    "email": ("пошта: {}", "пишите на {}", "E-mail {}"),
    "handle": ("жазыңыз {}", "в телеграме {}", "{} сұраңыз"),
    "iin": ("ЖСН {}", "ИИН {}", "ИИН: {}"),
}
PERSONAL_DATA_KINDS = tuple(_CONTACTS)


def with_russian_letters(text: str) -> str:
    """Kazakh typed on a Russian keyboard: `қазақша` -> `казакша`."""
    return text.translate(_RUSSIAN_LETTERS)


def in_chat_latin(text: str) -> str:
    """Kazakh in the Latin letters people improvise in chats: `жақсы` -> `jaqsy`."""
    return text.translate(_TO_LATIN)


def roughened(rng: Random, text: str) -> str:
    """Sometimes without capitals and full stops, shouted, or with too many marks, as in comments."""
    chance = rng.random()
    if chance < 0.14:
        return text.lower().replace(". ", " ").rstrip(".")
    if chance < 0.155:
        return text.upper()
    if chance < 0.20 and text.endswith("."):
        return text.rstrip(".") + rng.choice(("!!!", "???", "...", "!"))
    return text


def changed_repost(rng: Random, language: str, text: str) -> str:
    """A repost that somebody touched: a mark in front, a tail, or a lost end."""
    chance = rng.random()
    if chance < 0.5:
        return _REPOST_MARKS[language] + text
    if chance < 0.9:
        return text + rng.choice(_REPOST_TAILS)
    return text.rstrip(".!?") + "…"


def planted_personal_data(rng: Random) -> tuple[str, str]:
    """A kind of personal data and a sentence holding an invented one.

    Phones are +7 700 000 xx xx, addresses stand under example.org, handles say demo, and identification
    numbers have a wrong control digit.
    """
    kind = rng.choice(PERSONAL_DATA_KINDS)
    number = rng.randrange(10_000)
    values = {
        "phone": f"+7 700 000 {number // 100:02d} {number % 100:02d}",
        "email": f"demo.user{number}@example.org",
        "handle": f"@demo_user_{number}",
        "iin": _impossible_iin(rng),
    }
    return kind, rng.choice(_CONTACTS[kind]).format(values[kind])


def iin_control_digit(digits: str) -> int | None:
    """The control digit that eleven digits of an identification number call for, None if there is none."""
    for weights in ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)):
        control = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11
        if control < 10:
            return control
    return None


def _impossible_iin(rng: Random) -> str:
    born = f"{rng.randrange(60, 100)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}"
    digits = f"{born}{rng.choice('34')}{rng.randrange(10_000):04d}"
    control = iin_control_digit(digits)
    return f"{digits}{((control or 0) + 1 + rng.randrange(8)) % 10}"
