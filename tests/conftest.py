"""Fixtures that every test may ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

# A busy machine is no failure: how long an example takes is measured in `benchmarks`, never in tests.
settings.register_profile("kelisim", deadline=None)
settings.load_profile("kelisim")

MODEL_SEED = 2026
SHARED_DATA = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets beside the project; tests that need it are skipped where it is absent."""
    if not (SHARED_DATA / "PROVENANCE.md").is_file():
        pytest.skip("the real data sets are not beside the project (../shared/data)")
    return SHARED_DATA


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What makes the demo first, what waits for the demo last, so that two workers seldom wait for each other."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if item.path.name == "test_demo_quarter.py":
        return 0
    return 2 if item.path.parent.name == "pipeline" else 1


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[str, Callable[[Path], None]], Path]:
    """`once(name, make)`: a folder that the first worker to ask fills, and that the others find filled."""
    root = tmp_path_factory.getbasetemp()
    shared = root if worker_id == "master" else root.parent

    def folder_of(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared / f"once-{name}"
        done = shared / f"once-{name}.done"
        with FileLock(shared / f"once-{name}.lock"):
            if not done.exists():
                folder.mkdir(exist_ok=True)
                make(folder)
                done.touch()
        return folder

    return folder_of


@pytest.fixture(scope="session")
def fitted(once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """The model of the shipped corpus, trained once for all workers.

    A folder with `models`, as a home has it, and `unseen.parquet`: what cross-validation found on the way.
    """
    return once("fitted", _fit)


@pytest.fixture(scope="session")
def fitted_models(fitted: Path) -> Path:
    """The `models` folder of a home, holding the model of the shipped corpus."""
    return fitted / "models"


def _fit(folder: Path) -> None:
    from assets import shipped_model

    done = shipped_model.fitted(MODEL_SEED)
    shipped_model.save_model(done.model, folder / "models", MODEL_SEED)
    assert done.unseen is not None
    done.unseen.write_parquet(folder / "unseen.parquet")
