"""`kelisim read`, `map`, `poll`, `retention`: files of messages before and beside the graph."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from assets.whole_file import whole_file

app = typer.Typer(no_args_is_help=True, add_completion=False)

WRONG_INPUT = 2
SHOWN_REFUSALS = 5
WRITTEN_KINDS = (".parquet", ".jsonl")


class FeedCommandError(ValueError):
    """A file that cannot be read or written as asked; the message names the file and what to do."""


@dataclass
class Count:
    """What became of the rows of a file: rows_in = kept + duplicate + quarantined."""

    rows_in: int = 0
    kept: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rules: Counter[str] = field(default_factory=Counter)


@app.command()
def read(
    file: Annotated[Path, typer.Argument(help="export, saved feed, workbook or table", metavar="FILE")],
    output: Annotated[Path, typer.Option("--output", "-o", help=".parquet or .jsonl")],
    *,
    source: Annotated[
        str | None, typer.Option(help="telegram, syndication, brand_analytics or medialogia; else told by content")
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="what the columns of a table mean (see `kelisim map`)")] = None,
    home: Annotated[
        Path | None, typer.Option(help="take the pseudonym key of this home, else one for this run")
    ] = None,
    lang: Annotated[str | None, typer.Option("--lang", help="language of messages: kk, ru or en")] = None,
) -> None:
    """Messages of one file, without persons; refused rows go to OUT.quarantine.jsonl with their reasons."""
    from pipelines.settings import Settings

    settings = Settings()
    language = lang or settings.language
    if language not in ("kk", "ru", "en"):
        typer.echo(f"error: --lang {language}: give kk, ru or en", err=True)
        raise typer.Exit(WRONG_INPUT)
    try:
        count, refusals = _read(file, output, source, mapping, _key(settings, home))
    except (ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(WRONG_INPUT) from error
    _tell(file, output, count, refusals, language)
    if count.kept == 0:
        raise typer.Exit(WRONG_INPUT)


@app.command("map")
def draft_mapping(
    file: Annotated[Path, typer.Argument(help="a table: CSV, TSV, JSON lines, Parquet or XLSX", metavar="FILE")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="where to write; else it is shown")] = None,
) -> None:
    """Draft a mapping YAML by looking at a table's columns; to be checked by eye before it is used."""
    from assets.sources.mapping_draft import mapping_draft

    try:
        _there(file)
        text = mapping_draft(file).as_yaml(file.name)
        if output is not None and output.exists():
            raise FeedCommandError(f"{output} is there already; give another name or delete it")
    except ValueError as error:
        typer.echo(f"error: {file}: {error}", err=True)
        raise typer.Exit(WRONG_INPUT) from error
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    typer.echo(str(output))


@app.command()
def poll(
    home: Annotated[Path | None, typer.Option(help="home with subscriptions.yml (KELISIM_HOME)")] = None,
) -> None:
    """Fetch the feeds of subscriptions.yml into the inbox: conditionally, politely, within limits."""
    from assets.sources.polling import FeedPoller
    from data_contracts.contract import ContractError
    from data_contracts.subscriptions import read_subscriptions
    from pipelines.home import open_home
    from pipelines.settings import Settings

    settings = Settings() if home is None else Settings().model_copy(update={"home": home})
    root = open_home(settings)
    try:
        subscriptions = read_subscriptions(root / "subscriptions.yml")
    except ContractError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(WRONG_INPUT) from error
    for result in FeedPoller(subscriptions, root / "inbox", root / "polling.json", settings.now).poll():
        typer.echo(f"{result.outcome}  {result.url}  {result.file_name or result.detail}")


@app.command()
def retention(
    home: Annotated[Path | None, typer.Option(help="home whose inbox is looked at (KELISIM_HOME)")] = None,
    *,
    delete: Annotated[bool, typer.Option("--delete", help="delete; without it the files are only listed")] = False,
) -> None:
    """Raw feed files older than retention_days: list them, or delete those that were read."""
    from assets.sources.retention import expired_files, remove_expired
    from pipelines.home import open_home
    from pipelines.settings import Settings

    settings = Settings() if home is None else Settings().model_copy(update={"home": home})
    root = open_home(settings)
    expired = expired_files(root / "inbox", root / "lake", settings.now(), settings.retention_days)
    removed = {one.file.file_name for one in remove_expired(expired)} if delete else set[str]()
    for one in expired:
        state = "deleted" if one.file.file_name in removed else "kept: not read yet" if not one.is_read else "expired"
        typer.echo(f"{state}  {one.file.file_name}  {one.age_days} d")
    typer.echo(f"retention_days {settings.retention_days}: {len(expired)} expired, {len(removed)} deleted")


def _there(file: Path) -> None:
    if not file.is_file():
        raise FeedCommandError(f"there is no file {file}")


def _key(settings, home: Path | None) -> bytes:
    """The key of a home's quarter where one is named, else a key that nobody will ever know."""
    if home is None and settings.pseudonym_key is None:
        return secrets.token_bytes(32)
    from pipelines.home import open_home, pseudonym_key

    chosen = settings if home is None else settings.model_copy(update={"home": home})
    return pseudonym_key(chosen, open_home(chosen) if home is not None else chosen.root, chosen.now())


def _read(
    file: Path, output: Path, source: str | None, mapping: Path | None, key: bytes
) -> tuple[Count, list[dict[str, object]]]:
    from assets.sources.feed_file import FEED_FORMATS, feed_batches
    from assets.sources.identification import identified
    from assets.sources.read_result import SourceError
    from assets.sources.unpacking import FileLimits
    from data_contracts.source import read_feed_mapping
    from pipelines.settings import Settings

    _there(file)
    if output.suffix not in WRITTEN_KINDS:
        raise FeedCommandError(f"{output}: write to a name that ends in .parquet or .jsonl")
    if source is not None and mapping is not None:
        raise FeedCommandError("give --source or --mapping, not both")
    if source is not None and source not in FEED_FORMATS:
        raise FeedCommandError(f"--source {source}: give one of {', '.join(FEED_FORMATS)}")
    described = None
    if mapping is not None:
        source, described = "mapped", read_feed_mapping(mapping)
    elif source in (None, "mapped"):
        found = identified(file, FileLimits())
        if found.refusal is not None or found.kind != "feed" or found.source_format is None:
            what = SourceError(found.refusal or "unknown_format", found.detail or f"{found.kind} file")
            hint = (
                "; draft a mapping with `kelisim map` and give it with --mapping"
                if found.refusal == "no_mapping"
                else ""
            )
            raise FeedCommandError(f"{file}: {_message(what.rule, 'en')} ({what}){hint}")
        source, described = found.source_format, found.mapping
    moment = Settings().now()
    count, refusals = Count(), list[dict[str, object]]()
    beside = output.with_name(f"{output.name.removesuffix(output.suffix)}.quarantine.jsonl")
    batches = feed_batches(file, source, described, as_of=moment, pseudonym_key=key)
    with _written(output) as keep, _written(beside) as refuse:
        _count_batches(batches, count, refusals, keep, refuse)
    if count.quarantined == 0 and not count.rules:
        beside.unlink(missing_ok=True)
    return count, refusals


def _count_batches(batches, count: Count, refusals: list[dict[str, object]], keep, refuse) -> None:
    from models.text.annotation import message_ids

    seen: set[int] = set()
    for result in batches:
        rows = result.rows.with_columns(message_ids(result.rows["source_id"], result.rows["message_ref"]).alias("id"))
        marks = [int(mark[:16], 16) for mark in rows["id"].to_list()]
        fresh = []
        for mark in marks:
            fresh.append(mark not in seen)
            seen.add(mark)
        kept = rows.filter(pl.Series(fresh, dtype=pl.Boolean))
        count.rows_in += result.rows_in
        count.kept += kept.height
        count.duplicate += rows.height - kept.height
        count.quarantined += result.rows_quarantined
        count.rules.update(result.quarantine["rule"].to_list())
        refusals += result.quarantine.head(max(0, SHOWN_REFUSALS - len(refusals))).to_dicts()
        keep(kept.select("id", pl.exclude("id")))
        refuse(result.quarantine)


@contextmanager
def _written(path: Path) -> Iterator[Callable[[pl.DataFrame], None]]:
    """A function that appends frames; the file gets its name only when all went well."""
    import pyarrow.parquet as pq

    writer: pq.ParquetWriter | None = None
    with whole_file(path) as beside, beside.open("wb") as stream:

        def append(frame: pl.DataFrame) -> None:
            nonlocal writer
            if path.suffix != ".parquet":
                frame.write_ndjson(stream)
                return
            table = frame.to_arrow()
            writer = writer or pq.ParquetWriter(stream, table.schema, compression="zstd")
            writer.write_table(table)

        yield append
        if writer is not None:
            writer.close()


def _message(rule: str, language: str) -> str:
    from data_contracts.source import quarantine_rule

    return quarantine_rule(rule).message.in_language(language)


def _tell(file: Path, output: Path, count: Count, refusals: list[dict[str, object]], language: str) -> None:
    from data_contracts.source import quarantine_message

    typer.echo(
        f"{file.name}: rows_in {count.rows_in} = kept {count.kept} + duplicate {count.duplicate} "
        f"+ quarantined {count.quarantined} -> {output}"
    )
    for rule, number in count.rules.most_common():
        typer.echo(f"  {rule}: {number} ({_message(rule, language)})", err=True)
    for one in refusals:
        line = quarantine_message(
            str(one["rule"]),
            language,
            file=str(one["file_name"]),
            row=one["row_number"],  # pyright: ignore[reportArgumentType]
            column=one["column_name"],  # pyright: ignore[reportArgumentType]
            detail=str(one["detail"]) or None,
        )
        typer.echo(f"  {line}", err=True)
