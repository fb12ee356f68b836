"""What `kelisim run` shows: progress while it works, and at the end the short table of what came out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from babel.numbers import format_decimal
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from data_contracts.indicator_registry import indicators
from data_contracts.source import quarantine_message
from pipelines.messages import say
from pipelines.stage_meter import StageCost

MOST_REFUSALS = 12
MOST_ROWS_NAMED = 5
PLAIN_WIDTH = 120
StageBar = Callable[[str], "StageProgress"]


@dataclass
class RunReport:
    """Everything the end of a run tells."""

    quarter: str
    is_synthetic: bool
    demo_written: Path | None
    verdicts: pl.DataFrame
    changes: pl.DataFrame
    files: pl.DataFrame
    refusals: pl.DataFrame
    candidates_waiting: int
    candidates_new: int
    outputs: list[Path]
    costs: list[StageCost]
    check_tables: int
    check_seconds: float
    quarantine_folder: Path
    failures: list[str] = field(default_factory=list)


class StageProgress:
    """One bar of a stage; `advance_to` takes the share done."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=1.0)

    def advance_to(self, share: float) -> None:
        """Set the bar to a share between 0 and 1."""
        self._progress.update(self._task, completed=share)


@contextmanager
def run_progress(language: str) -> Iterator[StageBar]:
    """Bars on stderr; yields a function that starts the bar of a stage by its name."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield lambda stage: StageProgress(progress, say(f"stage.{stage}", language))


def print_report(report: RunReport, language: str, console: Console | None = None) -> None:
    """Print the run's tables in one language."""
    out = console or Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    out.rule(say("run.title", language, quarter=report.quarter))
    if report.is_synthetic:
        out.print(say("run.synthetic", language), style="bold red")
    if report.demo_written is not None:
        out.print(say("run.demo_written", language, path=report.demo_written))
    _print_indicators(out, report, language)
    _print_files(out, report, language)
    _print_refusals(out, report, language)
    out.print(say("run.candidates", language, count=report.candidates_waiting, new=report.candidates_new))
    for failure in report.failures:
        out.print(say("run.left_out", language, reason=failure), style="bold red", markup=False, highlight=False)
    out.print(f"\n{say('run.outputs', language)}:", style="bold")
    for path in report.outputs:
        out.print(f"  {path}", soft_wrap=True)
    _print_costs(out, report, language)


def _heading(table: str, language: str, *columns: str) -> Table:
    made = Table(title=say(f"run.{table}", language), title_justify="left")
    for name in columns:
        numeric = name in {"year", "estimate", "plan", "seconds", "peak"} or name.startswith("rows_")
        made.add_column(say(f"run.{name}", language), justify="right" if numeric else "left")
    return made


def _print_indicators(out: Console, report: RunReport, language: str) -> None:
    if report.verdicts.is_empty():
        out.print(say("run.no_survey", language), style="yellow")
        return
    table = _heading("indicators", language, "indicator", "year", "estimate", "interval", "change", "plan", "verdict")
    for row in report.verdicts.iter_rows(named=True):
        table.add_row(
            indicators()[row["indicator_id"]].name.in_language(language),
            str(row["year"]),
            _number(row["estimate_pct"], language),
            f"{_number(row['ci_low_pct'], language)} – {_number(row['ci_high_pct'], language)}",
            _change(report.changes, row, language),
            _number(row["target_pct"], language),
            say(f"verdict.{row['verdict']}", language),
        )
    out.print(table)


def _change(changes: pl.DataFrame, row: dict[str, object], language: str) -> str:
    found = changes.filter(
        (pl.col("indicator_id") == row["indicator_id"])
        & (pl.col("year_to") == row["year"])
        & (pl.col("year_from") == pl.lit(row["year"]).cast(pl.Int64) - 1)
        & (pl.col("domain") == "country")
    )
    if found.is_empty():
        return "–"
    one = found.row(0, named=True)
    words = say(f"change.{one['verdict']}", language)
    if one["difference_pp"] is None:
        return words
    return f"{_number(one['difference_pp'], language, signed=True)} ({words})"


def _print_files(out: Console, report: RunReport, language: str) -> None:
    counts = ("rows_in", "rows_kept", "rows_duplicate", "rows_quarantined")
    table = _heading("messages", language, "file", "status", *counts)
    table.columns[0].overflow = "fold"
    for row in report.files.iter_rows(named=True):
        table.add_row(
            row["file_name"],
            say(f"status.{row['status']}", language),
            *(_number(row[name], language, digits=0) for name in counts),
        )
    table.add_section()
    for kind, part in report.files.filter(pl.col("rows_in") > 0).group_by("kind", maintain_order=True):
        table.add_row(
            f"{say('run.total', language)}: {say(f'kind.{kind[0]}', language)}",
            "",
            *(_number(int(part[name].sum()), language, digits=0) for name in counts),
            style="bold",
        )
    out.print(table)


def _print_refusals(out: Console, report: RunReport, language: str) -> None:
    if report.refusals.is_empty():
        return
    out.print(f"{say('run.refusals', language)}:", style="bold")
    groups = list(
        report.refusals.group_by("file_name", "column_name", "rule", maintain_order=True)
        .agg(pl.col("row_number").drop_nulls().sort(), pl.col("detail").drop_nulls().first())
        .iter_rows(named=True)
    )
    for group in groups[:MOST_REFUSALS]:
        out.print(f"  {_refusal(group, language)}", markup=False, highlight=False)
    if len(groups) > MOST_REFUSALS:
        more = len(groups) - MOST_REFUSALS
        out.print("  " + say("run.refusals_more", language, count=more, path=report.quarantine_folder))


def _refusal(group: dict[str, Any], language: str) -> str:
    rows = group["row_number"]
    sentence = quarantine_message(
        group["rule"],
        language,
        file=group["file_name"],
        row=rows[0] if rows else None,
        column=group["column_name"],
        detail=group["detail"] or None,
    )
    if len(rows) <= 1:
        return sentence
    shown = ", ".join(str(row) for row in rows[:MOST_ROWS_NAMED])
    dots = ", …" if len(rows) > MOST_ROWS_NAMED else ""
    return f"{sentence} {say('run.rows_alike', language, count=len(rows), rows=shown + dots)}"


def _print_costs(out: Console, report: RunReport, language: str) -> None:
    table = _heading("stages", language, "stage", "seconds", "peak")
    for cost in report.costs:
        table.add_row(
            say(f"stage.{cost.stage}", language),
            _number(cost.seconds, language),
            _number(cost.peak_megabytes, language, digits=0),
        )
    total = sum(cost.seconds for cost in report.costs)
    table.add_section()
    table.add_row(
        say("run.total", language),
        _number(total, language),
        _number(max(cost.peak_megabytes for cost in report.costs), language, digits=0),
    )
    out.print(table)
    out.print(
        say(
            "run.checks",
            language,
            tables=report.check_tables,
            seconds=_number(report.check_seconds, language),
            share=_number(100 * report.check_seconds / total if total else 0, language, digits=0),
        )
    )


def _number(value: float | None, language: str, digits: int = 1, signed: bool = False) -> str:
    if value is None:
        return "–"
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, format=f"+{pattern};-{pattern}" if signed else pattern, locale=language)
