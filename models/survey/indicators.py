"""The three indicators: from answers to one score per respondent, and from scores to published estimates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import polars as pl

from data_contracts.indicator_registry import Indicator, Registry, ScoreRule
from models.survey.comparability import observed_comparability
from models.survey.design import Calibration, Design, SurveyInputError
from models.survey.estimation import Estimates, estimate
from models.survey.publication import PublicationRules, suppression
from models.survey.weighting import MARGIN_COLUMNS, Margins, calibration_cells

DOMAINS: Mapping[str, tuple[str, ...]] = {
    "country": (),
    "region": ("region_code",),
    "group": ("group_code",),
    "region_group": ("region_code", "group_code"),
    "settlement": ("settlement_code",),
    "age_group": ("age_group_code",),
    "language": ("language",),
}
ESTIMATE_SCHEMA = pl.Schema(
    {
        "quarter": pl.String(),
        "indicator_id": pl.String(),
        "indicator_version": pl.String(),
        "year": pl.Int64(),
        "wave_id": pl.String(),
        "domain": pl.String(),
        "region_code": pl.String(),
        "group_code": pl.String(),
        "domain_value": pl.String(),
        "estimate_pct": pl.Float64(),
        "se_pct": pl.Float64(),
        "ci_low_pct": pl.Float64(),
        "ci_high_pct": pl.Float64(),
        "n_count": pl.Int64(),
        "n_eff": pl.Float64(),
        "deff": pl.Float64(),
        "df": pl.Float64(),
        "cv": pl.Float64(),
        "is_suppressed": pl.Boolean(),
        "suppression_rule": pl.String(),
        "reliability_flag": pl.String(),
        "comparability": pl.String(),
    }
)
PERCENT = {"estimate": "estimate_pct", "se": "se_pct", "ci_low": "ci_low_pct", "ci_high": "ci_high_pct"}
KEYS = ("wave_id", "respondent_id")


def respondent_scores(
    answers: pl.DataFrame,
    respondents: pl.DataFrame,
    registry: Registry,
    rules: Mapping[str, ScoreRule] | None = None,
) -> pl.DataFrame:
    """One score per respondent and indicator.

    Args:
        answers: `core_survey__answers`.
        respondents: `core_survey__respondents`; its rows and their order are kept.
        registry: items, scales and rules; the version of each indicator in force is used.
        rules: indicator_id -> another rule than the registry's (for `sensitivity`).

    Returns:
        wave_id, respondent_id, and per indicator `<indicator_id>` (the rule's score, 0..1; 0 or 1 under
        `share_positive`) and `<indicator_id>_composite` (mean of the answers rescaled to 0..100). Null where
        the respondent gave fewer valid answers than the rule's `minimum_valid`.

    Raises:
        SurveyInputError: if a respondent answered one item twice.
    """
    people = respondents.select(KEYS)
    for indicator in registry.current().values():
        rule = (rules or {}).get(indicator.indicator_id, indicator.rule)
        scored = rule_scores(item_scores(answers, indicator, registry), rule).rename(
            {"score": indicator.indicator_id, "composite": f"{indicator.indicator_id}_composite"}
        )
        people = people.join(scored, on=KEYS, how="left", maintain_order="left")
    if people.height != respondents.height:
        raise SurveyInputError("a respondent stands twice in the answers: wave_id and respondent_id must be unique")
    return people


def rule_scores(items: pl.DataFrame, rule: ScoreRule) -> pl.DataFrame:
    """The score that a rule gives every respondent, from `item_scores`.

    Returns:
        wave_id, respondent_id, `score` (0..1) and `composite` (0..100), both null below `minimum_valid`.
    """
    counted = pl.col("is_valid")
    if rule.dont_know == "not_positive":
        counted = counted | (pl.col("answer_status") == "dont_know")
    w = pl.col("item_weight") * counted
    sums = items.group_by(KEYS).agg(
        valid=counted.sum(),
        positive=(w * pl.col("positive").fill_null(0)).sum() / w.sum(),
        composite=(w * pl.col("position").fill_null(0)).sum() / w.sum(),
    )
    enough = pl.col("valid") >= rule.minimum_valid
    if rule.kind == "share_positive":
        # Shares are sums of weights over weights: 3 of 5 must not fail for want of the last binary digit.
        score = (pl.col("positive") >= (rule.positive_share_at_least or 0.0) - 1e-9).cast(pl.Float64)
    else:
        score = pl.col("positive" if rule.kind == "mean_item_share" else "composite")
    return sums.select(
        *KEYS,
        pl.when(enough).then(score).alias("score"),
        pl.when(enough).then(100 * pl.col("composite")).alias("composite"),
    )


def item_scores(answers: pl.DataFrame, indicator: Indicator, registry: Registry) -> pl.DataFrame:
    """Every answer to the indicator's items, scored.

    Args:
        answers: `core_survey__answers`.
        indicator: whose items are kept.
        registry: scales and positive codes of the items.

    Returns:
        The answers with `is_valid` (a code of the registry's scale), `positive` (0 or 1), `position` (0..1,
        1 the most positive end of the scale) and `item_weight`.
    """
    table = []
    for entry in indicator.items:
        item = registry.item(entry.item_id)
        codes = item.scale.code_values
        low, span = min(codes), max(codes) - min(codes)
        for code in codes:
            position = (code - low) / span
            position = 1 - position if item.reversed else position
            table.append((entry.item_id, code, float(code in item.positive_codes), position))
    schema = {
        "item_id": pl.String(),
        "answer_code": pl.Int64(),
        "positive": pl.Float64(),
        "position": pl.Float64(),
    }
    values = pl.DataFrame(table, schema=schema, orient="row")
    item_weights = {entry.item_id: entry.weight for entry in indicator.items}
    own = answers.filter(pl.col("item_id").is_in(list(item_weights)))
    return own.join(values, on=["item_id", "answer_code"], how="left").with_columns(
        is_valid=(pl.col("answer_status") == "valid") & pl.col("positive").is_not_null(),
        item_weight=pl.col("item_id").replace_strict(item_weights, return_dtype=pl.Float64()),
    )


def scored_sample(
    respondents: pl.DataFrame,
    answers: pl.DataFrame,
    weights: pl.DataFrame,
    registry: Registry,
    *,
    margins: Margins | None = None,
    rules: Mapping[str, ScoreRule] | None = None,
) -> pl.DataFrame:
    """Respondents with scores, weights and the categories their weights were raked to.

    Where one year has several waves only its last (latest interview, then wave_id) is kept: it is the year's
    wave.

    Args:
        respondents: `core_survey__respondents`.
        answers: `core_survey__answers`.
        weights: `core_survey__weights`.
        registry: items and indicators.
        margins: as given to `weighting.weights`.
        rules: as in `respondent_scores`.

    Returns:
        The respondents' columns, calibrated_weight, g_weight, the columns of `respondent_scores` and the
        margin columns; the empty frame as it came where there are no respondents.

    Raises:
        SurveyInputError: if respondents have no weight.
    """
    if respondents.is_empty():
        return respondents
    people = respondents.filter(pl.col("wave_id").is_in(list(_wave_of_year(respondents).values())))
    cells = [calibration_cells(wave, margins).frame for wave in people.partition_by("wave_id", maintain_order=True)]
    own = weights.select(*KEYS, "calibrated_weight", "g_weight")
    sample = (
        people.join(own, on=KEYS, how="left", maintain_order="left")
        .join(respondent_scores(answers, people, registry, rules), on=KEYS, how="left", maintain_order="left")
        .join(pl.concat(cells), on=KEYS, how="left", maintain_order="left")
    )
    missing = sample.get_column("calibrated_weight").null_count()
    if missing:
        raise SurveyInputError(f"{missing} respondents have no calibrated weight: weigh all waves before estimating")
    return sample


def _wave_of_year(respondents: pl.DataFrame) -> dict[int, str]:
    last = respondents.group_by("year", "wave_id").agg(latest=pl.col("interview_date").max())
    ordered = last.sort("year", "latest", "wave_id", nulls_last=False)
    return dict(ordered.select("year", "wave_id").iter_rows())


def survey_design() -> Design:
    """The design of a `scored_sample`: PSUs within strata, with replacement, raked weights.

    PSU numbers may repeat from stratum to stratum. Strata that non-response left with one PSU are centred at
    the overall mean (`adjust`), which errs towards too wide. Standard errors profit from raking through
    residuals weighted as R's `rake` does.
    """
    return Design(
        weight="calibrated_weight",
        strata="stratum_id",
        psu=("psu_id",),
        nest=True,
        lonely="adjust",
        calibration=Calibration(
            base_weight="design_weight", auxiliaries=tuple(MARGIN_COLUMNS), residual_weights="calibrated"
        ),
    )


def wave_estimates(
    sample: pl.DataFrame, registry: Registry, domains: tuple[str, ...] = tuple(DOMAINS)
) -> Iterator[tuple[str, str, Estimates]]:
    """Estimates of all indicators, wave by wave and domain by domain.

    Args:
        sample: a `scored_sample`.
        registry: indicators; one that a wave did not ask is left out of that wave.
        domains: names of `DOMAINS`.

    Yields:
        wave_id, name of the domain, and its estimates (proportions 0..1): one row per `outcome` (the
        indicator_id) and value of the domain's columns.

    Raises:
        SurveyInputError: if the design cannot be estimated.
    """
    for wave in sample.partition_by("wave_id", maintain_order=True):
        asked = [name for name in registry.current() if wave.get_column(name).count() > 0]
        if not asked:
            continue
        for domain in domains:
            found = estimate(wave, survey_design(), asked, kind="proportion", by=DOMAINS[domain], ci="logit")
            if len(asked) == 1:
                named = found.frame.select(pl.lit(asked[0]).alias("outcome"), pl.all())
                found = replace(found, frame=named, keys=("outcome", *found.keys))
            yield str(wave.item(0, "wave_id")), domain, found


def estimates(
    respondents: pl.DataFrame,
    answers: pl.DataFrame,
    weights: pl.DataFrame,
    registry: Registry,
    quarter: str,
    *,
    comparability: pl.DataFrame | None = None,
    margins: Margins | None = None,
    publication: PublicationRules | None = None,
    domains: tuple[str, ...] = tuple(DOMAINS),
) -> pl.DataFrame:
    """All published estimates of all waves, with standard errors after calibration and suppression applied.

    Percentages of respondents with a score, weighted to adults; Taylor linearisation wave by wave; logit
    intervals with the domain's degrees of freedom (units less strata it meets).

    Args:
        respondents: `core_survey__respondents` of every wave up to the quarter.
        answers: `core_survey__answers` of these waves.
        weights: `core_survey__weights` of these waves.
        registry: items and indicators.
        quarter: written into every row.
        comparability: wave_id, indicator_id, comparability as `indicator_comparability` gives; read from the
            data when None.
        margins: as given to `weighting.weights`.
        publication: thresholds; the published ones when None.
        domains: names of `DOMAINS`, all of them unless told.

    Returns:
        `out_indicators__estimates`.

    Raises:
        SurveyInputError: if respondents have no weight or the design cannot be estimated.
    """
    parts: list[pl.DataFrame] = []
    if not respondents.is_empty():
        sample = scored_sample(respondents, answers, weights, registry, margins=margins)
        waves = {str(name): wave for (name,), wave in sample.group_by("wave_id")}
        parts = [_domain_rows(waves[w], registry, d, e) for w, d, e in wave_estimates(sample, registry, domains)]
    if not parts:
        return pl.DataFrame(schema=ESTIMATE_SCHEMA)
    flags = comparability
    if flags is None:
        flags = observed_comparability(respondents, answers, registry)
    rows = pl.concat(parts).join(flags.drop("reason", strict=False), on=["wave_id", "indicator_id"], how="left")
    rows = rows.with_columns(pl.col("comparability").fill_null("comparable"), quarter=pl.lit(quarter))
    return _in_order(suppression(rows, publication), registry)


def _in_order(table: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """The table's columns, with indicators and domains in the order people expect them."""
    return (
        table.select(list(ESTIMATE_SCHEMA))
        .cast({**ESTIMATE_SCHEMA})
        .sort(
            pl.col("indicator_id").cast(pl.Enum(list(registry.current()))),
            "year",
            pl.col("domain").cast(pl.Enum(list(DOMAINS))),
            "domain_value",
        )
    )


def _domain_rows(wave: pl.DataFrame, registry: Registry, domain: str, found: Estimates) -> pl.DataFrame:
    """Percent rows of one wave and domain, with the count of respondents who stand against the majority."""
    columns = list(DOMAINS[domain])
    table = found.frame.rename({"outcome": "indicator_id"})
    asked = table.get_column("indicator_id").unique(maintain_order=True).to_list()
    long = wave.unpivot(on=asked, index=columns, variable_name="indicator_id", value_name="score").drop_nulls("score")
    counts = long.group_by("indicator_id", *columns).agg(
        dissenter_count=pl.min_horizontal(pl.col("score").sum(), (1 - pl.col("score")).sum()).cast(pl.Int64)
    )
    joined = table.join(counts, on=["indicator_id", *columns], how="left").rename({"n": "n_count", **PERCENT})
    versions = {name: indicator.version for name, indicator in registry.current().items()}
    absent = [name for name in ("region_code", "group_code") if name not in columns]
    calculated = [name for name, dtype in ESTIMATE_SCHEMA.items() if dtype == pl.Float64()]
    return joined.with_columns(
        pl.lit("KZ" if domain == "country" and name == "region_code" else None, dtype=pl.String()).alias(name)
        for name in absent
    ).select(
        "indicator_id",
        pl.col("indicator_id").replace_strict(versions, return_dtype=pl.String()).alias("indicator_version"),
        pl.lit(wave.item(0, "year"), dtype=pl.Int64()).alias("year"),
        pl.lit(wave.item(0, "wave_id")).alias("wave_id"),
        pl.lit(domain).alias("domain"),
        "region_code",
        "group_code",
        (pl.concat_str(columns, separator="/") if columns else pl.lit("KZ")).alias("domain_value"),
        *(
            (pl.col(name) * (100 if name in PERCENT.values() else 1)).fill_nan(None).cast(pl.Float64)
            for name in calculated
        ),
        pl.col("n_count").cast(pl.Int64),
        pl.col("dissenter_count").fill_null(0),
    )


def rebased(estimates: pl.DataFrame, base_year: int) -> pl.DataFrame:
    """Every national and domain series as an index with the base year at 100.

    The standard error is the delta method's for a ratio of independent estimates; it is 0 in the base year.
    Cells without a published estimate in the base year have no index, nor have years that break the series.

    Args:
        estimates: `out_indicators__estimates`.
        base_year: the year set to 100.

    Returns:
        `out_indicators__index`: quarter, indicator_id, indicator_version, domain, domain_value, year,
        base_year, index_score, index_se_score.
    """
    cell = ["quarter", "indicator_id", "indicator_version", "domain", "domain_value"]
    is_usable = ~pl.col("is_suppressed") & (pl.col("comparability") == "comparable")
    shown = estimates.filter(is_usable).select(*cell, "year", "estimate_pct", "se_pct")
    base = shown.filter((pl.col("year") == base_year) & (pl.col("estimate_pct") > 0)).drop("year")
    ratio = pl.col("estimate_pct") / pl.col("estimate_pct_base")
    error = ((pl.col("se_pct") ** 2 + (ratio * pl.col("se_pct_base")) ** 2).sqrt()) / pl.col("estimate_pct_base")
    return shown.join(base, on=cell, suffix="_base").select(
        *cell,
        "year",
        base_year=pl.lit(base_year, dtype=pl.Int64()),
        index_score=100 * ratio,
        index_se_score=pl.when(pl.col("year") == base_year).then(0.0).otherwise(100 * error),
    )
