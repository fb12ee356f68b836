"""The one look of all charts: colours safe for colour-blind readers, type, axes."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import vl_convert

# Dark blue against orange-brown stays apart under protanopia, deuteranopia and in grey print.
INK = "#1d2b36"
MUTED = "#5b6872"
GRID = "#dfe4e8"
MAIN = "#1f5f8b"
BAND = "#a9cbe0"
PLAN = "#b3541e"
# tone of a signal: (line, band)
TONES = {"threat": ("#9c3d1b", "#efc4ad"), "peace": ("#0f766e", "#a7d7d0"), "other": ("#5a5170", "#cfc9dc")}
NEUTRAL_BAND = "#e6eaee"
SEQUENCE = ("#e8f1f8", "#bfd9ea", "#8dbcd9", "#63a3cb", "#1f5f8b")
DARK_STEPS = 1
# Liberation Sans, which the renderer carries, lacks the Kazakh letters; Noto Sans comes with a package, so that
# widths of texts, and with them the bytes of a chart, do not hang on the fonts of the machine.
FONT = "Noto Sans"


def config() -> dict[str, Any]:
    """The Vega-Lite `config` shared by every chart."""
    axis = {
        "labelColor": INK,
        "labelFontSize": 12,
        "titleColor": MUTED,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domainColor": MUTED,
        "tickColor": MUTED,
        "labelLimit": 190,
    }
    return {
        "aria": False,
        "font": FONT,
        "background": None,
        "view": {"stroke": None},
        "axis": axis,
        "legend": {"labelColor": INK, "labelFontSize": 11, "titleColor": MUTED, "titleFontSize": 11},
        "text": {"color": INK, "fontSize": 12},
    }


def number_locale(language: str) -> dict[str, Any]:
    """How d3 writes numbers in a language."""
    if language == "en":
        return {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", ""]}
    return {"decimal": ",", "thousands": "\u00a0", "grouping": [3], "currency": ["", ""]}


@cache
def register_fonts() -> None:
    """Let the renderer know the font that measures and draws every chart; once a process."""
    with resources.as_file(resources.files("fontpkg_noto_sans") / "files") as folder:
        vl_convert.register_font_directory(str(folder))
