from __future__ import annotations

import polars as pl
import pytest

from models.discourse.label_rows import labelled_messages
from models.discourse.training import LabelsError, train


def rows(**columns: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame(columns)


def test_rows_of_one_text_become_one_message():
    held = labelled_messages(
        rows(
            text=["a", "a", "b"],
            text_id=["1", "1", "2"],
            target=["узбек", "немец", "узбек"],
            stance=["-1", "1", "0"],
        )
    )
    assert held["text"].to_list() == ["a", "b"]
    assert [[(t["target"], t["stance"]) for t in one] for one in held["targets"]] == [
        [("узбек", -1), ("немец", 1)],
        [("узбек", 0)],
    ]


@pytest.mark.parametrize(
    "columns, said",
    [
        ({"text": ["a", "b"], "discourse": ["hostile", "angry"]}, r"unknown discourse angry in row 2"),
        ({"text": ["a", "b"], "discourse": ["hostile", "hostile"]}, "every discourse is hostile"),
        ({"text": ["a", "b"], "target": ["x", "y"], "stance": ["2", "0"]}, "unknown stance 2 in row 1"),
        ({"text": ["a", "a"], "discourse": ["hostile", "other"]}, "different discourse in rows 1, 2"),
        (
            {"text": ["a", "a", "b"], "target": ["x", "x", "x"], "stance": ["1", "0", "0"]},
            "different stance in rows 1, 2",
        ),
        ({"text": ["a", "b"]}, "no column of labels"),
        ({"text": ["a", "b"], "stance": ["1", "0"]}, "`stance` needs `target`"),
        ({"text": ["", " "], "discourse": ["hostile", "other"]}, "no row has a text"),
    ],
)
def test_labels_nothing_can_be_learnt_from_are_refused(columns, said):
    with pytest.raises(LabelsError, match=said):
        labelled_messages(rows(**columns), "mine.csv")


def test_one_group_cannot_be_cross_validated(seed_mentions):
    held = labelled_messages(
        rows(text=["a", "b", "c"], text_id=["1", "1", "1"], discourse=["hostile", "other", "other"])
    )
    with pytest.raises(LabelsError, match="one group"):
        train(held, seed_mentions)
