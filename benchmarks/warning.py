"""Early warning measured: agreement and speed against R, the Noufaily scenarios, and a simulated country.

Run `python -m benchmarks.warning [agreement|speed|scenarios|country|signals] ...`; without arguments all but
R's part of `speed` shrink to a minute or two. R parts need Rscript with the package surveillance and say so
when it is absent.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from models.warning.detectors.ears import EarsOptions, ears
from models.warning.detectors.farrington import FarringtonOptions, farrington
from models.warning.detectors.farrington_flexible import FarringtonFlexibleOptions, farrington_flexible
from models.warning.detectors.gamma_poisson import GammaPoissonOptions, gamma_poisson
from models.warning.detectors.nb_cusum import NbCusumOptions, nb_cusum
from models.warning.detectors.outcome import FloatArray, Outcome
from models.warning.false_alarms import expected_false_alarms_per_year
from models.warning.series import SIGNALS
from models.warning.signals import signals

SHARED = Path(__file__).parents[1].parent / "shared" / "data" / "surveillance" / "reference.json"
WEEKS = 624
TESTED = np.arange(WEEKS - 49, WEEKS)
# Parameters 1..28 of Noufaily et al. (2013): theta, beta, gamma1, gamma2, phi; each with trend and season on
# and off.
PARAMETERS = (
    (0.1, 0.0025, 0.6, 0.6, 1.5),
    (-2.0, 0.005, 0.1, 0.3, 2.0),
    (1.5, 0.003, 0.2, -0.4, 1.0),
    (0.5, 0.002, 0.5, 0.5, 5.0),
    (2.5, 0.001, 1.0, 0.1, 3.0),
    (3.75, 0.001, 0.1, -0.1, 1.1),
    (5.0, 0.0001, 0.05, 0.01, 1.2),
)


def scenario_means() -> list[tuple[FloatArray, float]]:
    """Mean series and dispersion of the 28 scenarios."""
    week = np.arange(1, WEEKS + 1)
    found = []
    for theta, beta, gamma1, gamma2, phi in PARAMETERS:
        for has_trend in (False, True):
            for has_season in (False, True):
                angle = 2 * np.pi * week / 52
                season = gamma1 * np.cos(angle) + gamma2 * np.sin(angle)
                found.append((np.exp(theta + beta * week * has_trend + season * has_season), phi))
    return found


def counts_of(rng: np.random.Generator, mean: FloatArray, phi: float, replicates: int) -> FloatArray:
    """Negative binomial counts (replicates, weeks)."""
    wide = np.broadcast_to(mean, (replicates, mean.size))
    if phi <= 1:
        return rng.poisson(wide).astype(np.float64)
    return rng.negative_binomial(wide / (phi - 1), 1 / phi).astype(np.float64)


def add_outbreak(
    rng: np.random.Generator, counts: FloatArray, mean: FloatArray, *, phi: float, k: float, start: int
) -> FloatArray:
    """Counts with one outbreak of Poisson(k sd) cases from week `start`, spread by lognormal(0, .5)."""
    result = counts.copy()
    sizes = rng.poisson(k * np.sqrt(mean[start] * phi), counts.shape[0])
    for row, size in enumerate(sizes):
        delay = np.floor(rng.lognormal(0, 0.5, size)).astype(int)
        weeks = np.minimum(start + delay, counts.shape[1] - 1)
        np.add.at(result[row], weeks, 1)
    return result


def detectors() -> dict[str, object]:
    """The detectors compared, at one nominal level."""
    flexible = {"b": 5, "alpha": 0.01}
    return {
        "farrington_flexible nbPlugin": FarringtonFlexibleOptions(**flexible),
        "farrington_flexible muan": FarringtonFlexibleOptions(**flexible, threshold_method="muan"),
        "farrington": FarringtonOptions(b=5, alpha=0.02),
        "ears_c1": EarsOptions(method="C1", alpha=0.01),
        "ears_c2": EarsOptions(method="C2", alpha=0.01),
        "nb_cusum": NbCusumOptions(alpha=0.01, past_weeks_excluded=26),
        "gamma_poisson": GammaPoissonOptions(alpha=0.01, past_weeks_excluded=26),
    }


def run(counts: FloatArray, options: object) -> Outcome:
    """One detector over the last 49 weeks."""
    functions = {
        FarringtonFlexibleOptions: farrington_flexible, FarringtonOptions: farrington, EarsOptions: ears,
        NbCusumOptions: nb_cusum, GammaPoissonOptions: gamma_poisson,
    }  # fmt: skip
    return functions[type(options)](counts, TESTED, options)  # type: ignore[operator]


def scenarios(replicates: int = 20) -> None:
    """False positive rate and probability of detection over the 28 scenarios (medians over scenarios)."""
    rng = np.random.default_rng(2013)
    sizes = (2, 5, 8, 10)
    rates: dict[str, list[float]] = {name: [] for name in detectors()}
    found: dict[str, dict[int, list[float]]] = {name: {k: [] for k in sizes} for name in detectors()}
    for mean, phi in scenario_means():
        quiet = counts_of(rng, mean, phi, replicates)
        past = quiet
        for _ in range(4):
            k, start = float(rng.choice(sizes)), int(rng.integers(312, WEEKS - 60))
            past = add_outbreak(rng, past, mean, phi=phi, k=k, start=start)
        start = int(TESTED[0]) + 20
        hit = {k: add_outbreak(rng, past, mean, phi=phi, k=k, start=start) for k in sizes}
        for name, options in detectors().items():
            rates[name].append(float(run(past, options).alarm.mean()))
            for k in sizes:
                alarms = run(hit[k], options).alarm
                found[name][k].append(float(alarms[:, 20:25].any(axis=1).mean()))
    print(f"Noufaily scenarios, {replicates} replicates each: median FPR, mean FPR, median POD at k = {sizes}")
    for name, realised in rates.items():
        powers = " ".join(f"{np.median(found[name][k]):.2f}" for k in sizes)
        print(f"  {name:30s} {np.median(realised):.4f} {np.mean(realised):.4f}  {powers}")


def agreement() -> None:
    """Largest relative difference of bounds and number of differing alarms on the shared reference file."""
    if not SHARED.is_file():
        print("agreement: ../shared/data is absent, nothing compared")
        return
    content = json.loads(SHARED.read_text())
    content.pop("control")
    worst, alarms, points = 0.0, 0, 0
    for entry in content.values():
        positions = np.arange(entry["range"][0] - 1, entry["range"][-1])
        counts = np.array(entry["counts"], dtype=np.float64)
        flexible = entry["farrington_flexible"]
        pairs = [(farrington_flexible(counts, positions), flexible.get("upperbound", flexible.get("ub")),
                  flexible.get("alarm", flexible.get("al")))]  # fmt: skip
        if "farrington" in entry:
            pairs.append(
                (farrington(counts, positions), entry["farrington"]["upperbound"], entry["farrington"]["alarm"])
            )
        for outcome, bound, alarm in pairs:
            expected = np.array([np.nan if value is None else value for value in bound], dtype=np.float64)
            same = outcome.upperbound[0] == expected
            assert (np.isnan(outcome.upperbound[0]) == np.isnan(expected)).all()
            with np.errstate(invalid="ignore", divide="ignore"):
                gap = np.where(same, 0.0, np.abs(outcome.upperbound[0] - expected) / np.abs(expected))
            worst = max(worst, float(np.nan_to_num(gap).max()))
            alarms += int((outcome.alarm[0] != np.array(alarm, dtype=bool)).sum())
            points += positions.size
    print(f"agreement with R on {points} points: largest relative difference {worst:.1e}, alarms differing {alarms}")


R_TIMING = """
suppressMessages(library(surveillance))
m <- as.matrix(read.csv("counts.csv", header = FALSE))
s <- sts(t(m), frequency = 52, start = c(2000, 1))
t0 <- Sys.time()
r <- suppressWarnings(farringtonFlexible(s, control = list(range = RANGE, b = 3, w = 3, noPeriods = 10,
  weightsThreshold = 2.58, pastWeeksNotIncluded = 26, pThresholdTrend = 1, alpha = 0.01, trend = TRUE,
  thresholdMethod = "nbPlugin", populationOffset = FALSE, glmWarnings = FALSE)))
cat(as.numeric(difftime(Sys.time(), t0, units = "secs")), "\\n")
write.table(upperbound(r), "upper.csv", row.names = FALSE, col.names = FALSE, sep = ",")
"""


def speed(series: int = 2000, r_series: int = 25) -> None:
    """Our time for all series x 52 weeks, R's for the first few of them, and whether the bounds agree."""
    rng = np.random.default_rng(1)
    mean = np.exp(rng.uniform(-1.5, 3, series))[:, None] * np.exp(
        0.4 * np.cos(2 * np.pi * (np.arange(312)[None] / 52 + rng.random((series, 1))))
    )
    counts = rng.negative_binomial(mean / 0.8, 1 / 1.8).astype(np.float64)
    positions = np.arange(260, 312)
    started = time.perf_counter()
    outcome = farrington_flexible(counts, positions)
    ours = time.perf_counter() - started
    print(f"speed: {series} series x 52 weeks in {ours:.1f} s ({1e6 * ours / series / 52:.0f} us a point), "
          f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")  # fmt: skip
    if shutil.which("Rscript") is None:
        print("speed: Rscript is absent, R not timed")
        return
    with tempfile.TemporaryDirectory() as folder:
        np.savetxt(Path(folder) / "counts.csv", counts[:r_series], fmt="%d", delimiter=",")
        (Path(folder) / "run.R").write_text(R_TIMING.replace("RANGE", "261:312"))
        done = subprocess.run(["Rscript", "run.R"], cwd=folder, capture_output=True, text=True, check=True)
        seconds = float(done.stdout.split()[-1])
        upper = np.genfromtxt(Path(folder) / "upper.csv", delimiter=",").T
    r_whole = seconds / r_series * series
    same = np.array_equal(upper, outcome.upperbound[:r_series], equal_nan=True)
    print(f"speed: R {seconds:.1f} s for {r_series} series, {r_whole:.0f} s for {series}: "
          f"{r_whole / ours:.0f} times slower; bounds equal: {same}")  # fmt: skip


def country_grid(seed: int, weeks: int, scale: float, dispersion: float) -> tuple[pl.DataFrame, list[date]]:
    """A series table of 20 regions x 18 groups x 5 signals with gamma distributed means."""
    rng = np.random.default_rng(seed)
    cells = 20 * 18 * len(SIGNALS)
    mean = np.maximum(rng.gamma(0.7, scale / 0.7, cells), 1e-6)
    counts = rng.negative_binomial((mean / (dispersion - 1))[:, None], 1 / dispersion, (cells, weeks)).ravel()
    dates = [date(2021, 7, 5) + timedelta(weeks=number) for number in range(weeks)]
    frame = pl.DataFrame(
        {
            "region_code": np.repeat([f"R{number:02d}" for number in range(20)], 18 * len(SIGNALS) * weeks),
            "group_code": np.tile(np.repeat([f"g{number}" for number in range(18)], len(SIGNALS) * weeks), 20),
            "signal": np.tile(np.repeat(SIGNALS, weeks), 20 * 18),
            "observed_count": counts,
            "cluster_count": counts,
        }
    ).with_columns(
        pl.Series("week_date", dates * cells), author_count=pl.lit(None, pl.Int64), is_covered=pl.lit(value=True)
    )
    return frame, dates


def time_signals() -> None:
    """The signals stage on 20 x 18 x 5 cells, 104 weeks of history and 13 tested weeks."""
    frame, dates = country_grid(3, 117, 0.1, 1.4)
    started = time.perf_counter()
    tested = signals(frame, dates[-13:])
    print(f"signals: {tested.height} rows in {time.perf_counter() - started:.2f} s")


def country(weeks: int = 260, tested: int = 26, replicates: int = 4) -> None:
    """Sensitivity by outbreak size and sparsity, and false alarms per region and year, stated and realised."""
    print("country (20 regions x 18 groups x 5 signals, 5 years), outbreaks of three weeks in one cell")
    for scale in (0.05, 0.5, 3.0):
        hits: dict[int, list[bool]] = {size: [] for size in (4, 8, 16, 32)}
        leads: list[int] = []
        stated, realised = [], []
        for replicate in range(replicates):
            frame, dates = country_grid(100 + replicate, weeks, scale, 1.4)
            rng = np.random.default_rng(replicate)
            planted = []
            for number, size in enumerate(sorted(hits) * 10):
                start = weeks - tested + int(rng.integers(0, tested - 3))
                planted.append((f"R{number % 20:02d}", f"g{int(rng.integers(18))}", SIGNALS[number % 4], start, size))
            result = signals(plant(frame, dates, planted, rng), dates[-tested:])
            alarms = result.filter(pl.col("is_alarm") & (pl.col("signal") != "accord"))
            told = set(alarms.select("region_code", "group_code", "signal", "week_date").rows())
            used = set()
            for region, group, signal, start, size in planted:
                weeks_hit = [step for step in range(3) if (region, group, signal, dates[start + step]) in told]
                hits[size].append(bool(weeks_hit))
                leads.extend(weeks_hit[:1])
                used |= {(region, group, signal, dates[start + step]) for step in range(3)}
            years = tested / 52.18
            realised.append(len(told - used) / 20 / years)
            stated.append(expected_false_alarms_per_year(result)["expected_false_alarms_per_year"].mean())
        powers = ", ".join(f"{size} texts {np.mean(found):.2f}" for size, found in hits.items())
        print(
            f"  mean {scale} a week: found {powers}; weeks to alarm {np.mean(leads):.2f}; false alarms per region "
            f"and year stated {np.mean(stated):.3f} realised {np.mean(realised):.3f}"
        )


def plant(
    frame: pl.DataFrame, dates: list[date], planted: list[tuple[str, str, str, int, int]], rng: np.random.Generator
) -> pl.DataFrame:
    """The series with outbreaks of `size` texts spread over three weeks."""
    extra = [
        (region, group, signal, dates[start + step], int(count))
        for region, group, signal, start, size in planted
        for step, count in enumerate(rng.multinomial(size, [0.5, 0.3, 0.2]))
    ]
    keys = ["region_code", "group_code", "signal", "week_date"]
    added = pl.DataFrame(extra, schema=[*keys, "extra"], orient="row").group_by(keys).agg(pl.col("extra").sum())
    return frame.join(added, on=keys, how="left").with_columns(
        observed_count=pl.col("observed_count") + pl.col("extra").fill_null(0)
    )


def main() -> None:
    """Run the parts named on the command line, or all."""
    parts = {
        "agreement": agreement,
        "speed": speed,
        "signals": time_signals,
        "scenarios": scenarios,
        "country": country,
    }
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
