"""A noun beside a number: Russian and English plural forms by CLDR, Kazakh nouns unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache

from babel import Locale

NounForms = str | Mapping[str, str]


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)


def plural_category(number: Decimal, language: str) -> str:
    """CLDR plural category (`one`, `few`, `many`, `other`) of a number as it is written."""
    return str(_locale(language).plural_form(number))


def agreeing_noun(number: Decimal, forms: NounForms, language: str) -> str:
    """The form of a noun that stands beside a number.

    Args:
        number: the number with the decimals that are shown (`Decimal("2.0")` takes the form of a decimal).
        forms: one form for every number, or forms by CLDR category; `other` stands in for a missing category.
        language: `kk`, `ru` or `en`.

    Raises:
        ValueError: if neither the category nor `other` has a form.
    """
    if isinstance(forms, str):
        return forms
    category = plural_category(abs(number), language)
    if category in forms:
        return forms[category]
    if "other" not in forms:
        raise ValueError(f"no form for plural category {category!r} among {sorted(forms)}")
    return forms["other"]
