"""Medialogia workbooks: a list of messages under a caption of several rows, told by Medialogia's own measures."""

from datetime import datetime
from pathlib import Path

from assets.sources.monitoring_workbook import read_monitoring_workbook
from assets.sources.read_result import ReadResult
from assets.sources.record_batches import SEARCHED_HEADER_ROWS
from assets.sources.unpacking import FileLimits
from assets.sources.workbook import Workbook

# Measures that only this system reports; one of them in a header is its signature.
SIGNATURE = frozenset({"медиаиндекс", "заметность", "уровень сми", "индекс цитируемости", "главный медиаиндекс"})


def read_medialogia(
    path: Path, *, as_of: datetime, pseudonym_key: bytes, limits: FileLimits | None = None
) -> ReadResult:
    """Mentions of a Medialogia workbook; as `read_monitoring_workbook`."""
    return read_monitoring_workbook(path, "medialogia", as_of=as_of, pseudonym_key=pseudonym_key, limits=limits)


def finds_medialogia_header(workbook: Workbook) -> bool:
    """Whether a sheet has a header near its top with a measure that only Medialogia reports."""
    for sheet in workbook.sheet_names:
        for number, cells in workbook.rows(sheet):
            if number > SEARCHED_HEADER_ROWS:
                break
            named = {(cell or "").strip().casefold() for cell in cells}
            if named & SIGNATURE and "дата" in " ".join(named):
                return True
    return False
