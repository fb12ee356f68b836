"""Tell synthetic input from real: one synthetic file that was used marks everything made from the inbox."""

import polars as pl

MARKER = "SYNTHETIC.txt"


def is_synthetic(files: pl.DataFrame) -> bool:
    """True if a file that was kept, at least in part, says in its name that it is synthetic.

    Args:
        files: `out_inbox__files`.
    """
    used = files.filter(pl.col("rows_kept") > 0)
    return bool(used["file_name"].str.to_lowercase().str.contains("synthetic", literal=True).any())
