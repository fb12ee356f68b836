"""How the tables are cut: days and weeks for feeds, quarters for reports, one partition a wave and a feed file."""

import dagster as dg

from models.periods import TIMEZONE

days = dg.DailyPartitionsDefinition(start_date="2020-01-01", timezone=TIMEZONE, end_offset=1)
weeks = dg.WeeklyPartitionsDefinition(start_date="2019-12-30", day_offset=1, timezone=TIMEZONE, end_offset=1)
quarters = dg.TimeWindowPartitionsDefinition(
    start="2020-01-01", cron_schedule="0 0 1 1,4,7,10 *", fmt="%Y-%m-%d", timezone=TIMEZONE, end_offset=1
)
waves = dg.DynamicPartitionsDefinition(name="survey_waves")
feed_files = dg.DynamicPartitionsDefinition(name="feed_files")
