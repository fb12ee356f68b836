"""The functional suite: its own quality, and the floors under the shipped model."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import yaml

from models.discourse.classifier import DiscourseModel
from models.discourse.corpus_reading import LANGUAGES, read_corpus
from models.discourse.functional_suite import (
    SuiteError,
    below_floors,
    judged,
    pass_rates,
    raised_floors,
    read_suite,
    shared_with_corpus,
)

FOLDER = Path(__file__).parent
FEWEST_CASES, FEWEST_FUNCTIONS = 1_200, 28


@pytest.fixture(scope="session")
def suite() -> pl.DataFrame:
    return read_suite({path.name: path.read_bytes() for path in FOLDER.glob("*.csv")})


@pytest.fixture(scope="session")
def floors() -> dict[str, dict[str, float]]:
    return yaml.safe_load((FOLDER / "floors.yml").read_text(encoding="utf-8"))


def test_every_function_has_cases_in_every_language(suite: pl.DataFrame) -> None:
    counts = suite.group_by("function", "language").len()
    assert suite["function"].n_unique() >= FEWEST_FUNCTIONS
    assert len(suite) >= FEWEST_CASES
    assert len(counts) == suite["function"].n_unique() * len(LANGUAGES)


def test_suite_shares_no_sentence_with_the_corpus(suite: pl.DataFrame) -> None:
    shared = shared_with_corpus(suite, read_corpus())
    assert shared.is_empty(), f"rewrite the case, not the corpus: {shared.head(10).rows()}"


def test_every_floor_names_a_function_of_the_suite(suite: pl.DataFrame, floors: dict[str, dict[str, float]]) -> None:
    assert set(floors) <= set(suite["function"])
    assert all(0 <= floor <= 1 for held in floors.values() for floor in held.values())


@pytest.mark.slow
def test_shipped_model_stays_above_the_floors(
    suite: pl.DataFrame, floors: dict[str, dict[str, float]], shipped: DiscourseModel
) -> None:
    rates = pass_rates(judged(suite, shipped))
    lines = [f"{name:44}{language:6} {passed}/{count}" for name, language, count, passed, _ in rates.iter_rows()]
    sunk = below_floors(rates, floors)
    assert not sunk, "\n".join([*sunk, "", *lines])


def test_a_shared_sentence_would_be_found() -> None:
    corpus = pl.DataFrame(
        {"item_id": ["i1", "i2"], "text": ["один два три четыре пять шесть", "шесть, пять; четыре три!"]}
    )
    cases = pl.DataFrame(
        {
            "case_id": ["same five", "other order", "apart"],
            "text": ["ноль Один два, три четыре пять", "три четыре пять шесть", "семь восемь девять десять"],
        }
    )
    found = shared_with_corpus(cases, corpus)
    assert found.select("case_id", "item_id").rows() == [("same five", "i1"), ("other order", "i2")]


def test_floors_rise_and_never_sink() -> None:
    rates = pl.DataFrame(
        {"function": ["f", "g"], "language": ["kk", "kk"], "n": [10, 10], "k": [9, 1], "pass_share": [0.9, 0.1]}
    )
    raised = raised_floors(rates, {"f": {"kk": 0.5}, "g": {"kk": 0.6}}, margin=0.05, spare_cases=1)
    assert raised == {"f": {"kk": 0.75}, "g": {"kk": 0.6}}
    assert below_floors(rates, raised) == ["g kk: 0.100 is below its floor 0.600"]


def test_a_broken_case_is_named() -> None:
    header = ",".join(
        ("case_id", "function", "language", "text", "expected_discourse", "also_accepted", "expected_severity")
    )
    file = f"{header},targets,pair_id,note\nx-1,f,kk,мәтін,hostil,,0,,,\n".encode()
    with pytest.raises(SuiteError, match=r"f\.csv, line 2, case x-1: expected_discourse"):
        read_suite({"f.csv": file})
