"""Walk through a finished page and write its headings, sentences, tables and charts into a Word document."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import docx
from docx.document import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Emu, Mm, Pt
from docx.table import _Cell
from docx.text.paragraph import Paragraph
from lxml import html

from models.bulletin.chart_files import PageChart, page_charts
from models.bulletin.document import word_styles as style
from models.bulletin.inputs import BulletinMeta
from models.bulletin.narrative.voice import Voice

_BOLD = {"strong", "b", "dt"}
_SKIPPED = {"script", "style", "nav", "aside", "details"}
_SKIPPED_CLASSES = {"skip", "watermark", "download", "keys"}
_QUIET_NOTICES = {"model", "proposed"}
_HEADINGS = {"h2": "Heading 1", "h3": "Heading 2", "h4": "Heading 3"}
_LINES = {"p", "li", "figcaption"}
WIDE_CHART, NARROW_CHART = Mm(128), Mm(115)
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def bulletin_docx(page: str, meta: BulletinMeta, voice: Voice) -> bytes:
    """The bulletin as a Word document with real headings, tables and captions.

    Args:
        page: HTML of `bulletin_html` in the language of `voice`.
        meta: facts about the issue; `generated_at` becomes the date of the document.
        voice: phrases of the language, for the running title and the mark.

    Returns:
        A `.docx` file; the same bytes for the same arguments.
    """
    root = html.document_fromstring(page)
    document = docx.Document()
    style.prepare(document, voice.language)
    mark = voice.say("page.synthetic_short").striptags() if meta.is_synthetic else ""
    title = str(root.findtext(".//title") or "").strip()
    writer = _Writer(document, voice.language, {chart.chart_id: chart for chart in page_charts(page)})
    _properties(document, title, voice.language, meta.generated_at)
    for part in (*root.iterfind(".//header"), *root.iterfind(".//main"), *root.iterfind(".//footer")):
        writer.children(part)
    running = title.removeprefix(voice.say("page.title").striptags()).strip(": ").removesuffix(f"({mark})").strip()
    for section in document.sections:
        style.running_heads(section, running, mark, voice.say("page.page_number").striptags(), voice.language)
    held = io.BytesIO()
    document.save(held)
    return _undated(held.getvalue())


def _properties(document: Document, title: str, language: str, moment: datetime) -> None:
    core = document.core_properties
    core.title, core.author, core.comments = title, "Kelisim", ""
    core.language = style.LOCALES[language]
    core.created = core.modified = moment.replace(tzinfo=None)


def _undated(packed: bytes) -> bytes:
    """The same package without the clock of the machine in its entries."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as source, zipfile.ZipFile(held, "w") as target:
        for entry in source.infolist():
            target.writestr(zipfile.ZipInfo(entry.filename, ZIP_DATE), source.read(entry), zipfile.ZIP_DEFLATED)
    return held.getvalue()


@dataclass
class _Writer:
    """Puts elements of the page at the end of the document."""

    document: Document
    language: str
    charts: Mapping[str, PageChart]
    is_wide: bool = False

    def children(self, element: Any) -> None:
        for child in element:
            if isinstance(child.tag, str) and not _is_skipped(child):
                self.put(child)

    def put(self, element: Any) -> None:
        tag = element.tag
        if tag == "h1":
            self.paragraph(element, "Title")
        elif tag in _HEADINGS:
            self.paragraph(element, _HEADINGS[tag])
        elif tag in _LINES:
            self.line(element)
        elif tag == "table":
            self.table(element)
        elif tag == "dl":
            self.definitions(element)
        elif tag == "svg":
            self.picture(element)
        elif tag == "section":
            self.section(element)
        else:
            self.children(element)

    def section(self, element: Any) -> None:
        is_wide = "wide" in _classes(element)
        if is_wide or self.is_wide:
            style.new_section(self.document, landscape=is_wide)
        self.is_wide = is_wide
        self.children(element)

    def line(self, element: Any) -> None:
        """A paragraph: bullet, caption or text; a card's number and verdict stand out."""
        names = {"li": "List Bullet", "figcaption": "Caption"}
        paragraph = self.paragraph(element, names.get(element.tag, "Normal"))
        classes = _classes(element)
        for run in paragraph.runs:
            if "value" in classes:
                run.font.size, run.font.bold = Pt(18), True
            elif "badge" in classes:
                run.font.bold = True
            elif "notice" in classes:
                run.font.color.rgb = style.MUTED if classes & _QUIET_NOTICES else style.LOUD
                run.font.bold = True

    def paragraph(self, element: Any, name: str) -> Paragraph:
        paragraph = self.document.add_paragraph(style=name)
        self.runs(paragraph, element)
        return paragraph

    def runs(self, paragraph: Paragraph, element: Any, *, size: float | None = None, bold: bool = False) -> None:
        for text, is_bold, is_break in _pieces(element, bold=bold):
            run = paragraph.add_run()
            if is_break:
                run.add_break()
                continue
            run.text = text
            run.font.bold = True if is_bold else None
            if size is not None:
                run.font.size = Pt(size)
            style.set_language(run._element.get_or_add_rPr(), self.language)
        _trim(paragraph)

    def definitions(self, element: Any) -> None:
        """`term: text`, one paragraph a term."""
        for term in element.iter("dt"):
            text = term.getnext()
            paragraph = self.document.add_paragraph()
            paragraph.paragraph_format.space_after = Pt(3)
            self.runs(paragraph, term, bold=True)
            paragraph.add_run(": ")
            if text is not None and text.tag == "dd":
                self.runs(paragraph, text)

    def table(self, element: Any) -> None:
        caption = element.find("caption")
        if caption is not None:
            self.paragraph(caption, "Caption")
        rows = list(element.iter("tr"))
        width = max((len(row) for row in rows), default=0)
        if not width:
            return
        table = self.document.add_table(rows=0, cols=width)
        table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.LEFT, True
        for row in rows:
            made = table.add_row()
            style.keep_whole(made)
            is_head = row.getparent().tag == "thead"
            if is_head:
                style.repeat_as_header(made)
            for cell, source in zip(made.cells, row, strict=False):
                self.cell(cell, source, is_head=is_head)
        self.document.add_paragraph().paragraph_format.space_after = Pt(2)

    def cell(self, cell: _Cell, source: Any, *, is_head: bool) -> None:
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(0)
        is_words = source.getprevious() is None or "words" in _classes(source)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT if is_words else WD_ALIGN_PARAGRAPH.RIGHT
        self.runs(paragraph, source, size=7.5 if self.is_wide else 8.5, bold=is_head)
        if is_head:
            style.shade(cell, "E8EEF3")

    def picture(self, element: Any) -> None:
        """The chart as PNG with its alternative text."""
        chart_id = str(element.get("aria-labelledby", "")).split("-title")[0]
        chart = self.charts.get(chart_id)
        if chart is None:
            return
        paragraph = self.document.add_paragraph()
        width = NARROW_CHART if chart_id.startswith(("chart-week", "chart-years", "chart-outlook")) else WIDE_CHART
        shape = paragraph.add_run().add_picture(io.BytesIO(chart.png(2.5)), width=Emu(width))
        described: Any = shape._inline.find(qn("wp:docPr"))
        described.set("descr", chart.alternative_text)
        described.set("title", chart.title)


def _classes(element: Any) -> set[str]:
    return set(str(element.get("class", "")).split())


def _is_skipped(element: Any) -> bool:
    return element.tag in _SKIPPED or bool(_classes(element) & _SKIPPED_CLASSES)


def _pieces(element: Any, *, bold: bool = False) -> Iterator[tuple[str, bool, bool]]:
    """Text of an element in pieces: text, whether bold, whether a line break instead."""
    is_bold = bold or element.tag in _BOLD
    if element.tag == "br":
        yield "", False, True
    elif element.text:
        # a sign for the eye alone, such as the tick of a verdict, stands apart from the word after it
        after = " " if element.get("aria-hidden") == "true" else ": " if "side" in _classes(element) else ""
        yield _spaced(element.text) + after, is_bold, False
    for child in element:
        if isinstance(child.tag, str):
            yield from _pieces(child, bold=is_bold)
        if child.tail:
            yield _spaced(child.tail), is_bold, False


def _spaced(text: str) -> str:
    """Runs of ordinary white space as one space; no-break spaces stay."""
    words = " ".join(text.replace("\n", " ").replace("\t", " ").split(" "))
    while "  " in words:
        words = words.replace("  ", " ")
    return words


def _trim(paragraph: Paragraph) -> None:
    """No space at the beginning of a paragraph."""
    for run in paragraph.runs:
        if run.text.strip(" "):
            run.text = run.text.lstrip(" ")
            return
