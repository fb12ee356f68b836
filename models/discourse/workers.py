"""Labels and stances of a long stream on every core: the same answers as in one process, sooner."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import polars as pl

from models.discourse.classifier import DiscourseModel

WORTH_ROWS = 15_000
"""Messages from which on a second process, which takes seconds to start, saves time."""

PART_ROWS = 10_000
MOST_PROCESSES = 4
"""Each process holds some 400 MB."""

Both = tuple[pl.DataFrame | None, pl.DataFrame | None]

_kept: dict[str, DiscourseModel] = {}


def labels_and_stances(
    messages: pl.DataFrame, mentions: pl.DataFrame, model: DiscourseModel, processes: int | None = None
) -> Both:
    """`DiscourseModel.label` and `.stances` of messages, long streams in parts on several processes.

    Args:
        messages: as for `DiscourseModel.label`.
        mentions: core_feeds__mentions of these messages.
        model: with one head or both.
        processes: how many; None takes one for each core up to `MOST_PROCESSES`, and one alone below `WORTH_ROWS`.

    Returns:
        core_discourse__labels and core_discourse__stances, rows in the order of one process; None for the part whose
        head the model lacks.
    """
    count = min(MOST_PROCESSES, len(os.sched_getaffinity(0))) if processes is None else processes
    if count < 2 or (processes is None and len(messages) < WORTH_ROWS):
        return _both(model, messages, mentions)
    parts = []
    for first in range(0, len(messages), PART_ROWS):
        part = messages.slice(first, PART_ROWS)
        parts.append((part, mentions.join(part.select("message_id"), on="message_id", how="semi")))
    context = get_context("forkserver")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_keep, initargs=(model,)) as pool:
        found = list(pool.map(_both_of_part, parts))
    labels = [one for one, _ in found if one is not None]
    stances = [one for _, one in found if one is not None]
    return pl.concat(labels) if labels else None, pl.concat(stances) if stances else None


def _keep(model: DiscourseModel) -> None:
    _kept["model"] = model


def _both_of_part(part: tuple[pl.DataFrame, pl.DataFrame]) -> Both:
    return _both(_kept["model"], *part)


def _both(model: DiscourseModel, messages: pl.DataFrame, mentions: pl.DataFrame) -> Both:
    return (
        None if model.head is None else model.label(messages, mentions),
        None if model.stance is None else model.stances(messages, mentions),
    )
