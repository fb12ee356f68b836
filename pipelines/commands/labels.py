"""`kelisim label export`, `import` and `retrain`: people's labels into the model, and back out to people."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from assets.label_store import LabelStore
from assets.sources.read_result import SourceError
from assets.sources.unpacking import FileLimits, open_archive
from assets.sources.workbook import Workbook
from models.discourse.adjudication import Adjudication, AnnotationError, adjudicate, agreement, check_annotations
from models.discourse.label_selection import SelectionRequest, worth_labelling
from models.discourse.label_studio import annotations_of_export, labelling_config, tasks
from models.discourse.label_workbook import annotations_of_rows, workbook
from models.text.person_names import without_person_names
from pipelines.messages import say
from pipelines.settings import Settings

app = typer.Typer(no_args_is_help=True, help="People's labels of messages.")
label = typer.Typer(no_args_is_help=True, help="Messages worth labelling, and labels back.")
app.add_typer(label, name="label")

WRONG_INPUT = 2
FAILED_RUN = 1
LARGEST_FILE = 200 * 2**20
HomeOption = Annotated[Path | None, typer.Option("--home", help="the home with the lake (KELISIM_HOME)")]
LangOption = Annotated[str | None, typer.Option("--lang", help="language of the form and messages: kk, ru or en")]


@contextmanager
def _wrong_input_ends() -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:
        typer.echo(f"kelisim: {error}", err=True)
        raise typer.Exit(WRONG_INPUT) from error


def _settings(home: Path | None, lang: str | None) -> Settings:
    settings = Settings() if home is None else Settings(home=home)
    if lang is not None and lang not in ("kk", "ru", "en"):
        raise ValueError(say("problem.language", settings.language, value=lang))
    return settings if lang is None else settings.model_copy(update={"language": lang})


@label.command("export")
def export_command(
    output: Annotated[Path, typer.Option("-o", "--output", help="a new or empty folder")],
    count: Annotated[int, typer.Option(min=10, max=20_000, help="how many messages")] = 300,
    home: HomeOption = None,
    lang: LangOption = None,
) -> None:
    """Messages worth labelling, as a Label Studio project and as a workbook."""
    with _wrong_input_ends():
        settings = _settings(home, lang)
        if output.exists() and any(output.iterdir()):
            raise ValueError(say("problem.not_empty", settings.language, path=output))
        selection = _selection(settings, count)
        _write_project(selection, output, settings.language)
    uncertain = int((selection["chosen_because"] == "uncertain").sum())
    typer.echo(
        say(
            "labels.written",
            settings.language,
            count=len(selection),
            uncertain=uncertain,
            random=len(selection) - uncertain,
            folder=output,
        )
    )
    typer.echo(say("labels.next_step", settings.language))


def _selection(settings: Settings, count: int) -> pl.DataFrame:
    lake = settings.root / "lake"
    names = ("core_feeds__messages", "core_discourse__labels", "core_feeds__mentions")
    files = {name: sorted((lake / name).glob("*.parquet")) for name in names}
    if not all(files.values()):
        raise ValueError(say("labels.no_messages", settings.language, path=settings.root))
    messages, labels, mentions = (pl.read_parquet(files[name]) for name in names)
    known = LabelStore(settings.root).latest()
    chosen = worth_labelling(
        messages,
        labels,
        mentions,
        SelectionRequest(count, settings.seed),
        None if known is None else known.labels["message_id"],
    )
    # Annotators read the texts outside the institute's own tools: nobody is named to them.
    return chosen.with_columns(pl.col("text").map_elements(without_person_names, return_dtype=pl.String))


def _write_project(selection: pl.DataFrame, folder: Path, language: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    sampled = selection.select("message_id", "chosen_because", "sampling_probability")
    contents = {
        "tasks.json": json.dumps(tasks(selection, language), ensure_ascii=False, indent=1).encode(),
        "config.xml": labelling_config(language).encode(),
        "labels.xlsx": workbook(selection, language),
        "sampling.csv": sampled.write_csv().encode(),
    }
    for name, content in contents.items():
        _write(folder / name, content)


def _write(path: Path, content: bytes) -> None:
    """Beside the place first, then renamed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(path)


@label.command("import")
def import_command(
    files: Annotated[list[Path], typer.Argument(help="Label Studio's export (.json) or filled workbooks (.xlsx)")],
    adjudicator: Annotated[
        Path | None, typer.Option(help="the one of the workbooks whose word stands where others differ")
    ] = None,
    home: HomeOption = None,
    lang: LangOption = None,
) -> None:
    """Labels of several annotators: agreement, one decision a message, the next version of the labels."""
    with _wrong_input_ends():
        settings = _settings(home, lang)
        annotations = pl.concat([_annotations(path, number) for number, path in enumerate(files, start=1)])
        check_annotations(annotations)
        last = None if adjudicator is None else _annotator(files, adjudicator)
        measured, result = agreement(annotations), adjudicate(annotations, last)
        version = None
        if len(result.decided):
            facts = {
                "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
                "agreement": measured.to_dicts(),
                "decisions": dict(result.decided["decision"].value_counts().sort("decision").iter_rows()),
                "open": len(result.open),
            }
            version = LabelStore(settings.root).add(result.decided, facts)
        place = _write_open(settings.root, result)
    _tell(settings.language, measured)
    if version is not None:
        typer.echo(
            say(
                "labels.stored",
                settings.language,
                version=version.name,
                rows=version.manifest["rows"],
                new=version.manifest["rows_new"],
                frozen=version.manifest["rows_frozen"],
                open=len(result.open),
            )
        )
    if place is not None:
        typer.echo(say("labels.open_file", settings.language, path=place))


def _annotations(path: Path, number: int) -> pl.DataFrame:
    if not path.is_file():
        raise AnnotationError(f"{path}: there is no such file")
    if path.stat().st_size > LARGEST_FILE:
        raise AnnotationError(f"{path}: larger than {LARGEST_FILE // 2**20} MiB; export fewer tasks at a time")
    if path.suffix.lower() == ".json":
        return annotations_of_export(path.read_bytes(), path.name)
    if path.suffix.lower() != ".xlsx":
        raise AnnotationError(f"{path}: must be Label Studio's export (.json) or a filled workbook (.xlsx)")
    try:
        with open_archive(path, FileLimits()) as archive:
            book = Workbook(archive)
            return annotations_of_rows(book.rows(book.sheet_names[0]), f"workbook-{number}", path.name)
    except SourceError as error:
        raise AnnotationError(f"{path}: not a whole workbook ({error}); save it again as .xlsx") from error


def _annotator(files: Sequence[Path], path: Path) -> str:
    if path not in files or path.suffix.lower() != ".xlsx":
        raise AnnotationError(f"--adjudicator {path}: must be one of the workbooks that are imported")
    return f"workbook-{files.index(path) + 1}"


def _write_open(root: Path, result: Adjudication) -> Path | None:
    path = root / "labels" / "open.csv"
    if result.open.is_empty():
        path.unlink(missing_ok=True)
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, result.open.with_columns(pl.col("labels").list.join("; ")).write_csv().encode())
    return path


def _tell(language: str, measured: pl.DataFrame) -> None:
    for measure, _, count, alpha, is_low in measured.rows():
        if alpha is not None:
            typer.echo(say("labels.agreement", language, measure=measure, alpha=f"{alpha:.3f}", count=count))
        if is_low:
            typer.echo(f"  {say('labels.low', language)}")


@label.command("retrain")
def retrain_command(home: HomeOption = None, lang: LangOption = None) -> None:
    """Train on the corpus and people's labels; taken into use only if nothing gets worse."""
    from assets.promotion import PROMOTION_FILE, Comparison
    from pipelines.definitions import build_definitions
    from pipelines.home import open_home, open_instance
    from pipelines.job_runs import RunFailed, run_job

    with _wrong_input_ends():
        settings = _settings(home, lang)
        if LabelStore(settings.root).latest() is None:
            raise ValueError(say("labels.no_labels", settings.language, path=settings.root))
    root = open_home(settings)
    failed: RunFailed | None = None
    try:
        run_job(build_definitions(settings), open_instance(root), "retrain_discourse_model")
    except RunFailed as error:
        failed = error
    path = root / "models" / PROMOTION_FILE
    if not path.is_file():
        typer.echo(say("run.failed", settings.language, reason=failed), err=True)
        raise typer.Exit(FAILED_RUN)
    comparison = Comparison.read(path)
    if comparison.is_promoted and failed is None:
        typer.echo(say("labels.promoted", settings.language, version=comparison.candidate))
        return
    typer.echo(say("labels.not_promoted", settings.language), err=True)
    for one in comparison.worse:
        typer.echo("  " + say("labels.worse", settings.language, **one), err=True)
    raise typer.Exit(FAILED_RUN)
