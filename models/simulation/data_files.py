"""Loads the data files that stand beside the simulation modules; each is read once per process."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml


class SimulationDataError(ValueError):
    """A data file of the simulation is missing or is not a YAML mapping; the message names the file."""


@cache
def simulation_data(file_name: str) -> dict[str, Any]:
    """The content of one YAML file of `models/simulation`, e.g. `population.yml` or `phrases/ru.yml`.

    The returned mapping is shared between callers and must not be changed.

    Raises:
        SimulationDataError: if there is no such file or it does not hold a mapping.
    """
    path = files("models.simulation").joinpath(file_name)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
    except FileNotFoundError as error:
        raise SimulationDataError(f"models/simulation/{file_name}: no such file") from error
    except yaml.YAMLError as error:
        raise SimulationDataError(f"models/simulation/{file_name}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise SimulationDataError(f"models/simulation/{file_name}: expected a mapping at the top")
    return content


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
