"""A small synthetic wave whose true shares are known, made without the project's own simulation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest

from data_contracts.indicator_registry import Registry, registry
from data_contracts.questionnaire import Questionnaire

REGIONS = {"KZ-71": 600_000.0, "KZ-19": 900_000.0, "KZ-31": 700_000.0}
GROUPS = {"kazakh": 0.7, "russian": 0.2, "uzbek": 0.1}


@pytest.fixture
def items() -> Registry:
    return registry()


@pytest.fixture
def small_margins() -> dict:
    total = sum(REGIONS.values())
    ages = ("18-29", "30-44", "45-59", "60+")
    return {
        ("group_code",): {(code,): share * total for code, share in GROUPS.items()},
        ("region_code", "settlement_code"): {(code, "urban"): people for code, people in REGIONS.items()},
        ("sex_code", "age_group_code"): {(sex, age): total / 8 for sex in ("male", "female") for age in ages},
    }


@pytest.fixture
def make_wave() -> Callable[..., tuple[pl.DataFrame, pl.DataFrame]]:
    """A function (year, chance of a positive answer, seed, size) -> respondents, answers."""
    return _wave


def _wave(
    year: int = 2025,
    positive: float | dict[str, float] = 0.8,
    seed: int = 1,
    size: int = 1200,
    psu_spread: float = 0.0,
    frame: str | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(seed)
    wave_id = f"{year}-test"
    region = rng.choice(list(REGIONS), size)
    group = rng.choice(list(GROUPS), size, p=list(GROUPS.values()))
    age = rng.integers(18, 80, size)
    psu = np.array([f"{r}/{rng.integers(0, 10)}" for r in region])
    people = pl.DataFrame(
        {
            "wave_id": [wave_id] * size,
            "year": [year] * size,
            "respondent_id": [f"r{i:05d}" for i in range(size)],
            "interview_date": [date(year, 9, 1)] * size,
            "region_code": region,
            "settlement_code": ["urban"] * size,
            "stratum_id": [f"{frame or wave_id}/{r}" for r in region],
            "psu_id": [f"{frame or wave_id}/{p}" for p in psu],
            "interviewer_id": [f"{p}i" for p in psu],
            "sex_code": rng.choice(["male", "female"], size),
            "age_years": age,
            "group_code": group,
            "language": np.where(rng.random(size) < 0.6, "kk", "ru"),
            "mode_code": ["face_to_face"] * size,
            "design_weight": rng.uniform(0.5, 2.0, size),
        }
    ).with_columns(
        age_group_code=pl.col("age_years").cut([29, 44, 59], labels=["18-29", "30-44", "45-59", "60+"]).cast(pl.String)
    )
    effects = dict(zip(np.unique(psu), rng.normal(0, psu_spread, 99), strict=False))
    chance = np.array([positive[g] if isinstance(positive, dict) else positive for g in group])
    is_positive = rng.random(size) < np.clip(chance + np.array([effects[p] for p in psu]), 0, 1)
    return people, _answers(people, is_positive)


def _answers(people: pl.DataFrame, is_positive: np.ndarray) -> pl.DataFrame:
    """Everybody answers all items alike: the score is what was drawn, so the truth is plain."""
    parts = []
    for item in registry().items:
        good = item.positive_codes[0]
        bad = max(set(item.scale.code_values) - set(item.positive_codes), key=lambda code: abs(code - good))
        parts.append(
            people.select("wave_id", "respondent_id").with_columns(
                item_id=pl.lit(item.item_id),
                answer_code=pl.Series(np.where(is_positive, good, bad)).cast(pl.Int64),
                answer_status=pl.lit("valid"),
            )
        )
    return pl.concat(parts)


QUESTIONNAIRE = {
    "wave_id": "2025-test",
    "year": 2025,
    "fieldwork_start": "2025-08-01",
    "fieldwork_end": "2025-09-30",
    "mode_code": "face_to_face",
    "columns": {
        "respondent_id": {"column": "id"},
        "interview_date": {"column": "day"},
        "region_code": {"column": "reg", "codes": {1: "KZ-71", 2: "KZ-19", 3: "KZ-99"}},
        "settlement_code": {"constant": "urban"},
        "stratum_id": {"column": "str"},
        "psu_id": {"column": "psu"},
        "sex_code": {"column": "sex", "codes": {1: "male", 2: "female"}},
        "age_years": {"column": "age"},
        "group_code": {"column": "eth", "codes": {1: "kazakh", 2: "russian"}},
        "language": {"column": "lang", "codes": {1: "kk", 2: "ru"}},
        "design_weight": {"column": "w"},
    },
    "items": {
        "accord_q1_relations_country": {
            "column": "q1",
            "scale": [1, 2, 3, 4, 5],
            "missing": {98: "dont_know", 99: "refused"},
        },
        "tolerance_q1_neighbour": {
            "column": "q2",
            "scale": [1, 2, 3, 4],
            "missing": {98: "dont_know"},
            "recode": {1: 4, 2: 3, 3: 2, 4: 1},
        },
        "wellbeing_q1_equal_treatment": {"column": "q3", "scale": [1, 2, 3, 4, 5, 6, 7]},
    },
}


@pytest.fixture
def questionnaire() -> Questionnaire:
    return Questionnaire.model_validate(QUESTIONNAIRE)


@pytest.fixture
def make_raw(questionnaire: Questionnaire) -> Callable[..., pl.DataFrame]:
    """A function (rows as dicts of file columns) -> `raw_survey__answers`; cells left out are good ones."""
    good = {
        "id": None,
        "day": "2025-08-17",
        "reg": "1",
        "str": "7",
        "psu": "3",
        "sex": "2",
        "age": "41",
        "eth": "1",
        "lang": "1",
        "w": "1.5",
        "q1": "4",
        "q2": "1",
        "q3": "5",
    }

    def raw(*rows: dict[str, str | None], user_missing: tuple[tuple[int, str], ...] = ()) -> pl.DataFrame:
        cells = []
        for number, row in enumerate(rows, start=1):
            whole = {**good, "id": f"p{number}", **row}
            for field, column in questionnaire.file_columns.items():
                cells.append(
                    {
                        "wave_id": "2025-test",
                        "file_name": "wave.csv",
                        "file_sha256": "0" * 64,
                        "row_number": number,
                        "source_column": column,
                        "field": field,
                        "value": whole[column],
                        "is_user_missing": (number, column) in user_missing,
                    }
                )
        return pl.DataFrame(cells, schema_overrides={"value": pl.String(), "row_number": pl.Int64()})

    return raw
