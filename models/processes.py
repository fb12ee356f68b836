"""Work spread over the cores of a machine: the same results in the same order, sooner."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor

MOST_PROCESSES = 4
"""Each process holds some 400 MB."""

Found = TypeVar("Found")

_state = {"is_worker": False}


def cores() -> int:
    """Processes that `on_cores` starts for long work: one inside a worker, which starts none of its own."""
    return 1 if _state["is_worker"] else min(MOST_PROCESSES, len(os.sched_getaffinity(0)))


def on_cores(work: Callable[..., Found], arguments: Sequence[tuple], processes: int | None = None) -> list[Found]:
    """What `work` gives for each tuple of arguments, in order.

    Processes are started by joblib's loky, which does not run the caller's script again, and are gone when this
    returns: starting them takes some seconds, so short work is better done without.

    Args:
        work: a function of a module.
        arguments: of each call.
        processes: how many; None takes `cores()`.

    Raises:
        Exception: what `work` raises.
    """
    count = min(cores() if processes is None else processes, len(arguments))
    if count < 2 or _state["is_worker"]:
        return [work(*one) for one in arguments]
    try:
        found = Parallel(n_jobs=count, backend="loky")(delayed(_as_worker)(work, one) for one in arguments)
        return cast("list[Found]", list(found))
    finally:
        get_reusable_executor().shutdown(wait=True)


def _as_worker(work: Callable[..., Found], arguments: tuple) -> Found:
    if not _state["is_worker"]:
        _state["is_worker"] = True
        # Words looked up once are kept in large tables; collecting garbage among them takes an eighth of the time.
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
    return work(*arguments)
