"""Seconds and peak memory of each stage of a run."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

STATUS = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class StageCost:
    """What one stage took: wall-clock seconds and the largest resident memory while it ran, in MB."""

    stage: str
    seconds: float
    peak_megabytes: float


@dataclass
class StageMeter:
    """Collects the cost of stages in the order they ran."""

    costs: list[StageCost] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what runs inside; a stage that fails is recorded too."""
        _reset_peak()
        started = time.perf_counter()
        try:
            yield
        finally:
            self.costs.append(StageCost(name, time.perf_counter() - started, _peak_megabytes()))


def _reset_peak() -> None:
    try:
        RESET.write_text("5", encoding="ascii")
    except OSError:
        return


def _peak_megabytes() -> float:
    """Linux counts the peak since the last reset; elsewhere it is the peak of the whole process."""
    try:
        for line in STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
