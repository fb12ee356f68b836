from __future__ import annotations

import pytest

from models.simulation.kazakh_forms import Case, inflected, plural


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("қазақ", "қазақтар"),
        ("неміс", "немістер"),
        ("украин", "украиндар"),
        ("корей", "корейлер"),
        ("қырғыз", "қырғыздар"),
        ("күрд", "күрдтер"),
        ("ұйғыр", "ұйғырлар"),
    ],
)
def test_plural(name: str, expected: str) -> None:
    assert plural(name) == expected


@pytest.mark.parametrize(
    ("name", "case", "expected"),
    [
        ("қазақтар", "genitive", "қазақтардың"),
        ("өзбектер", "dative", "өзбектерге"),
        ("түріктер", "accusative", "түріктерді"),
        ("Саран", "locative", "Саранда"),
        ("Саран", "ablative", "Сараннан"),
        ("Алматы", "ablative", "Алматыдан"),
        ("Ақтөбе", "genitive", "Ақтөбенің"),
        ("Жаркент", "locative", "Жаркентте"),
        ("Тараз", "instrumental", "Таразбен"),
        ("Атырау", "dative", "Атырауға"),
        ("Шу", "locative", "Шуда"),
        ("Сәтбаев", "locative", "Сәтбаевта"),
    ],
)
def test_cases(name: str, case: Case, expected: str) -> None:
    assert inflected(name, case) == expected


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("locative", "Меркі ауданында"),
        ("genitive", "Меркі ауданының"),
        ("ablative", "Меркі ауданынан"),
        ("dative", "Меркі ауданына"),
    ],
)
def test_district_names_take_possessive_endings(case: Case, expected: str) -> None:
    assert inflected("Меркі ауданы", case, possessed=True) == expected
