"""Early warning measured: agreement and speed against R, the Noufaily scenarios, and a simulated country.

Run `python -m benchmarks.warning [agreement|speed|signals|scan|scenarios|country|calibrate] ...`; without
arguments all but the last, which makes the table of calibrated levels anew. R parts need Rscript with the package
surveillance and say so when it is absent.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.warning_country import as_series, country, draw_country
from benchmarks.warning_scenarios import report
from data_contracts.reference import regions
from models.warning.calibration import EXPECTED, LEVELS, realised_rates
from models.warning.detectors.farrington import farrington
from models.warning.detectors.farrington_flexible import farrington_flexible
from models.warning.detectors.temporal_scan import temporal_scan
from models.warning.scan import ScanOptions, space_time_scan
from models.warning.signals import signals

SHARED = Path(__file__).parents[1].parent / "shared" / "data" / "surveillance" / "reference.json"


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
    started = time.perf_counter()
    temporal_scan(counts[:200], positions)
    print(f"speed: temporal scan {1e6 * (time.perf_counter() - started) / 200 / 52:.0f} us a point")
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


def time_signals() -> None:
    """The signals stage on the simulated country, 13 tested weeks."""
    counts, _, _ = draw_country(np.random.default_rng(3), 20)
    frame, dates = as_series(counts)
    started = time.perf_counter()
    tested = signals(frame, dates[-13:])
    print(f"signals: {tested.height} rows in {time.perf_counter() - started:.2f} s")


def scan(replicates: int = 300) -> None:
    """Space-time scan over the 20 regions: rate of p <= .05 without a cluster, power with one, time."""
    codes = tuple(regions())
    neighbours = {code: region.neighbours for code, region in regions().items()}
    rng = np.random.default_rng(12)
    expected = np.full((len(codes), 3), 1.5)
    p_values: dict[int, list[float]] = {0: [], 6: [], 12: []}
    started = time.perf_counter()
    for number in range(replicates):
        counts = rng.poisson(expected).astype(np.float64)
        for extra, found in p_values.items():
            struck = counts.copy()
            for code in ("KZ-31", neighbours["KZ-31"][0]):
                struck[codes.index(code), -2:] += rng.multinomial(extra // 2, [0.5, 0.5])
            found.append(space_time_scan(struck, codes, neighbours, expected, ScanOptions(seed=number))[0].p_value)
    seconds = (time.perf_counter() - started) / replicates / len(p_values)
    shares = ", ".join(
        f"{extra} more cases {np.mean(np.array(found) <= 0.05):.3f}" for extra, found in p_values.items()
    )
    print(f"scan: share of p <= .05 over {replicates} draws (two regions, two weeks): {shares}; {1e3 * seconds:.0f} ms")


def calibrate(count: int = 1000, seed: int = 20260101) -> None:
    """Print the table of calibrated levels as `models/warning/detectors/calibrated_levels.yml` holds it."""
    print(f"levels: [{', '.join(f'{level:g}' for level in LEVELS)}]\nrealised:")
    for expected, row in zip(EXPECTED, realised_rates(seed, count), strict=True):
        print(f"  - {{expected: {expected:g}, rates: [{', '.join(f'{rate:.5f}' for rate in row)}]}}")


PARTS = {
    "agreement": agreement,
    "speed": speed,
    "signals": time_signals,
    "scan": scan,
    "scenarios": report,
    "country": country,
    "calibrate": calibrate,
}


def main() -> None:
    """Run the parts named on the command line, or all but the calibration."""
    for name in sys.argv[1:] or [name for name in PARTS if name != "calibrate"]:
        PARTS[name]()


if __name__ == "__main__":
    main()
