from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.discourse.agreement import alpha_of_units

# The worked example of Krippendorff (2011), "Computing Krippendorff's alpha-reliability": four observers, twelve
# units; nominal .743, ordinal .815.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
UNITS = [[label for label in unit if label is not None] for unit in zip(*OBSERVERS, strict=True)]


def test_published_example() -> None:
    assert alpha_of_units(UNITS) == pytest.approx(0.743, abs=5e-4)
    assert alpha_of_units(UNITS, "ordinal") == pytest.approx(0.815, abs=5e-4)


@given(st.lists(st.lists(st.integers(1, 3), min_size=2, max_size=4), min_size=3, max_size=30), st.randoms())
def test_who_labelled_first_does_not_matter(units: list[list[int]], random: object) -> None:
    shuffled = [sorted(unit, reverse=True) for unit in units]
    assert alpha_of_units(units) == pytest.approx(alpha_of_units(shuffled))
    assert alpha_of_units(units) <= 1.0


def test_one_label_a_unit_says_nothing() -> None:
    with pytest.raises(ValueError, match="fewer than two units"):
        alpha_of_units([["hostile"], ["neutral"], ["hostile", "hostile"]])
