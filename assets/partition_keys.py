"""From Dagster's partition keys to the words of the tables."""

from collections.abc import Sequence
from datetime import date

from models.periods import quarter_of


def quarter_of_partition(key: str) -> str:
    """The quarter `2026-Q3` of the key `2026-07-01`, which is its first day."""
    return quarter_of(date.fromisoformat(key))


def dates_of_partitions(keys: Sequence[str]) -> list[date]:
    """The days, or the Mondays, that the keys stand for, in order."""
    return sorted(date.fromisoformat(key) for key in keys)
