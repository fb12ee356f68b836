"""Labels and stances of a long stream on every core: the same answers as in one process, sooner."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace

import polars as pl

from models.discourse.classifier import DiscourseModel
from models.processes import Crew, crew

WORTH_ROWS = 15_000
"""Messages from which on a second process, which takes seconds to start, saves time."""

ROWS_AT_ONCE = 2_000

Both = tuple[pl.DataFrame | None, pl.DataFrame | None]


def labelling_crew(
    model: DiscourseModel, count: int, processes: int | None = None
) -> AbstractContextManager[Crew[DiscourseModel]]:
    """Processes that hold the model; started early, they come up while language and groups are read.

    Args:
        model: with one head or both.
        count: messages to come.
        processes: how many; None takes one for each core, and one alone below `WORTH_ROWS`.
    """
    return crew(model, 1 if processes is None and count < WORTH_ROWS else processes)


def labels_and_stances(messages: pl.DataFrame, mentions: pl.DataFrame, labellers: Crew[DiscourseModel]) -> Both:
    """`DiscourseModel.label` and `.stances` of messages, long streams in parts on the crew's processes.

    Args:
        messages: as for `DiscourseModel.label`.
        mentions: core_feeds__mentions of these messages.
        labellers: of `labelling_crew`.

    Returns:
        core_discourse__labels and core_discourse__stances, rows in the order of one process; None for the part whose
        head the model lacks.
    """
    size = ROWS_AT_ONCE if labellers.size > 1 else max(1, len(messages))
    parts = []
    for first in range(0, max(1, len(messages)), size):
        part = messages.slice(first, size)
        parts.append((part, mentions.join(part.select("message_id"), on="message_id", how="semi")))
    found = labellers.each(_both, parts)
    labels = [one for one, _ in found if one is not None]
    stances = [one for _, one in found if one is not None]
    return pl.concat(labels) if labels else None, pl.concat(stances) if stances else None


def without_second_reading(model: DiscourseModel) -> DiscourseModel:
    """The model with its first readings only: several times faster on long streams, a little less right."""
    stance = None if model.stance is None else replace(model.stance, second=None)
    return replace(model, second=None, stance=stance)


def _both(model: DiscourseModel, messages: pl.DataFrame, mentions: pl.DataFrame) -> Both:
    return (
        None if model.head is None else model.label(messages, mentions),
        None if model.stance is None else model.stances(messages, mentions),
    )
