"""Work spread over the cores of a machine: the same results in the same order, sooner."""

from __future__ import annotations

import gc
import os
import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from joblib.externals.loky import ProcessPoolExecutor, process_executor
from threadpoolctl import threadpool_limits

MOST_PROCESSES = 4
"""Each process holds some 400 MB."""

IDLE_SECONDS = 600
"""After which a process without work ends by itself."""

Found = TypeVar("Found")
Shared = TypeVar("Shared")

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
_state: dict[str, object] = {"is_working": False, "shared": None}


def cores() -> int:
    """Processes that work for long work, this one among them: one inside such work, which is spread no further."""
    return 1 if _state["is_working"] else min(MOST_PROCESSES, len(os.sched_getaffinity(0)))


class Crew(Generic[Shared]):
    """This process and others that hold the same thing to work with.

    Made by `crew`. The others are started when it is made and take seconds to come up, while this process goes on.
    """

    def __init__(self, shared: Shared, helpers: Executor | None, count: int) -> None:
        self._shared = shared
        self._helpers = helpers
        self._count = count

    @property
    def size(self) -> int:
        """Processes, this one included."""
        return self._count + 1

    def each(self, work: Callable[..., Found], arguments: Sequence[tuple]) -> list[Found]:
        """What `work` gives for the shared thing and each tuple of arguments, in order.

        Each other process has one piece of work, and a second one waiting as long as many are left; this process
        takes the next whenever it is free.

        Args:
            work: a function of a module.
            arguments: of each call, after the shared thing.

        Raises:
            Exception: what `work` raises.
        """
        if self._helpers is None:
            return [work(self._shared, *one) for one in arguments]
        given: dict[int, Future[Found]] = {}
        own: dict[int, Found] = {}
        waiting = deque(range(len(arguments)))
        try:
            with _own_share():
                while waiting:
                    self._give(self._helpers, given, waiting, work, arguments)
                    if waiting:
                        row = waiting.popleft()
                        own[row] = work(self._shared, *arguments[row])
            return [own[row] if row in own else given[row].result() for row in range(len(arguments))]
        finally:
            for one in given.values():
                one.cancel()

    def _give(
        self,
        helpers: Executor,
        given: dict[int, Future[Found]],
        waiting: deque[int],
        work: Callable[..., Found],
        arguments: Sequence[tuple],
    ) -> None:
        held = sum(not one.done() for one in given.values())
        while waiting and held < self._count * (2 if len(waiting) > 2 * self.size else 1):
            row = waiting.popleft()
            given[row] = helpers.submit(_as_helper, work, arguments[row])
            held += 1


@contextmanager
def crew(shared: Shared, processes: int | None = None) -> Iterator[Crew[Shared]]:
    """Start a crew; its other processes are gone when the block is left.

    They are started by loky, which does not run the caller's script again.

    Args:
        shared: sent to each process once.
        processes: how many, this one included; None takes `cores()`. One starts none.
    """
    count = (cores() if processes is None else processes) - 1
    if count < 1 or _state["is_working"]:
        yield Crew(shared, None, 0)
        return
    with tempfile.TemporaryDirectory() as folder:
        # Sent along when a process starts, a large thing would keep this one waiting until the other has come up.
        kept = Path(folder, "shared")
        kept.write_bytes(pickle.dumps(shared, pickle.HIGHEST_PROTOCOL))
        helpers = ProcessPoolExecutor(
            count, timeout=IDLE_SECONDS, env=_ONE_THREAD, initializer=_begin, initargs=(kept,)
        )
        try:
            helpers.submit(os.getpid)
            yield Crew(shared, helpers, count)
        finally:
            helpers.shutdown(wait=True)


def on_cores(work: Callable[..., Found], arguments: Sequence[tuple], processes: int | None = None) -> list[Found]:
    """What `work` gives for each tuple of arguments, in order; short work is better done without.

    Args:
        work: a function of a module.
        arguments: of each call.
        processes: how many, this one included; None takes `cores()`.

    Raises:
        Exception: what `work` raises.
    """
    with crew(work, min(cores() if processes is None else processes, len(arguments))) as those:
        return those.each(_called, arguments)


def _called(work: Callable[..., Found], *arguments: object) -> Found:
    return work(*arguments)


def _begin(kept: Path) -> None:
    # loky would take a process that has loaded the weights of an encoder for one that leaks memory, and end it.
    setattr(process_executor, "_USE_PSUTIL", False)  # noqa: B010 - it has no public setting
    _state.update(is_working=True, shared=pickle.loads(kept.read_bytes()))  # noqa: S301 - written by the crew itself
    _collect_seldom()


def _as_helper(work: Callable[..., Found], arguments: tuple) -> Found:
    return work(_state["shared"], *arguments)


@contextmanager
def _own_share() -> Iterator[None]:
    """This process works as the others do: on one thread, spreading nothing further, collecting garbage seldom."""
    often = gc.get_threshold()
    _state["is_working"] = True
    _collect_seldom()
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        _state["is_working"] = False
        gc.set_threshold(*often)
        gc.unfreeze()


def _collect_seldom() -> None:
    # Words looked up once are kept in large tables; collecting garbage among them takes an eighth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
