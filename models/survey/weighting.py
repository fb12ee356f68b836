"""Weights of a wave: design weights raked to the adult population, and what that did to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from data_contracts.population_margins import population_margins
from models.survey import margins as calibration_margins
from models.survey.calibration import calibrate
from models.survey.design import SurveyInputError

Category = tuple[str, ...]
Margins = Mapping[Category, Mapping[Category, float]]

SMALLEST_CELL = 10
"""Respondents below which a category is merged before raking: fewer would get wild weights."""

MARGIN_COLUMNS = {
    "margin_group": ("group_code",),
    "margin_place": ("region_code", "settlement_code"),
    "margin_sex_age": ("sex_code", "age_group_code"),
}
AGE_NEIGHBOUR = {"18-29": "30-44", "30-44": "45-59", "45-59": "30-44", "60+": "45-59"}


@dataclass(frozen=True)
class CalibrationCells:
    """A wave's respondents sorted into the categories they are raked to.

    Attributes:
        frame: wave_id, respondent_id and one text column per margin (`MARGIN_COLUMNS`).
        totals: margin column -> category -> adults.
        merged: margin column -> category that was too small -> category it went into.
        uncovered: categories of the population without respondents and without a neighbour to stand for
            them; the weights speak for the rest.
    """

    frame: pl.DataFrame
    totals: dict[str, dict[str, float]]
    merged: dict[str, dict[str, str]] = field(default_factory=dict)
    uncovered: tuple[str, ...] = ()


def calibration_cells(
    wave: pl.DataFrame, margins: Margins | None = None, smallest: int = SMALLEST_CELL
) -> CalibrationCells:
    """Categories of one wave and their population totals, small ones merged.

    A small ethnic group joins `other`; a small urban or rural part joins the other part of its region; a
    small sex-age cell the neighbouring age of the same sex. A region without respondents is taken out of the
    population and the other margins are scaled down to what remains.

    Args:
        wave: `core_survey__respondents` of one wave.
        margins: population totals by variables, as `PopulationMargins.totals()` gives; packaged ones when
            None.
        smallest: respondents a category needs.

    Raises:
        SurveyInputError: if the wave is empty, or respondents fall into a category with no population.
    """
    if wave.is_empty():
        raise SurveyInputError("a wave without respondents cannot be weighted: see its quarantine for the reasons")
    population = margins or population_margins().totals()
    frame = wave.select("wave_id", "respondent_id")
    totals: dict[str, dict[str, float]] = {}
    merged: dict[str, dict[str, str]] = {}
    uncovered: list[str] = []
    for column, variables in MARGIN_COLUMNS.items():
        known = {"/".join(category): total for category, total in population[variables].items()}
        cell = wave.select(pl.concat_str(variables, separator="/").alias(column)).to_series()
        counts = _counts(cell, known, f"wave {wave.item(0, 'wave_id')}")
        target = _merges(column, counts, known, smallest)
        merged[column] = {category: into for category, into in target.items() if into != category}
        pooled: dict[str, float] = {}
        for category, total in known.items():
            pooled[target[category]] = pooled.get(target[category], 0.0) + total
        present = {target[category] for category in counts}
        uncovered += [category for category in pooled if category not in present]
        totals[column] = {category: total for category, total in pooled.items() if category in present}
        frame = frame.with_columns(cell.replace(target))
    covered = sum(totals["margin_place"].values())
    scaled = {
        column: {category: total * covered / sum(cells.values()) for category, total in cells.items()}
        for column, cells in totals.items()
    }
    return CalibrationCells(frame, scaled, merged, tuple(uncovered))


def _counts(cell: pl.Series, known: Mapping[str, float], wave: str) -> dict[str, int]:
    counts: dict[str, int] = dict(zip(*cell.value_counts().get_columns(), strict=True))
    stray = sorted(set(counts) - set(known))
    if stray:
        raise SurveyInputError(
            f"{wave}: {sum(counts[name] for name in stray)} respondents have no population: "
            f"{', '.join(stray)}; correct the data or population_margins.yml"
        )
    return counts


def _merges(column: str, counts: dict[str, int], known: Mapping[str, float], smallest: int) -> dict[str, str]:
    """Category -> category it is raked in; small ones are moved, smallest first, while they can."""
    target = {category: category for category in known}
    size = {category: counts.get(category, 0) for category in known}
    while True:
        small = sorted((size[c], c) for c in size if size[c] < smallest)
        moves = [(c, _neighbour(column, c, size)) for _, c in small]
        open_moves = [(c, into) for c, into in moves if into is not None]
        if not open_moves:
            return target
        category, into = open_moves[0]
        size[into] += size.pop(category)
        target = {c: into if t == category else t for c, t in target.items()}


def _neighbour(column: str, category: str, size: dict[str, int]) -> str | None:
    """Where a small category may go, among the categories still there; None when it must stay."""
    others = [other for other in size if other != category]
    if column == "margin_group":
        if "other" in others:
            return "other"
        return min(others, key=lambda other: (size[other], other), default=None)
    first, second = category.split("/")
    same = [other for other in others if other.startswith(f"{first}/")]
    if column == "margin_place":
        return same[0] if same else None
    nearest = f"{first}/{AGE_NEIGHBOUR[second]}"
    return nearest if nearest in same else min(same, key=lambda other: (size[other], other), default=None)


def weights(respondents: pl.DataFrame, margins: Margins | None = None) -> pl.DataFrame:
    """Rake every wave's design weights to ethnic group, region x settlement and sex x age of the adults.

    Design weights are first scaled to the population, so that `g_weight` (what raking multiplied them by) is
    about 1 whatever their unit.

    Args:
        respondents: `core_survey__respondents` of any number of waves.
        margins: population totals by variables; packaged ones when None.

    Returns:
        `core_survey__weights`; calibrated weights of a wave add up to the adults it covers.

    Raises:
        SurveyInputError: if a wave is empty or raking does not converge; the message names the margin.
    """
    if respondents.is_empty():
        raise SurveyInputError("no respondents to weight: every row was quarantined or the wave is empty")
    waves = respondents.partition_by("wave_id", maintain_order=True)
    return pl.concat([_wave_weights(wave, margins) for wave in waves])


def _wave_weights(wave: pl.DataFrame, margins: Margins | None) -> pl.DataFrame:
    cells = calibration_cells(wave, margins)
    scale = sum(cells.totals["margin_place"].values()) / float(wave.get_column("design_weight").sum())
    start = wave.select("wave_id", "respondent_id", "design_weight").with_columns(
        scaled_weight=pl.col("design_weight") * scale
    )
    frame = start.with_columns(cells.frame.select(*MARGIN_COLUMNS))
    wanted: calibration_margins.Margins = dict(cells.totals.items())
    try:
        result = calibrate(frame, wanted, method="raking", weight="scaled_weight")
    except SurveyInputError as error:
        raise SurveyInputError(f"wave {wave.item(0, 'wave_id')}: {error}") from error
    return start.select(
        "wave_id",
        "respondent_id",
        "design_weight",
        pl.Series("calibrated_weight", result.weights),
        pl.Series("g_weight", result.g_weights),
    )


def kish_deff(weight: str) -> pl.Expr:
    """Kish's design effect of unequal weights, 1 + squared coefficient of variation."""
    w = pl.col(weight)
    return pl.len() * (w**2).sum() / w.sum() ** 2


def weight_diagnostics(
    respondents: pl.DataFrame, weighted: pl.DataFrame, margins: Margins | None = None
) -> pl.DataFrame:
    """What calibration did, wave by wave, in the long form of `out_survey__wave_quality`.

    Measures: `kish_deff_design`, `kish_deff_calibrated`, `g_weight_min`, `g_weight_max`, `g_weight_p01`,
    `g_weight_p99`; per category of each margin `margin_gap_before_pp` and `margin_gap_after_pp` (weighted
    sample share minus population share, percentage points); `margin_merged` and `margin_uncovered` (1 for
    each).

    Args:
        respondents: `core_survey__respondents`.
        weighted: `core_survey__weights` of the same waves.
        margins: as given to `weights`.

    Returns:
        wave_id, year, measure, domain_value, value, n_count.
    """
    parts = [
        _wave_diagnostics(wave, weighted, margins) for wave in respondents.partition_by("wave_id", maintain_order=True)
    ]
    return pl.concat(parts)


def _wave_diagnostics(wave: pl.DataFrame, weighted: pl.DataFrame, margins: Margins | None) -> pl.DataFrame:
    cells = calibration_cells(wave, margins)
    keys = ["wave_id", "respondent_id"]
    frame = cells.frame.join(weighted, on=keys, how="inner")
    g = pl.col("g_weight")
    summary = frame.select(
        kish_deff_design=kish_deff("design_weight"),
        kish_deff_calibrated=kish_deff("calibrated_weight"),
        g_weight_min=g.min(),
        g_weight_p01=g.quantile(0.01),
        g_weight_p99=g.quantile(0.99),
        g_weight_max=g.max(),
    )
    rows: list[tuple[str, str, float, int | None]] = [
        (measure, "all", value, frame.height) for measure, value in summary.row(0, named=True).items()
    ]
    for column, totals in cells.totals.items():
        population = sum(totals.values())
        shares = frame.group_by(column).agg(
            before=pl.col("design_weight").sum(), after=pl.col("calibrated_weight").sum(), n=pl.len()
        )
        sums = shares.select("before", "after").sum().row(0)
        found = {row[0]: row[1:] for row in shares.iter_rows()}
        for category, total in totals.items():
            before, after, n = found[category]
            name = f"{column.removeprefix('margin_')}:{category}"
            share = total / population
            rows.append(("margin_gap_before_pp", name, 100 * (before / sums[0] - share), n))
            rows.append(("margin_gap_after_pp", name, 100 * (after / sums[1] - share), n))
        for category, into in cells.merged[column].items():
            rows.append(("margin_merged", f"{column.removeprefix('margin_')}:{category}>{into}", 1.0, None))
    rows += [("margin_uncovered", category, 1.0, 0) for category in cells.uncovered]
    return pl.DataFrame(
        [(wave.item(0, "wave_id"), wave.item(0, "year"), *row) for row in rows],
        schema={
            "wave_id": pl.String(),
            "year": pl.Int64(),
            "measure": pl.String(),
            "domain_value": pl.String(),
            "value": pl.Float64(),
            "n_count": pl.Int64(),
        },
        orient="row",
    )
