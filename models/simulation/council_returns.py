"""Simulated quarterly returns of the councils, busier where an outbreak was planted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from models.simulation.data_files import simulation_data
from models.simulation.outbreaks import Outbreak, planted_outbreaks
from models.simulation.populations import region_codes, region_totals

QUARTERS = ("2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3")

_DATA_FILE = "council_returns.yml"


def quarter_of(day: date) -> str:
    """The quarter of a day, `2026-Q3`."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def council_returns(
    seed: int = 2026, quarters: Sequence[str] = QUARTERS, outbreaks: Sequence[Outbreak] | None = None
) -> pl.DataFrame:
    """What every council of every region reports for every quarter.

    Counts are Poisson around a level of body, region size and season; an outbreak adds appeals to the
    bodies its kind of case belongs to, in the quarter of its weeks. Appeals resolved are binomial.

    Args:
        seed: Seed of the draw.
        quarters: Quarters to report.
        outbreaks: Planted outbreaks; None for those of the demo.

    Returns:
        `quarter`, `region_code`, `body_code`, `meeting_count`, `appeal_count`, `resolved_count` (at most
        the appeals), `event_count`, `participant_count`, and the truth `outbreak_appeal_count` (part of the
        appeals).
    """
    data = simulation_data(_DATA_FILE)
    bodies = data["bodies"]
    rng = np.random.default_rng([seed, 51])
    totals = np.array(list(region_totals().values()))
    sizes = (totals / totals.mean()) ** 0.5 * np.exp(rng.normal(0.0, data["region_spread"], len(totals)))
    added = _outbreak_appeals(planted_outbreaks() if outbreaks is None else outbreaks)
    rows = []
    for quarter in quarters:
        season = data["event_factor_by_quarter"][int(quarter[-1]) - 1]
        for size, region in zip(sizes, region_codes(), strict=True):
            for body, level in bodies.items():
                extra = int(rng.poisson(added.get((quarter, region, body), 0.0)))
                appeals = int(rng.poisson(level["appeals"] * size)) + extra
                events = int(rng.poisson(level["events"] * size * season))
                rows.append(
                    {
                        "quarter": quarter,
                        "region_code": region,
                        "body_code": body,
                        "meeting_count": 1 + int(rng.poisson(level["meetings"] - 1 + (extra > 0))),
                        "appeal_count": appeals,
                        "resolved_count": int(rng.binomial(appeals, level["resolved_share"])),
                        "event_count": events,
                        "participant_count": int(rng.poisson(events * level["participants_per_event"])),
                        "outbreak_appeal_count": extra,
                    }
                )
    return pl.DataFrame(rows)


def _outbreak_appeals(outbreaks: Sequence[Outbreak]) -> dict[tuple[str, str, str], float]:
    """Expected appeals from outbreaks by quarter, region and body."""
    data = simulation_data(_DATA_FILE)
    found: dict[tuple[str, str, str], float] = {}
    for outbreak in outbreaks:
        for week, size in zip(outbreak.weeks, outbreak.weekly_messages, strict=True):
            for body in data["bodies_of_case"][outbreak.case_kind]:
                key = (quarter_of(week), outbreak.region_code, body)
                found[key] = found.get(key, 0.0) + size * data["appeals_per_outbreak_message"]
    return found
