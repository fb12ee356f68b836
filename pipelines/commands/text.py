"""`kelisim annotate`: language, region, ethnic groups and duplicates of an analyst's own texts."""

from __future__ import annotations

import gzip
import json
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from assets.whole_file import whole_file
from models.text.duplicates import WINDOW_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(no_args_is_help=True, add_completion=False)

WRONG_INPUT = 2


class TextInputError(ValueError):
    """A file of texts that cannot be read or written; the message names the file and what to do."""


@contextmanager
def input_errors() -> Iterator[None]:
    """Say what is wrong with the input on stderr and end with exit code 2."""
    try:
        yield
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(WRONG_INPUT) from error


@app.command()
def annotate(
    texts: Annotated[Path, typer.Argument(help="texts: .csv, .jsonl, .jsonl.gz or .parquet", metavar="IN")],
    output: Annotated[Path, typer.Option("--output", "-o", help=".parquet or .jsonl")],
    *,
    window_days: Annotated[
        int, typer.Option(help="longest time between a duplicate and the first", min=1)
    ] = WINDOW_DAYS,
    kato: Annotated[Path | None, typer.Option(help="folder with the operator's kato.csv")] = None,
) -> None:
    """Add language, script, region_code, region_basis, groups and duplicate_cluster_id to texts.

    IN holds `id` and `text`; `published_at` and `source_region` are used where they are there.
    """
    with input_errors():
        if output.suffix not in {".parquet", ".jsonl"}:
            raise TextInputError(f"{output}: write to a name that ends in .parquet or .jsonl")
        rows = read_texts(texts)
        write_rows(annotated(rows, window_days, kato), output)
    typer.echo(f"{rows.height} texts -> {output}")


def annotated(rows: pl.DataFrame, window_days: int = WINDOW_DAYS, kato: Path | None = None) -> pl.DataFrame:
    """The rows with the annotations as further columns, in the same order.

    Args:
        rows: `id`, `text`, optionally `published_at` and `source_region`.
        window_days: longest time between a duplicate and the first of its cluster.
        kato: folder with `kato.csv`, whose settlements are looked for too.
    """
    from assets.sources.kato import gazetteer_with_kato
    from models.text.duplicates import duplicate_clusters
    from models.text.ethnonyms import mentions
    from models.text.language import languages
    from models.text.normalisation import normalised
    from models.text.places import places

    ids, texts = rows["id"].cast(pl.String), rows["text"]
    plain = normalised(texts)
    found = mentions(ids, texts, plain).rename({"group_code": "group"})
    groups = found.group_by("message_id").agg(
        groups=pl.struct("group", "surface", "start", "end", "is_person", "is_slur", "slur_severity")
    )
    vendor = rows["source_region"].cast(pl.String) if "source_region" in rows.columns else None
    clusters = duplicate_clusters(ids, texts, times(rows), window_days, plain)
    added = pl.concat(
        [
            languages(texts, plain),
            places(texts, None, vendor, plain, None if kato is None else gazetteer_with_kato(kato)),
            clusters.rename({"message_id": "id"}),
        ],
        how="horizontal",
    ).join(groups, left_on="id", right_on="message_id", how="left", maintain_order="left")
    added = added.with_columns(
        pl.when(pl.col("groups").is_null())
        .then(pl.lit([], dtype=added.schema["groups"]))
        .otherwise("groups")
        .alias("groups")
    )
    surplus = [name for name in added.columns if name in rows.columns]
    return pl.concat([rows.drop(name for name in surplus if name != "id"), added.drop("id")], how="horizontal")


def times(rows: pl.DataFrame) -> pl.Series:
    """`published_at` as UTC times; one moment for all where the column is not there or not a date."""
    moment = datetime(2000, 1, 1, tzinfo=UTC)
    kind = pl.Datetime("us", "UTC")
    if "published_at" not in rows.columns:
        return pl.Series([moment], dtype=kind).new_from_index(0, rows.height)
    given = rows["published_at"]
    if given.dtype == pl.String:
        given = given.str.to_datetime(strict=False, time_zone="UTC", time_unit="us")
    if given.dtype.is_temporal():
        given = given.cast(pl.Datetime("us")) if getattr(given.dtype, "time_zone", None) is None else given
        zoned = given if getattr(given.dtype, "time_zone", None) else given.dt.replace_time_zone("UTC")
        return zoned.dt.convert_time_zone("UTC").cast(kind).fill_null(moment)
    raise TextInputError(f"column published_at holds {given.dtype}; write dates as 2026-07-01T12:00:00Z")


def read_texts(path: Path) -> pl.DataFrame:
    """Rows with `id` and `text`.

    Raises:
        TextInputError: if the file is missing, empty, of another kind or damaged, lacks a column, has an id
        twice, or
            a line that is not JSON.
    """
    if not path.is_file():
        raise TextInputError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise TextInputError(f"{path} is empty (0 bytes)")
    name = path.name.lower()
    try:
        if name.endswith(".parquet"):
            rows = pl.read_parquet(path)
        elif name.endswith((".csv", ".csv.gz")):
            rows = pl.read_csv(path, infer_schema=False)
        elif name.endswith((".jsonl", ".jsonl.gz", ".ndjson")):
            rows = _read_lines(path)
        else:
            raise TextInputError(f"{path}: use .csv, .jsonl, .jsonl.gz or .parquet")
    except TextInputError:
        raise
    except (pl.exceptions.PolarsError, OSError, EOFError, UnicodeDecodeError) as error:
        raise TextInputError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    missing = [column for column in ("id", "text") if column not in rows.columns]
    if missing:
        raise TextInputError(f"{path}: no column {', '.join(missing)}; columns are {', '.join(rows.columns)}")
    rows = rows.with_columns(pl.col("id", "text").cast(pl.String)).with_columns(pl.col("text").fill_null(""))
    doubled = rows.filter(pl.col("id").is_duplicated() | pl.col("id").is_null())["id"].to_list()
    if doubled:
        raise TextInputError(f"{path}: id {doubled[0]!r} is missing or stands there twice; make ids unique")
    return rows


def _read_lines(path: Path) -> pl.DataFrame:
    records: list[dict[str, object]] = []
    with path.open("rb") as plain, gzip.open(plain) if path.suffix == ".gz" else plain as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise TextInputError(f"{path} line {number}: not JSON ({error.msg})") from error
            if not isinstance(record, dict):
                raise TextInputError(f"{path} line {number}: expected an object with `id` and `text`")
            if isinstance(record.get("text"), str):
                record["text"] = record["text"].encode("utf-8", "replace").decode("utf-8")
            records.append(record)
    return pl.DataFrame(records, infer_schema_length=None, strict=False)


def write_rows(rows: pl.DataFrame, path: Path) -> None:
    """Write a Parquet file or, with any other ending, a JSON line for each row."""
    with whole_file(path) as beside:
        if path.suffix == ".parquet":
            rows.write_parquet(beside)
        else:
            rows.write_ndjson(beside)
