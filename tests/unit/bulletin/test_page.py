"""The page itself: every number has its source, no reference leaves it, what is missing is said in words."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import polars as pl
import pytest

from data_contracts.contract import Trilingual
from data_contracts.indicator_registry import Correction
from models.bulletin.figures import figures
from models.bulletin.inputs import BulletinInputError, BulletinMeta, BulletinTables
from models.bulletin.narrative.number_format import shown
from models.bulletin.narrative.voice import phrasebook
from models.bulletin.page import bulletin_html

pytestmark = pytest.mark.slow
SOURCED = {"data", "time", "code", "svg", "style", "title"}
VOID = {"meta", "br", "link", "img", "hr", "input"}
ROSE = {"en": "rose", "ru": "вырос", "kk": "өсті"}


class Page(HTMLParser):
    """Collects numbers with their sources, text outside of them, ids and links."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.numbers: list[tuple[str, float, str]] = []
        self.loose: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: Counter[str] = Counter()
        self._current: dict[str, str | None] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags[tag] += 1
        if given.get("id"):
            self.ids.append(str(given["id"]))
        self.links += [str(given[name]) for name in ("href", "src", "xlink:href") if given.get(name)]
        if tag in VOID:
            return
        self.open.append("sourced" if tag in SOURCED or "data-source" in given else tag)
        if tag == "data":
            self._current = given

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self._current is not None:
            entry = self._current
            self.numbers.append((str(entry["data-figure"]), float(str(entry["value"])), data))
            self._current = None
        elif "sourced" not in self.open:
            self.loose.append(data)

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.loose))


def _page(tables: BulletinTables, meta: BulletinMeta, language: str = "en") -> Page:
    return Page(bulletin_html(tables, figures(tables, meta), meta, language))


@pytest.fixture(scope="module")
def pages(html: dict[str, str]) -> dict[str, Page]:
    return {language: Page(text) for language, text in html.items()}


def test_every_number_is_a_figure_and_shown_as_it_is(
    pages: dict[str, Page], small: BulletinTables, small_meta: BulletinMeta
) -> None:
    found = figures(small, small_meta).drop_nulls("value")
    sources = {row[0]: row[1:] for row in found.select("figure_id", "value", "unit").iter_rows()}
    for language, page in pages.items():
        assert len(page.numbers) > 400
        for figure_id, value, text in page.numbers:
            expected, unit = sources[figure_id]
            assert value == expected
            digits = text.replace("\u00a0", "").replace("−", "-").replace("%", "").replace("+", "")
            digits = digits.replace(",", "") if language == "en" else digits.replace(",", ".")
            assert float(digits) == float(shown(expected, unit)), figure_id


def test_no_number_stands_outside_a_figure_a_date_or_a_registry(pages: dict[str, Page]) -> None:
    for page in pages.values():
        stray = [text.strip() for text in page.loose if re.search(r"\d", text)]
        assert stray == []


def test_languages_show_the_same_numbers(pages: dict[str, Page]) -> None:
    counts = {language: Counter(figure for figure, _, _ in page.numbers) for language, page in pages.items()}
    assert counts["kk"] == counts["ru"] == counts["en"]


def test_nothing_points_outside_the_page(html: dict[str, str], pages: dict[str, Page]) -> None:
    for language, text in html.items():
        assert not re.search(r"https?:|//[a-z]|url\((?!#)|@import|<script|<link|<img|<iframe", text)
        links = pages[language].links
        anchors = {link[1:] for link in links if link.startswith("#")}
        assert len(links) > 10
        assert all(link.startswith(("#", "data:text/csv;")) for link in links)
        assert anchors <= set(pages[language].ids)


def test_page_is_accessible_in_its_structure(html: dict[str, str], pages: dict[str, Page]) -> None:
    for language, page in pages.items():
        assert f'<html lang="{language}">' in html[language]
        assert len(page.ids) == len(set(page.ids))
        assert page.tags["main"] == page.tags["h1"] == page.tags["header"] == page.tags["footer"] == 1
        assert page.tags["table"] == page.tags["caption"] > 5
        assert page.tags["svg"] == html[language].count('<svg role="img" aria-labelledby=') > 5
        assert page.tags["svg"] == page.tags["desc"]


def test_size_and_mark_of_synthetic_data(html: dict[str, str], small: BulletinTables, small_meta: BulletinMeta) -> None:
    assert all(len(text.encode()) < 3_000_000 for text in html.values())
    for language, mark in (
        ("en", "SYNTHETIC DATA"),
        ("ru", "СИНТЕТИЧЕСКИЕ ДАННЫЕ"),
        ("kk", "СИНТЕТИКАЛЫҚ ДЕРЕКТЕР"),
    ):
        text = html[language]
        assert re.search(r"@top-right \{ content: '" + mark, text)
        assert f'class="watermark" aria-hidden="true">{mark}' in text
        assert f'<aside class="synthetic-bar" aria-label="{mark}">{mark}' in text
    bare = BulletinTables()
    meta = replace(small_meta, is_synthetic=False)
    assert "SYNTHETIC DATA" not in bulletin_html(bare, figures(bare, meta), meta, "en")


def test_same_inputs_same_bytes(html: dict[str, str], small: BulletinTables, small_meta: BulletinMeta) -> None:
    assert small.estimates is not None
    shuffled = replace(small, estimates=small.estimates.sample(fraction=1, shuffle=True, seed=3))
    assert bulletin_html(shuffled, figures(shuffled, small_meta), small_meta, "en") == html["en"]


def test_no_text_of_a_person_gets_onto_the_page(html: dict[str, str]) -> None:
    assert all("SECRET EXAMPLE TEXT" not in text for text in html.values())


def _survey_only(tables: BulletinTables) -> BulletinTables:
    only = pl.col("domain") == "country"
    assert tables.estimates is not None and tables.changes is not None
    return BulletinTables(
        estimates=tables.estimates.filter(only),
        changes=tables.changes.filter(only),
        verdicts=tables.verdicts,
    )


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize("verdict", ["up", "down", "no_significant_change", "not_comparable", "suppressed"])
def test_a_direction_is_named_only_when_it_can_be_told(
    small: BulletinTables, small_meta: BulletinMeta, verdict: str, language: str
) -> None:
    given = _survey_only(small)
    assert given.changes is not None and given.estimates is not None
    changed = replace(
        given,
        changes=given.changes.filter(pl.col("year_from") == 2024).with_columns(verdict=pl.lit(verdict)),
        estimates=given.estimates.filter(pl.col("year") == 2025),
    )
    method = phrasebook(language).phrases["heading.method"]
    between_contents_and_method = _page(changed, small_meta, language).words.split(f" {method} ")[1]
    assert (ROSE[language] in between_contents_and_method) == (verdict == "up")


def test_plan_that_cannot_be_told(small: BulletinTables, small_meta: BulletinMeta) -> None:
    given = _survey_only(small)
    assert given.verdicts is not None
    untold = replace(
        given,
        verdicts=given.verdicts.with_columns(
            verdict=pl.lit("cannot_be_told"),
            n_needed=pl.lit(54321, dtype=pl.Int64),
            p_below_plan=pl.lit(0.42),
        ),
    )
    page = _page(untold, small_meta)
    assert "cannot be told at this sample size" in page.words
    assert "about as likely as not" in page.words
    assert ("verdicts/accord/2025/n_needed", 54321.0, "54,321") in page.numbers


def test_wave_that_is_not_comparable(small: BulletinTables, small_meta: BulletinMeta) -> None:
    given = _survey_only(small)
    assert given.estimates is not None and given.changes is not None
    broken = replace(
        given,
        estimates=given.estimates.with_columns(
            comparability=pl.when(pl.col("year") == 2025).then(pl.lit("not_comparable")).otherwise("comparability")
        ),
        changes=given.changes.with_columns(verdict=pl.lit("not_comparable")),
    )
    page = _page(broken, small_meta)
    assert "cannot be compared with the one before" in page.words
    assert "no change is stated" in page.words
    assert not [number for number in page.numbers if number[0].startswith("changes/")]


def test_suppressed_region_and_group_are_said(pages: dict[str, Page]) -> None:
    words = pages["en"].words
    assert "Not published, as the estimate is not reliable enough: Ulytau Region." in words
    assert "Not published for any indicator:" in words
    assert "not published: too few effective respondents" in words
    assert "Бағасы жеткілікті сенімді болмағандықтан жарияланбайды: Ұлытау облысы." in pages["kk"].words


def test_feeds_only(small: BulletinTables, small_meta: BulletinMeta) -> None:
    feeds = replace(small, estimates=None, changes=None, verdicts=None, outlook=None, wave_quality=None)
    page = _page(feeds, small_meta)
    assert "No survey wave has entered this issue" in page.words
    assert "There is no quality report" in page.words
    assert [number for number in page.numbers if number[0].startswith("quarter_rates/")]


def test_survey_only_and_an_older_wave(small: BulletinTables, small_meta: BulletinMeta) -> None:
    later = replace(small_meta, quarter="2026-Q1")
    assert small.estimates is not None
    moved = replace(
        _survey_only(small),
        estimates=small.estimates.with_columns(quarter=pl.lit("2026-Q1")).filter(pl.col("domain") == "country"),
        changes=None,
        verdicts=None,
    )
    page = _page(moved, later)
    assert re.search(r"No survey wave was completed in by the end of the quarter", page.words)
    assert "No messages of media or social networks have entered this issue" in page.words
    assert "No council returns have been received" in page.words
    assert "There is no earlier wave" in page.words


def test_a_correction_is_shown_with_its_reason(small_meta: BulletinMeta) -> None:
    reason = Trilingual(kk="қате", ru="ошибка", en="a coding error")
    fixed = Correction(
        indicator_id="accord",
        version="1.0",
        year=2023,
        published_pct=80.9,
        corrected_pct=80.1,
        quarter="2025-Q3",
        reason=reason,
    )
    bare = BulletinTables()
    page = _page(bare, replace(small_meta, corrections=(fixed,)))
    assert ("corrections/0/corrected_pct", 80.1, "80.1%") in page.numbers
    assert "No published number has been corrected" in _page(bare, small_meta).words


def test_half_a_quarter_is_said(small: BulletinTables, small_meta: BulletinMeta) -> None:
    assert small.rates is not None
    half = BulletinTables(rates=small.rates.filter(pl.col("week_date") < pl.date(2025, 8, 15)))
    page = _page(half, small_meta)
    assert "the rest is missing, not zero" in page.words


def test_names_with_quotes_and_brackets_are_escaped(small: BulletinTables, small_meta: BulletinMeta) -> None:
    assert small.estimates is not None
    evil = "\"><script>alert(1)</script>'"
    renamed = BulletinTables(
        estimates=small.estimates.with_columns(
            domain_value=pl.when(pl.col("domain_value") == "korean").then(pl.lit(evil)).otherwise("domain_value")
        ).filter(pl.col("domain") != "region")
    )
    found = figures(renamed, small_meta)
    text = bulletin_html(renamed, found, small_meta, "ru")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert Page(text).tags["script"] == 0


def test_alerts_are_counts_and_never_confirmed(pages: dict[str, Page]) -> None:
    words = pages["en"].words
    assert "None of them is established as fact" in words
    assert "confirmed" not in words
    numbers = {figure: value for figure, value, _ in pages["en"].numbers}
    assert numbers["candidates/candidate_count"] == 7


def test_unknown_language_is_refused(small_meta: BulletinMeta) -> None:
    bare = BulletinTables()
    with pytest.raises(BulletinInputError, match="kk, ru, en"):
        bulletin_html(bare, figures(bare, small_meta), small_meta, "fr")
