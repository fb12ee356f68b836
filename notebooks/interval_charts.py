"""Points with their intervals, and lines with their bands, in the look of the bulletin."""

from __future__ import annotations

import altair as alt
import polars as pl

from models.bulletin.chart_style import BAND, MAIN, PLAN


def points_with_intervals(
    rows: pl.DataFrame,
    x: str,
    value: str,
    low: str,
    high: str,
    *,
    title: str,
    heading: str = "",
    plan: str | None = None,
) -> alt.LayerChart:
    """One point a row with its interval under a heading; `plan` draws a mark at the planned value."""
    base = alt.Chart(rows).encode(x=alt.X(f"{x}:O", title=None))
    scale = alt.Scale(zero=False)
    rules = base.mark_rule(color=MAIN, strokeWidth=2).encode(
        y=alt.Y(f"{low}:Q", title=title, scale=scale), y2=f"{high}:Q"
    )
    points = base.mark_point(color=MAIN, filled=True, size=70, opacity=1).encode(
        y=alt.Y(f"{value}:Q", scale=scale), tooltip=[x, value, low, high]
    )
    layers = [rules, points]
    if plan is not None:
        layers.append(base.mark_tick(color=PLAN, thickness=2, width=24).encode(y=alt.Y(f"{plan}:Q", scale=scale)))
    return alt.layer(*layers).properties(width=520, height=280, title=heading)


def line_with_band(rows: pl.DataFrame, x: str, value: str, low: str, high: str, *, title: str) -> alt.LayerChart:
    """A line over time with its band."""
    base = alt.Chart(rows).encode(x=alt.X(f"{x}:T", title=None))
    band = base.mark_area(color=BAND, opacity=0.6).encode(y=alt.Y(f"{low}:Q", title=title), y2=f"{high}:Q")
    line = base.mark_line(color=MAIN, point=True).encode(y=f"{value}:Q", tooltip=[x, value, low, high])
    return alt.layer(band, line).properties(width=620, height=260)
