"""Brand Analytics workbooks: mentions on the second sheet, header on the sixth row, links as formulas."""

from datetime import datetime
from pathlib import Path

from assets.sources.monitoring_workbook import read_monitoring_workbook
from assets.sources.read_result import ReadResult
from assets.sources.unpacking import FileLimits


def read_brand_analytics(
    path: Path, *, as_of: datetime, pseudonym_key: bytes, limits: FileLimits | None = None
) -> ReadResult:
    """Mentions of a Brand Analytics workbook; as `read_monitoring_workbook`."""
    return read_monitoring_workbook(path, "brand_analytics", as_of=as_of, pseudonym_key=pseudonym_key, limits=limits)
