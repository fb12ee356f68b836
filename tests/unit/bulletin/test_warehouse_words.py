"""Views of the warehouse run and say what they answer; the data dictionary holds every table, alone."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from assets.warehouse_build import build_warehouse
from assets.warehouse_dictionary import LANGUAGES, dictionary_page
from assets.warehouse_views import VIEWS
from data_contracts.contract import TableContract, table_contracts


def _public() -> dict[str, TableContract]:
    return {name: one for name, one in table_contracts().items() if one.layer == "out"}


def test_every_view_answers_on_an_empty_warehouse_and_has_a_comment(tmp_path: Path) -> None:
    target = tmp_path / "warehouse.duckdb"
    counts = build_warehouse(target, {name: [] for name in _public()}, table_contracts())
    assert set(counts.values()) == {0}
    with duckdb.connect(str(target), read_only=True) as connection:
        found = dict(connection.execute("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal").fetchall())
        assert set(found) == set(VIEWS)
        for name, view in VIEWS.items():
            assert connection.execute(f"SELECT * FROM {name}").fetchall() == []
            assert all(view.answers.in_language(language) in found[name] for language in LANGUAGES)


def test_a_view_over_a_table_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    target = tmp_path / "warehouse.duckdb"
    build_warehouse(target, {"out_indicators__verdicts": []}, table_contracts())
    with duckdb.connect(str(target), read_only=True) as connection:
        views = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    assert views == [("plan_verdicts",)]


def test_the_dictionary_describes_every_column_and_needs_nothing_else() -> None:
    views = {name: view.answers for name, view in VIEWS.items()}
    page = dictionary_page(_public().values(), views, is_synthetic=True)
    assert not re.search(r"https?:|<script|<link|<img|url\(|@import", page)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) == len(_public()) + len(VIEWS)
    assert set(re.findall(r'href="#([^"]+)"', page)) == set(ids)
    for name, contract in _public().items():
        section = page.split(f'id="{name}"')[1].split("</section>")[0]
        assert section.count("<tr>") == len(contract.columns) + 1
    assert "SYNTHETIC DATA" in page
    assert "SYNTHETIC DATA" not in dictionary_page(_public().values(), {}, is_synthetic=False)
