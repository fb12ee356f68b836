"""Jobs start for the right period, and once for each new content of the inbox."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from assets.workplace import Workplace
from pipelines.jobs import ALL_JOBS
from pipelines.schedules import ALL_SCHEDULES, feeds_after_day, report_after_quarter, warning_after_week
from pipelines.sensors import all_sensors

ALMATY = ZoneInfo("Asia/Almaty")
EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


@pytest.mark.parametrize(
    ("schedule", "moment", "partition"),
    [
        (report_after_quarter, datetime(2026, 10, 5, 6, tzinfo=ALMATY), "2026-07-01"),
        (report_after_quarter, datetime(2027, 1, 5, 6, tzinfo=ALMATY), "2026-10-01"),
        (warning_after_week, datetime(2026, 9, 28, 7, tzinfo=ALMATY), "2026-09-21"),
        (feeds_after_day, datetime(2026, 10, 1, 3, 30, tzinfo=ALMATY), "2026-09-30"),
    ],
)
def test_schedules_ask_for_the_period_that_ended(
    schedule: dg.ScheduleDefinition, moment: datetime, partition: str
) -> None:
    request = schedule(dg.build_schedule_context(scheduled_execution_time=moment))
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == partition
    assert request.run_key


def test_schedules_run_in_almaty() -> None:
    assert {schedule.execution_timezone for schedule in ALL_SCHEDULES} == {"Asia/Almaty"}
    assert "0 6 5 1,4,7,10 *" in {schedule.cron_schedule for schedule in ALL_SCHEDULES}


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (tmp_path / "lake").mkdir()
    shutil.copy(EXAMPLES / "comments.mapping.yml", inbox / "comments.mapping.yml")
    (inbox / "comments.csv").write_text("text,published,likes\nсәлем,2026-09-01,1\n", encoding="utf-8")
    return Workplace(
        root=tmp_path, as_of=datetime(2026, 10, 5, tzinfo=UTC), seed=1, code_version="t", pseudonym_key=b"k" * 16
    )


def tick(place: Workplace) -> dg.SensorResult:
    sensor = next(one for one in all_sensors(lambda: place) if one.name == "new_feed_files")
    result = sensor(dg.build_sensor_context())
    assert isinstance(result, dg.SensorResult)
    return result


def test_a_new_file_is_requested_once_by_its_content(place: Workplace) -> None:
    first = tick(place).run_requests or []
    again = tick(place).run_requests or []
    assert [request.run_key for request in first] == [request.run_key for request in again]
    assert len(first) == 1
    (place.inbox / "copy of comments.csv").write_bytes((place.inbox / "comments.csv").read_bytes())
    assert [request.run_key for request in tick(place).run_requests or []] == [first[0].run_key]


def test_changed_content_is_another_request(place: Workplace) -> None:
    before = (tick(place).run_requests or [])[0].run_key
    (place.inbox / "comments.csv").write_text("text,published,likes\nсәлем,2026-09-02,1\n", encoding="utf-8")
    assert (tick(place).run_requests or [])[0].run_key != before


def test_every_job_says_what_it_does() -> None:
    assert {job.name for job in ALL_JOBS} >= {
        "ingest_survey_wave",
        "refresh_feeds",
        "early_warning",
        "quarterly_report",
    }
    assert all(job.description for job in ALL_JOBS)
