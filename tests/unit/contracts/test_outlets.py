"""The operator's list of regional outlets."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_contracts.contract import ContractError
from data_contracts.outlets import outlet_regions


def test_without_a_list_no_outlet_has_a_region(tmp_path: Path) -> None:
    assert outlet_regions(tmp_path) == {}


def test_the_list_is_read_by_name(tmp_path: Path) -> None:
    text = "outlets:\n  - {name: 'Қостанай таңы', region_code: KZ-39}\n"
    (tmp_path / "outlets.yml").write_text(text, encoding="utf-8")
    assert outlet_regions(tmp_path) == {"Қостанай таңы": "KZ-39"}


@pytest.mark.parametrize("text", ["outlets:\n  - {name: a, region_code: KZ-99}\n", "outlets: 3\n", "a: [\n"])
def test_a_wrong_list_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "outlets.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=r"outlets\.yml"):
        outlet_regions(tmp_path)
