"""`kelisim detect` and `kelisim alerts`: detectors on any series, and a look into the ledger."""

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
from pipelines.resources.ledger import Ledger
from pipelines.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Detectors and alert candidates.")
alerts = typer.Typer(no_args_is_help=True, help="Alert candidates in the ledger.")
app.add_typer(alerts, name="alerts")
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


@app.command("detect")
def detect_command(  # noqa: PLR0917 (typer: one parameter an option)
    series: Annotated[Path, typer.Argument(help="CSV or Parquet with columns week, count and optionally series.")],
    method: Annotated[str, typer.Option(help=f"One of {', '.join(get_args(Method))}.")] = "farrington_flexible",
    frequency: Annotated[int, typer.Option(help="Points in a year: 52 weeks, 12 months.")] = 52,
    range_: Annotated[
        tuple[int, int] | None, typer.Option("--range", help="First and last tested week, counted from 1.")
    ] = None,
    alpha: Annotated[float | None, typer.Option(help="Probability above the bound; 0.01, and 0.001 for EARS.")] = None,
    b: Annotated[int, typer.Option("--b", help="Years back.")] = 3,
    w: Annotated[int, typer.Option("--w", help="Half width of the window.")] = 3,
    past_weeks_excluded: Annotated[int, typer.Option(help="Latest weeks left out of the baseline.")] = 26,
    no_periods: Annotated[int, typer.Option(help="Seasons of the year.")] = 10,
    weights_threshold: Annotated[float, typer.Option(help="Residual above which a week counts less.")] = 2.58,
    p_threshold_trend: Annotated[float, typer.Option(help="The trend stays below this p value.")] = 1.0,
    threshold_method: Annotated[str, typer.Option(help="nbPlugin, delta or muan.")] = "nbPlugin",
    trend: Annotated[bool, typer.Option("--trend/--no-trend", help="Try a linear trend.")] = True,
    reweight: Annotated[bool, typer.Option("--reweight/--no-reweight", help="Weight past outbreaks down.")] = True,
    limit54: Annotated[
        tuple[int, int],
        typer.Option("--limit54", help="No alarm with fewer cases than this in so many weeks."),
    ] = (5, 4),
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
            limit_cases=limit54[0],
            limit_weeks=limit54[1],
            power=powertrans,
        )
        frame = read_series_file(series)
        answers = detect(frame, request)
    except ValueError as error:
        raise _fail(error) from error
    if "series" not in frame.columns:
        answers = answers.drop("series")
    _show(answers, format_)


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


def _open_ledger(home: Path | None) -> Ledger:
    settings = Settings() if home is None else Settings(home=home)
    if settings.ledger_url is not None:
        return Ledger(settings.ledger_url.get_secret_value())
    path = settings.root / "ledger.sqlite"
    if not path.exists():
        raise ValueError(f"{path}: no ledger there yet; run `kelisim run` first or give --home")
    return Ledger(f"sqlite:///{path}")


HomeOption = Annotated[Path | None, typer.Option("--home", help="Folder of the ledger; by default KELISIM_HOME.")]


@alerts.command("list")
def list_command(
    home: HomeOption = None,
    status: Annotated[str | None, typer.Option(help="Only candidates of this status.")] = None,
    format_: Annotated[str, typer.Option("--format", help="json or table.")] = "table",
) -> None:
    """List alert candidates, newest week first."""
    try:
        ledger = _open_ledger(home)
        rows = ledger.candidates(status)
    except ValueError as error:
        raise _fail(error) from error
    ledger.close()
    if format_ == "json":
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("candidate", "week", "region", "groups", "kind", "severity", "to", "status")
    for row in rows:
        table.add_row(
            row["candidate_id"],
            row["week_date"],
            row["region_code"],
            ", ".join(row["group_codes"]),
            row["case_kind"],
            str(row["severity"]),
            row["primary_body"],
            row["status"],
        )
    Console().print(table)


@alerts.command("show")
def show_command(
    candidate_id: Annotated[str, typer.Argument(help="Id as `alerts list` prints it.")],
    home: HomeOption = None,
    language: Annotated[str, typer.Option("--lang", help="kk, ru or en.")] = "ru",
    format_: Annotated[str, typer.Option("--format", help="json or text.")] = "text",
) -> None:
    """Show one candidate with its explanation, examples and events."""
    try:
        _one_of(language, ("kk", "ru", "en"), "language")
        ledger = _open_ledger(home)
        row = ledger.candidate(candidate_id)
    except ValueError as error:
        raise _fail(error) from error
    ledger.close()
    if format_ == "json":
        typer.echo(json.dumps(row, ensure_ascii=False))
        return
    lines = [
        f"{row['candidate_id']}  {row['status']}  {row['week_date']}  {row['region_code']}",
        row[f"explanation_{language}"],
        *(f"- {text}" for text in row["example_texts"]),
        f"-> {row['primary_body']} ({', '.join(row['supporting_bodies'])})",
        *(f"{event['recorded_at']}  {event['kind']}  {event['actor']}" for event in row["events"]),
    ]
    typer.echo("\n".join(lines))
