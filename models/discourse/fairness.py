"""Does the name of a group decide? Errors per group, and sentences with the group's name exchanged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from models.discourse.classifier import DiscourseModel

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


def swap_gaps(
    model: DiscourseModel, messages: pl.DataFrame, mentions: pl.DataFrame, names: dict[str, str]
) -> pl.DataFrame:
    """Probability of hostility when the group in a sentence is exchanged for others and nothing else changes.

    The exchanged mention keeps its place and kind; what is exchanged is the surface, so that words made
    from the name
    that the mask does not reach show up as a gap.

    Args:
        model: what is tested.
        messages: `message_id`, `text`; messages with exactly one mention of a people, not a slur, are used.
        mentions: core_feeds__mentions of these messages.
        names: for each group code the plural name to put in.

    Returns:
        One row per message used: `message_id`, `lowest`, `highest`, `gap` (highest - lowest, 0..1).
    """
    single = mentions.filter(pl.col("message_id").is_unique() & pl.col("is_person") & ~pl.col("is_slur"))
    used = messages.select("message_id", "text").join(
        single.select("message_id", "start", "end"), on="message_id", how="inner"
    )
    found = [_with_name(model, used, code, name) for code, name in names.items()]
    if not found or used.is_empty():
        return pl.DataFrame(
            schema={"message_id": pl.String, "lowest": pl.Float64, "highest": pl.Float64, "gap": pl.Float64}
        )
    table = np.column_stack(found)
    lowest, highest = table.min(axis=1), table.max(axis=1)
    return pl.DataFrame(
        {"message_id": used["message_id"], "lowest": lowest, "highest": highest, "gap": highest - lowest}
    )


def _with_name(model: DiscourseModel, used: pl.DataFrame, code: str, name: str) -> Sequence[float]:
    texts = [text[:start] + name + text[end:] for _, text, start, end in used.iter_rows()]
    messages = used.select("message_id").with_columns(pl.Series("text", texts))
    mentions = used.select(
        "message_id",
        pl.lit(code).alias("group_code"),
        "start",
        (pl.col("start") + len(name)).alias("end"),
        pl.lit(True).alias("is_person"),
        pl.lit(False).alias("is_slur"),
    )
    return model.label(messages, mentions)["hostile_probability"].to_list()
