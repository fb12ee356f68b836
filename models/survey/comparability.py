"""Whether a wave's answers may be set beside those of other waves: wording, scale, mode, language."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from data_contracts.indicator_registry import Indicator, Registry
from data_contracts.questionnaire import ItemMapping, Questionnaire

LARGEST_MODE_SHIFT = 0.5
"""Share of interviews that may be done in another mode than in the first wave."""

ITEM_SCHEMA = pl.Schema(
    {
        "wave_id": pl.String(),
        "year": pl.Int64(),
        "item_id": pl.String(),
        "is_asked": pl.Boolean(),
        "wording_version": pl.String(),
        "mode_code": pl.String(),
        "comparability": pl.String(),
        "reason": pl.String(),
    }
)
INDICATOR_SCHEMA = pl.Schema(
    {
        "wave_id": pl.String(),
        "indicator_id": pl.String(),
        "comparability": pl.String(),
        "reason": pl.String(),
    }
)


def item_comparability(questionnaires: Sequence[Questionnaire], registry: Registry) -> pl.DataFrame:
    """Hold every wave's questionnaire against the item registry and the first wave.

    Args:
        questionnaires: of the waves, any order; the earliest sets the mode the others are held against.
        registry: items with the wording version and the scale in force.

    Returns:
        One row per wave and item; `reason` is the first of not_asked, scale, wording, mode that breaks the
        series.
    """
    ordered = sorted(questionnaires, key=lambda wave: (wave.fieldwork_end, wave.wave_id))
    rows = []
    for wave in ordered:
        for item in registry.items:
            mapping = wave.items.get(item.item_id)
            reason = _item_reason(mapping, wave, ordered[0], registry, item.item_id)
            rows.append(
                (
                    wave.wave_id,
                    wave.year,
                    item.item_id,
                    mapping is not None,
                    None if mapping is None else mapping.wording_version,
                    wave.mode_code,
                    "comparable" if reason is None else "not_comparable",
                    reason,
                )
            )
    return pl.DataFrame(rows, schema=ITEM_SCHEMA, orient="row")


def _item_reason(
    mapping: ItemMapping | None, wave: Questionnaire, first: Questionnaire, registry: Registry, item_id: str
) -> str | None:
    item = registry.item(item_id)
    if mapping is None:
        return "not_asked"
    if set(mapping.scale) != set(item.scale.code_values):
        return "scale"
    if mapping.wording_version != item.wording_version:
        return "wording"
    return "mode" if wave.mode_code != first.mode_code else None


def indicator_comparability(items: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """A wave's indicator is comparable when all its items are; `reason` names the first that is not.

    Args:
        items: as `item_comparability` gives.
        registry: which items an indicator has.

    Returns:
        wave_id, indicator_id, comparability, reason (`item_id: reason`).
    """
    parts = [
        items.filter(pl.col("item_id").is_in([entry.item_id for entry in indicator.items]))
        .group_by("wave_id", maintain_order=True)
        .agg(
            indicator_id=pl.lit(indicator.indicator_id),
            comparability=pl.when((pl.col("comparability") == "comparable").all())
            .then(pl.lit("comparable"))
            .otherwise(pl.lit("not_comparable")),
            reason=pl.format("{}: {}", "item_id", "reason").drop_nulls().first(),
        )
        for indicator in registry.current().values()
    ]
    return pl.concat(parts).cast({**INDICATOR_SCHEMA}) if parts else pl.DataFrame(schema=INDICATOR_SCHEMA)


def observed_comparability(respondents: pl.DataFrame, answers: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Comparability as far as the data themselves tell it, where no questionnaires are at hand.

    A wave breaks an indicator's series when one of its items was asked of nobody, when more than half of the
    interviews were done in other modes than in the first wave, or when one of the first wave's interview
    languages is missing. Wording cannot be seen in data: `item_comparability` looks at that.

    Args:
        respondents: `core_survey__respondents` of all waves.
        answers: `core_survey__answers` of the same waves.
        registry: which items an indicator has.

    Returns:
        wave_id, indicator_id, comparability, reason.
    """
    waves = respondents.select("year", "wave_id").unique().sort("year", "wave_id")["wave_id"].to_list()
    if not waves:
        return pl.DataFrame(schema=INDICATOR_SCHEMA)
    modes = _shares(respondents, "mode_code")
    languages = _shares(respondents, "language")
    asked = (
        answers.group_by("wave_id", "item_id")
        .agg(asked=(pl.col("answer_status") != "not_asked").any())
        .filter("asked")
        .select("wave_id", "item_id")
    )
    asked_items = set(asked.rows())
    rows = []
    for wave_id in waves:
        moved = sum(max(share - modes[waves[0]].get(mode, 0.0), 0.0) for mode, share in modes[wave_id].items())
        lost = sorted(set(languages[waves[0]]) - set(languages[wave_id]))
        broken = "mode" if moved > LARGEST_MODE_SHIFT else f"language: no {lost[0]}" if lost else None
        for indicator in registry.current().values():
            reason = _unasked(indicator, wave_id, asked_items) or broken
            verdict = "comparable" if reason is None else "not_comparable"
            rows.append((wave_id, indicator.indicator_id, verdict, reason))
    return pl.DataFrame(rows, schema=INDICATOR_SCHEMA, orient="row")


def known_comparability(
    respondents: pl.DataFrame,
    answers: pl.DataFrame,
    questionnaires: Sequence[Questionnaire],
    registry: Registry,
) -> pl.DataFrame:
    """What the questionnaires and the data together say; either can break a series.

    Args:
        respondents: `core_survey__respondents` of all waves.
        answers: `core_survey__answers` of the same waves.
        questionnaires: of as many of these waves as have one; a wave without one is judged by its data.
        registry: items and indicators.

    Returns:
        wave_id, indicator_id, comparability, reason (the questionnaire's before the data's).
    """
    seen = observed_comparability(respondents, answers, registry)
    waves = set(seen.get_column("wave_id").to_list())
    own = [questionnaire for questionnaire in questionnaires if questionnaire.wave_id in waves]
    if not own:
        return seen
    asked = indicator_comparability(item_comparability(own, registry), registry)
    both = seen.join(asked, on=["wave_id", "indicator_id"], how="left", suffix="_asked", maintain_order="left")
    broken = pl.any_horizontal(
        (pl.col(name) == "not_comparable").fill_null(value=False) for name in ("comparability", "comparability_asked")
    )
    return both.select(
        "wave_id",
        "indicator_id",
        comparability=pl.when(broken).then(pl.lit("not_comparable")).otherwise(pl.lit("comparable")),
        reason=pl.coalesce("reason_asked", "reason"),
    )


def _unasked(indicator: Indicator, wave_id: str, asked_items: set[tuple]) -> str | None:
    for entry in indicator.items:
        if (wave_id, entry.item_id) not in asked_items:
            return f"{entry.item_id}: not_asked"
    return None


def _shares(respondents: pl.DataFrame, column: str) -> dict[str, dict[str, float]]:
    counts = respondents.group_by("wave_id", column).agg(n=pl.len())
    shares = counts.with_columns(share=pl.col("n") / pl.col("n").sum().over("wave_id"))
    found: dict[str, dict[str, float]] = {}
    for wave_id, value, share in shares.select("wave_id", column, "share").iter_rows():
        found.setdefault(wave_id, {})[value] = share
    return found
