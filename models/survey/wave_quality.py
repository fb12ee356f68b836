"""How sound a wave's fieldwork was: non-response, answers all alike, interviewers that stand out."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import stats

from data_contracts.indicator_registry import Registry
from models.survey.recoding import ANSWER_RULES
from models.survey.weighting import Margins, weight_diagnostics

QUALITY_SCHEMA = pl.Schema(
    {
        "quarter": pl.String(),
        "wave_id": pl.String(),
        "year": pl.Int64(),
        "measure": pl.String(),
        "domain_value": pl.String(),
        "value": pl.Float64(),
        "n_count": pl.Int64(),
    }
)
PART_SCHEMA = {name: dtype for name, dtype in QUALITY_SCHEMA.items() if name != "quarter"}
KEYS = ["wave_id", "respondent_id"]
SMALLEST_CLUSTER = 10
OUTLIER_P = 0.001


def wave_quality(
    respondents: pl.DataFrame,
    answers: pl.DataFrame,
    weights: pl.DataFrame,
    registry: Registry,
    quarter: str,
    *,
    quarantine: pl.DataFrame | None = None,
    margins: Margins | None = None,
) -> pl.DataFrame:
    """The quality report of every wave in long form.

    Measures (shares 0..1 unless the name says otherwise): `interviews` kept, `rows_quarantined` and
    `answers_quarantined` by rule (with `quarantine`); `item_nonresponse_share` by item, by language and by
    `item/language`, and the same split into `dont_know_share`, `refused_share`, `no_answer_share` by
    language; `language_gap_pp` kk minus ru of item non-response with its p in `language_gap_p`;
    `straight_lining_share` overall and by language; `duplicate_pattern_share`: respondents whose full answer
    pattern repeats one of the same interviewer, PSU, sex and age group; `interviewer_outlier` and
    `psu_outlier`: clusters whose share of non-response, straight-lining or positive answers lies so far from
    the wave's that chance within the cluster spread has p < .001 after Bonferroni; `interviewer_icc` of the
    composite answers; `mode_share`, `language_share`; and the design effects, g-weights and margin gaps of
    `weight_diagnostics`.

    Args:
        respondents: `core_survey__respondents`.
        answers: `core_survey__answers` of the same waves.
        weights: `core_survey__weights` of the same waves.
        registry: items and indicators.
        quarter: written into every row.
        quarantine: `core_survey__quarantine` of the same waves.
        margins: as given to `weighting.weights`.

    Returns:
        `out_survey__wave_quality`.
    """
    if respondents.is_empty():
        return pl.DataFrame(schema=QUALITY_SCHEMA)
    parts = [weight_diagnostics(respondents, weights, margins)]
    if quarantine is not None:
        parts.append(_quarantined(respondents, quarantine))
    parts += [_wave_rows(wave, answers, registry) for wave in respondents.partition_by("wave_id", maintain_order=True)]
    return (
        pl.concat(parts)
        .with_columns(quarter=pl.lit(quarter))
        .select(list(QUALITY_SCHEMA))
        .sort("year", "wave_id", "measure", "domain_value")
    )


def _wave_rows(wave: pl.DataFrame, answers: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    asked = answers.filter(pl.col("answer_status") != "not_asked").join(wave.select(KEYS), on=KEYS, how="semi")
    people = wave.join(_answer_profile(asked, registry), on=KEYS, how="left", maintain_order="left")
    rows = [
        ("interviews", "all", float(wave.height), wave.height),
        *_shares(wave, "mode_code", "mode_share"),
        *_shares(wave, "language", "language_share"),
        *_nonresponse(asked.join(wave.select(*KEYS, "language"), on=KEYS)),
        *_language_gap(people),
        *_person_shares(people, "is_straight", "straight_lining_share"),
        *_duplicates(people),
        *_outliers(people, "interviewer_id", "interviewer_outlier"),
        *_outliers(people, "psu_id", "psu_outlier"),
        *_interviewer_icc(people),
    ]
    head = (wave.item(0, "wave_id"), wave.item(0, "year"))
    return pl.DataFrame([(*head, *row) for row in rows], schema=PART_SCHEMA, orient="row")


def _quarantined(respondents: pl.DataFrame, quarantine: pl.DataFrame) -> pl.DataFrame:
    years = respondents.select("wave_id", "year").unique()
    is_answer = pl.col("rule").is_in(list(ANSWER_RULES))
    return (
        quarantine.join(years, on="wave_id")
        .with_columns(
            measure=pl.when(is_answer).then(pl.lit("answers_quarantined")).otherwise(pl.lit("rows_quarantined"))
        )
        .group_by("wave_id", "year", "measure", domain_value="rule")
        .agg(
            value=pl.when(is_answer.first()).then(pl.len()).otherwise(pl.col("row_number").n_unique()).cast(pl.Float64),
            n_count=pl.len().cast(pl.Int64),
        )
        .select(list(PART_SCHEMA))
    )


def _answer_profile(asked: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Per respondent: share not answered, mean position of the answers, whether all alike, and the whole
    pattern.

    Straight-lining: the same code in every item of one scale, for every scale with at least four answered
    items.
    """
    scale_of = {item.item_id: item.scale_id for item in registry.items}
    top_of = {item.item_id: max(item.scale.code_values) for item in registry.items}
    low_of = {item.item_id: min(item.scale.code_values) for item in registry.items}
    item = pl.col("item_id")
    top = item.replace_strict(top_of, return_dtype=pl.Float64())
    low = item.replace_strict(low_of, return_dtype=pl.Float64())
    coded = asked.with_columns(
        scale_id=item.replace_strict(scale_of, return_dtype=pl.String()),
        position=(pl.col("answer_code") - low) / (top - low),
        is_open=pl.col("answer_status") != "valid",
    )
    scales = coded.group_by(*KEYS, "scale_id").agg(
        answered=pl.col("answer_code").count(), values=pl.col("answer_code").drop_nulls().n_unique()
    )
    long_scales = scales.filter(pl.col("answered") >= 4)
    straight = long_scales.group_by(KEYS).agg(is_straight=(pl.col("values") == 1).all())
    whole = (
        coded.sort(*KEYS, "item_id")
        .group_by(KEYS, maintain_order=True)
        .agg(
            open_share=pl.col("is_open").mean(),
            mean_position=pl.col("position").mean(),
            pattern=pl.col("answer_code").cast(pl.String).fill_null(pl.col("answer_status")).str.join("|"),
        )
    )
    return whole.join(straight, on=KEYS, how="left")


def _shares(wave: pl.DataFrame, column: str, measure: str) -> list[tuple]:
    counts = wave.group_by(column).agg(n=pl.len()).sort(column)
    return [(measure, value, n / wave.height, n) for value, n in counts.iter_rows()]


def _nonresponse(asked: pl.DataFrame) -> list[tuple]:
    is_open = pl.col("answer_status") != "valid"
    statuses = ("dont_know", "refused", "no_answer")
    rows: list[tuple] = [
        ("item_nonresponse_share", "all", asked.select(is_open.mean()).item(), asked.height),
    ]
    for keys in (["item_id"], ["language"], ["item_id", "language"]):
        table = asked.group_by(keys).agg(share=is_open.mean(), n=pl.len())
        rows += [
            ("item_nonresponse_share", "/".join(map(str, values)), share, n)
            for *values, share, n in table.sort(keys).iter_rows()
        ]
    for status in statuses:
        table = asked.group_by("language").agg(share=(pl.col("answer_status") == status).mean(), n=pl.len())
        rows += [(f"{status}_share", *row) for row in table.sort("language").iter_rows()]
    return rows


def _language_gap(people: pl.DataFrame) -> list[tuple]:
    """Kazakh less Russian item non-response; Welch's test over PSU means, as answers come in clusters."""
    psu = people.group_by("language", "psu_id").agg(pl.col("open_share").mean()).drop_nulls()
    sides = {name: psu.filter(pl.col("language") == name).get_column("open_share").to_numpy() for name in ("kk", "ru")}
    if any(len(values) < 2 for values in sides.values()):
        return []
    gap = float(sides["kk"].mean() - sides["ru"].mean())
    a, b = (values.var(ddof=1) / len(values) for values in sides.values())
    rows: list[tuple] = [("language_gap_pp", "kk-ru", 100 * gap, people.height)]
    if a + b > 0:
        df = (a + b) ** 2 / sum(v**2 / (len(x) - 1) for v, x in zip((a, b), sides.values(), strict=True))
        p = float(2 * stats.t.sf(abs(gap) / np.sqrt(a + b), df))
        rows.append(("language_gap_p", "kk-ru", p, people.height))
    return rows


def _person_shares(people: pl.DataFrame, column: str, measure: str) -> list[tuple]:
    known = people.drop_nulls(column)
    if known.is_empty():
        return []
    by_language = known.group_by("language").agg(pl.col(column).mean(), n=pl.len()).sort("language")
    overall = (measure, "all", known.get_column(column).cast(pl.Float64).mean(), known.height)
    return [overall, *((measure, *row) for row in by_language.iter_rows())]


def _duplicates(people: pl.DataFrame) -> list[tuple]:
    """Repeated full patterns within interviewer, PSU, sex and age group; straight-liners do not count."""
    varied = people.filter(~pl.col("is_straight").fill_null(value=False)).drop_nulls("pattern")
    keys = ["psu_id", "interviewer_id", "sex_code", "age_group_code", "pattern"]
    doubled = varied.select(pl.struct(keys).is_duplicated().sum()).item()
    return [("duplicate_pattern_share", "all", doubled / people.height, int(doubled))]


def _outliers(people: pl.DataFrame, cluster: str, measure: str) -> list[tuple]:
    """Clusters far from the wave, measured in the spread that clusters of this size have among themselves."""
    known = people.drop_nulls(cluster)
    profile = known.group_by(cluster).agg(
        n=pl.len(),
        nonresponse=pl.col("open_share").mean(),
        straight_lining=pl.col("is_straight").cast(pl.Float64).mean(),
        position=pl.col("mean_position").mean(),
    )
    profile = profile.filter(pl.col("n") >= SMALLEST_CLUSTER).sort(cluster)
    rows: list[tuple] = []
    for name in ("nonresponse", "straight_lining", "position"):
        table = profile.drop_nulls(name)
        if table.height < 5:
            continue
        values = table.get_column(name).to_numpy()
        middle = np.median(values)
        spread = 1.4826 * np.median(np.abs(values - middle))
        if spread <= 0:
            spread = values.std(ddof=1)
        if spread <= 0:
            continue
        z = (values - middle) / spread
        p = np.minimum(2 * stats.norm.sf(np.abs(z)) * len(values), 1.0)
        rows += [
            (measure, f"{table.item(int(i), cluster)}:{name}", float(z[i]), table.item(int(i), "n"))
            for i in np.flatnonzero(p < OUTLIER_P)
        ]
    return rows


def _interviewer_icc(people: pl.DataFrame) -> list[tuple]:
    """Share of the variance of mean answers that lies between interviewers (one-way ANOVA estimator)."""
    known = people.drop_nulls(["interviewer_id", "mean_position"])
    groups = known.group_by("interviewer_id").agg(
        n=pl.len(), mean=pl.col("mean_position").mean(), within=pl.col("mean_position").var() * (pl.len() - 1)
    )
    if groups.height < 2 or known.height <= groups.height:
        return []
    n = groups.get_column("n").to_numpy().astype(float)
    means = groups.get_column("mean").to_numpy()
    grand = (n * means).sum() / n.sum()
    between = (n * (means - grand) ** 2).sum() / (len(n) - 1)
    within = groups.get_column("within").fill_null(0.0).sum() / (n.sum() - len(n))
    size = (n.sum() - (n**2).sum() / n.sum()) / (len(n) - 1)
    total = between + (size - 1) * within
    return [("interviewer_icc", "all", float((between - within) / total), known.height)] if total > 0 else []
