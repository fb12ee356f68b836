"""No row vanishes: properties of the inbox account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.accounting import AccountError, FeedRows, check_account, feed_account, table_account

REFUSED = pl.Schema({"file_sha256": pl.String, "row_number": pl.Int64, "rule": pl.String})
START = datetime(2026, 7, 1, tzinfo=UTC)


def feed(rows: list[tuple[str, int, str]], refused: list[tuple[str, int | None, str]]) -> FeedRows:
    return FeedRows(
        read=pl.DataFrame(
            {
                "file_sha256": [row[0] for row in rows],
                "row_number": list(range(1, len(rows) + 1)),
                "source_id": ["s"] * len(rows),
                "message_ref": [row[2] for row in rows],
                "published_at": [START + timedelta(minutes=row[1]) for row in rows],
            },
            schema={
                "file_sha256": pl.String,
                "row_number": pl.Int64,
                "source_id": pl.String,
                "message_ref": pl.String,
                "published_at": pl.Datetime("us", "UTC"),
            },
        ),
        refused=pl.DataFrame(refused, schema=REFUSED, orient="row"),
    )


FILES = st.sampled_from(["a", "b", "c"])


@given(
    st.lists(st.tuples(FILES, st.integers(0, 3), st.sampled_from("vwxyz"))),
    st.lists(st.tuples(FILES, st.integers(100, 120), st.just("unreadable_date"))),
)
def test_every_row_is_counted_once(
    rows: list[tuple[str, int, str]], refused: list[tuple[str, int | None, str]]
) -> None:
    account = feed_account(feed(rows, refused)).with_columns(kind=pl.lit("feed"))
    distinct = len({ref for _, _, ref in rows})
    check_account(account, distinct)
    assert account["rows_in"].sum() == len(rows) + len({(file, row) for file, row, _ in refused})
    assert account["rows_kept"].sum() == distinct


@given(st.permutations([("a", 0, "x"), ("b", 0, "x"), ("b", 1, "y"), ("c", 1, "y"), ("c", 2, "z")]))
def test_the_order_of_files_does_not_matter(rows: list[tuple[str, int, str]]) -> None:
    account = feed_account(feed(list(rows), []))
    kept = dict(zip(account["file_sha256"], account["rows_kept"], strict=True))
    assert kept == {"a": 1, "b": 1, "c": 1}


def test_a_refused_file_has_no_rows() -> None:
    account = feed_account(feed([], [("a", None, "truncated_file")]))
    assert account.is_empty()


def test_survey_rows_refused_later_leave_kept() -> None:
    kept = pl.DataFrame({"file_sha256": ["a"] * 5, "row_number": [1, 1, 2, 3, 3]})
    refused = pl.DataFrame([("a", 2, "unknown_region"), ("a", 2, "zero_weight")], schema=REFUSED, orient="row")
    assert table_account(kept, refused).row(0) == ("a", 3, 2, 0, 1)


def test_a_vanished_row_is_an_error() -> None:
    account = feed_account(feed([("a", 0, "x")], [])).with_columns(kind=pl.lit("feed"))
    with pytest.raises(AccountError, match="1 messages were kept from the files, but core_feeds__messages holds 0"):
        check_account(account, 0)
    broken = account.with_columns(rows_in=pl.lit(5))
    with pytest.raises(AccountError, match="5 rows in, but 1 kept"):
        check_account(broken)


def test_a_respondent_who_vanished_is_an_error() -> None:
    kept = pl.DataFrame({"file_sha256": ["a"] * 3, "row_number": [1, 2, 3]})
    account = table_account(kept, pl.DataFrame(schema=REFUSED)).with_columns(kind=pl.lit("survey"))
    check_account(account, core_respondent_count=3)
    with pytest.raises(
        AccountError, match="3 respondents were kept from the files, but core_survey__respondents holds 2"
    ):
        check_account(account, core_respondent_count=2)
