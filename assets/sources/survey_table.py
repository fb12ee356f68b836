"""Survey waves in CSV and XLSX files, and the form every wave is brought into."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from assets.sources.delimited import open_delimited
from assets.sources.read_result import (
    FileIdentity,
    ReadResult,
    Refusal,
    SourceError,
    quarantine_frame,
    refused_file,
)
from assets.sources.record_batches import delimited_batches, header_at, workbook_batches
from assets.sources.unpacking import FileLimits, is_workbook
from assets.sources.workbook import excel_date, open_workbook
from data_contracts.contract import table_contract
from data_contracts.questionnaire import Questionnaire
from data_contracts.schemas import conform

RAW = "raw_survey__answers"
QUARANTINE = "core_survey__quarantine"
LONGEST_VALUE = 1000
WHOLE_NUMBER = r"^\s*([+-]?\d+)\.0+\s*$"


def read_survey_table(path: Path, questionnaire: Questionnaire, *, limits: FileLimits | None = None) -> ReadResult:
    """Answers of a wave in CSV or XLSX, in the form of `raw_survey__answers`.

    One row is a respondent. Only the columns that the questionnaire names are read, by their names exactly
    or without regard to case. Empty cells are null. A row with too many or too few fields, or with a cell
    of more than 1,000 characters in a column of codes, is refused.

    Args:
        path: the file; a CSV also as .gz or in a .zip.
        questionnaire: which column is which field or item.
        limits: what the file may cost.
    """
    identity = FileIdentity.of(path)
    try:
        frame, refusals = _read(path, questionnaire, limits)
        return answers(frame, questionnaire, identity, {}, refusals)
    except SourceError as error:
        return refused_file(identity, error, RAW, QUARANTINE, wave_id=questionnaire.wave_id)


def column_places(present: Sequence[str], questionnaire: Questionnaire) -> dict[str, str]:
    """The questionnaire's name of each column -> the file's, which may differ in case.

    Raises:
        SourceError: `missing_column` naming every column that is not there, `ambiguous_column`.
    """
    wanted = list(dict.fromkeys(questionnaire.file_columns.values()))
    folded: dict[str, list[str]] = {}
    for name in present:
        folded.setdefault(name.casefold(), []).append(name)
    missing = [name for name in wanted if name.casefold() not in folded]
    if missing:
        raise SourceError("missing_column", f"columns missing: {', '.join(missing)}", missing[0])
    places = {}
    for name in wanted:
        fitting = folded[name.casefold()]
        exact = [found for found in fitting if found == name]
        if len(exact or fitting) > 1:
            raise SourceError("ambiguous_column", f"columns there twice: {name}", name)
        places[name] = (exact or fitting)[0]
    return places


def _read(path: Path, questionnaire: Questionnaire, limits: FileLimits | None) -> tuple[pl.DataFrame, list[Refusal]]:
    """(text by the questionnaire's column names and `row_number`, refused rows)."""
    if path.suffix.lower() in (".xlsx", ".xlsm") or is_workbook(path):
        with open_workbook(path, limits) as workbook:
            sheet = questionnaire.sheet or next(iter(workbook.sheet_names), "")
            header = [(cell or "").strip() for cell in header_at(workbook, sheet, 1)]
            is_1904 = workbook.is_1904
        names = column_places([name for name in header if name], questionnaire)
        batches = workbook_batches(path, sorted(set(names.values())), sheet=sheet, limits=limits)
    else:
        options = {"encoding": questionnaire.encoding, "separator": questionnaire.separator, "limits": limits}
        with open_delimited(path, **options) as table:
            names = column_places(table.header, questionnaire)
        batches = delimited_batches(path, sorted(set(names.values())), **options)
        is_1904 = None
    frames, refusals = [], []
    for batch in batches:
        frame = pl.DataFrame(
            {
                "row_number": pl.Series(batch.row_numbers, dtype=pl.Int64),
                **{name: pl.Series(values, dtype=pl.String) for name, values in batch.columns.items()},
            }
        )
        good = [refusal is None for refusal in batch.refusals]
        frames.append(frame.filter(pl.Series(good, dtype=pl.Boolean)))
        refusals += [
            Refusal(rule, number, None, detail or "")
            for number, rule, detail in zip(batch.row_numbers, batch.refusals, batch.details, strict=True)
            if rule is not None
        ]
    if not frames:
        raise SourceError("no_rows")
    frame = pl.concat(frames)
    frame = frame.select("row_number", *(pl.col(name).alias(wanted) for wanted, name in names.items()))
    return (frame if is_1904 is None else _with_dates(frame, questionnaire, is_1904)), refusals


def _with_dates(frame: pl.DataFrame, questionnaire: Questionnaire, is_1904: bool) -> pl.DataFrame:
    """Excel stores days as numbers: those of the interview are written out."""
    mapping = questionnaire.columns.get("interview_date")
    if mapping is None or mapping.column is None:
        return frame
    written = [
        value if value is None or (day := excel_date(value, is_1904)) is None else day.isoformat()
        for value in frame[mapping.column].to_list()
    ]
    return frame.with_columns(pl.Series(mapping.column, written, dtype=pl.String))


def answers(
    frame: pl.DataFrame,
    questionnaire: Questionnaire,
    identity: FileIdentity,
    missing: dict[str, list[Any]],
    refusals: Sequence[Refusal] = (),
) -> ReadResult:
    """A wave's cells, one a row, in the form of `raw_survey__answers`.

    Args:
        frame: text by the questionnaire's column names; `row_number` is added if it is not there.
        questionnaire: which column is which field or item; one column may serve several.
        identity: the file.
        missing: by column, values or `{lo, hi}` ranges that the file itself declares missing.
        refusals: rows refused while reading.

    Raises:
        SourceError: `no_rows`.
    """
    if frame.is_empty() and not refusals:
        raise SourceError("no_rows")
    if "row_number" not in frame.columns:
        frame = frame.with_row_index("row_number", offset=1)
    values = [name for name in frame.columns if name != "row_number"]
    frame = frame.with_columns(
        pl.col(values).str.replace_all("\x00", "", literal=True).str.strip_chars().replace("", None)
    ).with_columns(pl.col(values).str.replace(WHOLE_NUMBER, "${1}"))
    too_long = pl.any_horizontal(pl.col(name).str.len_chars() > LONGEST_VALUE for name in values)
    swollen = frame.filter(too_long)["row_number"].to_list()
    more = [Refusal("unreadable_row", number, None, f"cell over {LONGEST_VALUE}") for number in swollen]
    frame = frame.filter(~too_long.fill_null(value=False))
    contract = table_contract(RAW)
    rows = _cells(frame, questionnaire, missing).with_columns(
        pl.lit(questionnaire.wave_id).alias("wave_id"),
        pl.lit(identity.file_name).alias("file_name"),
        pl.lit(identity.file_sha256).alias("file_sha256"),
    )
    refused = sorted([*refusals, *more], key=lambda refusal: refusal.row_number or 0)
    return ReadResult(
        rows=conform(rows.select(contract.column_names), contract),
        quarantine=quarantine_frame(identity, refused, QUARANTINE, wave_id=questionnaire.wave_id),
        rows_in=frame.height + len(refused),
    )


def _cells(frame: pl.DataFrame, questionnaire: Questionnaire, missing: dict[str, list[Any]]) -> pl.DataFrame:
    """One row for each field or item of each respondent."""
    return pl.concat(
        frame.select(
            pl.col("row_number").cast(pl.Int64),
            pl.lit(column).alias("source_column"),
            pl.lit(field).alias("field"),
            pl.col(column).alias("value"),
            _declared_missing(column, missing.get(column, [])).alias("is_user_missing"),
        )
        for field, column in questionnaire.file_columns.items()
    )


def _declared_missing(column: str, declared: Sequence[Any]) -> pl.Expr:
    number = pl.col(column).cast(pl.Float64, strict=False)
    found = pl.lit(False)
    for value in declared:
        if isinstance(value, dict):
            low, high = value["lo"], value["hi"]
            if isinstance(low, str):
                found = found | (pl.col(column) == low.strip()).fill_null(value=False)
            else:
                found = found | number.is_between(low, high).fill_null(value=False)
        elif isinstance(value, str):
            found = found | (pl.col(column) == value.strip()).fill_null(value=False)
        else:
            found = found | (number == value).fill_null(value=False)
    return found
