"""The graph is the one that was agreed; a wanted change is written by `python tests/contracts/graph_snapshot.py`."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from pipelines.definitions import defs

spec = importlib.util.spec_from_file_location("graph_snapshot", Path(__file__).with_name("graph_snapshot.py"))
assert spec is not None
assert spec.loader is not None
graph_snapshot = importlib.util.module_from_spec(spec)
spec.loader.exec_module(graph_snapshot)


def test_the_graph_is_the_committed_one() -> None:
    committed = json.loads(graph_snapshot.SNAPSHOT.read_text(encoding="utf-8"))
    found = graph_snapshot.graph(defs)
    assert len(found) > 25
    assert found == committed


def test_every_asset_is_made_by_exactly_one_job() -> None:
    jobs = {name: asset["jobs"] for name, asset in graph_snapshot.graph(defs).items()}
    assert {name: made for name, made in jobs.items() if len(made) != 1} == {}
