"""`kelisim bulletin`: an issue again as HTML, PDF or Word, or its charts for slides, without a new run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from assets.bulletin_from_lake import QuarterMissing, TablesMissing, issue_inputs, quarters_there
from assets.bulletin_kept import read_kept
from assets.bulletin_pdf import BrowserMissing, PrintingFailed, find_browser, print_pdf
from models.bulletin.chart_files import chart_files
from models.bulletin.figure_book import FigureBook
from models.bulletin.figures import figures
from models.bulletin.inputs import BulletinInputError
from models.bulletin.narrative.voice import Voice, phrasebook
from models.bulletin.page import bulletin_html
from models.periods import QuarterError, quarter_start
from pipelines.commands.report_messages import (
    FAILED_RUN,
    chosen_settings,
    reading_place,
    say,
    stop,
    write_beside,
)

if TYPE_CHECKING:
    from assets.workplace import Workplace
    from models.bulletin.inputs import BulletinMeta, BulletinTables
    from pipelines.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)
FORMATS = ("html", "pdf", "docx")


@app.command()
def bulletin(  # noqa: PLR0917 (typer: one parameter an option)
    quarter: Annotated[str | None, typer.Option(help="such as 2026-Q3; the default is the last one there")] = None,
    lang: Annotated[str | None, typer.Option("--lang", help="kk, ru or en (KELISIM_LANGUAGE)")] = None,
    form: Annotated[str, typer.Option("--format", help="html, pdf or docx")] = "html",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="file to write")] = None,
    charts: Annotated[Path | None, typer.Option(help="folder for the charts as SVG, PNG, text and CSV")] = None,
    inputs: Annotated[Path | None, typer.Option(help="kept inputs of an issue (kelisim-...-inputs.zip)")] = None,
    home: Annotated[Path | None, typer.Option("--home", help="folder of lake and bulletins (KELISIM_HOME)")] = None,
) -> None:
    """Make the bulletin of a quarter again from what is published or kept, in one language and one form."""
    settings = chosen_settings(home, lang)
    language = settings.language
    if form not in FORMATS:
        stop(say("format", language, value=form, known=", ".join(FORMATS)))
    place = reading_place(settings)
    tables, kept = _inputs(place, quarter, inputs, language)
    meta = replace(kept, code_version=place.code_version)
    try:
        page = bulletin_html(tables, figures(tables, meta), meta, language)
    except BulletinInputError as error:
        stop(say("unreadable", language, reason=error))
    if meta.is_synthetic:
        typer.echo(say("synthetic", language), err=True)
    if charts is not None:
        _write_charts(charts, page, meta, language)
    if charts is None or output is not None:
        content = _in_form(form, page, meta, settings)
        target = output or place.bulletins / meta.quarter / f"kelisim-{meta.quarter}-{language}.{form}"
        if form == "html" and not _is_as_issued(place, content, kept, language) and output is None:
            target = target.with_name(f"{target.stem}-remade.html")
        write_beside(target, content, language)
        typer.echo(f"{target}  {target.stat().st_size:,} B")


def _inputs(
    place: Workplace, quarter: str | None, kept: Path | None, language: str
) -> tuple[BulletinTables, BulletinMeta]:
    """Tables and facts of the issue asked for; ends with a sentence where there are none."""
    try:
        if kept is not None:
            tables, meta = read_kept(kept)
        else:
            wanted = quarter or next(reversed(quarters_there(place)), None)
            if wanted is None:
                stop(say("nothing", language, path=place.root))
            quarter_start(wanted)
            tables, meta = issue_inputs(place, wanted)
    except QuarterError:
        stop(say("quarter", language, value=quarter))
    except QuarterMissing as error:
        found = ", ".join(error.found)
        key = "no_quarter" if found else "nothing"
        stop(say(key, language, path=place.root, quarter=error.quarter, found=found))
    except TablesMissing as error:
        stop(say("tables_missing", language, quarter=error.quarter, tables=", ".join(error.tables)))
    except (BulletinInputError, pl.exceptions.PolarsError, OSError) as error:
        stop(say("unreadable", language, reason=error))
    return tables, meta


def _is_as_issued(place: Workplace, page: bytes, kept: BulletinMeta, language: str) -> bool:
    """Whether the page is the issued one, told on stderr; an issue that differs is never written over."""
    issued = place.bulletins / kept.quarter / f"kelisim-{kept.quarter}-{language}.html"
    if not issued.exists():
        return True
    is_same = issued.read_bytes() == page
    facts = {"date": kept.generated_at.date().isoformat(), "then": kept.code_version, "now": place.code_version}
    typer.echo(say("same_bytes" if is_same else "other_bytes", language, **facts), err=True)
    return is_same


def _in_form(form: str, page: str, meta: BulletinMeta, settings: Settings) -> bytes:
    language = settings.language
    if form == "html":
        return page.encode("utf-8")
    if form == "docx":
        from models.bulletin.document.word_document import bulletin_docx

        return bulletin_docx(page, meta, Voice(phrasebook(language), FigureBook({})))
    try:
        return print_pdf(page, find_browser(settings.browser))
    except BrowserMissing:
        stop(say("no_browser", language), FAILED_RUN)
    except PrintingFailed as error:
        stop(say("browser_failed", language, reason=error), FAILED_RUN)


def _write_charts(folder: Path, page: str, meta: BulletinMeta, language: str) -> None:
    mark = phrasebook(language).phrases["page.synthetic_short"] if meta.is_synthetic else None
    count = 0
    for name, content in chart_files(page, mark):
        write_beside(folder / f"kelisim-{meta.quarter}-{language}-{name}", content, language)
        count += name.endswith(".svg")
    typer.echo(say("charts", language, path=folder, count=count))
