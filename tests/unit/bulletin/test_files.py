"""Word document, chart files and kept inputs: the same content as the page, the same bytes again."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn

from assets.bulletin_kept import keep_inputs, read_kept
from data_contracts.contract import Trilingual
from data_contracts.indicator_registry import Correction
from models.bulletin import charts
from models.bulletin.chart_files import chart_files, page_charts
from models.bulletin.charts import Wording
from models.bulletin.document.word_document import bulletin_docx
from models.bulletin.figure_book import FigureBook
from models.bulletin.figures import figures
from models.bulletin.inputs import BulletinInputError, BulletinMeta, BulletinTables
from models.bulletin.narrative.voice import Voice, phrasebook
from models.bulletin.page import bulletin_html

MARK = {"kk": "СИНТЕТИКАЛЫҚ ДЕРЕКТЕР", "en": "SYNTHETIC DATA"}


def _voice(language: str) -> Voice:
    return Voice(phrasebook(language), FigureBook({}))


@pytest.fixture(scope="module")
def word(html: dict[str, str], small_meta: BulletinMeta) -> bytes:
    return bulletin_docx(html["kk"], small_meta, _voice("kk"))


def _words(text: str) -> list[str]:
    return re.findall(r"\d+(?:[.,\u00a0]\d+)*", text)


def test_document_holds_the_headings_tables_and_numbers_of_the_page(word: bytes, html: dict[str, str]) -> None:
    document = docx.Document(io.BytesIO(word))
    headings = [line.text for line in document.paragraphs if line.style is not None and line.style.name == "Heading 1"]
    sections = re.findall(r"<h2[^>]*>(.*?)</h2>", html["kk"])
    assert headings == [re.sub(r"<[^>]+>", "", section) for section in sections]
    assert len(document.tables) > 8
    cells = {cell.text for table in document.tables for row in table.rows for cell in row.cells}
    page = re.sub(r"<details.*?</details>", "", html["kk"], flags=re.DOTALL)
    shown = {
        text for row in re.findall(r"<td[^>]*>(.*?)</td>", page) for text in re.findall(r"<data[^>]*>([^<]+)", row)
    }
    assert len(shown) > 50
    assert not [text for text in shown if not any(text in cell for cell in cells)]


def test_document_says_its_language_and_its_mark_and_describes_its_charts(word: bytes, html: dict[str, str]) -> None:
    document = docx.Document(io.BytesIO(word))
    languages = {
        element.get(qn("w:val")) for element in document.element.iter(qn("w:lang")) if element.get(qn("w:val"))
    }
    assert languages == {"kk-KZ"}
    assert all(MARK["kk"] in section.header.paragraphs[0].text for section in document.sections)
    assert any(section.page_width > section.page_height for section in document.sections if section.page_width)
    described = [shape.get("descr") for shape in document.element.iter(qn("wp:docPr"))]
    assert described == [chart.alternative_text for chart in page_charts(html["kk"])]
    assert all(len(text) > 40 for text in described)


def test_document_is_the_same_bytes_again(word: bytes, html: dict[str, str], small_meta: BulletinMeta) -> None:
    assert bulletin_docx(html["kk"], small_meta, _voice("kk")) == word


def test_chart_files_stand_alone_and_carry_the_mark(html: dict[str, str]) -> None:
    files = dict(chart_files(html["en"], MARK["en"]))
    charts = page_charts(html["en"])
    assert len(charts) > 5
    assert {name.rpartition(".")[2] for name in files} == {"svg", "png", "txt", "csv"}
    for chart in charts:
        stem = chart.chart_id.removeprefix("chart-")
        drawing = ElementTree.fromstring(files[f"{stem}.svg"])
        assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
        assert MARK["en"] in files[f"{stem}.svg"].decode()
        assert files[f"{stem}.png"].startswith(b"\x89PNG")
        assert files[f"{stem}.txt"].decode().startswith(MARK["en"])
    assert files["years-accord.csv"].decode().splitlines()[0] == "year,estimate,low,high,target"


def test_a_page_without_charts_gives_no_files(small_meta: BulletinMeta) -> None:
    bare = BulletinTables()
    page = bulletin_html(bare, figures(bare, small_meta), small_meta, "ru")
    assert list(chart_files(page)) == []
    assert docx.Document(io.BytesIO(bulletin_docx(page, small_meta, _voice("ru")))).inline_shapes.__len__() == 0


def test_charts_without_numbers_are_drawn_and_not_refused() -> None:
    wording = Wording("chart-empty", "en", "Nothing", "No data.", {"suppressed": "not published", "months": "J|F"})
    blank = {"estimate": None, "low": None, "high": None}
    place = {"column": 0, "row": 0, "label": '<b>"x"</b>', "position": "suppressed"}
    drawn = [
        charts.interval_chart([{"name": '<i>"quoted"</i>', **blank}], wording, None),
        charts.tile_map([{**place, "estimate": None}], wording),
        charts.weekly_chart([{"week": "2025-07-07", **blank}], wording, tone="other", top=1.0),
    ]
    assert all(svg.startswith('<svg role="img"') for svg in drawn)
    assert not [svg for svg in drawn if "<i>" in svg or "<b>" in svg]


def test_kept_inputs_give_the_same_bytes(
    tmp_path: Path, small: BulletinTables, small_meta: BulletinMeta, html: dict[str, str]
) -> None:
    path = tmp_path / "kelisim-2025-Q3-inputs.zip"
    keep_inputs(path, small, small_meta)
    first = path.read_bytes()
    tables, meta = read_kept(path)
    assert meta == small_meta
    assert bulletin_html(tables, figures(tables, meta), meta, "ru") == html["ru"]
    keep_inputs(path, tables, meta)
    assert path.read_bytes() == first
    with zipfile.ZipFile(path) as packed:
        assert not [name for name in packed.namelist() if b"SECRET EXAMPLE" in packed.read(name)]


def test_kept_inputs_of_an_older_issue_without_newer_tables_still_render(
    tmp_path: Path, small: BulletinTables, small_meta: BulletinMeta
) -> None:
    reason = Trilingual(kk="қате", ru="ошибка", en="error")
    fixed = Correction(
        indicator_id="accord",
        version="1.0",
        year=2023,
        published_pct=80.9,
        corrected_pct=80.1,
        quarter="2025-Q3",
        reason=reason,
    )
    older = BulletinTables(verdicts=small.verdicts, returns=small.returns)
    path = tmp_path / "inputs.zip"
    keep_inputs(path, older, replace(small_meta, corrections=(fixed,)))
    tables, meta = read_kept(path)
    assert meta.corrections == (fixed,)
    assert "No answers yet" in bulletin_html(tables, figures(tables, meta), meta, "en")


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_damaged_kept_inputs_are_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "inputs.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BulletinInputError, match=r"inputs\.zip"):
        read_kept(path)
