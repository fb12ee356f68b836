"""`kelisim export`: the tables for people as CSV, XLSX, Parquet or SPSS, with labels, notes and a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from assets.bulletin_from_lake import quarters_there
from assets.warehouse_export import FORMATS, ExportError, exported, write_export
from assets.warehouse_workbook import NotesText
from models.bulletin.narrative.voice import phrasebook
from models.periods import QuarterError, quarter_start
from pipelines.commands.report_messages import chosen_settings, reading_place, say, stop

app = typer.Typer(no_args_is_help=True, add_completion=False)
LINES = ("export_note_suppressed", "export_note_error", "export_note_house", "export_note_quote")


@app.command()
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="folder to write into")],
    quarter: Annotated[str | None, typer.Option(help="such as 2026-Q3; the default is the last one there")] = None,
    form: Annotated[str, typer.Option("--format", help="csv, xlsx, parquet or sav")] = "xlsx",
    lang: Annotated[str | None, typer.Option("--lang", help="language of labels and notes: kk, ru or en")] = None,
    home: Annotated[Path | None, typer.Option("--home", help="folder of the lake (KELISIM_HOME)")] = None,
) -> None:
    """Write the tables for people of a quarter to a folder; suppressed numbers stay empty."""
    settings = chosen_settings(home, lang)
    language = settings.language
    if form not in FORMATS:
        stop(say("format", language, value=form, known=", ".join(FORMATS)))
    place = reading_place(settings)
    wanted = quarter or next(reversed(quarters_there(place)), None)
    if wanted is None:
        stop(say("nothing", language, path=place.root))
    try:
        quarter_start(wanted)
        content = exported(place, wanted, language)
    except QuarterError:
        stop(say("quarter", language, value=wanted))
    except ExportError:
        found = ", ".join(quarters_there(place))
        key = "no_quarter" if found else "nothing"
        stop(say(key, language, path=place.root, quarter=wanted, found=found))
    except (pl.exceptions.PolarsError, OSError) as error:
        stop(say("export_unreadable", language, reason=error))
    if content.is_synthetic:
        typer.echo(say("synthetic", language), err=True)
    try:
        paths = write_export(content, form, output, _notes(language))
    except OSError as error:
        stop(say("folder", language, path=output, reason=error.strerror or error))
    for path in paths:
        typer.echo(f"{path}  {path.stat().st_size:,} B")


def _notes(language: str) -> NotesText:
    """Words of the notes sheet."""
    columns = tuple(say(f"export_column_{name}", language) for name in ("sheet", "column", "unit", "meaning"))
    return NotesText(
        sheet=say("export_sheet", language),
        title=say("export_title", language),
        mark=phrasebook(language).phrases["page.synthetic_short"],
        columns=(columns[0], columns[1], columns[2], columns[3]),
        lines=tuple(say(name, language) for name in LINES),
    )
