"""Numbers and dates as each language writes them."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from babel.dates import format_date
from babel.numbers import format_decimal

NO_BREAK = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
ROMAN = {1: "I", 2: "II", 3: "III", 4: "IV"}

# unit: (factor before showing, decimals, whether a sign always shows)
UNITS: dict[str, tuple[int, int, bool]] = {
    "percent": (1, 1, False),
    "percentage_point": (1, 1, True),
    "share": (100, 1, False),
    "probability": (100, 0, False),
    "count": (1, 0, False),
    "score": (1, 2, False),
    "rate": (1, 1, False),
    "seed": (1, 0, False),
    "level": (1, 0, False),
}
_WITH_PERCENT_SIGN = ("percent", "share", "probability", "level")


def decimals_of(value: float, unit: str) -> int:
    """Decimals of a number: those of its unit, one more for shares under one percent that are not zero."""
    return 2 if unit == "share" and 0 < abs(value) < 0.00995 else UNITS[unit][1]


def shown(value: float, unit: str) -> Decimal:
    """The number a reader sees: scaled and rounded as its unit is, without a negative zero.

    Probabilities never show as 0 or 100 percent unless they are exactly that: the ends are 1 and 99.

    Raises:
        KeyError: for a unit not in `UNITS`.
    """
    factor, _, _ = UNITS[unit]
    decimals = decimals_of(value, unit)
    rounded = (Decimal(repr(float(value))) * factor).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    if unit == "probability" and 0 < value < 1:
        rounded = min(max(rounded, Decimal(1)), Decimal(99))
    return abs(rounded) if rounded == 0 else rounded


def written(value: float, unit: str, language: str) -> str:
    """A number in a language, without percent sign; a change carries its sign."""
    number = shown(value, unit)
    decimals, signed = decimals_of(value, unit), UNITS[unit][2]
    grouping = "0" if unit == "seed" else "#,##0"
    pattern = grouping + ("." + "0" * decimals if decimals else "")
    text = format_decimal(abs(number), format=pattern, locale=language)
    sign = MINUS if number < 0 else "+" if signed and number > 0 else ""
    return sign + text


def with_unit(text: str, unit: str, language: str) -> str:
    """Adds the percent sign where the unit has one; Russian sets it off by a space."""
    if unit not in _WITH_PERCENT_SIGN:
        return text
    return f"{text}{NO_BREAK}%" if language == "ru" else f"{text}%"


def written_date(day: date, language: str, *, short: bool = False) -> str:
    """A date in words: `5 октября 2026 г.`; short: `5 окт.`"""
    if short:
        return format_date(day, "d MMM", locale=language)
    pattern = "d MMMM y" if language == "en" else "long"
    return format_date(day, pattern, locale=language)
