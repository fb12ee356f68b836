"""Regions and ethnic groups: complete, consistent, and refused when they are not."""

from __future__ import annotations

import pytest
import yaml

from data_contracts import reference
from data_contracts.contract import ContractError


def test_the_twenty_regions_form_one_connected_country():
    regions = reference.regions()
    assert len(regions) == 20
    assert {code for code, region in regions.items() if region.kind == "city"} == {"KZ-71", "KZ-75", "KZ-79"}
    assert all(region.kato_prefix == code[3:] for code, region in regions.items())
    reached, frontier = set(), {"KZ-10"}
    while frontier:
        reached |= frontier
        frontier = {n for code in frontier for n in regions[code].neighbours} - reached
    assert reached == set(regions)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_names_are_told_apart_in_each_language(language):
    for rows in (reference.regions(), reference.ethnic_groups()):
        names = [row.name.in_language(language) for row in rows.values()]
        assert len(set(names)) == len(names)


def test_locatives_agree_with_names():
    for region in reference.regions().values():
        assert region.name_locative.kk == region.name.kk + ("нда" if region.name.kk.endswith("сы") else "")
        assert region.name_locative.ru.startswith("в ")
        assert region.name_genitive.kk == region.name.kk + "ның"


def test_census_shares_cover_the_population():
    groups = reference.ethnic_groups()
    shares = [group.census_2021_share for group in groups.values() if group.is_census_group]
    assert len(shares) == 18
    assert sum(share for share in shares if share) == pytest.approx(1.0, abs=0.01)
    assert not any(group.umbrella and group.is_census_group for group in groups.values())


def test_one_sided_neighbours_are_refused(tmp_path, monkeypatch):
    content = yaml.safe_load((reference.FOLDER / "regions.yml").read_text("utf-8"))
    content["regions"][0]["neighbours"].remove("KZ-63")
    (tmp_path / "regions.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    reference.regions.cache_clear()
    try:
        with pytest.raises(ContractError, match=r"KZ-63 names KZ-10"):
            reference.regions()
    finally:
        monkeypatch.undo()
        reference.regions.cache_clear()
