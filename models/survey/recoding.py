"""From a wave's raw codes to respondents and answers, and the rows that cannot be believed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from data_contracts.indicator_registry import Registry, registry
from data_contracts.questionnaire import REQUIRED_FIELDS, FieldMapping, ItemMapping, Questionnaire
from data_contracts.reference import ethnic_groups, regions
from models.survey.design import SurveyInputError

RESPONDENT_COLUMNS = (
    "wave_id",
    "year",
    "respondent_id",
    "interview_date",
    "region_code",
    "settlement_code",
    "stratum_id",
    "psu_id",
    "interviewer_id",
    "sex_code",
    "age_years",
    "age_group_code",
    "group_code",
    "language",
    "mode_code",
    "design_weight",
)
PROBLEM_SCHEMA = pl.Schema(
    {
        "file_name": pl.String(),
        "file_sha256": pl.String(),
        "row_number": pl.Int64(),
        "column_name": pl.String(),
        "rule": pl.String(),
        "detail": pl.String(),
        "what_to_do": pl.String(),
        "wave_id": pl.String(),
    }
)
ANSWER_RULES = frozenset({"code_outside_list"})
"""Rules that quarantine one answer; every other rule of `row_problems` quarantines the respondent's row."""

YOUNGEST, OLDEST = 18, 110
DETAIL_LENGTH = 60
ORIGIN = ("file_name", "file_sha256", "row_number")


def respondents(raw: pl.DataFrame, questionnaire: Questionnaire, as_of: date | None = None) -> pl.DataFrame:
    """The people of one wave, one row each, without the rows that `row_problems` quarantines.

    Stratum and PSU ids carry the wave's id (or the questionnaire's `psu_frame`, where waves were drawn from
    one set of PSUs), so that equal numbers in two waves mean the same PSU only where the questionnaire says
    so.

    Args:
        raw: `raw_survey__answers` of this wave.
        questionnaire: how the wave's columns map to our fields.
        as_of: the day of the run, as given to `row_problems`; None checks dates against fieldwork's end only.

    Returns:
        `core_survey__respondents`: ages in whole years, `design_weight` as the file gives it.

    Raises:
        SurveyInputError: if `raw` holds rows of another wave.
    """
    kept = _kept_fields(raw, questionnaire, as_of)
    frame_id = questionnaire.psu_frame or questionnaire.wave_id
    return kept.with_columns(
        wave_id=pl.lit(questionnaire.wave_id),
        year=pl.lit(questionnaire.year, dtype=pl.Int64),
        stratum_id=pl.format("{}/{}", pl.lit(frame_id), "stratum_id"),
        psu_id=pl.format("{}/{}", pl.lit(frame_id), "psu_id"),
        age_group_code=age_group("age_years"),
    ).select(RESPONDENT_COLUMNS)


def age_group(column: str) -> pl.Expr:
    """The age group (18-29, 30-44, 45-59, 60+) of a column of ages in years."""
    age = pl.col(column)
    return (
        pl.when(age < 30)
        .then(pl.lit("18-29"))
        .when(age < 45)
        .then(pl.lit("30-44"))
        .when(age < 60)
        .then(pl.lit("45-59"))
        .when(age.is_not_null())
        .then(pl.lit("60+"))
    )


def answers(
    raw: pl.DataFrame,
    questionnaire: Questionnaire,
    items: Registry | None = None,
    as_of: date | None = None,
) -> pl.DataFrame:
    """Every answer of the wave's kept respondents to every item of the registry.

    An item that the questionnaire does not hold, or asks on another scale than the registry, is `not_asked`
    (`comparability` says which). A code outside the list is `no_answer` here and a row of `row_problems`.

    Args:
        raw: `raw_survey__answers` of this wave.
        questionnaire: how the wave's columns map to our items.
        items: the item registry, the packaged one when None.
        as_of: the day of the run, as given to `row_problems`.

    Returns:
        `core_survey__answers`: wave_id, respondent_id, item_id, answer_code (null unless valid),
        answer_status.

    Raises:
        SurveyInputError: if the questionnaire maps an item that the registry does not know.
    """
    known = items or registry()
    _check_items(questionnaire, known)
    people = _kept_fields(raw, questionnaire, as_of).select("row_number", "respondent_id")
    coded = _coded_answers(raw, questionnaire)
    wanted = pl.DataFrame(
        {
            "item_id": [item.item_id for item in known.items],
            "is_asked": [is_asked(questionnaire, known, item.item_id) for item in known.items],
        },
        schema={"item_id": pl.String(), "is_asked": pl.Boolean()},
    )
    full = people.join(wanted, how="cross").join(coded, on=["row_number", "item_id"], how="left")
    status = (
        pl.when(~pl.col("is_asked"))
        .then(pl.lit("not_asked"))
        .otherwise(pl.col("answer_status").fill_null("no_answer").replace("code_outside_list", "no_answer"))
    )
    return full.select(
        pl.lit(questionnaire.wave_id).alias("wave_id"),
        "respondent_id",
        "item_id",
        pl.when(status == "valid").then("answer_code").alias("answer_code"),
        status.alias("answer_status"),
    )


def is_asked(questionnaire: Questionnaire, items: Registry, item_id: str) -> bool:
    """Whether the wave asked the item on the registry's scale."""
    mapping = questionnaire.items.get(item_id)
    return mapping is not None and set(mapping.scale) == set(items.item(item_id).scale.code_values)


def row_problems(raw: pl.DataFrame, questionnaire: Questionnaire, as_of: date) -> pl.DataFrame:
    """Every reason not to believe a row or an answer of the wave.

    Rules: `missing_value`, `unknown_region`, `unknown_code`, `unreadable_number`, `unreadable_date`,
    `age_out_of_range`, `negative_weight`, `zero_weight`, `future_date`, `duplicate_respondent` (the first row
    of an id is kept) quarantine the respondent; `code_outside_list` quarantines one answer (`ANSWER_RULES`).

    Args:
        raw: `raw_survey__answers` of this wave.
        questionnaire: how the wave's columns map to our fields and items.
        as_of: the day of the run; an interview after it, or after fieldwork's end, lies in the future.

    Returns:
        The quarantine columns and wave_id, one row per problem. `detail` holds the offending code, cut short.
    """
    fields = _decoded_fields(raw, questionnaire)
    rows = _respondent_problems(fields, questionnaire, as_of)
    wrong = _coded_answers(raw, questionnaire).filter(pl.col("answer_status") == "code_outside_list")
    columns = {item_id: mapping.column for item_id, mapping in questionnaire.items.items()}
    stray = wrong.join(_origin(raw), on="row_number").select(
        *ORIGIN,
        pl.col("item_id").replace_strict(columns, return_dtype=pl.String()).alias("column_name"),
        pl.lit("code_outside_list").alias("rule"),
        pl.col("value").fill_null("").str.slice(0, DETAIL_LENGTH).alias("detail"),
    )
    return (
        pl.concat([rows, stray])
        .with_columns(what_to_do=pl.col("rule"), wave_id=pl.lit(questionnaire.wave_id))
        .select(list(PROBLEM_SCHEMA))
        .cast({**PROBLEM_SCHEMA})
        .sort("row_number", "column_name", "rule", nulls_last=True)
    )


def _origin(raw: pl.DataFrame) -> pl.DataFrame:
    return raw.select(ORIGIN).unique(subset="row_number", keep="first", maintain_order=True)


def _decoded_fields(raw: pl.DataFrame, questionnaire: Questionnaire) -> pl.DataFrame:
    """One row per file row: our value of each field (null where unreadable) and `raw_<field>`, the code."""
    others = raw.filter(pl.col("wave_id") != questionnaire.wave_id).get_column("wave_id").unique().to_list()
    if others:
        raise SurveyInputError(
            f"wave {questionnaire.wave_id}: the raw answers also hold {', '.join(sorted(others))}; "
            "give one wave at a time"
        )
    origin = _origin(raw)
    wide = origin
    for field in questionnaire.columns:
        values = raw.filter((pl.col("field") == field) & ~pl.col("is_user_missing"))
        values = values.select("row_number", pl.col("value").alias(f"raw_{field}"))
        wide = wide.join(values.unique("row_number", keep="first"), on="row_number", how="left")
    for field in RESPONDENT_COLUMNS:
        if field not in questionnaire.columns and f"raw_{field}" not in wide.columns:
            wide = wide.with_columns(pl.lit(None, dtype=pl.String()).alias(f"raw_{field}"))
    mode = FieldMapping(constant=questionnaire.mode_code)
    columns = {"mode_code": mode, **questionnaire.columns}
    return wide.with_columns(
        _decoded(field, mapping, questionnaire).alias(field) for field, mapping in columns.items()
    ).with_columns(
        pl.lit(None, dtype=dtype).alias(field)
        for field, dtype in (("interview_date", pl.Date()), ("interviewer_id", pl.String()))
        if field not in columns
    )


def _decoded(field: str, mapping: FieldMapping, questionnaire: Questionnaire) -> pl.Expr:
    value = (pl.col(f"raw_{field}") if mapping.constant is None else pl.lit(mapping.constant)).str.strip_chars()
    value = pl.when(value.str.len_chars() > 0).then(value)
    if mapping.codes is not None:
        value = value.replace_strict(mapping.codes, default=None, return_dtype=pl.String())
    if field == "age_years":
        return value.cast(pl.Float64(), strict=False).floor().cast(pl.Int64(), strict=False)
    if field == "design_weight":
        number = value.str.replace(",", ".", literal=True).cast(pl.Float64(), strict=False)
        return pl.when(number.is_finite()).then(number)
    if field == "interview_date":
        # A moment is cut to its day: "2026-08-17 10:05:00" and "2026-08-17T10:05" are both the 17th.
        day = value.str.replace(r"[T ]\d{1,2}:\d{2}.*$", "")
        readings = [day.str.to_date(form, strict=False) for form in questionnaire.date_formats]
        return pl.coalesce(readings) if readings else day.str.to_date("%Y-%m-%d", strict=False)
    allowed = _allowed(field)
    return value if allowed is None else pl.when(value.is_in(allowed)).then(value)


def _allowed(field: str) -> list[str] | None:
    closed: dict[str, Iterable[str]] = {
        "region_code": regions(),
        "group_code": (code for code, group in ethnic_groups().items() if group.is_census_group),
        "settlement_code": ("urban", "rural"),
        "sex_code": ("male", "female"),
        "language": ("kk", "ru"),
        "mode_code": ("face_to_face", "phone", "web"),
    }
    return list(closed[field]) if field in closed else None


def _respondent_problems(fields: pl.DataFrame, questionnaire: Questionnaire, as_of: date | None) -> pl.DataFrame:
    latest = questionnaire.fieldwork_end if as_of is None else min(as_of, questionnaire.fieldwork_end)
    checks = [
        *_reading_checks(questionnaire),
        ("age_years", "age_out_of_range", ~pl.col("age_years").is_between(YOUNGEST, OLDEST)),
        ("design_weight", "negative_weight", pl.col("design_weight") < 0),
        ("design_weight", "zero_weight", pl.col("design_weight") == 0),
        ("interview_date", "future_date", pl.col("interview_date") > latest),
    ]
    found = [_broken(fields, questionnaire, *check) for check in checks]
    bad_rows = pl.concat(found).get_column("row_number")
    others = fields.filter(~pl.col("row_number").is_in(bad_rows.implode()))
    again = ~pl.col("respondent_id").is_first_distinct()
    found.append(_broken(others, questionnaire, "respondent_id", "duplicate_respondent", again))
    return pl.concat(found)


def _reading_checks(questionnaire: Questionnaire) -> list[tuple[str, str, pl.Expr]]:
    unreadable = {
        "age_years": "unreadable_number",
        "design_weight": "unreadable_number",
        "interview_date": "unreadable_date",
        "region_code": "unknown_region",
    }
    checks: list[tuple[str, str, pl.Expr]] = []
    for field, mapping in questionnaire.columns.items():
        if mapping.constant is None:
            given = pl.col(f"raw_{field}").str.strip_chars().str.len_chars().fill_null(0) > 0
            if field in REQUIRED_FIELDS or field == "mode_code":
                checks.append((field, "missing_value", ~given))
            checks.append((field, unreadable.get(field, "unknown_code"), given & pl.col(field).is_null()))
    return checks


def _broken(
    fields: pl.DataFrame, questionnaire: Questionnaire, field: str, rule: str, condition: pl.Expr
) -> pl.DataFrame:
    columns = {name: mapping.column for name, mapping in questionnaire.columns.items()}
    # A respondent's id may be somebody's; it is never repeated in a message.
    shown = pl.lit(None, dtype=pl.String()) if field == "respondent_id" else pl.col(f"raw_{field}")
    return fields.filter(condition).select(
        *ORIGIN,
        pl.lit(columns.get(field) or field).alias("column_name"),
        pl.lit(rule).alias("rule"),
        shown.fill_null("").str.slice(0, DETAIL_LENGTH).alias("detail"),
    )


def _kept_fields(raw: pl.DataFrame, questionnaire: Questionnaire, as_of: date | None) -> pl.DataFrame:
    fields = _decoded_fields(raw, questionnaire)
    bad_rows = _respondent_problems(fields, questionnaire, as_of).get_column("row_number")
    return fields.filter(~pl.col("row_number").is_in(bad_rows.implode()))


def _check_items(questionnaire: Questionnaire, items: Registry) -> None:
    unknown = sorted(set(questionnaire.items) - {item.item_id for item in items.items})
    if unknown:
        raise SurveyInputError(
            f"wave {questionnaire.wave_id}: the questionnaire maps items that indicators.yml does not have: "
            f"{', '.join(unknown)}; add them to the registry or take them out of the questionnaire"
        )


def _coded_answers(raw: pl.DataFrame, questionnaire: Questionnaire) -> pl.DataFrame:
    parts = [
        _coded_item(raw.filter(pl.col("field") == item_id), mapping) for item_id, mapping in questionnaire.items.items()
    ]
    return pl.concat(parts)


def _coded_item(rows: pl.DataFrame, mapping: ItemMapping) -> pl.DataFrame:
    value = pl.col("value").str.strip_chars()
    if mapping.recode is None:
        code = value.cast(pl.Int64(), strict=False)
    else:
        code = value.replace_strict(mapping.recode, default=None, return_dtype=pl.Int64())
    reason = value.replace_strict(mapping.missing, default=None, return_dtype=pl.String())
    status = (
        pl.when(reason.is_not_null())
        .then(reason)
        .when(pl.col("is_user_missing") | (value.str.len_chars().fill_null(0) == 0))
        .then(pl.lit("no_answer"))
        .when(code.is_in(list(mapping.scale)).fill_null(value=False))
        .then(pl.lit("valid"))
        .otherwise(pl.lit("code_outside_list"))
    )
    return rows.select(
        "row_number",
        pl.col("field").alias("item_id"),
        "value",
        code.alias("answer_code"),
        status.alias("answer_status"),
    ).unique("row_number", keep="first")
