"""Dagster's definitions: assets, checks, jobs, schedules and sensors over the resources of one home."""

from __future__ import annotations

import dagster as dg

from assets import (
    answers,
    bulletin,
    classifier,
    councils,
    discourse,
    feeds,
    inbox,
    indicators,
    promotion,
    survey,
    warehouse,
    warnings,
)
from assets.checks import contract_checks
from data_contracts.contract import table_contracts
from pipelines.home import open_ledger, workplace
from pipelines.jobs import ALL_JOBS
from pipelines.resources.lake import Lake
from pipelines.schedules import ALL_SCHEDULES
from pipelines.sensors import all_sensors
from pipelines.settings import Settings

ASSET_MODULES = (
    inbox,
    survey,
    feeds,
    councils,
    classifier,
    discourse,
    promotion,
    indicators,
    warnings,
    answers,
    bulletin,
    warehouse,
)


def build_definitions(settings: Settings) -> dg.Definitions:
    """Everything Dagster needs to know for one home."""
    return dg.Definitions(
        assets=dg.load_assets_from_modules(ASSET_MODULES),
        asset_checks=[*contract_checks(list(table_contracts().values())), promotion.candidate_is_no_worse],
        jobs=ALL_JOBS,
        schedules=ALL_SCHEDULES,
        sensors=all_sensors(lambda: workplace(settings)),
        resources={
            "io_manager": Lake(root=str(settings.root)),
            "settings": dg.ResourceDefinition(lambda _: settings),
            "workplace": dg.ResourceDefinition(lambda _: workplace(settings)),
            "ledger": dg.ResourceDefinition(lambda _: open_ledger(settings)),
        },
    )


defs = build_definitions(Settings())
