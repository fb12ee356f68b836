"""Whether the plan is met, as far as a sample of this size can tell."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log

import polars as pl
from scipy import stats

from data_contracts.indicator_registry import Plan, PlanVersion

VERDICT_SCHEMA = pl.Schema(
    {
        "quarter": pl.String(),
        "indicator_id": pl.String(),
        "indicator_version": pl.String(),
        "plan_version": pl.String(),
        "year": pl.Int64(),
        "target_pct": pl.Float64(),
        "estimate_pct": pl.Float64(),
        "ci_low_pct": pl.Float64(),
        "ci_high_pct": pl.Float64(),
        "difference_pp": pl.Float64(),
        "difference_ci_low_pp": pl.Float64(),
        "difference_ci_high_pp": pl.Float64(),
        "p_below_plan": pl.Float64(),
        "verdict": pl.String(),
        "n_needed": pl.Int64(),
    }
)
LARGEST_SAMPLE = 10_000_000


@dataclass(frozen=True)
class PlanTest:
    """An estimate held against a target, both in the same unit.

    Attributes:
        difference: estimate minus target.
        t: difference over its standard error.
        p_two_sided: of the hypothesis that the true value is the target.
        p_one_sided: of the hypothesis that it is at least the target; small speaks for "below plan".
        probability_below: that the true value lies below the target, read from the sampling distribution
            (the fiducial, or flat-prior, reading); it is 1 - p_one_sided.
    """

    difference: float
    t: float
    p_two_sided: float
    p_one_sided: float
    probability_below: float


def plan_test(estimate: float, se: float, df: float, target: float) -> PlanTest:
    """Student's t test of an estimate against a target on the scale of the estimate.

    Args:
        estimate: point estimate.
        se: its standard error, same unit.
        df: design degrees of freedom; `inf` gives the normal test.
        target: the plan's value, same unit.

    Raises:
        ValueError: if the standard error is not positive.
    """
    if not se > 0:
        raise ValueError(f"a plan cannot be tested with standard error {se}: it must be positive")
    t = (estimate - target) / se
    below = float(stats.t.sf(t, df))
    return PlanTest(estimate - target, t, 2 * float(stats.t.sf(abs(t), df)), 1 - below, below)


def proportion_plan_test(estimate_pct: float, se_pct: float, df: float, target_pct: float) -> PlanTest:
    """`plan_test` on the logit scale, so that its verdict agrees with the logit interval that is published.

    The returned `difference` is in percentage points. Estimates of 0 or 100 and targets of 0 or 100 have no
    logit and are tested on the percent scale.

    Raises:
        ValueError: if the standard error is not positive.
    """
    on_edge = not (0 < estimate_pct < 100 and 0 < target_pct < 100)
    if on_edge:
        return plan_test(estimate_pct, se_pct, df, target_pct)
    share = estimate_pct / 100
    logit_se = se_pct / 100 / (share * (1 - share))
    test = plan_test(_logit(share), logit_se, df, _logit(target_pct / 100))
    return PlanTest(estimate_pct - target_pct, test.t, test.p_two_sided, test.p_one_sided, test.probability_below)


def sample_needed(difference: float, se: float, n: int, level: float = 0.95, power: float = 0.8) -> int | None:
    """Respondents, with the same design, that would tell a difference of this size from zero.

    The standard error is taken to fall with the square root of the sample; a two-sided test at 1 - `level`
    then finds a true difference as large as the observed one with probability `power`.

    Args:
        difference: estimate minus target.
        se: its standard error at the present sample, same unit.
        n: the present sample, respondents.
        level: of the interval.
        power: the wanted probability of telling.

    Returns:
        Respondents, or None where there is no difference to tell or the sample would pass ten million.
    """
    if difference == 0 or n <= 0:
        return None
    z = stats.norm.ppf(0.5 + level / 2) + stats.norm.ppf(power)
    needed = n * (z * se / difference) ** 2
    return None if needed > LARGEST_SAMPLE else max(n, ceil(needed))


def verdicts(estimates: pl.DataFrame, plan: Plan, level: float = 0.95) -> pl.DataFrame:
    """Hold every national estimate against every plan that names its indicator and year.

    `met`: the whole interval is at or above the target; `not_met`: the whole interval is below it;
    `cannot_be_told`: the target lies inside. The test is on the logit scale with design degrees of freedom,
    as the interval is. A year for which no plan has a row has no verdict (see `years_without_plan`).

    Args:
        estimates: `out_indicators__estimates`; only the country's rows that are not suppressed are used.
        plan: targets, percent.
        level: of the interval the verdict rests on.

    Returns:
        `out_indicators__verdicts`. `n_needed` is given where the verdict is `cannot_be_told`.
    """
    country = estimates.filter((pl.col("domain") == "country") & ~pl.col("is_suppressed"))
    rows = [_verdict(row, version, level) for row in country.iter_rows(named=True) for version in plan.plans]
    return pl.DataFrame([row for row in rows if row is not None], schema=VERDICT_SCHEMA)


def years_without_plan(estimates: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """indicator_id and year of national estimates that no plan version speaks of."""
    planned = {(row.indicator_id, row.year) for version in plan.plans for row in version.rows}
    found = estimates.filter(pl.col("domain") == "country").select("indicator_id", "year").unique()
    keep = [tuple(row) not in planned for row in found.rows()]
    return found.filter(pl.Series(keep, dtype=pl.Boolean())).sort("indicator_id", "year")


def _verdict(row: dict, version: PlanVersion, level: float) -> dict | None:
    planned = version.target(row["indicator_id"], row["year"])
    if planned is None or not row["se_pct"]:
        return None
    df = row["df"] if row["df"] is not None else float("inf")
    test = proportion_plan_test(row["estimate_pct"], row["se_pct"], df, planned.target_pct)
    alpha = 1 - level
    if test.probability_below <= alpha / 2:
        verdict = "met"
    elif test.probability_below >= 1 - alpha / 2:
        verdict = "not_met"
    else:
        verdict = "cannot_be_told"
    needed = None
    if verdict == "cannot_be_told":
        needed = sample_needed(test.difference, row["se_pct"], row["n_count"], level)
    copied = ("quarter", "indicator_id", "indicator_version", "year", "estimate_pct")
    return {
        **{name: row[name] for name in copied},
        "ci_low_pct": row["ci_low_pct"],
        "ci_high_pct": row["ci_high_pct"],
        "plan_version": version.plan_version,
        "target_pct": planned.target_pct,
        "difference_pp": test.difference,
        "difference_ci_low_pp": row["ci_low_pct"] - planned.target_pct,
        "difference_ci_high_pp": row["ci_high_pct"] - planned.target_pct,
        "p_below_plan": test.probability_below,
        "verdict": verdict,
        "n_needed": needed,
    }


def _logit(share: float) -> float:
    return log(share / (1 - share))


def plan_notices(estimates: pl.DataFrame, plan: Plan) -> list[str]:
    """A sentence for every indicator and year that was measured but that no plan speaks of."""
    planned: dict[str, list[int]] = {}
    for version in plan.plans:
        for row in version.rows:
            planned.setdefault(row.indicator_id, []).append(row.year)
    notices = []
    for indicator_id, year in years_without_plan(estimates, plan).iter_rows():
        years = planned.get(indicator_id)
        known = f"it has {min(years)}..{max(years)}" if years else "it has no row of this indicator"
        notices.append(f"plan.yml has no target for {indicator_id} in {year} ({known}): no verdict; add the row")
    return notices
