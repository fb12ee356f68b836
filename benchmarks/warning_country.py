"""A simulated country: sensitivity, lead time and false alarms of the weekly signals, by outbreak size and sparsity.

20 regions x 18 groups x 4 threat signals over five years with means between 0.02 and 8 texts a week; the last two years
are tested. Outbreaks last three weeks (half, three tenths, a fifth of their texts) and strike random cells, before and
during the tested weeks. An alarm in a cell is true from the first to the last week of an outbreak there, a continuation
in the two weeks after it (the cooldown of a candidate), and false in every other week.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from models.warning.case_chains import COOLDOWN_WEEKS
from models.warning.detectors.outcome import BoolArray, FloatArray, IntArray
from models.warning.false_alarms import WEEKS_PER_YEAR, expected_false_alarms_per_year
from models.warning.series import THREAT_SIGNALS
from models.warning.signals import signals

REGIONS, GROUPS, WEEKS, TESTED = 20, 18, 260, 104
SIGNAL_NAMES = THREAT_SIGNALS[:4]
CELLS = REGIONS * GROUPS * len(SIGNAL_NAMES)
SIZES = (4, 8, 16, 32)
SPREAD = (0.5, 0.3, 0.2)
OUTBREAKS_PER_YEAR = 24
SPARSITY = ((0.02, 0.2), (0.2, 1.5), (1.5, 8.0))
DISPERSION = 1.4
REPORTED_SEED = 8800


def draw_country(rng: np.random.Generator, outbreaks: int) -> tuple[FloatArray, FloatArray, list[tuple[int, int, int]]]:
    """Counts (cells, weeks), means (cells,), and outbreaks as (cell, first week, size)."""
    mean = np.exp(rng.uniform(np.log(SPARSITY[0][0]), np.log(SPARSITY[-1][1]), CELLS))
    counts = rng.negative_binomial((mean / (DISPERSION - 1))[:, None], 1 / DISPERSION, (CELLS, WEEKS))
    planted = []
    for _ in range(outbreaks):
        cell, start, size = int(rng.integers(CELLS)), int(rng.integers(20, WEEKS - 3)), int(rng.choice(SIZES))
        counts[cell, start : start + 3] += rng.multinomial(size, SPREAD)
        planted.append((cell, start, size))
    return counts.astype(np.float64), mean, planted


def as_series(counts: FloatArray) -> tuple[pl.DataFrame, list[date]]:
    """The counts as a table of `models.warning.series`, and its Mondays."""
    dates = [date(2021, 7, 5) + timedelta(weeks=number) for number in range(WEEKS)]
    region, rest = np.divmod(np.arange(CELLS), GROUPS * len(SIGNAL_NAMES))
    group, signal = np.divmod(rest, len(SIGNAL_NAMES))
    frame = pl.DataFrame(
        {
            "region_code": np.repeat([f"R{number:02d}" for number in region], WEEKS),
            "group_code": np.repeat([f"g{number:02d}" for number in group], WEEKS),
            "signal": np.repeat(np.array(SIGNAL_NAMES)[signal], WEEKS),
            "week_date": pl.Series(np.tile(np.array(dates, dtype="datetime64[D]"), CELLS)).cast(pl.Date),
            "observed_count": counts.ravel().astype(np.int64),
            "cluster_count": counts.ravel().astype(np.int64),
        }
    )
    return frame.with_columns(author_count=pl.lit(None, pl.Int64), is_covered=pl.lit(value=True)), dates


def alarms_of(result: pl.DataFrame, dates: list[date]) -> BoolArray:
    """Alarms of the tested weeks as (cells, weeks), False before them."""
    tested = result.with_columns(order=pl.col("signal").replace_strict({n: i for i, n in enumerate(SIGNAL_NAMES)}))
    rows = tested.sort("region_code", "group_code", "order", "week_date")["is_alarm"].to_numpy()
    alarm = np.zeros((CELLS, len(dates)), dtype=bool)
    alarm[:, -TESTED:] = rows.reshape(CELLS, TESTED)
    return alarm


def kinds_of_weeks(planted: list[tuple[int, int, int]]) -> IntArray:
    """(cells, weeks): 1 within an outbreak, 2 in the weeks after it, 0 otherwise."""
    kind = np.zeros((CELLS, WEEKS), dtype=np.int64)
    for cell, start, _ in planted:
        kind[cell, start : start + 3 + COOLDOWN_WEEKS] = np.maximum(kind[cell, start : start + 3 + COOLDOWN_WEEKS], 2)
    for cell, start, _ in planted:
        kind[cell, start : start + 3] = 1
    return kind


def country(replicates: int = 16, seed: int = REPORTED_SEED) -> None:
    """Print false alarms per region and year, stated and realised, and sensitivity by size and sparsity."""
    print(
        f"country: {REGIONS} regions x {GROUPS} groups x {len(SIGNAL_NAMES)} signals, {replicates} replicates, "
        f"seed {seed}"
    )
    region_years = REGIONS * TESTED / WEEKS_PER_YEAR
    for outbreaks in (0, round(OUTBREAKS_PER_YEAR * WEEKS / WEEKS_PER_YEAR)):
        rng = np.random.default_rng(seed + outbreaks)
        stated, false, continued, true = [], 0, 0, 0
        hits: list[tuple[float, int, int | None]] = []
        for _ in range(replicates):
            counts, mean, planted = draw_country(rng, outbreaks)
            frame, dates = as_series(counts)
            result = signals(frame, dates[-TESTED:])
            alarm, kind = alarms_of(result, dates), kinds_of_weeks(planted)
            stated.append(expected_false_alarms_per_year(result)["expected_false_alarms_per_year"].mean())
            false += int((alarm & (kind == 0)).sum())
            continued += int((alarm & (kind == 2)).sum())
            true += int((alarm & (kind == 1)).sum())
            hits += [
                (float(mean[cell]), size, _lead(alarm[cell, start : start + 3]))
                for cell, start, size in planted
                if start >= WEEKS - TESTED
            ]
        years = replicates * region_years
        print(
            f"  {outbreaks / WEEKS * WEEKS_PER_YEAR:.0f} outbreaks a year: false alarms per region and year stated "
            f"{np.mean(stated):.3f} realised {false / years:.3f} ({false} alarms), continuations "
            f"{continued / years:.3f}, true {true / years:.3f}"
        )
        if hits:
            _print_sensitivity(hits)


def _lead(weeks: BoolArray) -> int | None:
    found = np.flatnonzero(weeks)
    return int(found[0]) if found.size else None


def _print_sensitivity(hits: list[tuple[float, int, int | None]]) -> None:
    print("  sensitivity (mean weeks from the first week to the alarm) by size of the outbreak in texts")
    print(f"  {'mean a week':>12s} " + " ".join(f"{size:>12d}" for size in SIZES))
    for low, high in SPARSITY:
        row = []
        for size in SIZES:
            leads = [lead for mean, number, lead in hits if low <= mean < high and number == size]
            seen = [lead for lead in leads if lead is not None]
            delay = f"{np.mean(seen):.1f}" if seen else "-"
            row.append(f"{len(seen) / max(len(leads), 1):.2f} ({delay})")
        print(f"  {f'{low:g}-{high:g}':>12s} " + " ".join(f"{text:>12s}" for text in row))
