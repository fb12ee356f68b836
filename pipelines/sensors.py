"""Sensors that notice new files in the inbox; a file is known by its content, so a copy starts nothing twice."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from assets.sources.inbox import scan_inbox
from assets.workplace import Workplace
from pipelines.jobs import ingest_feed_file, ingest_survey_wave

SECONDS = 60


def inbox_sensors(place: Callable[[], Workplace]) -> list[dg.SensorDefinition]:
    """One sensor for survey waves and one for feeds.

    Args:
        place: gives the home to look in; asked at each tick, not when definitions are loaded.
    """
    return [
        _inbox_sensor("new_survey_files", "survey", "survey_waves", ingest_survey_wave, place),
        _inbox_sensor("new_feed_files", "feed", "feed_files", ingest_feed_file, place),
    ]


def _inbox_sensor(
    name: str,
    kind: str,
    partitions: str,
    job: dg.UnresolvedAssetJobDefinition,
    place: Callable[[], Workplace],
) -> dg.SensorDefinition:
    @dg.sensor(
        name=name,
        job=job,
        minimum_interval_seconds=SECONDS,
        description=f"Starts {job.name} once for each new content of a {kind} file in the inbox",
    )
    def look() -> dg.SensorResult:
        found = [
            (str(file.partition_key), file)
            for file in scan_inbox(place().inbox)
            if file.kind == kind and file.partition_key
        ]
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    run_key=f"{key}:{file.file_sha256}",
                    partition_key=key,
                    tags={"kelisim/file": file.file_name[:63], "kelisim/sha256": file.file_sha256[:12]},
                )
                for key, file in found
            ],
            dynamic_partitions_requests=[
                dg.DynamicPartitionsDefinition(name=partitions).build_add_request([key for key, _ in found])
            ]
            if found
            else [],
        )

    return look
