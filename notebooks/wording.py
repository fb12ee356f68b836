"""Words of the notebooks, names of codes, and the warehouse opened for reading."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import yaml

from data_contracts.contract import Trilingual
from data_contracts.indicator_registry import indicators
from data_contracts.reference import ethnic_groups, regions
from pipelines.settings import Settings

LANGUAGES = {"қазақша": "kk", "русский": "ru", "English": "en"}


@cache
def _words() -> dict[str, Trilingual]:
    content = yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))
    flat = {}
    for name, entry in content.items():
        if set(entry) == {"kk", "ru", "en"}:
            flat[name] = Trilingual.model_validate(entry)
        else:
            flat |= {f"{name}.{part}": Trilingual.model_validate(text) for part, text in entry.items()}
    return flat


def say(name: str, language: str, **values: object) -> str:
    """One sentence in one language."""
    return _words()[name].in_language(language).format(**values)


def warehouse_path() -> Path:
    """Where the home's warehouse lies."""
    return Settings().root / "warehouse.duckdb"


def table(query: str, *values: object) -> pl.DataFrame:
    """Rows of a query against the warehouse, which is open for reading only and closed at once."""
    with duckdb.connect(str(warehouse_path()), read_only=True) as connection:
        return connection.execute(query, list(values)).pl()


def shown(mo: Any, rows: pl.DataFrame) -> Any:
    """A table to look at; years are written without a thousands mark."""
    years = [name for name in rows.columns if name.startswith("year")]
    return mo.ui.table(rows, selection=None, format_mapping=dict.fromkeys(years, str))


def commented(rows: pl.DataFrame, language: str) -> pl.DataFrame:
    """Rows of the catalogue with the comment in one language; contracts write them as `en | ru | kk`."""
    place = {"en": 0, "ru": 1, "kk": 2}[language]
    parts = pl.col("comment").str.split(" | ")
    return rows.with_columns(parts.list.get(place, null_on_oob=True).fill_null(pl.col("comment")).alias("comment"))


def is_synthetic() -> bool:
    """Whether the newest issue was made from synthetic input."""
    rows = table("SELECT is_synthetic FROM out_bulletin__issues ORDER BY quarter DESC LIMIT 1")
    return bool(rows["is_synthetic"].any())


def banner(language: str) -> str:
    """The mark that synthetic data must carry, else nothing."""
    return say("synthetic", language) if is_synthetic() else ""


def opening(mo: Any, notebook: str, language: str) -> Any:
    """The notebook's title, mark and purpose; without a warehouse it stops with a sentence on what to do."""
    path = warehouse_path()
    mo.stop(not path.exists(), mo.md(say("no_warehouse", language, path=path)))
    return mo.md(
        "\n\n".join([say(f"{notebook}.title", language), banner(language), say(f"{notebook}.about", language)])
    )


def indicator_choice(mo: Any, language: str) -> Any:
    """A list of the indicators by name, the first one chosen."""
    names = indicator_names(language)
    return mo.ui.dropdown(names, value=next(iter(names)))


def quarters() -> list[str]:
    """Quarters that have a report, newest first."""
    return table("SELECT DISTINCT quarter FROM out_bulletin__issues ORDER BY quarter DESC")["quarter"].to_list()


def indicator_names(language: str) -> dict[str, str]:
    """Name -> id of each indicator."""
    return {one.name.in_language(language): name for name, one in indicators().items()}


def region_names(language: str) -> dict[str, str]:
    """Name -> code of the country and every region."""
    here = {say("country", language): "KZ"}
    return here | {one.name.in_language(language): code for code, one in regions().items()}


def group_names(language: str) -> dict[str, str]:
    """Name -> code of every group, and of all messages."""
    here = {say("all_messages", language): "all"}
    return here | {one.name.in_language(language): code for code, one in ethnic_groups().items()}
