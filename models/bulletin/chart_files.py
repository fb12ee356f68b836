"""Charts of a finished page as files for slides: SVG, PNG, alternative text and the numbers behind each."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

import vl_convert

from models.bulletin import chart_style

PNG_SCALE = 3.0
_SVG = re.compile(r'<svg role="img" aria-labelledby="(?P<id>[\w-]+)-title [\w-]+-desc".*?</svg>', re.DOTALL)
_SIZE = re.compile(r'viewBox="0 0 (?P<width>[\d.]+) (?P<height>[\d.]+)" style="[^"]*"')
_FIGURE = re.compile(r"<figure>.*?</figure>", re.DOTALL)
_TAKEN = re.compile(r'download="(?P<name>[^"]+)" href="data:text/csv;charset=utf-8;base64,(?P<data>[^"]*)"')
_TEXT = re.compile(r"<(?P<tag>title|desc) id=[^>]*>(?P<text>.*?)</(?P=tag)>", re.DOTALL)
_CAPTION = re.compile(r"<figcaption>(?P<text>.*?)</figcaption>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_FAMILY = re.compile(r'font-family="[^"]*"')


@dataclass(frozen=True)
class PageChart:
    """One chart of a page.

    Attributes:
        chart_id: id on the page, such as `chart-years-accord`.
        title: what it is, in a few words.
        description: what it shows, in a sentence or two.
        caption: unit and years, as printed above it.
        svg: a whole SVG document on white ground.
        csv_name: name of the file of its numbers; None where a neighbour carries them.
        csv: the numbers; None likewise.
    """

    chart_id: str
    title: str
    description: str
    caption: str
    svg: str
    csv_name: str | None
    csv: bytes | None

    def png(self, scale: float = PNG_SCALE) -> bytes:
        """The chart as PNG, `scale` pixels for one of the SVG."""
        chart_style.register_fonts()
        return vl_convert.svg_to_png(self.svg, scale=scale)

    @property
    def alternative_text(self) -> str:
        """Title, unit and description: what a reader who cannot see the chart is told."""
        return f"{self.title}. {self.caption}. {self.description}"


def page_charts(page: str) -> list[PageChart]:
    """Every chart of a bulletin page, in the order of the page.

    Args:
        page: HTML of `bulletin_html`.
    """
    return [_chart(svg, figure) for figure in _FIGURE.findall(page) for svg in _SVG.finditer(figure)]


def chart_files(page: str, mark: str | None = None) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files of every chart of a page.

    Args:
        page: HTML of `bulletin_html`.
        mark: words to stand on each picture, `SYNTHETIC DATA`; None for none.

    Yields:
        `<chart>.svg`, `<chart>.png`, `<chart>.txt` (alternative text) and, where it has numbers of its own,
        `<chart>.csv`.
    """
    for chart in page_charts(page):
        marked = chart if mark is None else _with_mark(chart, mark)
        stem = chart.chart_id.removeprefix("chart-")
        yield f"{stem}.svg", marked.svg.encode("utf-8")
        yield f"{stem}.png", marked.png()
        text = marked.alternative_text if mark is None else f"{mark}. {marked.alternative_text}"
        yield f"{stem}.txt", (text + "\n").encode("utf-8")
        if chart.csv is not None:
            yield f"{stem}.csv", chart.csv


def _chart(found: re.Match[str], figure: str) -> PageChart:
    texts = {text["tag"]: _plain(text["text"]) for text in _TEXT.finditer(found[0])}
    caption, taken = _CAPTION.search(figure), _TAKEN.search(figure)
    return PageChart(
        chart_id=found["id"],
        title=texts.get("title", found["id"]),
        description=texts.get("desc", ""),
        caption=_plain(caption["text"]) if caption else "",
        svg=_document(found[0]),
        csv_name=taken["name"] if taken else None,
        csv=base64.b64decode(taken["data"]) if taken else None,
    )


def _document(inline: str) -> str:
    """An SVG that stands alone: name space, size, white ground, the font it was measured with."""
    size = _SIZE.search(inline)
    if size is None:
        raise ValueError("a chart of the page has no viewBox")
    width, height = size["width"], size["height"]
    head = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    text = inline.replace(size[0], head, 1).replace("xlink:href=", "href=")
    start = text.index("</desc>") + len("</desc>")
    ground = f'<rect width="{width}" height="{height}" fill="white"/>'
    return _FAMILY.sub(f'font-family="{chart_style.FONT}, Arial, sans-serif"', text[:start] + ground + text[start:])


def _with_mark(chart: PageChart, mark: str) -> PageChart:
    """The chart with a line under it that says what the data are."""
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)" width="[\d.]+" height="[\d.]+"', chart.svg)
    if size is None:
        return chart
    width, height = float(size[1]), float(size[2])
    grown = height + 18
    head = f'viewBox="0 0 {width:g} {grown:g}" width="{width:g}" height="{grown:g}"'
    words = (
        f'<text x="{width - 4:g}" y="{grown - 5:g}" text-anchor="end" font-size="11" fill="#8f3416" '
        f'font-weight="bold" font-family="{chart_style.FONT}, Arial, sans-serif">{mark}</text>'
    )
    ground = f'<rect width="{width:g}" height="{grown:g}" fill="white"/>'
    svg = chart.svg.replace(size[0], head, 1).replace("</desc>", "</desc>" + ground, 1)
    svg = svg.removesuffix("</svg>") + words + "</svg>"
    return PageChart(chart.chart_id, chart.title, chart.description, chart.caption, svg, chart.csv_name, chart.csv)


def _plain(marked: str) -> str:
    return " ".join(unescape(_TAG.sub("", marked)).split())
