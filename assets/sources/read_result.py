"""What every reader hands back: rows of its raw table, refusals with a reason, and a sum that holds."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data_contracts.contract import table_contract
from data_contracts.schemas import conform, empty_frame, schema
from data_contracts.source import quarantine_rule

DETAIL_CHARACTERS = 200


class SourceError(ValueError):
    """A file from outside that cannot be read, by the rule of `quarantine_rules.yml` it breaks.

    `detail` must hold no value out of the file that could name a person.
    """

    def __init__(self, rule: str, detail: str = "", column: str | None = None) -> None:
        super().__init__(f"{rule}: {detail}" if detail else rule)
        self.rule = rule
        self.detail = detail
        self.column = column


@dataclass(frozen=True)
class FileIdentity:
    """A file as the tables know it."""

    file_name: str
    file_sha256: str

    @classmethod
    def of(cls, path: Path) -> "FileIdentity":
        """Name and content hash of a file on disk."""
        with path.open("rb") as stream:
            return cls(path.name, hashlib.file_digest(stream, "sha256").hexdigest())


@dataclass(frozen=True)
class Refusal:
    """One row (or, with `row_number` None, the whole file) that is not taken, and why."""

    rule: str
    row_number: int | None = None
    column_name: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class ReadResult:
    """Rows kept, rows refused, and how many rows the file held.

    `rows` is in the form of the reader's raw table; a survey row is spread over many cells with one
    `row_number`. `rows_in` counts data rows, so a refusal of the whole file (row_number null) is not in it.

    Raises:
        ValueError: on construction, if rows kept and rows refused do not add up to `rows_in`.
    """

    rows: pl.DataFrame
    quarantine: pl.DataFrame
    rows_in: int

    def __post_init__(self) -> None:
        if self.rows_kept + self.rows_quarantined != self.rows_in:
            raise ValueError(
                f"rows do not add up: {self.rows_in} in, {self.rows_kept} kept, {self.rows_quarantined} quarantined"
            )

    @property
    def rows_kept(self) -> int:
        """Data rows of the file, or of several files read together, that are in `rows`."""
        return self.rows.select("file_sha256", "row_number").n_unique()

    @property
    def rows_quarantined(self) -> int:
        """Data rows of the file that are refused; each has exactly one line in `quarantine`."""
        return self.quarantine["row_number"].drop_nulls().len()

    @property
    def file_rule(self) -> str | None:
        """The rule by which the file as a whole was refused, if it was."""
        whole = self.quarantine.filter(pl.col("row_number").is_null())
        return whole["rule"][0] if whole.height else None


def quarantine_frame(
    identity: FileIdentity,
    refusals: Iterable[Refusal],
    table: str = "core_feeds__quarantine",
    **more: str,
) -> pl.DataFrame:
    """Refusals in the form of a quarantine table.

    Args:
        identity: the file they are about.
        refusals: one per refused row.
        table: the quarantine table.
        more: value of a further column of that table, for every row (`wave_id`).

    Raises:
        ContractError: if a rule is not in `quarantine_rules.yml`.
    """
    contract = table_contract(table)
    records = [
        {
            "file_name": identity.file_name,
            "file_sha256": identity.file_sha256,
            "row_number": refusal.row_number,
            "column_name": refusal.column_name,
            "rule": refusal.rule,
            "detail": refusal.detail[:DETAIL_CHARACTERS],
            "what_to_do": quarantine_rule(refusal.rule).advice,
            **more,
        }
        for refusal in refusals
    ]
    return conform(pl.DataFrame(records, schema=schema(contract)), contract)


def refused_file(
    identity: FileIdentity, problem: SourceError, rows_table: str, quarantine_table: str, **more: str
) -> ReadResult:
    """The result of a file of which nothing is taken."""
    refusal = Refusal(problem.rule, None, problem.column, problem.detail)
    return ReadResult(
        rows=empty_frame(table_contract(rows_table)),
        quarantine=quarantine_frame(identity, [refusal], quarantine_table, **more),
        rows_in=0,
    )


def combined(results: Iterable[ReadResult]) -> ReadResult:
    """Several results of one file, read batch by batch, as one.

    Raises:
        ValueError: if there is none.
    """
    found = list(results)
    if not found:
        raise ValueError("no results to combine")
    return ReadResult(
        rows=pl.concat([result.rows for result in found]),
        quarantine=pl.concat([result.quarantine for result in found]),
        rows_in=sum(result.rows_in for result in found),
    )
