"""The look of the Word document: page, type, header with the mark of synthetic data, page numbers."""

from __future__ import annotations

from typing import Any

from docx.document import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.section import Section
from docx.shared import Mm, Pt, RGBColor
from docx.text.run import Run

FONT = "Arial"
LOCALES = {"kk": "kk-KZ", "ru": "ru-RU", "en": "en-GB"}
DEEP, MUTED, LOUD = RGBColor(0x16, 0x3F, 0x5C), RGBColor(0x55, 0x62, 0x6C), RGBColor(0x8F, 0x34, 0x16)
_SIZES = {"Normal": 10.0, "Title": 22.0, "Heading 1": 15.0, "Heading 2": 12.0, "Heading 3": 10.5, "Caption": 9.0}
PORTRAIT_WIDTH, LANDSCAPE_WIDTH = Mm(180), Mm(267)
_THEME_FONTS = ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme")


def prepare(document: Document, language: str) -> None:
    """A4, one typeface that holds the Kazakh letters, headings in the colour of the page, the proofing language."""
    defaults: Any = document.styles.element.find(f".//{qn('w:rPrDefault')}/{qn('w:rPr')}")
    _set_font(defaults.find(qn("w:rFonts")))
    set_language(defaults, language)
    for name, size in _SIZES.items():
        style: Any = document.styles[name]
        _set_font(style.element.get_or_add_rPr().get_or_add_rFonts())
        style.font.size = Pt(size)
        if name != "Normal":
            style.font.color.rgb = MUTED if name == "Caption" else DEEP
        if name == "Caption":
            style.paragraph_format.keep_with_next = True
    for name in ("Title Char", "Heading 1 Char", "Heading 2 Char", "Heading 3 Char"):
        linked: Any = document.styles[name]
        _set_font(linked.element.get_or_add_rPr().get_or_add_rFonts())
        linked.font.color.rgb = DEEP
    document.styles["Normal"].paragraph_format.space_after = Pt(5)  # type: ignore[attr-defined]
    set_language(document.styles["Normal"].element.get_or_add_rPr(), language)
    page_size(document.sections[0], landscape=False)


def _set_font(fonts: Any) -> None:
    """One typeface for every script, in place of the theme's."""
    for theme in _THEME_FONTS:
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for script in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{script}"), FONT)


def page_size(section: Section, *, landscape: bool) -> None:
    """A4 with the margins of the printed page."""
    short, long = Mm(210), Mm(297)
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (long, short) if landscape else (short, long)
    section.left_margin = section.right_margin = Mm(15)
    section.top_margin, section.bottom_margin = Mm(20), Mm(18)


def new_section(document: Document, *, landscape: bool) -> Section:
    """A section that begins on a new page."""
    section = document.add_section(WD_SECTION.NEW_PAGE)
    page_size(section, landscape=landscape)
    return section


def running_heads(section: Section, running: str, mark: str, page_word: str, language: str) -> None:
    """Running title and mark of synthetic data above, mark and page number below."""
    width = LANDSCAPE_WIDTH if section.orientation == WD_ORIENT.LANDSCAPE else PORTRAIT_WIDTH
    for part, left in ((section.header, running), (section.footer, mark)):
        part.is_linked_to_previous = False
        paragraph = part.paragraphs[0]
        for run in list(paragraph.runs):
            run._element.getparent().remove(run._element)
        paragraph.paragraph_format.tab_stops.clear_all()
        paragraph.paragraph_format.tab_stops.add_tab_stop(width, WD_TAB_ALIGNMENT.RIGHT)
        _small(paragraph.add_run(left), language, loud=part is not section.header and bool(mark))
        if part is section.footer or part._element is section.footer._element:
            _small(paragraph.add_run(f"\t{page_word} "), language, loud=False)
            _page_field(paragraph.add_run(), language)
        else:
            _small(paragraph.add_run(f"\t{mark}"), language, loud=True)


def set_language(properties: Any, language: str) -> None:
    """The proofing language of a run or style."""
    found = properties.find(qn("w:lang"))
    element = OxmlElement("w:lang") if found is None else found
    for name in ("val", "eastAsia", "bidi"):
        element.set(qn(f"w:{name}"), LOCALES[language])
    if found is None:
        properties.append(element)


def repeat_as_header(row: Any) -> None:
    """A table row that stands again on each page the table runs over."""
    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:tblHeader"))


def keep_whole(row: Any) -> None:
    """A table row that no page break cuts."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def shade(cell: Any, color: str) -> None:
    """The ground of a table cell, as six hex digits."""
    element = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", color)):
        element.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(element)


def _small(run: Run, language: str, *, loud: bool) -> None:
    run.font.size, run.font.bold = Pt(8), loud
    run.font.color.rgb = LOUD if loud else MUTED
    set_language(run._element.get_or_add_rPr(), language)


def _page_field(run: Run, language: str) -> None:
    _small(run, language, loud=False)
    for kind in ("begin", None, "end"):
        element = OxmlElement("w:instrText" if kind is None else "w:fldChar")
        if kind is None:
            element.text = "PAGE"
        else:
            element.set(qn("w:fldCharType"), kind)
        run._element.append(element)
