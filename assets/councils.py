"""Quarterly returns of the regional councils as a table."""

import dagster as dg
import polars as pl

from assets.sources.council_returns import read_all_returns
from assets.sources.inbox import scan_inbox
from assets.workplace import Workplace


@dg.multi_asset(
    outs={
        "core_councils__returns": dg.AssetOut(dagster_type=pl.DataFrame, kinds={"polars"}),
        "core_councils__quarantine": dg.AssetOut(dagster_type=pl.DataFrame, kinds={"polars"}),
    },
    group_name="councils",
)
def council_returns(workplace: dg.ResourceParam[Workplace]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Meetings, appeals to mediators and events of every council that sent its return."""
    files = [file for file in scan_inbox(workplace.inbox) if file.kind == "council"]
    read = read_all_returns(files, as_of=workplace.as_of)
    return read.rows, read.quarantine
