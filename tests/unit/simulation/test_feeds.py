from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random

import polars as pl
import pytest

from data_contracts.reference import ethnic_groups
from models.simulation.council_returns import QUARTERS, council_returns, quarter_of
from models.simulation.data_files import SimulationDataError, simulation_data
from models.simulation.feeds import messages, outlets
from models.simulation.grammar import LANGUAGES, Subject, compose, phrase_count, story_severities
from models.simulation.outbreaks import (
    Outbreak,
    demo_scale,
    drawn_outbreaks,
    group_weights,
    outbreak_label_shares,
    planted_decoys,
    planted_outbreaks,
    stories,
)
from models.simulation.spelling import (
    iin_control_digit,
    in_chat_latin,
    planted_personal_data,
    with_russian_letters,
)

COUNT = 12_000
LOCAL = timedelta(hours=5)


@pytest.fixture(scope="module")
def flow() -> pl.DataFrame:
    return messages(2026, COUNT, outbreaks=planted_outbreaks(), decoys=planted_decoys())


@pytest.fixture(scope="module")
def ordinary(flow: pl.DataFrame) -> pl.DataFrame:
    return flow.filter(pl.col("event_id").is_null())


def test_count_period_and_order(flow: pl.DataFrame) -> None:
    assert flow.height == COUNT
    assert flow["published_at"].is_sorted()
    assert flow["published_at"].min() >= datetime(2024, 9, 30, 19, tzinfo=UTC)  # type: ignore[operator]
    assert flow["published_at"].max() < datetime(2026, 9, 30, 19, tzinfo=UTC)  # type: ignore[operator]
    assert flow.select("source_slug", "message_ref").is_unique().all()


def test_shares_of_languages_and_labels(ordinary: pl.DataFrame) -> None:
    languages = dict(ordinary["language"].value_counts(normalize=True).iter_rows())
    assert languages["kk"] == pytest.approx(0.45, abs=0.04)
    assert languages["ru"] == pytest.approx(0.40, abs=0.04)
    assert languages["mixed"] == pytest.approx(0.15, abs=0.03)
    labels = dict(ordinary["discourse"].value_counts(normalize=True).iter_rows())
    assert set(labels) == {
        "hostile",
        "counter",
        "tension",
        "grievance",
        "language",
        "accord",
        "authority",
        "neutral",
        "other",
    }
    assert labels["hostile"] == pytest.approx(0.01, abs=0.004)
    assert labels["other"] > 0.7


def test_whole_demo_has_about_one_and_a_half_percent_hostile_messages() -> None:
    planted = sum(sum(outbreak.weekly_messages) for outbreak in planted_outbreaks())
    expected = 60_000 * 0.0105 + planted * outbreak_label_shares()["hostile"] * 1.13
    assert expected / 60_000 == pytest.approx(0.015, abs=0.002)


@pytest.mark.parametrize("outbreak", planted_outbreaks(), ids=lambda outbreak: outbreak.outbreak_id)
def test_outbreaks_stand_in_their_weeks_region_and_group(flow: pl.DataFrame, outbreak: Outbreak) -> None:
    own = flow.filter(pl.col("outbreak_id") == outbreak.outbreak_id)
    originals = own.filter(pl.col("copy_of").is_null())
    assert originals.height == sum(outbreak.weekly_messages)
    day = (originals["published_at"] + LOCAL).dt.date()
    weeks = Counter(day.dt.truncate("1w").to_list())
    assert weeks == dict(zip(outbreak.weeks, outbreak.weekly_messages, strict=True))
    assert outbreak.first_week.weekday() == 0
    assert set(originals["region_code"]) == {outbreak.region_code}
    assert originals["group_codes"].list.contains(outbreak.group_code).mean() > 0.9  # type: ignore[operator]
    assert (originals["discourse"] == "hostile").mean() > 0.3  # type: ignore[operator]
    baseline = flow.filter(
        (pl.col("region_code") == outbreak.region_code)
        & pl.col("event_id").is_null()
        & pl.col("group_codes").list.contains(outbreak.group_code)
        & (pl.col("discourse") == "hostile")
    )
    assert baseline.height / 104 < max(outbreak.weekly_messages) / 10


def test_at_least_two_outbreaks_in_the_last_quarter() -> None:
    last = [outbreak for outbreak in planted_outbreaks() if quarter_of(outbreak.first_week) == "2026-Q3"]
    assert len(last) >= 2
    assert 6 <= len(planted_outbreaks()) <= 8


def test_decoys_hold_no_hostility(flow: pl.DataFrame) -> None:
    decoys = flow.filter(pl.col("event_id").str.starts_with("dc-"))
    assert decoys.height >= sum(sum(decoy.weekly_messages) for decoy in planted_decoys())
    assert set(decoys["discourse"]) == {"authority", "accord", "language"}


def test_severity_goes_with_hostility_and_only_with_it(flow: pl.DataFrame) -> None:
    is_hostile = flow["discourse"] == "hostile"
    assert flow["severity"].filter(is_hostile).is_between(1, 3).all()
    assert (flow["severity"].filter(~is_hostile) == 0).all()


def test_reposts_copy_a_text_to_another_outlet_later(flow: pl.DataFrame) -> None:
    copies = flow.filter(pl.col("copy_of").is_not_null())
    assert copies.height == round(COUNT * 0.07)
    originals = flow[copies["copy_of"].to_list()]
    assert (copies["source_slug"] != originals["source_slug"]).all()
    assert (copies["published_at"] >= originals["published_at"]).all()
    assert copies["discourse"].equals(originals["discourse"])
    same_text = (copies["text"] == originals["text"]).mean()
    assert 0.6 < same_text < 0.8  # type: ignore[operator]


def test_texts_differ(ordinary: pl.DataFrame) -> None:
    originals = ordinary.filter(pl.col("copy_of").is_null())
    assert originals["text"].n_unique() / originals.height > 0.9
    assert originals["text"].str.len_chars().min() >= 8  # type: ignore[operator]
    assert not originals["text"].str.contains(r"[{}\n]|  | ,").any()


def test_region_follows_text_or_outlet(flow: pl.DataFrame) -> None:
    from_outlet = flow.filter(pl.col("region_basis") == "source")
    assert (from_outlet["region_code"] == from_outlet["source_region"]).all()
    neither = flow.filter(pl.col("region_basis") == "none")
    assert set(neither["region_code"]) == {"unknown"}
    assert neither["source_region"].is_null().all()
    places = simulation_data("phrases/places.yml")
    named = flow.filter((pl.col("region_basis") == "text") & (pl.col("language") == "ru") & pl.col("copy_of").is_null())
    stems = {code: [place[1].removeprefix("в ").lower()[:5] for place in found] for code, found in places.items()}
    found = [
        any(stem in text.lower() for stem in stems[code])
        for code, text in named.select("region_code", "text").iter_rows()
    ]
    assert len(found) > 500
    assert sum(found) / len(found) > 0.99


def test_weekends_are_quieter_and_nights_too(ordinary: pl.DataFrame) -> None:
    moment = ordinary["published_at"] + LOCAL
    by_day = dict(moment.dt.weekday().value_counts().iter_rows())
    assert (by_day[6] + by_day[7]) / 2 < sum(by_day[day] for day in range(1, 6)) / 5
    hours = moment.dt.hour()
    assert (hours.is_between(1, 5)).mean() < 0.08  # type: ignore[operator]


def test_seed_reproduces_every_message() -> None:
    first, again, other = messages(4, 900), messages(4, 900), messages(5, 900)
    assert first.equals(again)
    assert not first["text"].equals(other["text"])


def test_small_flow_keeps_the_events_smaller_and_too_small_a_flow_is_refused() -> None:
    assert demo_scale(60_000) == demo_scale(1_000_000) == 1.0
    small = messages(1, 1_000)
    assert small.filter(pl.col("event_id").is_not_null()).height < 300
    with pytest.raises(ValueError, match="too small"):
        messages(1, 50)


def test_personal_data_is_planted_and_invented(flow: pl.DataFrame) -> None:
    planted = flow.filter(pl.col("personal_data").is_not_null())
    assert planted.height > COUNT * 0.002
    rng = Random(1)
    for _ in range(200):
        kind, sentence = planted_personal_data(rng)
        if kind == "iin":
            digits = sentence.split()[-1]
            assert len(digits) == 12
            assert iin_control_digit(digits[:11]) != int(digits[11])
        elif kind == "email":
            assert sentence.endswith("@example.org")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "group_code",
    [code for code, group in ethnic_groups().items() if group.is_census_group and code != "other"],
)
def test_every_label_can_be_written_about_every_group(language: str, group_code: str) -> None:
    rng = Random(3)
    other = "kazakh" if group_code != "kazakh" else "russian"
    for label, severity in [
        ("hostile", 1),
        ("hostile", 2),
        ("hostile", 3),
        ("accord", 0),
        ("tension", 0),
        ("counter", 0),
    ]:
        composed = compose(rng, language, Subject(label, severity, group_code, other))
        assert composed.group_codes[0] == group_code
        assert "{" not in composed.text


@pytest.mark.parametrize("story", stories())
def test_every_story_has_its_labels_in_every_language(story: str) -> None:
    assert story_severities(story)
    for language in LANGUAGES:
        for label in outbreak_label_shares():
            severity = story_severities(story)[0] if label == "hostile" else 0
            assert compose(Random(1), language, Subject(label, severity, "tatar", "kazakh", None, story)).text


def test_phrase_books_are_rich() -> None:
    assert phrase_count("kk") > 500
    assert phrase_count("ru") > 500
    with pytest.raises(SimulationDataError, match="no phrase book"):
        compose(Random(1), "fr", Subject("other"))


def test_every_slot_of_every_phrase_can_be_filled() -> None:
    rng = Random(8)
    labels = [("hostile", level) for level in (1, 2, 3)] + [
        (label, 0) for label in simulation_data("outlets.yml")["label_shares"] if label != "hostile"
    ]
    for language in LANGUAGES:
        for label, severity in labels:
            for _ in range(150):
                text = compose(rng, language, Subject(label, severity, "german", "kazakh", ("KZ-35", 2))).text
                assert "{" not in text


def test_spellings() -> None:
    assert with_russian_letters("Қазақша үйрену") == "Казакша уйрену"
    assert in_chat_latin("Жақсы көрші") == "Jaqsy korshi"


def test_drawn_outbreaks_are_apart_and_reproducible() -> None:
    drawn = drawn_outbreaks(5, 40, date(2022, 1, 1), date(2026, 12, 31))
    assert drawn == drawn_outbreaks(5, 40, date(2022, 1, 1), date(2026, 12, 31))
    assert len(drawn) == 40
    for one in drawn:
        assert one.first_week.weekday() == 0
        near = [
            other
            for other in drawn
            if other.region_code == one.region_code and abs((other.first_week - one.first_week).days) < 56
        ]
        assert near == [one]


def test_group_weights_sum_to_one() -> None:
    for weights in group_weights(1).values():
        assert sum(weights.values()) == pytest.approx(1)


def test_outlets_are_invented_and_cover_most_regions() -> None:
    assert 22 <= len(outlets()) <= 30
    assert all("демо" in outlet.name for outlet in outlets())
    assert sum(outlet.share for outlet in outlets()) == pytest.approx(1)
    assert len({outlet.region for outlet in outlets() if outlet.region}) >= 18


def test_council_returns_add_up_and_rise_with_outbreaks() -> None:
    returns = council_returns(3)
    assert returns.height == len(QUARTERS) * 20 * 5
    assert (returns["resolved_count"] <= returns["appeal_count"]).all()
    assert returns.equals(council_returns(3))
    calm = council_returns(3, outbreaks=())
    assert calm["outbreak_appeal_count"].sum() == 0
    busy = returns.filter((pl.col("quarter") == "2026-Q3") & (pl.col("region_code") == "KZ-19"))
    raised = dict(busy.select("body_code", "outbreak_appeal_count").iter_rows())
    assert raised["mothers_council"] > 0
    assert raised["journalists_club"] == 0
