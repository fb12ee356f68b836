"""Names of people leave texts shown as evidence; places, peoples and words stay."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text.person_names import person_names, without_person_names
from models.warning.explanation import example_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Мой сосед Иванов Сергей Петрович опять шумит", "Мой сосед [имя] опять шумит"),
        ("Ахметов Нұрлан Серікұлы ауылда тұрады", "[есім] ауылда тұрады"),
        ("Мадина Абылқасымқызына айтыңыз", "[есім] айтыңыз"),
        ("А. Б. Касымов украл деньги", "[имя] украл деньги"),
        ("Наш учитель Болат Серикович всех бил", "Наш учитель [имя] всех бил"),
        ("вчера Нурлану и Марине Ким угрожали", "вчера [имя] и [имя] угрожали"),
        ("Айгүлге айт", "[есім] айт"),
        ("говорят, Жумабаева виновата", "говорят, [имя] виновата"),
    ],
)
def test_names_are_replaced_whole_in_the_language_of_the_text(text: str, shown: str) -> None:
    assert without_person_names(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Улица Абая в Алматы",
        "Абай көшесінде тұрамын",
        "Киргизы, узбеки и татары живут в Оше, Татарин пришёл",
        "Надежда умирает последней",
        "Мақсат қою керек, Бақыт іздеп жүрміз",
        "Әлихан Бөкейхан атындағы университет",
        "Қонаев қаласында, Саратовта, в Ростове, Түркістанда",
        "Депутатов много, Министров мало",
        "Қазақтар мен Орыстар дос",
        "Еңбектің көзін тап",
        "Меркенский район, Ұлттық банк",
        "",
    ],
)
def test_places_peoples_and_words_stay(text: str) -> None:
    assert without_person_names(text) == text


@given(
    st.lists(
        st.sampled_from(["Нұрлан", "Серікұлы", "Иванова", "А.", "Алматы", "дос", ",", "және", "\n", "Ж"]), max_size=12
    )
)
def test_spans_are_in_order_and_a_second_pass_changes_nothing(words: list[str]) -> None:
    text = " ".join(words)
    spans = person_names(text)
    assert all(a < b for a, b in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    once = without_person_names(text)
    assert without_person_names(once) == once


def test_evidence_names_nobody() -> None:
    shown = example_text("Сосед Оспанов Ерлан Маратович сказал, что узбеки виноваты", "hostile", 0.9)
    assert shown == "[hostile 0.90] Сосед [имя] сказал, что узбеки виноваты"
