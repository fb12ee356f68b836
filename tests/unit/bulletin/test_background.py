"""What stands behind the headline: parts of a change, other definitions, small areas, answers, errors, proposals."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from data_contracts.councils import case_kinds, councils
from data_contracts.recommendations import INSTITUTE, body_name, recommendations
from models.bulletin.figures import figures
from models.bulletin.inputs import LANGUAGES, BulletinMeta, BulletinTables
from models.bulletin.issue import Issue
from models.bulletin.page import bulletin_html
from models.bulletin.sections import recommendations as proposals


def _plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def _survey(small: BulletinTables) -> BulletinTables:
    """The country's last year only: no chart worth the time."""
    assert small.estimates is not None
    return BulletinTables(estimates=small.estimates.filter(pl.col("domain") == "country", pl.col("year") == 2025))


def _page(tables: BulletinTables, meta: BulletinMeta, language: str = "en") -> str:
    return bulletin_html(tables, figures(tables, meta), meta, language)


def _split(composition: tuple[float, float, float], attitude: tuple[float, float, float]) -> pl.DataFrame:
    row = {
        "quarter": "2025-Q3",
        "indicator_id": "accord",
        "indicator_version": "1.0",
        "year_from": 2024,
        "year_to": 2025,
        "cells": "group_settlement_age",
        "comparability": "comparable",
        "difference_pp": composition[1] + attitude[1],
    }
    for part, ends in (("composition", composition), ("attitude", attitude)):
        row |= dict(zip((f"{part}_ci_low_pp", f"{part}_pp", f"{part}_ci_high_pp"), ends, strict=True))
    return pl.DataFrame([row])


NEAR_ZERO, RISE = (-0.3, 0.1, 0.5), (0.4, 1.2, 2.0)


@pytest.mark.parametrize(
    ("composition", "attitude", "words"),
    [
        (NEAR_ZERO, NEAR_ZERO, "neither part can be told from zero"),
        (NEAR_ZERO, RISE, "the change comes from the answers (+1.2"),
        (RISE, NEAR_ZERO, "the change comes from the composition of the population (+1.2"),
        (RISE, RISE, "both parts can be told from zero"),
    ],
)
def test_a_part_is_named_only_when_its_interval_lies_off_zero(
    small: BulletinTables, small_meta: BulletinMeta, composition: tuple, attitude: tuple, words: str
) -> None:
    given = replace(_survey(small), decomposition=_split(composition, attitude))
    assert words in _plain(_page(given, small_meta))


def test_waves_that_cannot_be_compared_are_not_split(small: BulletinTables, small_meta: BulletinMeta) -> None:
    blank = pl.lit(None, dtype=pl.Float64)
    split = _split(RISE, RISE).with_columns(comparability=pl.lit("not_comparable"), difference_pp=blank)
    assert "no change is split" in _plain(_page(replace(_survey(small), decomposition=split), small_meta))


def test_other_definitions_show_how_far_the_value_moves(small: BulletinTables, small_meta: BulletinMeta) -> None:
    given = replace(
        _survey(small),
        sensitivity=pl.DataFrame(
            {
                "quarter": ["2025-Q3"] * 4,
                "indicator_id": ["accord"] * 4,
                "indicator_version": ["1.0"] * 4,
                "year": [2025] * 4,
                "alternative_id": ["headline", "strict", "lenient", "<b>unknown</b>"],
                "estimate_pct": [81.0, 62.5, 84.5, 80.0],
                "ci_low_pct": [80.0, 61.5, 83.5, 79.0],
                "ci_high_pct": [82.0, 63.5, 85.5, 81.0],
                "difference_pp": [0.0, -18.5, 3.5, -1.0],
                "change_from_first_pp": [1.0, -0.4, 2.1, 1.0],
            }
        ),
    )
    words = _plain(_page(given, small_meta))
    assert "under 3 definitions beside ours the value lies between 62.5% and 84.5%" in words
    assert "between −0.4 and +2.1 percentage points" in words
    assert "Strict rule: 80 %" in words
    assert "<b>unknown" not in _page(given, small_meta)


def _cells() -> pl.DataFrame:
    rows = [
        ("KZ-61", "uzbek", "modelled", 12, 77.7, True, False),
        ("KZ-61", "german", "modelled", 0, 66.6, True, False),
        ("KZ-71", "korean", "direct", 90, 88.8, True, False),
        ("KZ-71", "dungan", "modelled", 10, None, False, True),
    ]
    names = ("region_code", "group_code", "estimate_kind", "n_count", "estimate_pct", "is_preferred", "is_suppressed")
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        quarter=pl.lit("2025-Q3"),
        indicator_id=pl.lit("accord"),
        indicator_version=pl.lit("1.0"),
        year=pl.lit(2025, dtype=pl.Int64),
        ci_low_pct=pl.col("estimate_pct") - 5,
        ci_high_pct=pl.col("estimate_pct") + 5,
        direct_share=pl.lit(0.2),
    )


def test_small_areas_are_marked_as_modelled_and_need_answers_of_their_own(
    small: BulletinTables, small_meta: BulletinMeta
) -> None:
    page = _page(replace(_survey(small), small_areas=_cells()), small_meta)
    section = page.split('id="small_areas"')[1].split("</section>")[0]
    assert "MODEL-BASED" in section
    assert "77.7%" in section
    assert not [value for value in ("66.6", "88.8") if value in section]
    assert "1 rest on direct answers; 2 are modelled, of them 1 with hardly any answers" in _plain(section)


def _answers(letters: int, replies: int, judged: int) -> pl.DataFrame:
    counts = {"letter_count": letters, "reply_count": replies, "judged_count": judged, "due_count": replies}
    counts |= {"lead_count": 0, "confirmed_count": judged, "already_mediated_count": 0, "rumour_count": 0}
    share = 1.0 if judged else None
    shares = {
        f"{name}{end}": value
        for name, value in (("ppv", share), ("timely", 0.5 if replies else None))
        for end in ("_share", "_ci_low_share", "_ci_high_share")
    }
    row = {"region_code": "KZ", "body_code": "all", "signal": "all", **counts, "not_verifiable_count": 0, **shares}
    return pl.DataFrame([row | {"lead_median_days": None}])


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (None, "No answers yet: no alert has gone to a council"),
        (_answers(3, 0, 0), "3 letters went to the councils; no answers yet."),
        (_answers(4, 2, 0), "None of the answers allows yet to judge"),
        (_answers(4, 3, 2), "Of 2 alerts that could be judged 100.0% were right"),
    ],
)
def test_answers_of_the_councils_are_said_in_words(
    small_meta: BulletinMeta, told: pl.DataFrame | None, words: str
) -> None:
    assert words in _plain(_page(BulletinTables(answers=told), small_meta))


def test_the_error_book_shows_entries_of_its_quarter_only(small_meta: BulletinMeta) -> None:
    entry = {
        "entry_id": "missed-1",
        "quarter": "2025-Q3",
        "entry_kind": "missed_event",
        "known_date": date(2025, 9, 3),
        "event_date": date(2025, 8, 30),
        "region_code": "KZ-61",
        "case_kind": "household_dispute",
        "cause_code": "no_source",
        "outcome_before": None,
        "outcome_after": None,
    }
    book = pl.DataFrame([entry, entry | {"entry_id": "missed-2", "quarter": "2025-Q2"}])
    words = _plain(_page(BulletinTables(error_book=book), small_meta))
    assert "events that no alert had told of 1, false alarms 0" in words
    assert "no source told of it" in words
    assert "Nothing stands in the error book" in _plain(_page(BulletinTables(), small_meta))


def test_every_kind_of_case_has_a_proposal_for_bodies_that_exist() -> None:
    book = recommendations()
    assert {f"case_{kind}" for kind in case_kinds()} <= set(book)
    for entry in book.values():
        assert entry.bodies
        assert set(entry.bodies) <= {INSTITUTE, *councils()}
        assert all(body_name(body).in_language(language) for body in entry.bodies for language in LANGUAGES)
        assert not [text for text in (entry.text.kk, entry.text.ru, entry.text.en) if re.search(r"\d", text)]


def test_proposals_follow_findings_and_are_marked_as_proposed(
    small: BulletinTables, small_meta: BulletinMeta, html: dict[str, str]
) -> None:
    issue = Issue.of(small, figures(small, small_meta), small_meta, "en")
    found = {code for code, _ in proposals.findings(issue)}
    assert found <= set(recommendations())
    assert {"case_rumour", "case_household_dispute", "groups_not_published", "sources_silent"} <= found
    section = html["en"].split('id="recommendations"')[1].split("</section>")[0]
    assert "PROPOSED, not ordered" in section
    assert "Mothers&#39; council" in section
    bare = _page(BulletinTables(), small_meta).split('id="recommendations"')[1].split("</section>")[0]
    assert "No finding of this quarter calls for a step" in bare


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_new_sections_show_the_same_numbers_in_every_language(
    small: BulletinTables, small_meta: BulletinMeta, language: str
) -> None:
    given = replace(_survey(small), decomposition=_split(NEAR_ZERO, RISE), small_areas=_cells())
    given = replace(given, answers=_answers(4, 3, 2))
    own, english = (
        sorted(re.findall(r'data-figure="([^"]+)"', _page(given, small_meta, code))) for code in (language, "en")
    )
    assert own == english
    assert {"decomposition/accord/2024/2025/group_settlement_age/attitude_pp", "answers/all/ppv_share"} <= set(own)


SOURCED = r"<(data|time|code|svg|style|title)\b.*?</\1>|<span data-source=[^>]*>.*?</span>"


def test_no_number_of_the_new_sections_stands_without_its_source(
    small: BulletinTables, small_meta: BulletinMeta
) -> None:
    given = replace(_survey(small), decomposition=_split(NEAR_ZERO, RISE), small_areas=_cells())
    given = replace(given, answers=_answers(4, 3, 2))
    found = figures(given, small_meta)
    values = dict(found.drop_nulls("value").select("figure_id", "value").iter_rows())
    page = bulletin_html(given, found, small_meta, "kk")
    for value, figure_id in re.findall(r'<data value="([^"]+)" data-figure="([^"]+)"', page):
        assert values[figure_id] == float(value)
    body = re.sub(SOURCED, "", page.split("<main")[1].split("</main>")[0], flags=re.DOTALL)
    assert re.findall(r"\d+", re.sub(r"<[^>]+>", "", body)) == []
