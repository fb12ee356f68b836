"""Survey estimation against R survey and svy on the same synthetic waves, and coverage on simulated ones.

    python -m benchmarks.survey [--rows 200000] [--no-large] [--coverage 500]

R (with package survey) and the Python package svy are used when they are there; otherwise it says so. svy is not among
the pinned packages: install it in an environment of its own and run with PYTHONPATH at the project. Coverage is first
that of the indicators (`benchmarks.survey_coverage`), then that of a small fixed population whose sampling fractions
are so large that finite population corrections matter.
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
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from models.survey.design import Design

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
    command = [sys.executable, "-m", "benchmarks.survey", "--ours", str(rows)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def r_seconds(frame: pl.DataFrame, folder: Path) -> float | None:
    """Seconds of R wave by wave, after a check that the numbers agree."""
    if shutil.which("Rscript") is None:
        print("PEER MISSING: Rscript is not installed, so there is no comparison with R survey")
        return None
    data, out, script = folder / "waves.csv", folder / "r.csv", folder / "run.R"
    frame.write_csv(data)
    script.write_text(R_SCRIPT)
    done = subprocess.run(["Rscript", str(script), str(data), str(out)], capture_output=True, text=True, check=False)
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
    away = (pl.col("se") - pl.col("se_r")).abs() / pl.max_horizontal("se_r", pl.lit(1e-9))
    gap = both.select(away.max()).item()
    print(f"agreement with R: {both.height} of {mine.height} cells, largest relative gap of an SE {gap:.1e}")


def svy_seconds(frame: pl.DataFrame) -> float | None:
    """Seconds of the Python package svy over all domains in one design."""
    if importlib.util.find_spec("svy") is None:
        print("PEER MISSING: the Python package svy is not installed, so there is no comparison with svy")
        return None
    import svy

    design = svy.Design(stratum="stratum", psu="psu", wgt="weight")
    sample = svy.Sample(data=frame, design=design)
    start = time.perf_counter()
    for name in INDICATORS:
        sample.estimation.mean(name, by=list(BY))
    return time.perf_counter() - start


class Country:
    """A synthetic population of 8 regions x 40 villages x 60 people, asked twice; women answer differently."""

    regions, villages, people, taken, asked = 8, 40, 60, 8, 10

    def __init__(self, generator: np.random.Generator) -> None:
        shape = (self.regions, self.villages, self.people)
        self.generator = generator
        self.is_woman = generator.random(shape) < generator.uniform(0.3, 0.7, (*shape[:2], 1))
        lean = generator.normal(0, 0.5, (*shape[:2], 1)) + np.linspace(-0.5, 1, self.regions)[:, None, None]
        taste = lean + 0.8 * self.is_woman
        self.before = generator.random(shape) < 1 / (1 + np.exp(-taste))
        later = generator.random(shape) < 1 / (1 + np.exp(-taste - 0.8))
        self.after = np.where(generator.random(shape) < 0.15, later, self.before)

    @property
    def margins(self) -> dict[str, dict[str, float]]:
        size = float(self.villages * self.people)
        women = float(self.is_woman.sum())
        return {
            "region": {str(region): size for region in range(self.regions)},
            "sex": {"f": women, "m": self.is_woman.size - women},
        }

    def wave(self) -> pl.DataFrame:
        """8 villages a region and 10 people a village, with equal design weights."""
        drawn = [
            (region, village, person)
            for region in range(self.regions)
            for village in self.generator.choice(self.villages, self.taken, replace=False)
            for person in self.generator.choice(self.people, self.asked, replace=False)
        ]
        place = tuple(np.array(drawn).T)
        return pl.DataFrame(
            {
                "region": pl.Series(place[0]).cast(pl.String),
                "village": place[1],
                "sex": np.where(self.is_woman[place], "f", "m"),
                "before": self.before[place],
                "after": self.after[place],
                "weight": np.full(len(drawn), self.villages / self.taken * self.people / self.asked),
                "villages": np.full(len(drawn), self.villages),
                "person": place[2],
                "people": np.full(len(drawn), self.people),
            }
        )


def coverage(waves: int, seed: int = 1) -> dict[str, float]:
    """Share of 95 % intervals that hold the truth: country, regions, change on shared villages; raw and raked."""
    from dataclasses import replace

    from models.survey.calibration import calibrate
    from models.survey.design import Calibration, Design

    country = Country(np.random.default_rng(seed))
    design = Design("weight", "region", ("village", "person"), ("villages", "people"), nest=True)
    raked = replace(design, weight="final", calibration=Calibration("weight", ("region", "sex")))
    hits: dict[str, float] = {}
    for _ in range(waves):
        frame = country.wave()
        frame = frame.with_columns(final=calibrate(frame, country.margins, weight="weight").weights)
        for suffix, chosen in (("", design), (", raked", raked)):
            for name, share in covered(country, frame, chosen).items():
                hits[name + suffix] = hits.get(name + suffix, 0.0) + share
    return {name: count / waves for name, count in hits.items()}


def covered(country: Country, frame: pl.DataFrame, design: Design) -> dict[str, float]:
    """Which intervals of one wave hold the truth; for regions the share that do."""
    from models.survey.contrasts import contrast
    from models.survey.estimation import estimate

    whole = estimate(frame, design, "before", "proportion").frame.row(0, named=True)
    table = estimate(frame, design, "before", "proportion", by=["region"]).frame
    real = country.before.mean(axis=(1, 2))
    inside = (table["ci_low"].to_numpy() <= real) & (real <= table["ci_high"].to_numpy())
    both = pl.concat([frame.with_columns(y=pl.col(name), year=year) for year, name in ((1, "before"), (2, "after"))])
    moved = contrast(estimate(both, design, "y", "proportion", by=["year"]), {1: 1.0, 0: -1.0})
    change = country.after.mean() - country.before.mean()
    return {
        "country": float(whole["ci_low"] <= country.before.mean() <= whole["ci_high"]),
        "regions": float(inside.mean()),
        "change": float(moved["ci_low"] <= change <= moved["ci_high"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--coverage", type=int, default=0, help="simulated waves; 500 take about five minutes")
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
                print(f"{name} {seconds:.2f} s: {seconds / small['seconds']:.1f} times slower")
    if chosen.coverage:
        from benchmarks.survey_coverage import coverage as indicator_coverage
        from benchmarks.survey_coverage import show

        print(f"coverage of 95 % intervals of the indicators, {chosen.coverage} draws of two simulated waves:")
        show(indicator_coverage(chosen.coverage))
        print(f"coverage on a small population with finite population corrections, {chosen.coverage} samples:")
        for name, share in coverage(chosen.coverage).items():
            print(f"  {name:<22}{100 * share:.1f} %")


if __name__ == "__main__":
    main()
