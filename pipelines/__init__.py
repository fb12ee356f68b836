"""Wiring: Dagster definitions, jobs, schedules, resources and the command line."""
