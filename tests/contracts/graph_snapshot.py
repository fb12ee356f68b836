"""The asset graph as plain data; run as a script it writes the committed snapshot anew."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg

SNAPSHOT = Path(__file__).with_name("graph_snapshot.json")


def graph(definitions: dg.Definitions) -> dict[str, object]:
    """Each asset's group, partitions, what it reads and which jobs make it."""
    assets = definitions.resolve_asset_graph()
    jobs = {name: definitions.resolve_job_def(name) for name in sorted(job.name for job in definitions.jobs or ())}
    made_by: dict[str, list[str]] = {}
    for name, job in jobs.items():
        for key in job.asset_layer.executable_asset_keys:
            made_by.setdefault(key.path[-1], []).append(name)
    return {
        key.path[-1]: {
            "group": assets.get(key).group_name,
            "partitions": type(assets.get(key).partitions_def).__name__,
            "reads": sorted(parent.path[-1] for parent in assets.get(key).parent_keys),
            "jobs": sorted(made_by.get(key.path[-1], [])),
        }
        for key in sorted(assets.get_all_asset_keys(), key=str)
    }


if __name__ == "__main__":
    from pipelines.definitions import defs

    SNAPSHOT.write_text(json.dumps(graph(defs), indent=1, sort_keys=True) + "\n", encoding="utf-8")
