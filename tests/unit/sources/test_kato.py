from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from assets.sources.kato import gazetteer_with_kato
from data_contracts.contract import ContractError
from models.text.places import places

LINES = (
    "kato,name_ru,name_kk\n"
    "231010100,с.Сынақтөбе,Сынақтөбе а.\n391010100,с.Пробное,Пробный а.\n"
    "111010100,с.Екіаралық,Екіаралық а.\n191010100,с.Екіаралық,Екіаралық а.\n"
)


def regions_of(texts: list[str], folder: Path) -> list[str]:
    return places(pl.Series(texts), table=gazetteer_with_kato(folder))["region_code"].to_list()


def test_settlements_of_the_operators_file_are_found(tmp_path: Path) -> None:
    texts = [
        "Сынақтөбе ауылында жиын өтті",
        "Кеше Сынақтөбеде той болды",
        "в селе Пробное потоп",
        "сынақтөбе деген сөз",
    ]
    assert regions_of(texts, tmp_path) == ["unknown"] * 4
    (tmp_path / "kato.csv").write_text(LINES, encoding="utf-8")
    assert regions_of(texts, tmp_path) == ["KZ-23", "KZ-23", "KZ-39", "unknown"]


def test_a_name_in_two_regions_stays_unknown_and_ours_come_first(tmp_path: Path) -> None:
    (tmp_path / "kato.csv").write_text(LINES + "391010200,с.Алматы,Алматы а.\n", encoding="utf-8")
    assert regions_of(["Екіаралық ауылында", "Алматыда жиын"], tmp_path) == ["unknown", "KZ-75"]


@pytest.mark.parametrize(
    ("text", "told"), [("a,b\n1,2\n", "no column kato"), ("kato,name_ru,name_kk\n99x,а,б\n", "line 2")]
)
def test_a_file_that_is_not_the_classifier_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "kato.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=told):
        gazetteer_with_kato(tmp_path)


def test_the_official_file_is_taken_whole(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "kato.csv").symlink_to(shared_data / "kazakhstan" / "kato.csv")
    assert len(gazetteer_with_kato(tmp_path).forms) > 100_000


test_the_official_file_is_taken_whole = pytest.mark.slow(pytest.mark.shared_data(test_the_official_file_is_taken_whole))
