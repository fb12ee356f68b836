"""Fixtures that every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets beside the project; tests that need it are skipped where it is absent."""
    if not (SHARED_DATA / "PROVENANCE.md").is_file():
        pytest.skip("the real data sets are not beside the project (../shared/data)")
    return SHARED_DATA
