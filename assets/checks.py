"""Every table contract as one blocking asset check that publishes what this run staged, or stops the run."""

import time
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from assets.check_page import save_report
from assets.contract_validation import ContractReport, validate
from assets.workplace import Workplace
from data_contracts.contract import TableContract

CHECK_NAME = "contract"


def contract_check(contract: TableContract) -> dg.AssetChecksDefinition:
    """The check of one table.

    In a run that wrote the table it validates the staged files and publishes them if every rule holds. Started
    alone it validates what is published. With nothing to validate it fails: a check of zero files proves
    nothing.
    """

    @dg.asset_check(
        asset=contract.table,
        name=CHECK_NAME,
        blocking=True,
        description=f"The rules of data_contracts/tables/{contract.table}.yml, through Great Expectations",
    )
    def check(context: dg.AssetCheckExecutionContext, workplace: dg.ResourceParam[Workplace]) -> dg.AssetCheckResult:
        started = time.perf_counter()
        staged = workplace.staged(contract.table, context.run.run_id)
        files = staged or workplace.published(contract.table)
        if not files:
            return dg.AssetCheckResult(passed=False, metadata={"problem": "there is no file to check"})
        report = validate(contract, files)
        save_report(workplace.root / "checks", report)
        if report.is_kept and staged:
            workplace.publish(contract.table, context.run.run_id)
        return dg.AssetCheckResult(
            passed=report.is_kept,
            severity=dg.AssetCheckSeverity.ERROR,
            description=_sentence(report),
            metadata=_metadata(report, files, time.perf_counter() - started),
        )

    return check


def contract_checks(contracts: Sequence[TableContract]) -> list[dg.AssetChecksDefinition]:
    """One blocking check for each contract."""
    return [contract_check(contract) for contract in contracts]


def _sentence(report: ContractReport) -> str:
    if report.is_kept:
        return f"{report.row_count} rows keep all {len(report.results)} rules"
    return f"broken: {', '.join(result.title for result in report.broken)}"


def _metadata(report: ContractReport, files: Sequence[Path], seconds: float) -> dict[str, dg.MetadataValue]:
    lines = [
        f"| {result.title} | {'' if result.offending_count is None else result.offending_count} "
        f"| {'; '.join(result.sample)} |"
        for result in report.broken
    ]
    table = "\n".join(["| rule | rows | sample |", "|---|---|---|", *lines]) if lines else "none"
    return {
        "rows": dg.MetadataValue.int(report.row_count),
        "files": dg.MetadataValue.int(len(files)),
        "rules": dg.MetadataValue.int(len(report.results)),
        "broken_rules": dg.MetadataValue.md(table),
        "seconds": dg.MetadataValue.float(round(seconds, 3)),
    }
