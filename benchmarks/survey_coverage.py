"""Do the intervals of the indicators hold the truth as often as they say? Waves drawn again and again from simulated
populations whose true indicators are known.

    python -m benchmarks.survey_coverage [--draws 500] [--populations 10] [--respondents 8000] [--processes 2]

A draw is two waves, 2025 and 2026, of about 8,000 respondents each: stratified, two stages with probability
proportional to size, half of the PSUs shared between the years, small ethnic groups oversampled (weights from 130 to
4,400), non-response by age, sex and settlement that only calibration repairs. Everything from raking on is the code of
the quarterly report.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import polars as pl

YEARS = (2025, 2026)
DOMAINS = ("country", "region")
MISSING = {98: "dont_know", 99: "refused"}
BAND = (93.0, 97.0)


def two_waves(seed: int, draw: int, respondents: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Respondents and answers of both years, as `core_survey__respondents` and `core_survey__answers` hold them."""
    from data_contracts.indicator_registry import registry
    from models.simulation.waves import wave

    items = [item.item_id for item in registry().items]
    frame = pl.concat([wave(year, seed, respondents, draw) for year in YEARS])
    frame = frame.with_columns(pl.col("year").cast(pl.Int64))
    code = pl.col("answer_code")
    answers = frame.unpivot(
        on=items, index=["wave_id", "respondent_id"], variable_name="item_id", value_name="answer_code"
    ).with_columns(
        answer_code=pl.when(~code.is_in(list(MISSING))).then(code).cast(pl.Int64),
        answer_status=pl.when(code.is_null())
        .then(pl.lit("no_answer"))
        .otherwise(code.cast(pl.Int64).replace_strict(MISSING, default="valid", return_dtype=pl.String)),
    )
    return frame.drop(items), answers


def intervals(seed: int, draw: int, respondents: int) -> pl.DataFrame:
    """The intervals of one draw: what, indicator_id, domain_value, ci_low, ci_high; percent."""
    from data_contracts.indicator_registry import registry
    from models.survey import change, indicators, region_groups, weighting

    people, answers = two_waves(seed, draw, respondents)
    weights = weighting.weights(people)
    sample = indicators.scored_sample(people, answers, weights, registry())
    found = indicators.estimates(people, answers, weights, registry(), "2026-Q3", domains=DOMAINS)
    moved = change.changes(found, change.wave_covariances(sample, registry(), DOMAINS))
    cells = region_groups.modelled_cells(sample.filter(pl.col("year") == YEARS[1]), registry())
    return pl.concat(
        [
            found.filter(pl.col("year") == YEARS[1]).select(
                what="domain",
                indicator_id="indicator_id",
                domain_value="domain_value",
                ci_low="ci_low_pct",
                ci_high="ci_high_pct",
            ),
            moved.select(
                pl.format("change, {}", "domain").alias("what"),
                "indicator_id",
                "domain_value",
                ci_low="ci_low_pp",
                ci_high="ci_high_pp",
            ),
            cells.select(
                pl.lit("region x group, modelled").alias("what"),
                "indicator_id",
                pl.concat_str("region_code", "group_code", separator="/").alias("domain_value"),
                ci_low="ci_low_pct",
                ci_high="ci_high_pct",
            ),
        ]
    )


def truth(seed: int) -> pl.DataFrame:
    """True values of one population: what, indicator_id, domain_value, true_pct."""
    from models.simulation.truth import true_indicators

    known = true_indicators(seed).filter(pl.col("year").is_in(list(YEARS)))
    on = ["indicator_id", "domain", "domain_value"]
    last = known.filter(pl.col("year") == YEARS[1])
    both = last.join(known.filter(pl.col("year") == YEARS[0]).select(*on, before="true_pct"), on=on)
    named = pl.col("domain").replace({"region_group": "region x group, modelled"})
    return pl.concat(
        [
            last.select("indicator_id", "domain_value", "true_pct", what=named),
            both.select(
                "indicator_id",
                "domain_value",
                (pl.col("true_pct") - pl.col("before")).alias("true_pct"),
                what=pl.format("change, {}", "domain"),
            ),
        ]
    )


def population_hits(seed: int, draws: int, respondents: int) -> pl.DataFrame:
    """One row per interval of every draw from one population, with `is_inside` and `width`."""
    known = truth(seed)
    parts = [
        intervals(seed, draw, respondents)
        .join(known, on=["what", "indicator_id", "domain_value"])
        .select(
            "what",
            "indicator_id",
            (pl.lit(1000 * seed + draw)).alias("draw"),
            is_inside=pl.col("true_pct").is_between("ci_low", "ci_high"),
            width=pl.col("ci_high") - pl.col("ci_low"),
        )
        for draw in range(1, draws + 1)
    ]
    return pl.concat(parts)


def coverage(draws: int, populations: int = 10, respondents: int = 8000, processes: int = 2) -> pl.DataFrame:
    """Coverage by kind of estimate and indicator.

    Returns:
        what, indicator_id (`all` for the three together), intervals, coverage_pct, its Monte Carlo standard error
        (over draws, for intervals of one draw move together), mean width.
    """
    each = -(-draws // populations)
    seeds = range(1, populations + 1)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        jobs = [pool.submit(population_hits, seed, each, respondents) for seed in seeds]
        hits = pl.concat([job.result() for job in jobs]).drop_nulls("is_inside")
    both = pl.concat([hits, hits.with_columns(indicator_id=pl.lit("all"))])
    by_draw = both.group_by("what", "indicator_id", "draw").agg(
        n=pl.len(), share=100 * pl.col("is_inside").mean(), width=pl.col("width").mean()
    )
    return (
        by_draw.group_by("what", "indicator_id")
        .agg(
            intervals=pl.col("n").sum(),
            coverage_pct=(pl.col("share") * pl.col("n")).sum() / pl.col("n").sum(),
            error=pl.col("share").std() / pl.len().sqrt(),
            mean_width=pl.col("width").mean(),
        )
        .sort("what", "indicator_id")
    )


def show(table: pl.DataFrame) -> None:
    """One line per row of `coverage`."""
    for row in table.iter_rows(named=True):
        outside = "" if BAND[0] <= row["coverage_pct"] <= BAND[1] else "  OUTSIDE 93-97 %"
        print(
            f"  {row['what']:<26}{row['indicator_id']:<10}{row['coverage_pct']:6.1f} % +- {row['error']:.1f}"
            f"  (mean width {row['mean_width']:.1f} pp, {row['intervals']} intervals){outside}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=500, help="pairs of waves; 500 took 4 minutes on two cores")
    parser.add_argument("--populations", type=int, default=10)
    parser.add_argument("--respondents", type=int, default=8000)
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    start = time.perf_counter()
    table = coverage(chosen.draws, min(chosen.populations, chosen.draws), chosen.respondents, chosen.processes)
    seconds = time.perf_counter() - start
    print(f"{chosen.draws} draws of two waves from {chosen.populations} populations, {seconds:.0f} s")
    show(table)


if __name__ == "__main__":
    main()
