"""The space-time scan: planted clusters are found where they are, and without one p values are uniform."""

from __future__ import annotations

import numpy as np
import pytest

from data_contracts.reference import regions
from models.warning.detectors.outcome import DetectionError
from models.warning.scan import ScanOptions, connected_sets, space_time_scan

CODES = tuple(regions())
NEIGHBOURS = {code: region.neighbours for code, region in regions().items()}
FLAT = np.full((len(CODES), 6), 3.0)


def test_connected_sets_by_hand() -> None:
    chain = {"a": ["b"], "b": ["a", "c"], "c": ["b"]}
    assert connected_sets("abc", chain, 1) == [(0,), (1,), (2,)]
    assert connected_sets("abc", chain, 3) == [(0,), (0, 1), (0, 1, 2), (1,), (1, 2), (2,)]


@pytest.mark.parametrize("model", ["poisson", "permutation"])
def test_a_planted_cluster_of_neighbours_is_found(model: str) -> None:
    counts = np.random.default_rng(5).poisson(FLAT).astype(float)
    struck = {"KZ-31", NEIGHBOURS["KZ-31"][0]}
    for code in struck:
        counts[CODES.index(code), -2:] += 12
    expected = FLAT if model == "poisson" else None
    best = space_time_scan(counts, CODES, NEIGHBOURS, expected, ScanOptions(model=model))[0]  # type: ignore[arg-type]
    assert struck <= set(best.regions)
    assert best.weeks == 2
    assert best.observed > 1.5 * best.expected
    assert best.p_value == 0.001


@pytest.mark.parametrize(("model", "dispersion"), [("poisson", 1.0), ("poisson", 2.0), ("permutation", 1.0)])
def test_p_values_are_uniform_without_a_cluster(model: str, dispersion: float) -> None:
    rng = np.random.default_rng(6)
    found = []
    for number in range(70):
        counts = rng.poisson(FLAT) if dispersion == 1 else rng.negative_binomial(FLAT, 0.5)
        options = ScanOptions(model=model, replicates=39, dispersion=dispersion, seed=number)  # type: ignore[arg-type]
        expected = FLAT if model == "poisson" else None
        found.append(space_time_scan(counts.astype(float), CODES, NEIGHBOURS, expected, options)[0].p_value)
    shares = [(np.array(found) <= level).mean() for level in (0.1, 0.25, 0.5, 0.75)]
    np.testing.assert_allclose(shares, [0.1, 0.25, 0.5, 0.75], atol=0.15)


def test_the_same_seed_gives_the_same_answer_and_no_case_no_cluster() -> None:
    counts = np.random.default_rng(7).poisson(FLAT).astype(float)
    first, again = (space_time_scan(counts, CODES, NEIGHBOURS, FLAT) for _ in range(2))
    assert first == again
    assert space_time_scan(np.zeros_like(FLAT), CODES, NEIGHBOURS, FLAT) == []


@pytest.mark.parametrize(
    ("counts", "expected", "options", "message"),
    [
        (FLAT[:3], FLAT[:3], {}, "do not fit"),
        (FLAT - 4, FLAT, {}, "whole numbers"),
        (FLAT + 0.5, FLAT, {}, "whole numbers"),
        (FLAT, None, {}, "needs an expected"),
        (FLAT, FLAT * 0, {}, "needs an expected"),
        (FLAT, FLAT, {"model": "permutation"}, "takes no expected"),
        (FLAT, FLAT, {"model": "circle"}, "unknown scan model"),
        (FLAT, FLAT, {"replicates": 3}, "at least 19"),
        (FLAT, FLAT, {"dispersion": 0.5}, "dispersion"),
    ],
)
def test_impossible_scans_are_refused(
    counts: np.ndarray, expected: np.ndarray | None, options: dict[str, object], message: str
) -> None:
    with pytest.raises(DetectionError, match=message):
        space_time_scan(counts, CODES, NEIGHBOURS, expected, ScanOptions(**options))  # type: ignore[arg-type]
