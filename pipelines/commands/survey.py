"""`kelisim estimate`, `calibrate` and `small-areas`: the survey method on an analyst's own files."""

from __future__ import annotations

import json
import math
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import polars as pl
import typer

from assets.whole_file import whole_file
from models.survey.calibration import CalibrationResult
from models.survey.calibration import calibrate as calibrated
from models.survey.contrasts import contrast as contrasted
from models.survey.design import Calibration, Design, SurveyInputError
from models.survey.estimation import Estimates
from models.survey.estimation import estimate as estimated
from models.survey.small_areas import FayHerriot, fay_herriot
from pipelines.commands.choices import Format, Freedom, Interval, Kind, Likelihood, Lonely, Method
from pipelines.commands.margins_file import read_margins
from pipelines.commands.published import with_suppression
from pipelines.commands.survey_refusals import spoken
from pipelines.commands.tables import read_as_written, read_table, shown_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.survey.margins import Margins

app = typer.Typer(no_args_is_help=True, add_completion=False)

WRONG_INPUT = 2


@contextmanager
def input_errors() -> Iterator[None]:
    """Say what is wrong with the input on stderr and end with exit code 2."""
    try:
        yield
    except SurveyInputError as error:
        typer.echo(spoken("error", str(error)), err=True)
        raise typer.Exit(WRONG_INPUT) from error


def notice(texts: Sequence[str]) -> None:
    """Tell on stderr what was assumed or noticed."""
    for text in texts:
        typer.echo(spoken("note", text), err=True)


Data = Annotated[Path, typer.Argument(help="survey rows: .csv, .parquet or .sav", metavar="DATA")]
Weight = Annotated[str | None, typer.Option(help="column of sampling weights; without it from --fpc, else equal")]
FormatOption = Annotated[Format, typer.Option("--format", help="json or an aligned table")]


@app.command()
def estimate(
    data: Data,
    outcome: Annotated[str, typer.Option(help="column to estimate")],
    *,
    kind: Annotated[Kind, typer.Option(help="what to estimate")] = Kind.mean,
    denominator: Annotated[str | None, typer.Option(help="column under the outcome, for --kind ratio")] = None,
    by: Annotated[list[str] | None, typer.Option(help="column of domains; may be repeated")] = None,
    strata: Annotated[str | None, typer.Option(help="column of first-stage strata")] = None,
    psu: Annotated[list[str] | None, typer.Option(help="column of sampling units, first stage first")] = None,
    weight: Weight = None,
    fpc: Annotated[list[str] | None, typer.Option(help="population sizes or fractions, one column a stage")] = None,
    nest: Annotated[bool, typer.Option("--nest", help="unit codes repeat between strata")] = False,
    ci: Annotated[Interval | None, typer.Option(help="interval; logit for proportions, else wald")] = None,
    df: Annotated[Freedom, typer.Option(help="degrees of freedom")] = Freedom.design,
    lonely: Annotated[Lonely, typer.Option(help="strata with one unit")] = Lonely.fail,
    contrast: Annotated[
        tuple[str, str, str] | None, typer.Option(help="add A - B over a column", metavar="COL A B")
    ] = None,
    margins: Annotated[
        Path | None, typer.Option(help="YAML of margins: calibrate first, and let the errors gain from it")
    ] = None,
    method: Annotated[Method, typer.Option(help="calibration, with --margins")] = Method.raking,
    format_: FormatOption = Format.table,
) -> None:
    """Estimates with design-based errors: one row a domain (and, for text outcomes, a category).

    Rows that the publication rules would suppress keep their numbers here and carry `suppressed: true`.
    """
    with input_errors():
        frame = read_table(data)
        classes = _classes(by, contrast, frame)
        design = Design(weight, strata, tuple(psu or ()), tuple(fpc or ()), nest, lonely.value)
        if margins is not None:
            frame, design = _calibrated_design(frame, design, read_margins(margins), method)
        found = estimated(
            frame,
            design,
            outcome,
            kind.value,
            denominator=denominator,
            by=classes,
            ci=ci.value if ci else None,
            df=df.value,
        )
        notice(found.notices)
        rows = _rows(found, outcome)
        if contrast is not None:
            rows += _contrast_rows(found, contrast, classes, [bool(row["suppressed"]) for row in rows])
        _answer(rows, format_)


def _classes(by: list[str] | None, contrast: tuple[str, str, str] | None, frame: pl.DataFrame) -> list[str]:
    """The `--by` columns, also written with commas, and the column of the contrast."""
    names: list[str] = []
    for given in by or []:
        names += [given] if given in frame.columns else [part.strip() for part in given.split(",")]
    if contrast is not None and contrast[0] not in names:
        names.append(contrast[0])
    return list(dict.fromkeys(names))


def _calibrated_design(
    frame: pl.DataFrame, design: Design, margins: Margins, method: Method
) -> tuple[pl.DataFrame, Design]:
    from dataclasses import replace

    from models.survey.sampling import lay_out

    start = lay_out(frame, design).weights
    frame = frame.with_columns(design_weight_=pl.Series(start))
    result = calibrated(frame, margins, method.value, weight="design_weight_")
    notice(result.notices)
    frame = frame.with_columns(calibrated_weight_=pl.Series(result.weights))
    amounts = tuple(key for key, given in margins.items() if isinstance(key, str) and isinstance(given, float))
    joint = tuple(
        (key,) if isinstance(key, str) else tuple(key) for key, given in margins.items() if not isinstance(given, float)
    )
    amounts = tuple(name for name in amounts if name in frame.columns)
    calibration = Calibration("design_weight_", amounts, joint)
    return frame, replace(design, weight="calibrated_weight_", calibration=calibration)


def _rows(found: Estimates, outcome: str) -> list[dict[str, Any]]:
    table = with_suppression(found)
    rows = table.rows(named=True)
    if "level" in found.keys:
        for row in rows:
            row.setdefault(outcome, row["level"])
    return rows


def _contrast_rows(
    found: Estimates, contrast: tuple[str, str, str], by: Sequence[str], suppressed: Sequence[bool]
) -> list[dict[str, Any]]:
    """Differences between two values of a column, one for each combination of the other key columns."""
    column, first, second = contrast
    text = found.frame.with_row_index("_row").with_columns(pl.col(column).cast(pl.String).alias("_value"))
    for value in (first, second):
        if value not in text["_value"].to_list():
            known = ", ".join(sorted({str(seen) for seen in text["_value"].to_list()})[:20])
            raise SurveyInputError(f"--contrast: {column} has no value {value!r}; it has {known}")
    others = [name for name in found.keys if name != column]
    rows: list[dict[str, Any]] = []
    left, right = text.filter(pl.col("_value") == first), text.filter(pl.col("_value") == second)
    pairs = left.join(right, on=others, suffix="_b") if others else left.join(right, how="cross", suffix="_b")
    for pair in pairs.sort("_row").rows(named=True):
        result = contrasted(found, {int(pair["_row"]): 1.0, int(pair["_row_b"]): -1.0})
        label = f"{first} - {second}"
        row: dict[str, Any] = {name: pair[name] for name in others if name in by or name == "level"}
        row |= {
            column: label,
            "contrast": label,
            "estimate": result["difference"],
            "difference": result["difference"],
        }
        row |= {"se": result["se"], "ci_low": result["ci_low"], "ci_high": result["ci_high"]}
        row |= {
            "n": pair["n"] + pair["n_b"],
            "n_eff": None,
            "deff": None,
            "df": result["df"],
            "t": result["t"],
        }
        row |= {
            "p_value": result["p_value"],
            "suppressed": suppressed[pair["_row"]] or suppressed[pair["_row_b"]],
        }
        rows.append(row)
    return rows


@app.command()
def calibrate(
    data: Data,
    *,
    margins: Annotated[Path, typer.Option(help="YAML: column -> category -> population total")],
    output: Annotated[Path, typer.Option("-o", "--output", help="CSV to write, with `calibrated_weight`")],
    method: Annotated[Method, typer.Option(help="distance")] = Method.raking,
    bounds: Annotated[
        tuple[float, float] | None,
        typer.Option(help="lowest and highest g, for logit and truncated", metavar="LO HI"),
    ] = None,
    weight: Weight = None,
    format_: FormatOption = Format.table,
) -> None:
    """Calibrate weights to population margins; the diagnostics go to stdout."""
    with input_errors():
        frame = read_table(data)
        if weight is None:
            notice(["no weight column given: all rows start equal"])
        result = calibrated(frame, read_margins(margins), method.value, bounds=bounds, weight=weight)
        notice(result.notices)
        written = read_as_written(data).with_columns(calibrated_weight=pl.Series(result.weights))
        try:
            with whole_file(output) as beside:
                written.write_csv(beside, null_value="NA")
        except OSError as error:
            raise SurveyInputError(f"{output} cannot be written: {error.strerror or error}") from error
        _diagnose(result, format_)


def _diagnose(result: CalibrationResult, format_: Format) -> None:
    positive = result.g_weights[result.weights != 0]
    summary: dict[str, Any] = {
        "iterations": result.iterations,
        "sum_of_weights": float(result.weights.sum()),
        "weight_min": float(result.weights.min()),
        "weight_max": float(result.weights.max()),
        "g_min": float(positive.min()),
        "g_max": float(positive.max()),
        "kish_deff_before": result.kish_deff_before,
        "kish_deff_after": result.kish_deff_after,
    }
    if format_ is Format.json:
        typer.echo(_as_json({**summary, "margins": result.diagnostics.rows(named=True)}))
        return
    typer.echo(shown_table(result.diagnostics))
    typer.echo("")
    for name, value in summary.items():
        typer.echo(f"{name:<18}{value:.8g}")


@app.command("small-areas")
def small_areas(
    arguments: Annotated[list[str], typer.Argument(help="the table of areas: .csv or .parquet", metavar="ESTIMATES")],
    *,
    estimate: Annotated[str, typer.Option(help="column of direct estimates; missing ones are predicted")],
    variance: Annotated[str, typer.Option(help="column of their sampling variances")],
    covariates: Annotated[
        list[str] | None,
        typer.Option(help="columns; several after one another or repeated; text or factor(COL) counts as categories"),
    ] = None,
    method: Annotated[Likelihood, typer.Option(help="likelihood")] = Likelihood.REML,
    format_: FormatOption = Format.table,
) -> None:
    """Fay-Herriot predictions (EBLUP) with their mean squared errors."""
    with input_errors():
        path, names = _table_and_covariates(arguments, covariates or [])
        frame = read_table(path)
        columns, labels = _covariates(frame, names)
        numeric = [_number_column(frame, name) for name in (estimate, variance)]
        fit = fay_herriot(numeric[0], numeric[1], columns if labels else None, method.value)
        areas = frame.with_columns(eblup=pl.Series(fit.eblup), mse=pl.Series(fit.mse), gamma=pl.Series(fit.gamma))
        _show_fit(fit, ["(intercept)", *labels], areas, format_)


def _table_and_covariates(arguments: list[str], options: list[str]) -> tuple[Path, list[str]]:
    """Which argument is the table; the others follow `--covariates A B C` and are covariates too."""
    found = next((text for text in arguments if Path(text).is_file()), arguments[0])
    rest = list(arguments)
    rest.remove(found)
    return Path(found), [*options, *rest]


def _number_column(frame: pl.DataFrame, name: str) -> np.ndarray:
    from models.survey.columns import numbers

    return numbers(frame, name, "estimates")


def _covariates(frame: pl.DataFrame, names: list[str]) -> tuple[np.ndarray, list[str]]:
    """Columns of the model; categories become indicators of all but their first value."""
    from models.survey.columns import codes, require_columns

    columns: list[np.ndarray] = []
    labels: list[str] = []
    for given in names:
        wrapped = re.fullmatch(r"(?:factor|C)\((.+)\)", given)
        name = wrapped.group(1) if wrapped and given not in frame.columns else given
        require_columns(frame, [name])
        if wrapped is None and frame[name].dtype.is_numeric():
            columns.append(_number_column(frame, name))
            labels.append(name)
            continue
        code, values = codes(frame[name])
        if (code < 0).any():
            raise SurveyInputError(f"covariate {name} is missing in {int((code < 0).sum())} area(s)")
        for position, value in enumerate(values.to_list()[1:], start=1):
            columns.append((code == position).astype(np.float64))
            labels.append(f"{name}={value}")
    return (np.column_stack(columns) if columns else np.empty((frame.height, 0))), labels


def _show_fit(fit: FayHerriot, labels: list[str], areas: pl.DataFrame, format_: Format) -> None:
    errors = np.sqrt(np.diag(fit.beta_covariance))
    if format_ is Format.json:
        answer = {
            "method": fit.method,
            "beta_names": labels,
            "beta": fit.beta.tolist(),
            "beta_se": errors.tolist(),
            "sigma2_v": fit.sigma2_v,
            "loglik": fit.loglik,
            "iterations": fit.iterations,
            "eblup": fit.eblup.tolist(),
            "mse": fit.mse.tolist(),
            "gamma": fit.gamma.tolist(),
            "areas": areas.rows(named=True),
        }
        typer.echo(_as_json(answer))
        return
    coefficients = pl.DataFrame({"coefficient": labels, "estimate": fit.beta, "se": errors})
    typer.echo(shown_table(coefficients))
    typer.echo(f"\nvariance between areas {fit.sigma2_v:.6g}, {fit.method} log-likelihood {fit.loglik:.6g}\n")
    typer.echo(shown_table(areas))


def _answer(rows: list[dict[str, Any]], format_: Format) -> None:
    if format_ is Format.json:
        typer.echo(_as_json(rows))
    else:
        typer.echo(shown_table(pl.DataFrame(rows, infer_schema_length=None)))


def _as_json(value: Any) -> str:
    """JSON with null for what is not known; infinite degrees of freedom are the text `inf`."""
    return json.dumps(_plain(value), ensure_ascii=False, indent=2, default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


if __name__ == "__main__":
    app()
