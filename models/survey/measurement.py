"""Whether the items of an indicator measure one thing, and the same thing in Kazakh and in Russian, wave by wave."""

from __future__ import annotations

import polars as pl

from data_contracts.indicator_registry import Indicator, Registry
from models.survey.design import SurveyInputError
from models.survey.indicators import KEYS, item_scores
from models.survey.invariance import Invariance, invariance
from models.survey.reliability import Reliability, reliability

RELIABILITY_SCHEMA = pl.Schema(
    {
        "quarter": pl.String(),
        "wave_id": pl.String(),
        "year": pl.Int64(),
        "indicator_id": pl.String(),
        "indicator_version": pl.String(),
        "measure": pl.String(),
        "part": pl.String(),
        "value": pl.Float64(),
        "n_count": pl.Int64(),
        "note": pl.String(),
    }
)
LEVELS = {"none": 0.0, "configural": 1.0, "metric": 2.0, "scalar": 3.0}
Rows = list[tuple[str, str, float | None, int | None, str | None]]


def reliabilities(
    respondents: pl.DataFrame, answers: pl.DataFrame, weights: pl.DataFrame, registry: Registry, quarter: str
) -> pl.DataFrame:
    """Alpha, alpha without each item, omega and loadings, and how far kk and ru questionnaires agree.

    Reliability is weighted, from pairwise complete answers keyed towards the positive end. Invariance is an
    unweighted screening on complete answers (`invariance`).

    Args:
        respondents: `core_survey__respondents` of all waves.
        answers: `core_survey__answers` of these waves.
        weights: `core_survey__weights` of these waves.
        registry: items of the indicators.
        quarter: written into every row.

    Returns:
        `out_survey__reliability`, long form. `measure` is alpha, alpha_standardised, omega (part `all`),
        alpha_if_dropped, loading (part: the item), cfi, rmsea, chi_square, chi_square_df (part: configural,
        metric, scalar), invariance_level (0 none, 1 configural, 2 metric, 3 scalar; the word in `note`) and
        mean_difference (ru less kk on the factor, in standard deviations, only under scalar invariance).
        Where something cannot be computed the value is null and `note` is the reason.
    """
    people = respondents.select(*KEYS, "year", "language").join(weights.select(*KEYS, "calibrated_weight"), on=KEYS)
    parts = []
    for wave in people.partition_by("wave_id", maintain_order=True):
        wave_id = wave.item(0, "wave_id")
        own = answers.filter(pl.col("wave_id") == wave_id)
        for name, indicator in registry.current().items():
            rows = _rows(_positions(wave, own, indicator, registry))
            table = pl.DataFrame(
                rows, schema=["measure", "part", "value", "n_count", "note"], orient="row", infer_schema_length=None
            )
            parts.append(
                table.with_columns(
                    quarter=pl.lit(quarter),
                    wave_id=pl.lit(wave_id),
                    year=pl.lit(wave.item(0, "year")),
                    indicator_id=pl.lit(name),
                    indicator_version=pl.lit(indicator.version),
                )
                .select(list(RELIABILITY_SCHEMA))
                .cast({**RELIABILITY_SCHEMA})
            )
    return pl.concat(parts) if parts else pl.DataFrame(schema=RELIABILITY_SCHEMA)


def _positions(wave: pl.DataFrame, answers: pl.DataFrame, indicator: Indicator, registry: Registry) -> pl.DataFrame:
    """Respondents with a column per item: the answer's position 0..1, null where it is not valid."""
    scored = item_scores(answers, indicator, registry).filter("is_valid")
    items = [entry.item_id for entry in indicator.items]
    wide = scored.pivot(on="item_id", on_columns=items, index=list(KEYS), values="position")
    return wave.join(wide, on=KEYS, how="left").select("language", "calibrated_weight", *items)


def _rows(people: pl.DataFrame) -> Rows:
    items = people.drop("language", "calibrated_weight")
    rows: Rows = []
    try:
        rows += _reliability_rows(reliability(items, people.get_column("calibrated_weight")))
    except SurveyInputError as error:
        rows.append(("alpha", "all", None, None, str(error)))
    try:
        complete = items.drop_nulls().height
        rows += _invariance_rows(invariance(items, people.get_column("language")), complete)
    except SurveyInputError as error:
        rows.append(("invariance_level", "all", None, None, str(error)))
    return rows


def _reliability_rows(found: Reliability) -> Rows:
    rows: Rows = [
        ("alpha", "all", found.alpha, found.n, None),
        ("alpha_standardised", "all", found.standardised_alpha, found.n, None),
    ]
    if found.omega is not None:
        rows.append(("omega", "all", found.omega, found.n, None))
    for measure, values in (("alpha_if_dropped", found.alpha_if_dropped), ("loading", found.loadings)):
        rows += [(measure, item, value, found.n, None) for item, value in (values or {}).items()]
    return rows


def _invariance_rows(found: Invariance, complete: int) -> Rows:
    rows: Rows = [("invariance_level", "all", LEVELS[found.level], complete, found.level)]
    fits = {"configural": found.configural, "metric": found.metric, "scalar": found.scalar}
    for part, fit in fits.items():
        numbers = {"cfi": fit.cfi, "rmsea": fit.rmsea, "chi_square": fit.chi_square, "chi_square_df": float(fit.df)}
        rows += [(measure, part, value, complete, None) for measure, value in numbers.items()]
    if found.level == "scalar":
        rows.append(("mean_difference", "scalar", found.mean_difference, complete, None))
    return rows
