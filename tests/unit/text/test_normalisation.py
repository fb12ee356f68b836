"""One spelling out of many, with a way back to the text as written."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text.normalisation import folded_with_offsets, normalised

CASES = [
    ("Қазaқ пен opыc", "қазақ пен орыс"),  # Latin a, o, p, c inside Cyrillic words
    ("к а з а х и пришли", "казахи пришли"),
    ("к.а.з.а.х", "казах"),
    ("казааааах!!!", "казах!!!"),
    ("бiз бармыз", "біз бармыз"),
    ("ка\u200bзах и \u202eрус\u202c", "казах и рус"),
    ("ру\u0301сские", "русские"),
    ("ка3ах 30 лет", "казах 30 лет"),
    ("и\u0306од", "йод"),
    ("COVID-19 in 2020, U.S.A.", "covid-19 in 2020, u.s.a."),
    ("и т. д. и т. п.", "и т. д. и т. п."),
    ("Ата-Ана ҚАЗАҚСТАН", "ата-ана қазақстан"),
]


@pytest.mark.parametrize(("written", "expected"), CASES)
def test_spelling(written, expected):
    assert normalised(pl.Series([written])).to_list() == [expected]


def test_null_stays_null_and_empty_stays_empty():
    assert normalised(pl.Series([None, ""], dtype=pl.String)).to_list() == [None, ""]


@given(st.text(alphabet="каaоoхx з.\u200b\u0301АO3", max_size=40))
def test_it_is_idempotent_and_offsets_point_at_the_source(text):
    once, places = folded_with_offsets(text)
    assert len(once) == len(places)
    assert places == sorted(set(places))
    assert all(0 <= place < len(text) for place in places)
    column = normalised(pl.Series([text]))
    assert normalised(normalised(column)).to_list() == normalised(normalised(normalised(column))).to_list()
