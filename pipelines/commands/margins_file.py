"""Population margins from an analyst's YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from models.survey.design import SurveyInputError

if TYPE_CHECKING:
    from pathlib import Path

    from models.survey.margins import MarginKey, Margins, MarginTotals

NAME_KEYS = ("column", "columns", "variable", "variables", "name")
TOTAL_KEYS = ("totals", "total", "categories", "values", "population", "counts")


def read_margins(path: Path) -> Margins:
    """Read margins: `column: {category: total}` for counts, `column: total` for an amount.

    `population: N` gives the number of people; category totals that sum to 1 or 100 are shares of it. Joint
    margins are `a x b: {a1|b1: total}`. The mapping may stand under a key `margins`, or be a list of entries
    with `column` (or `columns`) and `totals`. Scalars are read as text, so that the categories Yes and No
    stay words.

    Raises:
        SurveyInputError: when the file is missing or says something else.
    """
    if not path.is_file():
        raise SurveyInputError(f"there is no file {path}")
    try:
        # the base loader builds strings, lists and mappings only
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SurveyInputError(f"{path} is not YAML: {str(error).splitlines()[0]}") from error
    if isinstance(content, dict) and set(content) == {"margins"}:
        content = content["margins"]
    if isinstance(content, list):
        content = dict(_entry(path, item) for item in content)
    if not isinstance(content, dict) or not content:
        raise SurveyInputError(f"{path}: expected `column: {{category: total}}` for each margin")
    if isinstance(content.get("margins"), (dict, list)):
        nested = content.pop("margins")
        content |= dict(_entry(path, item) for item in nested) if isinstance(nested, list) else nested
    return {_key(name): _totals(path, name, given) for name, given in content.items()}


def _entry(path: Path, item: Any) -> tuple[str, Any]:
    if isinstance(item, dict):
        name = next((item[key] for key in NAME_KEYS if key in item), None)
        totals = next((item[key] for key in TOTAL_KEYS if key in item), None)
        if name is not None and totals is not None:
            return (" x ".join(name) if isinstance(name, list) else str(name)), totals
        if len(item) == 1:
            return next(iter(item.items()))
    raise SurveyInputError(f"{path}: a margin in the list needs `column` and `totals`, not {item!r}")


def _key(name: str) -> MarginKey:
    parts = tuple(part.strip() for part in name.split(" x "))
    return parts if len(parts) > 1 else name


def _totals(path: Path, name: str, given: Any) -> MarginTotals:
    if isinstance(given, dict):
        return {str(label): _number(path, f"{name} = {label}", total) for label, total in given.items()}
    return _number(path, name, given)


def _number(path: Path, what: str, value: Any) -> float:
    try:
        return float(str(value).replace(" ", "").replace("_", ""))
    except ValueError as error:
        raise SurveyInputError(f"{path}: the total of {what} is {value!r}, not a number") from error
