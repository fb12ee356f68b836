"""`kelisim detect`: detectors on any series."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, get_args

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from models.warning.detection import DetectionRequest, Method, detect
from models.warning.detectors.farrington_flexible import ThresholdMethod
from models.warning.detectors.outcome import DetectionError

app = typer.Typer(no_args_is_help=True, help="Detectors.")
BAD_INPUT = 2
MISSING = ["", "NA", "NaN", "null"]


def _fail(error: Exception) -> typer.Exit:
    Console(stderr=True).print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(BAD_INPUT)


def read_series_file(path: Path) -> pl.DataFrame:
    """The rows of a CSV or Parquet file of series.

    Raises:
        ValueError: if the file cannot be read; the message names it.
    """
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False, null_values=MISSING)
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ValueError(f"{path}: not a readable table of series: {error}") from error


@app.callback()
def _group() -> None:
    """Keep `detect` a command with a name of its own."""


@app.command("detect")
def detect_command(  # noqa: PLR0917 (typer: one parameter an option)
    series: Annotated[Path, typer.Argument(help="CSV or Parquet: week, count; series, region_code if wanted.")],
    method: Annotated[str, typer.Option(help=f"One of {', '.join(get_args(Method))}.")] = "temporal_scan",
    frequency: Annotated[int, typer.Option(help="Points in a year: 52 weeks, 12 months.")] = 52,
    range_: Annotated[
        tuple[int, int] | None, typer.Option("--range", help="First and last tested week, counted from 1.")
    ] = None,
    alpha: Annotated[float | None, typer.Option(help="Probability above the bound; 0.01, and 0.001 for EARS.")] = None,
    b: Annotated[int | None, typer.Option("--b", help="Years back; up to 8, and 3 for the Farrington methods.")] = None,
    w: Annotated[int, typer.Option("--w", help="Half width of the window.")] = 3,
    past_weeks_excluded: Annotated[int, typer.Option(help="Latest weeks left out of the baseline.")] = 26,
    no_periods: Annotated[int, typer.Option(help="Seasons of the year.")] = 10,
    weights_threshold: Annotated[float, typer.Option(help="Residual above which a week counts less.")] = 2.58,
    p_threshold_trend: Annotated[float, typer.Option(help="The trend stays below this p value.")] = 1.0,
    threshold_method: Annotated[str, typer.Option(help="nbPlugin, delta or muan.")] = "nbPlugin",
    trend: Annotated[bool, typer.Option("--trend/--no-trend", help="Try a linear trend.")] = True,
    reweight: Annotated[bool, typer.Option("--reweight/--no-reweight", help="Weight past outbreaks down.")] = True,
    limit54: Annotated[
        tuple[int, int] | None,
        typer.Option("--limit54", help="No alarm with fewer cases than this in so many weeks; Farrington: 5 4."),
    ] = None,
    powertrans: Annotated[str, typer.Option(help="2/3, 1/2 or none (delta and classic Farrington).")] = "2/3",
    format_: Annotated[str, typer.Option("--format", help="json, csv or table.")] = "table",
) -> None:
    """Run one detector over the series of a file and answer point by point."""
    try:
        if format_ not in ("json", "csv", "table"):
            raise ValueError(f"format {format_!r}: choose json, csv or table")
        first, last = range_ or (None, None)
        request = DetectionRequest(
            method=_one_of(method, get_args(Method), "method"),
            frequency=frequency,
            first=first,
            last=last,
            alpha=alpha,
            b=b,
            w=w,
            past_weeks_excluded=past_weeks_excluded,
            no_periods=no_periods,
            weights_threshold=weights_threshold,
            p_threshold_trend=p_threshold_trend,
            threshold_method=_one_of(threshold_method, get_args(ThresholdMethod), "threshold method"),
            has_trend=trend,
            is_reweighted=reweight,
            limit_cases=None if limit54 is None else limit54[0],
            limit_weeks=4 if limit54 is None else limit54[1],
            power=powertrans,
        )
        frame = read_series_file(series)
        answers = _detected(series, frame, request)
    except ValueError as error:
        raise _fail(error) from error
    if not {"series", "region_code"} & set(frame.columns):
        answers = answers.drop("series")
    _show(answers, format_)


def _detected(path: Path, frame: pl.DataFrame, request: DetectionRequest) -> pl.DataFrame:
    try:
        return detect(frame, request)
    except DetectionError as error:
        raise ValueError(f"{path}: {error}") from error


def _one_of(value: str, choices: tuple[str, ...], what: str) -> Any:
    if value not in choices:
        raise ValueError(f"{what} {value!r}: choose one of {', '.join(choices)}")
    return value


def _show(answers: pl.DataFrame, form: str) -> None:
    if form == "json":
        typer.echo(json.dumps(answers.to_dicts(), ensure_ascii=False))
    elif form == "csv":
        typer.echo(answers.write_csv(), nl=False)
    else:
        table = Table(*answers.columns)
        for row in answers.iter_rows():
            table.add_row(
                *("" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value) for value in row)
            )
        Console().print(table)
