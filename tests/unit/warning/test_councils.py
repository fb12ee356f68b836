"""Routing: every kind of case has bodies with addresses, and words lead to the right one."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from data_contracts.contract import ContractError
from data_contracts.councils import Councils, case_kinds, council_address, council_book, councils
from data_contracts.reference import regions
from models.warning.routing import case_kind, route


def test_every_kind_has_an_address_in_every_region() -> None:
    assert len(councils()) == 5
    for kind in case_kinds():
        for region in (*regions(), "unknown"):
            found = route(kind, region)
            assert found.primary_body not in found.supporting_bodies
            assert all((address or "").endswith("@example.org") for address in found.addresses.values())
    assert {kind.primary for kind in case_kinds().values()} == set(councils())


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("В школе травят девочку за акцент", "mothers_council"),
        ("Мектепте баланы этносына қарап қорлайды", "mothers_council"),
        ("Соседи подрались из-за полива", "accord_council"),
        ("Көршілер жайылымға таласты", "accord_council"),
        ("Это вброс и фейк, ничего не было", "journalists_club"),
        ("Не берут на работу из-за национальности", "mediation_council"),
    ],
)
def test_words_lead_to_the_body(text: str, body: str) -> None:
    assert route(case_kind([text], ["hostile"], ["social"]), "KZ-10").primary_body == body


def test_without_cues_place_and_signal_decide() -> None:
    assert case_kind(["..."], ["hostile"], ["media", "media", "social"]) == "hostile_coverage"
    assert case_kind(["..."], ["tension", "hostile"], ["media"]) == "local_tension"
    assert case_kind(["..."], ["hard_hostile"], ["social"]) == "online_hostility"
    assert case_kind([], [], []) in case_kinds()


def test_a_body_without_address_or_existence_is_named() -> None:
    with pytest.raises(ContractError, match="no body 'police'"):
        council_address("police", "KZ-10")


def test_a_rule_to_an_unknown_body_is_refused() -> None:
    content = council_book().model_dump()
    content["case_kinds"][0]["primary"] = "police"
    with pytest.raises(ValidationError, match="police is no body_code"):
        Councils.model_validate(content)
