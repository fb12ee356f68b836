"""Is a new model fit to replace the one in use? Both measured on what neither was trained on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from data_contracts.reference import ethnic_groups
from models.discourse.classifier import DiscourseModel
from models.discourse.corpus_reading import LANGUAGES
from models.discourse.evaluation import binary_f1, macro_f1
from models.discourse.fairness import swap_gaps
from models.discourse.functional_suite import judged, pass_rates
from models.text.ethnonyms import mentions

FEWEST_FROZEN = 50
SWAPPED = ("kazakh", "russian", "uzbek", "uyghur", "german", "korean")
SWAP_MESSAGES = 150

TOLERANCES: Mapping[str, float] = {
    "suite_all": 0.01,
    **{f"suite_{language}": 0.02 for language in LANGUAGES},
    **{f"suite_authority_{language}": 0.03 for language in LANGUAGES},
    **{f"suite_counter_{language}": 0.07 for language in LANGUAGES},
    "frozen_macro_f1": 0.02,
    "frozen_hostile_f1": 0.02,
    "frozen_authority_flagged": 0.005,
    "swap_gap_kk": 0.01,
    "swap_gap_ru": 0.01,
}
"""How much a measure may get worse. Families of the suite hold 48 to 108 cases a language: three of them may turn."""

LOWER_IS_BETTER = frozenset({"frozen_authority_flagged", "swap_gap_kk", "swap_gap_ru"})


def measures(
    model: DiscourseModel, suite: pl.DataFrame, frozen: pl.DataFrame, sentences: pl.DataFrame
) -> dict[str, float]:
    """Everything two models are compared by; 0..1 each.

    Args:
        model: with a discourse head.
        suite: cases of the functional suite (`functional_suite.read_suite`).
        frozen: labels of people kept out of training: `message_id, text, discourse`; fewer than 50 are not measured.
        sentences: `message_id, text, language` of messages in which a group's name is exchanged.

    Returns:
        Names of `TOLERANCES`; those that cannot be measured are left out.
    """
    cases = judged(suite, model)
    found = {"suite_all": float(cases["passes"].cast(pl.Float64).to_numpy().mean())}
    for prefix, held in (
        ("suite", cases),
        ("suite_authority", cases.filter(pl.col("function").str.starts_with("authority_"))),
        ("suite_counter", cases.filter(pl.col("function").str.starts_with("counter_"))),
    ):
        for language, _, _, share in pass_rates(held, ("language",)).iter_rows():
            found[f"{prefix}_{language}"] = share
    if len(frozen) >= FEWEST_FROZEN:
        found |= _on_frozen(model, frozen)
    return found | _swap(model, sentences)


def _on_frozen(model: DiscourseModel, frozen: pl.DataFrame) -> dict[str, float]:
    messages = frozen.select("message_id", "text")
    labels = model.label(messages, mentions(messages["message_id"], messages["text"]))
    truth, said = frozen["discourse"].to_numpy(), labels["discourse"].to_numpy()
    scores = {
        "frozen_macro_f1": macro_f1(truth, said),
        "frozen_hostile_f1": float(binary_f1(truth == "hostile", said == "hostile")),
    }
    authority = truth == "authority"
    if authority.any():
        scores["frozen_authority_flagged"] = float(np.mean(said[authority] == "hostile"))
    return scores


def _swap(model: DiscourseModel, sentences: pl.DataFrame) -> dict[str, float]:
    found = {}
    for language in ("kk", "ru"):
        held = sentences.filter(pl.col("language") == language).sort("message_id").head(SWAP_MESSAGES)
        names = {code: ethnic_groups()[code].name.in_language(language) for code in SWAPPED}
        gaps = swap_gaps(model, held, mentions(held["message_id"], held["text"]), names)
        if len(gaps):
            found[f"swap_gap_{language}"] = float(gaps["gap"].to_numpy().mean())
    return found


def worse(before: Mapping[str, float], after: Mapping[str, float]) -> list[dict[str, float | str]]:
    """Measures that got worse by more than is allowed, or that are missing in the new model.

    Returns:
        `measure`, `before`, `after`, `tolerance`, in the order of `TOLERANCES`; empty if the new model may be used.
    """
    reasons: list[dict[str, float | str]] = []
    for measure, tolerance in TOLERANCES.items():
        if measure not in before:
            continue
        new = after.get(measure, float("nan"))
        loss = new - before[measure] if measure in LOWER_IS_BETTER else before[measure] - new
        if not loss <= tolerance:
            reasons.append(
                {
                    "measure": measure,
                    "before": round(before[measure], 4),
                    "after": round(new, 4),
                    "tolerance": tolerance,
                }
            )
    return reasons


def model_changes(
    old: pl.DataFrame, new: pl.DataFrame, old_version: str, new_version: str, signals: tuple[str, ...]
) -> pl.DataFrame:
    """Shares of each signal that two models give the same messages: the step that a change of model makes.

    Args:
        old: labels of the model in use: `message_id, week_date, discourse, severity`.
        new: labels of the new model for the same messages.
        old_version: of the model in use.
        new_version: of the new one.
        signals: names of `rates.SIGNALS`.

    Returns:
        out_discourse__model_changes: one row a week and signal; `step_share` is new less old.
    """
    frames = []
    for signal in signals:
        is_signal = pl.col("severity") == 3 if signal == "hard_hostile" else pl.col("discourse") == signal
        shares = [
            labels.group_by("week_date").agg(pl.len().cast(pl.Int64).alias("n"), is_signal.mean().alias(name))
            for labels, name in ((old, "old_share"), (new, "new_share"))
        ]
        both = shares[0].join(shares[1].drop("n"), on="week_date", how="inner")
        frames.append(both.with_columns(pl.lit(signal).alias("signal")))
    return (
        pl.concat(frames)
        .select(
            pl.lit(old_version).alias("old_model_version"),
            pl.lit(new_version).alias("new_model_version"),
            "week_date",
            "signal",
            pl.col("n").alias("message_count"),
            "old_share",
            "new_share",
            (pl.col("new_share") - pl.col("old_share")).alias("step_share"),
        )
        .sort("week_date", "signal")
    )
