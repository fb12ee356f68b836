"""Survey estimation against R survey and svy on the same synthetic waves, and coverage on simulated ones.

    python benchmarks/survey.py [--rows 200000] [--coverage 500] [--no-large]

R (with package survey) and the Python package svy are used when they are there; otherwise it says so.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

WAVES, STRATA, UNITS, REGIONS, GROUPS = 10, 400, 8000, 20, 6
INDICATORS = ("accord", "tolerance", "wellbeing")
BY = ("year", "region", "group")

R_SCRIPT = """
suppressMessages(library(survey))
a <- commandArgs(trailingOnly = TRUE)
d <- read.csv(a[1], stringsAsFactors = TRUE)
start <- proc.time()[["elapsed"]]
for (year in unique(d$year)) {
  s <- svydesign(id = ~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = d[d$year == year, ])
  for (y in c("accord", "tolerance", "wellbeing")) {
    r <- svyby(as.formula(paste0("~", y)), ~region + group, s, svymean)
    write.table(data.frame(year = year, outcome = y, r[, 1:2], estimate = r[[y]], se = SE(r)), a[2],
                append = TRUE, sep = ",", row.names = FALSE, col.names = FALSE)
  }
}
cat(proc.time()[["elapsed"]] - start)
"""


def synthetic_waves(rows: int, seed: int = 0) -> pl.DataFrame:
    """Ten synthetic waves of 40 strata each; every stratum lies in one region."""
    generator = np.random.default_rng(seed)
    psu = generator.integers(0, UNITS, rows)
    stratum = psu % STRATA
    lean = generator.normal(0, 0.4, UNITS)[psu]
    columns = {
        "stratum": pl.Series(stratum).cast(pl.String),
        "psu": psu,
        "year": 2017 + stratum % WAVES,
        "region": pl.Series((stratum // WAVES) % REGIONS).cast(pl.String),
        "group": pl.Series(generator.choice(GROUPS, rows, p=[0.6, 0.16, 0.08, 0.06, 0.05, 0.05])).cast(pl.String),
        "weight": generator.gamma(4, 350, rows),
    }
    for name in INDICATORS:
        columns[name] = (generator.random(rows) < 1 / (1 + np.exp(-1 - lean))).astype(int)
    return pl.DataFrame(columns)


def ours(rows: int) -> dict[str, float]:
    """Seconds of the best of five runs, cells and peak memory; the frame is in memory before."""
    from models.survey.design import Design
    from models.survey.estimation import estimate

    frame = synthetic_waves(rows)
    design = Design("weight", "stratum", ("psu",))
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        found = estimate(frame, design, INDICATORS, by=BY)
        best = min(best, time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": best, "cells": found.frame.height / len(INDICATORS), "peak_mb": peak}


def apart(rows: int) -> dict[str, float]:
    """The same in a process of its own, so that memory is its own."""
    command = [sys.executable, __file__, "--ours", str(rows)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def r_seconds(frame: pl.DataFrame, folder: Path) -> float | None:
    """Seconds of R wave by wave, after a check that the numbers agree."""
    if shutil.which("Rscript") is None:
        print("R is not here: no comparison with R survey")
        return None
    data, out, script = folder / "waves.csv", folder / "r.csv", folder / "run.R"
    frame.write_csv(data)
    script.write_text(R_SCRIPT)
    done = subprocess.run(["Rscript", str(script), str(data), str(out)], capture_output=True, text=True)
    if done.returncode:
        print("R survey failed:", done.stderr.strip().splitlines()[-1])
        return None
    compare_with_r(frame, out)
    return float(done.stdout.split()[-1])


def compare_with_r(frame: pl.DataFrame, out: Path) -> None:
    from models.survey.design import Design
    from models.survey.estimation import estimate

    names = ["year", "outcome", "region", "group", "estimate_r", "se_r"]
    theirs = pl.read_csv(out, has_header=False, new_columns=names, infer_schema_length=None)
    theirs = theirs.with_columns(pl.col("region", "group").cast(pl.String))
    mine = estimate(frame, Design("weight", "stratum", ("psu",)), INDICATORS, by=BY).frame
    both = mine.join(theirs, on=["outcome", *BY])
    gap = both.select(((pl.col("se") - pl.col("se_r")).abs() / pl.col("se_r")).fill_nan(0)).max().item()
    print(f"agreement with R: {both.height} of {mine.height} cells joined, largest relative gap of an SE {gap:.1e}")


def svy_seconds(frame: pl.DataFrame) -> float | None:
    """Seconds of the Python package svy over all domains in one design."""
    if importlib.util.find_spec("svy") is None:
        print("svy is not installed: no comparison with svy")
        return None
    import svy

    design = svy.Design(stratum="stratum", psu="psu", wgt="weight")
    sample = svy.Sample(data=frame, design=design)
    start = time.perf_counter()
    for name in INDICATORS:
        sample.estimation.mean(name, by=list(BY))
    return time.perf_counter() - start


def coverage(waves: int, seed: int = 1) -> dict[str, float]:
    """Share of 95 % intervals that hold the truth: country, regions, change between waves of the same villages.

    A synthetic population of 8 regions x 40 villages x 60 people; the sample takes 8 villages a region with unequal
    chances and 10 people each; the weights are raked to region and sex, on which the answer depends.
    """
    from dataclasses import replace

    from models.survey.calibration import calibrate
    from models.survey.contrasts import contrast
    from models.survey.design import Calibration, Design
    from models.survey.estimation import estimate

    generator = np.random.default_rng(seed)
    regions, villages, people, taken, asked = 8, 40, 60, 8, 10
    sex = generator.random((regions, villages, people)) < generator.uniform(0.3, 0.7, (regions, villages, 1))
    lean = generator.normal(0, 0.5, (regions, villages, 1)) + np.linspace(-0.5, 1, regions)[:, None, None]
    taste = lean + 0.8 * sex
    before = generator.random(sex.shape) < 1 / (1 + np.exp(-taste))
    flips = generator.random(sex.shape) < 0.15
    after = np.where(flips, generator.random(sex.shape) < 1 / (1 + np.exp(-taste - 0.8)), before)
    truth = np.array([before.mean(), after.mean()])
    margins = {
        "region": {str(r): float(villages * people) for r in range(regions)},
        "sex": {"f": float(sex.sum()), "m": float((~sex).sum())},
    }
    design = Design("weight", "region", ("village",), nest=True)
    hits = {"country": 0, "regions": 0, "change": 0, "country_calibrated": 0, "regions_calibrated": 0}
    hits["change_calibrated"] = 0
    for _ in range(waves):
        rows = []
        for r in range(regions):
            for v in generator.choice(villages, taken, replace=False):
                for p in generator.choice(people, asked, replace=False):
                    rows.append((str(r), int(v), "f" if sex[r, v, p] else "m", before[r, v, p], after[r, v, p]))
        names = ["region", "village", "sex", "before", "after"]
        frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
            weight=pl.lit(villages / taken * people / asked)
        )
        weights = calibrate(frame, margins, weight="weight").weights
        frame = frame.with_columns(final=weights)
        calibrated = replace(design, weight="final", calibration=Calibration("weight", ("region", "sex")))
        for suffix, chosen in (("", design), ("_calibrated", calibrated)):
            row = estimate(frame, chosen, "before", "proportion").frame.row(0, named=True)
            hits[f"country{suffix}"] += row["ci_low"] <= truth[0] <= row["ci_high"]
            table = estimate(frame, chosen, "before", "proportion", by=["region"]).frame
            real = before.mean(axis=(1, 2))
            inside = (table["ci_low"].to_numpy() <= real) & (real <= table["ci_high"].to_numpy())
            hits[f"regions{suffix}"] += float(inside.mean())
            both = estimate(
                pl.concat(
                    [frame.with_columns(y=pl.col("before"), year=1), frame.with_columns(y=pl.col("after"), year=2)]
                ),
                chosen,
                "y",
                "proportion",
                by=["year"],
            )
            moved = contrast(both, {1: 1.0, 0: -1.0})
            hits[f"change{suffix}"] += moved["ci_low"] <= truth[1] - truth[0] <= moved["ci_high"]
    return {name: count / waves for name, count in hits.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--coverage", type=int, default=500, help="simulated waves; 0 leaves them out")
    parser.add_argument("--no-large", action="store_true", help="leave out the run with ten times the rows")
    parser.add_argument("--ours", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.ours:
        print(json.dumps(ours(chosen.ours)))
        return
    print(f"synthetic data: {chosen.rows:,} rows, {WAVES} waves, {STRATA} strata, {UNITS} units, 3 indicators")
    small = apart(chosen.rows)
    print(f"kelisim {small['seconds']:.3f} s, {small['cells']:.0f} cells, peak {small['peak_mb']:.0f} MB")
    if not chosen.no_large:
        large = apart(10 * chosen.rows)
        ratio = large["seconds"] / small["seconds"]
        print(f"ten times the rows {large['seconds']:.3f} s ({ratio:.1f} times), peak {large['peak_mb']:.0f} MB")
    frame = synthetic_waves(chosen.rows)
    with tempfile.TemporaryDirectory() as folder:
        for name, seconds in (("R survey", r_seconds(frame, Path(folder))), ("svy", svy_seconds(frame))):
            if seconds is not None:
                print(f"{name} {seconds:.2f} s: {seconds / small['seconds']:.0f} times slower")
    if chosen.coverage:
        print(f"coverage of 95 % intervals over {chosen.coverage} simulated waves:")
        for name, share in coverage(chosen.coverage).items():
            print(f"  {name:<22}{100 * share:.1f} %")


if __name__ == "__main__":
    main()
