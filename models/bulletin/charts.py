"""Charts as Altair specifications, drawn offline to inline SVG that is the same bytes every time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup

from models.bulletin import chart_style as style

Rows = Sequence[Mapping[str, Any]]
WIDTH = 430
# As the page: for Kazakh no face that lacks its letters comes before one that has them, else words mix two faces.
_KAZAKH_FACES = "'Segoe UI', 'Noto Sans', 'DejaVu Sans', Arial, sans-serif"
_FACES = "'Segoe UI', 'Noto Sans', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_DROPPED = re.compile(r' (?:xmlns(?::\w+)?|version|class|pointer-events|aria-[\w-]+|role|stroke-miterlimit)="[^"]*"')
_LONG_DECIMAL = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
_ID = re.compile(r'\bid="([^"]+)"')


@dataclass(frozen=True)
class Wording:
    """The words of one chart.

    Attributes:
        chart_id: id of the chart on the page, also the stem of every id inside it.
        language: decides the decimal sign.
        title: short title, read out by screen readers.
        description: what the chart shows, in a sentence or two.
        labels: further words by name (`suppressed`, `months`).
    """

    chart_id: str
    language: str
    title: str
    description: str
    labels: Mapping[str, str]


def indicator_chart(rows: Rows, wording: Wording) -> Markup:
    """One indicator over years: band, points, plan line; a line never joins waves that cannot be compared.

    Args:
        rows: year, estimate, low, high, target (None where absent), segment (same number = comparable),
            is_forecast.
        wording: words of the chart.
    """
    numbers = [row[name] for row in rows for name in ("low", "high", "target") if row[name] is not None]
    scale = alt.Scale(domain=_padded(numbers), nice=False, zero=False)
    x = alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0, grid=False))
    y = alt.Y("low:Q", title="%", scale=scale, axis=alt.Axis(tickCount=5, titleAngle=0, titleAlign="right"))
    data = alt.Data(values=[dict(row) for row in rows])
    base = alt.Chart(data)
    seen = base.transform_filter("isValid(datum.estimate)")
    line = {"x": x, "y": alt.Y("estimate:Q", scale=scale), "detail": "segment:N"}
    forecast = alt.condition("datum.is_forecast", alt.value("white"), alt.value(style.MAIN))
    target = base.transform_filter("isValid(datum.target)")
    last = _last_with(rows, "estimate")
    layers = [
        seen.mark_area(color=style.BAND, opacity=0.55).encode(x=x, y=y, y2="high:Q", detail="segment:N"),
        target.mark_line(color=style.PLAN, strokeDash=[5, 4], strokeWidth=2).encode(
            x=x, y=alt.Y("target:Q", scale=scale)
        ),
        seen.mark_rule(color=style.MAIN, strokeWidth=1.2).encode(x=x, y=y, y2="high:Q"),
        seen.mark_line(color=style.MAIN, strokeWidth=2.2).encode(**line),
        seen.mark_point(filled=True, size=62, stroke=style.MAIN, strokeWidth=1.6, opacity=1).encode(
            x=x, y=alt.Y("estimate:Q", scale=scale), color=forecast
        ),
    ]
    if last is not None:
        layers.append(
            seen.transform_filter(f"datum.year == {last['year']}")
            .mark_text(dy=-12, dx=4, align="left", fontWeight="bold", color=style.MAIN, fontSize=13)
            .encode(x=x, y=alt.Y("estimate:Q", scale=scale), text=alt.Text("estimate:Q", format=".1f"))
        )
    return _drawn(alt.layer(*layers).properties(width=WIDTH, height=220), wording)


def tile_map(rows: Rows, wording: Wording) -> Markup:
    """The regions as equal tiles, shaded by the estimate; triangles mark those clearly off the country.

    Args:
        rows: column, row, label, estimate (None = suppressed), position.
        wording: words of the chart; labels `suppressed`, `above`, `below`.
    """
    values = sorted(row["estimate"] for row in rows if row["estimate"] is not None)
    low, high = (values[0], values[-1]) if values else (0.0, 1.0)
    data = alt.Data(values=[dict(row) for row in rows])
    x = alt.X("column:O", axis=None, scale=alt.Scale(paddingInner=0.06, paddingOuter=0))
    y = alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0.08, paddingOuter=0))
    step = (high - low) / len(style.SEQUENCE) or 1.0
    is_dark = f"isValid(datum.estimate) && datum.estimate >= {high - style.DARK_STEPS * step}"
    ink = alt.condition(is_dark, alt.value("white"), alt.value(style.INK))
    color = alt.Color(
        "estimate:Q",
        scale=alt.Scale(type="quantize", domain=[low, high], range=list(style.SEQUENCE)),
        legend=alt.Legend(
            title=None,
            orient="bottom",
            direction="horizontal",
            format=".1f",
            symbolType="square",
            columns=5,
            columnPadding=8,
            labelFontSize=10,
        ),
    )
    cell = alt.Chart(data).encode(x=x, y=y)
    is_known, is_hidden = "isValid(datum.estimate)", "!isValid(datum.estimate)"
    layers = [
        cell.transform_filter(is_known).mark_rect(cornerRadius=4).encode(color=color),
        cell.transform_filter(is_hidden).mark_rect(cornerRadius=4, fill="white", stroke=style.MUTED, strokeDash=[3, 3]),
        cell.mark_text(dy=-10, fontSize=11).encode(text="label:N", color=ink),
        cell.transform_filter(is_known)
        .mark_text(dy=7, fontSize=13, fontWeight="bold")
        .encode(text=alt.Text("estimate:Q", format=".1f"), color=ink),
        cell.transform_filter(is_hidden).mark_text(dy=7, text="\N{EM DASH}", color=style.MUTED),
    ]
    for position, shape in (("above", "triangle-up"), ("below", "triangle-down")):
        layers.append(
            cell.transform_filter(f"datum.position == '{position}'")
            .mark_point(filled=True, shape=shape, size=42, yOffset=21, opacity=1)
            .encode(color=ink)
        )
    chart = alt.layer(*layers).resolve_scale(color="independent").properties(width=WIDTH + 40, height=300)
    return _drawn(chart, wording)


def interval_chart(rows: Rows, wording: Wording, country: Mapping[str, float] | None) -> Markup:
    """Places or groups sorted by estimate, each a dot with its 95 % interval, over the country's band.

    Args:
        rows: name, estimate, low, high (None = suppressed).
        wording: words of the chart; labels `suppressed`.
        country: estimate, low and high of the whole country, if known.
    """
    shown = sorted(
        (row for row in rows if row["estimate"] is not None), key=lambda row: (-row["estimate"], row["name"])
    )
    hidden = sorted((row for row in rows if row["estimate"] is None), key=lambda row: row["name"])
    order = [row["name"] for row in (*shown, *hidden)]
    numbers = [row[name] for row in shown for name in ("low", "high")]
    numbers += [country["low"], country["high"]] if country else []
    scale = alt.Scale(domain=_padded(numbers), nice=False, zero=False)
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False, labelPadding=6))
    x = alt.X("low:Q", scale=scale, title="%", axis=alt.Axis(tickCount=5, orient="bottom"))
    base = alt.Chart(alt.Data(values=[dict(row) for row in (*shown, *hidden)]))
    known = base.transform_filter("isValid(datum.estimate)")
    layers: list[alt.Chart] = []
    if country:
        band = alt.Chart(alt.Data(values=[dict(country)]))
        layers.append(band.mark_rect(color=style.NEUTRAL_BAND).encode(x=x, x2="high:Q"))
        layers.append(band.mark_rule(color=style.MUTED, strokeDash=[2, 2]).encode(x=alt.X("estimate:Q", scale=scale)))
    layers += [
        known.mark_rule(color=style.MAIN, strokeWidth=2).encode(x=x, x2="high:Q", y=y),
        known.mark_point(filled=True, color=style.MAIN, size=58, opacity=1).encode(
            x=alt.X("estimate:Q", scale=scale), y=y
        ),
    ]
    if hidden:
        layers.append(
            base.transform_filter("!isValid(datum.estimate)")
            .mark_text(color=style.MUTED, align="left", fontStyle="italic", text=wording.labels["suppressed"])
            .encode(x=alt.value(4), y=y)
        )
    return _drawn(alt.layer(*layers).properties(width=300, height=alt.Step(17)), wording)


def weekly_chart(rows: Rows, wording: Wording, *, tone: str, top: float) -> Markup:
    """One signal by week: the share of messages with the band of its interval; weeks without data stay open.

    Args:
        rows: week (ISO date), estimate, low, high in percent; None where the week has no data.
        wording: words of the chart; labels `months`, twelve short names joined by `|`.
        tone: `threat`, `peace` or `other`; picks the colour.
        top: the upper end of the scale in percent, so that neighbours can share one.
    """
    ink, band = style.TONES[tone]
    months = wording.labels["months"].split("|")
    axis = alt.Axis(
        labelExpr=f"{months}[utcmonth(datum.value)]", tickCount={"interval": "month", "step": 2}, grid=False
    )
    x = alt.X("week:T", scale=alt.Scale(type="utc"), title=None, axis=axis)
    scale = alt.Scale(domain=[0, top], nice=False)
    y = alt.Y("low:Q", scale=scale, title="%", axis=alt.Axis(tickCount=4, titleAngle=0, titleAlign="right"))
    base = alt.Chart(alt.Data(values=[dict(row) for row in rows]))
    layers = [
        base.mark_area(color=band, opacity=0.75, clip=True).encode(x=x, y=y, y2="high:Q"),
        base.mark_line(color=ink, strokeWidth=1.8, clip=True).encode(x=x, y=alt.Y("estimate:Q", scale=scale)),
    ]
    if sum(row["estimate"] is not None for row in rows) == 1:
        layers.append(base.mark_point(color=ink, filled=True).encode(x=x, y=alt.Y("estimate:Q", scale=scale)))
    return _drawn(alt.layer(*layers).properties(width=WIDTH, height=130), wording)


def segments(comparable: Sequence[bool]) -> list[int]:
    """Numbers runs of waves that may be joined: a wave that is not comparable starts a new run."""
    runs = [0]
    for _, is_comparable in pairwise(comparable):
        runs.append(runs[-1] + (not is_comparable))
    return runs[: len(comparable)]


def _drawn(chart: alt.LayerChart | alt.FacetChart, wording: Wording) -> Markup:
    spec = chart.to_dict(validate=False)
    spec["config"] = style.config()
    style.register_fonts()
    raw = vl_convert.vegalite_to_svg(spec, format_locale=style.number_locale(wording.language))
    return tidied(raw, wording)


def tidied(raw: str, wording: Wording) -> Markup:
    """An SVG ready to stand inside HTML: own ids, rounded numbers, title and description, no namespaces.

    Args:
        raw: an SVG document as vl-convert writes it.
        wording: chart id, title and description.
    """
    head, _, body = _LONG_DECIMAL.sub(_rounded, _DROPPED.sub("", raw)).partition(">")
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head)
    if size is None:
        raise ValueError(f"chart {wording.chart_id}: the renderer gave no viewBox")
    for number, name in enumerate(dict.fromkeys(_ID.findall(body))):
        body = re.sub(rf'(["#]){re.escape(name)}(?=["\)])', rf"\g<1>{wording.chart_id}-{number}", body)
    faces = _KAZAKH_FACES if wording.language == "kk" else _FACES
    body = body.replace(f'font-family="{style.FONT}"', f'font-family="{faces}"')
    opening = Markup(
        '<svg role="img" aria-labelledby="{0}-title {0}-desc" viewBox="0 0 {1} {2}" style="max-width:{1}px">'
        '<title id="{0}-title">{3}</title><desc id="{0}-desc">{4}</desc>'
    ).format(wording.chart_id, size[1], size[2], wording.title, wording.description)
    return opening + Markup(body)  # noqa: S704 - drawn from our own specification, texts escaped by the renderer


def _rounded(match: re.Match[str]) -> str:
    text = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _padded(numbers: Sequence[float]) -> list[float]:
    if not numbers:
        return [0.0, 100.0]
    low, high = min(numbers), max(numbers)
    pad = max((high - low) * 0.12, 0.5)
    return [max(0.0, low - pad), min(100.0, high + pad)]


def _last_with(rows: Rows, name: str) -> Mapping[str, Any] | None:
    found = [row for row in rows if row[name] is not None and not row["is_forecast"]]
    return found[-1] if found else None
