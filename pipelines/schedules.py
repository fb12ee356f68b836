"""When jobs start by themselves, all in Asia/Almaty."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from models.periods import TIMEZONE, monday, quarter_before, quarter_of, quarter_start
from pipelines.inbox_upkeep import expire_raw_files, poll_feeds
from pipelines.jobs import early_warning, quarterly_report, refresh_feeds


@dg.schedule(
    job=quarterly_report,
    cron_schedule="0 6 5 1,4,7,10 *",
    execution_timezone=TIMEZONE,
    description="The report of the quarter that ended, on the 5th day after its end",
)
def report_after_quarter(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run for the quarter before the scheduled day."""
    quarter = quarter_before(quarter_of(context.scheduled_execution_time.date()))
    return dg.RunRequest(
        run_key=quarter, partition_key=quarter_start(quarter).isoformat(), tags={"kelisim/quarter": quarter}
    )


@dg.schedule(
    job=early_warning,
    cron_schedule="0 7 * * 1",
    execution_timezone=TIMEZONE,
    description="Signals of the week that ended on Sunday, every Monday",
)
def warning_after_week(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run for the week before the scheduled day."""
    week = monday(context.scheduled_execution_time.date() - timedelta(days=1)).isoformat()
    return dg.RunRequest(run_key=week, partition_key=week, tags={"kelisim/week": week})


@dg.schedule(
    job=refresh_feeds,
    cron_schedule="30 3 * * *",
    execution_timezone=TIMEZONE,
    description="Messages of yesterday, every night",
)
def feeds_after_day(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run for the day before the scheduled one."""
    day = (context.scheduled_execution_time.date() - timedelta(days=1)).isoformat()
    return dg.RunRequest(run_key=day, partition_key=day, tags={"kelisim/day": day})


# Nothing asks the network until the operator starts this one.
poll_every_hour = dg.ScheduleDefinition(
    name="poll_every_hour",
    job=poll_feeds,
    cron_schedule="10 * * * *",
    execution_timezone=TIMEZONE,
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Asks the subscribed feeds that are due; feeds that failed wait longer each time",
)

# The promise about raw files holds without anybody's doing.
expire_every_night = dg.ScheduleDefinition(
    name="expire_every_night",
    job=expire_raw_files,
    cron_schedule="15 4 * * *",
    execution_timezone=TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Deletes raw feed files past retention_days that were read",
)

ALL_SCHEDULES = (report_after_quarter, warning_after_week, feeds_after_day, poll_every_hour, expire_every_night)
