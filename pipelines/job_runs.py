"""Run Dagster jobs in this process, with progress, and turn a failure into one readable reason."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import dagster as dg

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class RunFailed(RuntimeError):
    """A job that did not finish; the message names the step or the table and what was wrong."""


@dataclass(frozen=True)
class CheckCost:
    """What the contract checks of a job took."""

    tables: int
    seconds: float


def run_job(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    name: str,
    *,
    partition: str | None = None,
    partition_range: tuple[str, str] | None = None,
    tags: dict[str, str] | None = None,
    on_step: Callable[[float], None] | None = None,
) -> CheckCost:
    """Run one job for no partition, one, or a range.

    Args:
        definitions: where the job is.
        instance: where its history is written.
        name: of the job.
        partition: key of the one partition.
        partition_range: first and last key of a range, run as one.
        tags: further run tags.
        on_step: called with the share of steps done (0..1).

    Returns:
        Number and seconds of the contract checks that ran.

    Raises:
        RunFailed: naming the tables whose contract broke, or the step that failed and its error.
    """
    job = definitions.resolve_job_def(name)
    all_tags = dict(tags or {})
    if partition_range is not None:
        all_tags |= {RANGE_START: partition_range[0], RANGE_END: partition_range[1]}
    run_id = str(uuid.uuid4())
    if on_step is not None:
        instance.add_event_listener(run_id, _step_counter(len(job.all_node_defs), on_step))
    result = job.execute_in_process(
        instance=instance,
        partition_key=partition,
        tags=all_tags,
        run_id=run_id,
        run_config=QUIET,
        raise_on_error=False,
    )
    if not result.success:
        raise RunFailed(_reason(result.all_events))
    return _check_cost(result.all_events)


def _step_counter(total: int, on_step: Callable[[float], None]) -> Callable[[dg.EventLogEntry], None]:
    done: set[str] = set()

    def count(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is not None and event.is_step_success and event.step_key:
            done.add(event.step_key)
            on_step(min(1.0, len(done) / max(1, total)))

    return count


def _evaluations(events: Iterable[dg.DagsterEvent]) -> list[Any]:
    return [
        event.event_specific_data for event in events if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]


def _reason(events: Iterable[dg.DagsterEvent]) -> str:
    listed = list(events)
    broken = [one for one in _evaluations(listed) if not one.passed]
    if broken:
        return "; ".join(f"{one.asset_key.path[-1]}: {one.description or 'nothing to check'}" for one in broken)
    for event in listed:
        if event.is_step_failure:
            return f"{event.step_key}: {_root_cause(event.step_failure_data.error)}"
    return "the run ended without saying why; see Dagster's event log"


def _root_cause(error: Any) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "unknown error"


def _check_cost(events: Iterable[dg.DagsterEvent]) -> CheckCost:
    evaluations = _evaluations(events)
    seconds = sum(float(one.metadata["seconds"].value) for one in evaluations if "seconds" in one.metadata)
    return CheckCost(len(evaluations), seconds)
