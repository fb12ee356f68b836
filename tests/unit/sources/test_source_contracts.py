from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from assets.sources.outlets import personal_pages, platform_of, slug
from assets.sources.read_result import FileIdentity, ReadResult, Refusal, quarantine_frame
from data_contracts.contract import ContractError, table_contract
from data_contracts.questionnaire import (
    Questionnaire,
    canonical_code,
    data_stem,
    packaged_questionnaires,
    questionnaire_for,
    read_questionnaire,
)
from data_contracts.schemas import empty_frame
from data_contracts.source import (
    FeedMapping,
    quarantine_message,
    quarantine_rules,
    read_feed_mapping,
    source_contracts,
)

ROOT = Path(__file__).parents[3]
SOURCE_FORMATS = {"telegram", "syndication", "brand_analytics", "medialogia", "mapped"}


def test_every_rule_that_code_names_has_its_texts() -> None:
    named: set[str] = set()
    for path in (ROOT / "assets" / "sources").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"""(?:SourceError|Refusal)\(\s*"([a-z0-9_]+)\"""", text))
    assert len(named) > 25
    assert named - set(quarantine_rules().rules) == set()


def test_messages_exist_in_three_languages_and_name_file_row_and_column() -> None:
    for rule in quarantine_rules().rules:
        texts = {
            quarantine_message(rule, language, file="a.csv", row=7, column="c", detail="d")
            for language in ("kk", "ru", "en")
        }
        assert len(texts) == 3
        assert all("a.csv" in text and "7" in text and "(d)" in text for text in texts)
    with pytest.raises(ContractError, match="no rule"):
        quarantine_message("no_such_rule", "kk")


def test_a_source_contract_stands_for_every_format() -> None:
    assert set(source_contracts()) >= SOURCE_FORMATS | {"kato", "survey_sav", "survey_table", "council_returns"}
    column = next(c for c in table_contract("raw_feeds__messages").columns if c.name == "source_format")
    assert set(column.allowed or ()) == SOURCE_FORMATS


def test_a_result_that_does_not_add_up_cannot_exist() -> None:
    rows = empty_frame(table_contract("raw_feeds__messages"))
    refusal = quarantine_frame(FileIdentity("a", "0" * 64), [Refusal("empty_text", 1)])
    assert ReadResult(rows, refusal, 1).rows_quarantined == 1
    with pytest.raises(ValueError, match="do not add up"):
        ReadResult(rows, refusal, 2)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1, "1"),
        (1.0, "1"),
        ("1.0", "1"),
        (" 1 ", "1"),
        ("-2.00", "-2"),
        (1.5, "1.5"),
        ("a.0", "a.0"),
        (True, "1"),
    ],
)
def test_codes_have_one_form(value: object, code: str) -> None:
    assert canonical_code(value) == code


def broken(wave: Questionnaire, **change) -> dict:
    return wave.model_dump() | change


def test_questionnaires_that_contradict_themselves_are_refused(wave: Questionnaire) -> None:
    columns = {name: field.model_dump() for name, field in wave.columns.items()}
    item = wave.items["accord_q3_unity"].model_dump()
    cases = [
        (broken(wave, columns={k: v for k, v in columns.items() if k != "language"}), "language"),
        (broken(wave, fieldwork_start=date(2026, 10, 1)), "ends before it starts"),
        (broken(wave, year=2025), "fieldwork ends in 2026"),
        (broken(wave, items={"a": item | {"missing": {5: "refused"}}}), "on the scale and missing"),
        (broken(wave, items={"a": item | {"recode": {1: 9}}}), "outside the scale"),
        (broken(wave, items={"language": item}), "both as field and as item"),
        (broken(wave, columns=columns | {"sex_code": {"column": "a", "constant": "male"}}), "either"),
        (broken(wave, surprise=1), "surprise"),
    ]
    for content, message in cases:
        with pytest.raises(ValidationError, match=message):
            Questionnaire.model_validate(content)


def test_a_questionnaire_beside_the_file_is_found_and_a_broken_one_is_named(tmp_path: Path) -> None:
    model = ROOT / "tests" / "reference" / "pspp_wave.questionnaire.yml"
    beside = tmp_path / "w.questionnaire.yml"
    beside.write_text(model.read_text(encoding="utf-8"), encoding="utf-8")
    found = questionnaire_for(tmp_path / "w.csv.gz")
    assert found is not None and found.wave_id == "2026-pspp"
    assert questionnaire_for(tmp_path / "no-such-wave-anywhere.csv") is None
    beside.write_text("wave_id: 1", encoding="utf-8")
    with pytest.raises(ContractError, match=r"w\.questionnaire\.yml"):
        questionnaire_for(tmp_path / "w.sav")
    assert all(wave.file_pattern for wave in packaged_questionnaires().values())


def test_mappings_say_what_is_wrong_with_them(tmp_path: Path) -> None:
    good = {
        "format": "csv",
        "source": {"source_id": "s", "source_kind": "media"},
        "columns": {"published_at": "a", "text": "b"},
    }
    assert FeedMapping.model_validate(good).file_columns == ("a", "b")
    for change, message in (
        ({"timezone": "Mars/Base"}, "Asia/Almaty"),
        ({"source": {"source_kind": "media"}}, "source_id"),
        ({"source": {"source_id": "s", "source_kind": "media", "source_id_column": "x"}}, "either"),
        ({"source_region": "KZ", "columns": {"published_at": "a", "text": "b", "region": "r"}}, "not both"),
    ):
        with pytest.raises(ValidationError, match=message):
            FeedMapping.model_validate(good | change)
    with pytest.raises(ContractError, match=r"none\.yml"):
        read_feed_mapping(tmp_path / "none.yml")


def test_names_of_outlets() -> None:
    assert slug("Егемен Қазақстан") == "egemen-qazaqstan"
    assert slug("Ёлка — Щёлково!") == "yolka-shchyolkovo"
    assert re.fullmatch(r"source-[0-9a-f]{8}", slug("🔥🔥"))
    assert platform_of("m.vk.com") == "vk"
    assert platform_of("tengri.example") is None
    assert personal_pages(None) == "personal-pages-other"
    assert data_stem(Path("a/comments.csv.gz")) == "comments"


def test_the_examples_for_operators_are_valid() -> None:
    examples = ROOT / "docs" / "examples"
    assert read_questionnaire(examples / "wave.questionnaire.yml").synthetic is False
    assert read_feed_mapping(examples / "comments.mapping.yml").source.source_id == "youtube-comments"
