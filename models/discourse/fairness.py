"""Does the name of a group decide? Errors per group, and sentences with the group's name exchanged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression

from models.discourse.classifier import DiscourseModel
from models.discourse.training import grouped_folds
from models.text.ethnonyms import mentions

FEWEST_ROWS = 30
INNOCENT = ("neutral", "authority", "other", "language", "accord")


def group_errors(labelled: pl.DataFrame, labels: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
    """False alarm and miss rates of hostility per group mentioned.

    Args:
        labelled: `message_id`, `discourse` given by people.
        labels: core_discourse__labels of the same messages.
        mentions: core_feeds__mentions of the same messages.

    Returns:
        `group_code` (and `all`), `innocent_count` (neutral, authority, other, language, accord),
        `false_alarm_share`,
        `hostile_count`, `miss_share`. A share over fewer than 30 messages is null: not measurable.
    """
    joined = labelled.select("message_id", truth="discourse").join(
        labels.select("message_id", found="discourse"), on="message_id", how="inner"
    )
    groups = joined.join(mentions.select("message_id", "group_code").unique(), on="message_id", how="inner")
    rows = pl.concat([joined.with_columns(group_code=pl.lit("all")), groups.select(*joined.columns, "group_code")])
    innocent, hostile = pl.col("truth").is_in(INNOCENT), pl.col("truth") == "hostile"
    flagged = pl.col("found") == "hostile"
    counted = rows.group_by("group_code").agg(
        innocent.sum().cast(pl.Int64).alias("innocent_count"),
        flagged.filter(innocent).mean().alias("false_alarm_share"),
        hostile.sum().cast(pl.Int64).alias("hostile_count"),
        (~flagged).filter(hostile).mean().alias("miss_share"),
    )
    return counted.with_columns(
        _measurable("false_alarm_share", "innocent_count"), _measurable("miss_share", "hostile_count")
    ).sort("group_code")


def _measurable(share: str, count: str) -> pl.Expr:
    return pl.when(pl.col(count) >= FEWEST_ROWS).then(pl.col(share)).alias(share)


def name_only(corpus: pl.DataFrame, mentions: pl.DataFrame, seed: int = 0) -> pl.DataFrame:
    """The baseline that knows only which groups a message names, on the folds of the model.

    Logistic regression with classes weighted equally over one column per group.

    Args:
        corpus: `message_id`, `group`, `discourse` of labelled messages.
        mentions: core_feeds__mentions of these messages.
        seed: of folds and solver.

    Returns:
        `message_id`, `discourse` (`hostile` or `neutral`), `hostile_probability`, in order of rows.
    """
    named = mentions.select("message_id", "group_code").unique()
    codes = sorted(named["group_code"].unique())
    column = {code: number for number, code in enumerate(codes)}
    row = {message: number for number, message in enumerate(corpus["message_id"])}
    table = np.zeros((len(corpus), max(1, len(codes))))
    for message, code in named.iter_rows():
        if message in row:
            table[row[message], column[code]] = 1.0
    hostile = (corpus["discourse"] == "hostile").to_numpy()
    chance = np.zeros(len(corpus))
    for seen, held in grouped_folds(corpus["group"].to_numpy(), seed):
        one = LogisticRegression(class_weight="balanced", random_state=seed).fit(table[seen], hostile[seen])
        chance[held] = one.predict_proba(table[held])[:, 1]
    return pl.DataFrame(
        {
            "message_id": corpus["message_id"],
            "discourse": np.where(chance > 0.5, "hostile", "neutral"),
            "hostile_probability": chance,
        }
    )


def swap_gaps(
    model: DiscourseModel, messages: pl.DataFrame, named: pl.DataFrame, names: dict[str, str]
) -> pl.DataFrame:
    """Probability of hostility when the group in a sentence is exchanged for others and nothing else changes.

    Groups are looked for anew in the changed sentence, so a name that the search misses, or words near it that the
    mask does not reach, show up as a gap.

    Args:
        model: what is tested.
        messages: `message_id`, `text`; messages with exactly one mention of a people, not a slur, are used.
        named: core_feeds__mentions of these messages.
        names: for each group code the name to put in.

    Returns:
        One row per message used: `message_id`, `lowest`, `highest`, `gap` (highest - lowest, 0..1).
    """
    single = named.filter(pl.col("message_id").is_unique() & pl.col("is_person") & ~pl.col("is_slur"))
    used = messages.select("message_id", "text").join(
        single.select("message_id", "start", "end"), on="message_id", how="inner"
    )
    found = [_with_name(model, used, name) for name in names.values()]
    if not found or used.is_empty():
        return pl.DataFrame(
            schema={"message_id": pl.String, "lowest": pl.Float64, "highest": pl.Float64, "gap": pl.Float64}
        )
    table = np.column_stack(found)
    lowest, highest = table.min(axis=1), table.max(axis=1)
    return pl.DataFrame(
        {"message_id": used["message_id"], "lowest": lowest, "highest": highest, "gap": highest - lowest}
    )


def _with_name(model: DiscourseModel, used: pl.DataFrame, name: str) -> Sequence[float]:
    texts = [text[:start] + name + text[end:] for _, text, start, end in used.iter_rows()]
    messages = used.select("message_id").with_columns(pl.Series("text", texts))
    found = mentions(messages["message_id"], messages["text"])
    return model.label(messages, found)["hostile_probability"].to_list()
