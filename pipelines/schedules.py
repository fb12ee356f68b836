"""When jobs start by themselves, all in Asia/Almaty."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from models.periods import TIMEZONE, monday, quarter_before, quarter_of, quarter_start
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


ALL_SCHEDULES = (report_after_quarter, warning_after_week, feeds_after_day)
