"""Labels and stances of a long stream on every core: the same answers as in one process, sooner."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from models.discourse.classifier import DiscourseModel
from models.processes import cores, on_cores

WORTH_ROWS = 15_000
"""Messages from which on a second process, which takes seconds to start, saves time."""

PARTS_PER_PROCESS = 2

Both = tuple[pl.DataFrame | None, pl.DataFrame | None]


def labels_and_stances(
    messages: pl.DataFrame, mentions: pl.DataFrame, model: DiscourseModel, processes: int | None = None
) -> Both:
    """`DiscourseModel.label` and `.stances` of messages, long streams in parts on several processes.

    Args:
        messages: as for `DiscourseModel.label`.
        mentions: core_feeds__mentions of these messages.
        model: with one head or both.
        processes: how many; None takes one for each core, and one alone below `WORTH_ROWS`.

    Returns:
        core_discourse__labels and core_discourse__stances, rows in the order of one process; None for the part whose
        head the model lacks.
    """
    count = cores() if processes is None else processes
    if count < 2 or len(messages) < count or (processes is None and len(messages) < WORTH_ROWS):
        return _both(model, messages, mentions)
    size = -(-len(messages) // (PARTS_PER_PROCESS * count))
    parts = []
    for first in range(0, len(messages), size):
        part = messages.slice(first, size)
        parts.append((model, part, mentions.join(part.select("message_id"), on="message_id", how="semi")))
    found = on_cores(_both, parts, count)
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
