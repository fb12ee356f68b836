"""Writes the synthetic survey waves as SPSS, CSV and XLSX files, the way their questionnaires say."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyreadstat
import xlsxwriter

from data_contracts import indicator_registry, reference
from data_contracts.questionnaire import FieldMapping, Questionnaire, packaged_questionnaires
from models.simulation.waves import wave_id

FIXED_MOMENT = datetime(2026, 10, 1, 9, 0, 0)
MARK = "SYNTHETIC / ЖАСАНДЫ / ИСКУССТВЕННЫЕ ДАННЫЕ"
FIELD_LABELS = {
    "respondent_id": ("Респонденттің нөмірі", "Номер респондента"),
    "interview_date": ("Сұхбат күні", "Дата интервью"),
    "region_code": ("Өңір", "Регион"),
    "settlement_code": ("Елді мекен түрі", "Тип населённого пункта"),
    "stratum_id": ("Страта", "Страта"),
    "psu_id": ("Бірінші сатыдағы бірлік", "Единица отбора первой ступени"),
    "interviewer_id": ("Сұхбатшы", "Интервьюер"),
    "sex_code": ("Жынысы", "Пол"),
    "age_years": ("Жасы", "Возраст"),
    "group_code": ("Ұлты", "Национальность"),
    "language": ("Сұхбат тілі", "Язык интервью"),
    "mode_code": ("Сұхбат тәсілі", "Способ опроса"),
    "design_weight": ("Дизайн салмағы", "Дизайн-вес"),
}
CODE_LABELS = {
    "urban": ("қала", "город"),
    "rural": ("ауыл", "село"),
    "male": ("ер", "мужской"),
    "female": ("әйел", "женский"),
    "kk": ("қазақша", "казахский"),
    "ru": ("орысша", "русский"),
    "face_to_face": ("бетпе-бет", "лично"),
    "phone": ("телефонмен", "по телефону"),
}
_SAV_DATE_OFFSET = 92


def write_wave(folder: Path, year: int, respondents: pl.DataFrame) -> Path:
    """Writes one wave into `folder` in the format its packaged questionnaire is made for.

    Args:
        folder: Where to write.
        year: Year of the wave.
        respondents: As `models.simulation.waves.wave` returns them.

    Returns:
        The file: `.sav` (labels in Russian or Kazakh, 98 and 99 declared missing), `.csv` (UTF-8,
        semicolons) or `.xlsx`. Beside what the questionnaire maps it holds an invented phone number and an
        open answer, which ingestion must leave behind.
    """
    questionnaire = packaged_questionnaires()[wave_id(year)]
    suffix = Path(questionnaire.file_pattern or "*.csv").suffix
    path = folder / f"synthetic_wave_{year}{suffix}"
    table = _as_sent(questionnaire, respondents, is_text=suffix != ".sav")
    if suffix == ".sav":
        _write_sav(path, questionnaire, table, 0 if year % 2 == 0 else 1)
    elif suffix == ".csv":
        table.write_csv(path, separator=";")
    else:
        _write_xlsx(path, questionnaire.sheet or "Sheet1", table)
    return path


def _as_sent(questionnaire: Questionnaire, respondents: pl.DataFrame, is_text: bool) -> pl.DataFrame:
    """Columns under the file's names with the file's codes."""
    columns = [
        _field(respondents[name], mapping, is_text).alias(mapping.column)
        for name, mapping in questionnaire.columns.items()
        if mapping.column is not None
    ]
    columns += [respondents[item].alias(mapping.column) for item, mapping in questionnaire.items.items()]
    numbers = pl.int_range(0, respondents.height, eager=True)
    extra = [
        pl.select(pl.format("+7 700 000 {} {}", _two(numbers // 100 % 100), _two(numbers % 100)))
        .to_series()
        .alias("PHONE"),
        pl.Series("COMMENT", ["жасанды жауап" if at % 2 else "искусственный ответ" for at in range(len(numbers))]),
    ]
    return pl.DataFrame(columns + extra)


def _two(numbers: pl.Series) -> pl.Expr:
    return pl.lit(numbers.cast(pl.String).str.zfill(2))


def _field(values: pl.Series, mapping: FieldMapping, is_text: bool) -> pl.Series:
    if mapping.codes is not None:
        sent = {ours: raw for raw, ours in mapping.codes.items()}
        coded = values.replace_strict(sent, return_dtype=pl.String)
        return coded.cast(pl.Int64) if not is_text and all(raw.isdigit() for raw in sent.values()) else coded
    if values.dtype == pl.Date and is_text:
        return values.dt.strftime("%d.%m.%Y")
    return values


def _write_sav(path: Path, questionnaire: Questionnaire, table: pl.DataFrame, language: int) -> None:
    """SPSS with labels in Kazakh (0) or Russian (1)."""
    labels: dict[str, str | None] = {}
    value_labels: dict[str, dict[int | float, str]] = {}
    for name, mapping in questionnaire.columns.items():
        if mapping.column is None:
            continue
        labels[mapping.column] = FIELD_LABELS[name][language]
        if mapping.codes:
            value_labels[mapping.column] = {
                int(raw): _code_label(ours, language) for raw, ours in mapping.codes.items()
            }
    items = indicator_registry.items()
    missing = {
        entry.code: (entry.label.kk, entry.label.ru)[language] for entry in indicator_registry.registry().missing_codes
    }
    for item_id, mapping in questionnaire.items.items():
        item = items[item_id]
        labels[mapping.column] = (item.wording.kk, item.wording.ru)[language]
        scale = {entry.code: (entry.label.kk, entry.label.ru)[language] for entry in item.scale.codes}
        value_labels[mapping.column] = {**scale, **missing}
    pyreadstat.write_sav(
        cast(Any, table.to_pandas()),
        path,
        file_label=f"{MARK} {questionnaire.wave_id}"[:64],
        column_labels=labels,
        variable_value_labels=value_labels,
        missing_ranges={mapping.column: list(missing) for mapping in questionnaire.items.values()},
    )
    _fix_creation_date(path)


def _code_label(code: str, language: int) -> str:
    """The label of one of our codes in Kazakh (0) or Russian (1)."""
    if code in CODE_LABELS:
        return CODE_LABELS[code][language]
    names = reference.regions().get(code) or reference.ethnic_groups().get(code)
    if names is None:
        return code
    return (names.name.kk, names.name.ru)[language]


def _fix_creation_date(path: Path) -> None:
    """Puts a fixed date and time into the header, so that the same seed gives the same bytes."""
    with path.open("r+b") as file:
        file.seek(_SAV_DATE_OFFSET)
        file.write(b"01 Oct 2609:00:00")


def _write_xlsx(path: Path, sheet: str, table: pl.DataFrame) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        set_fixed_properties(workbook)
        page = workbook.add_worksheet(sheet)
        page.write_row(0, 0, table.columns)
        for number, row in enumerate(table.iter_rows(), start=1):
            page.write_row(number, 0, row)


def set_fixed_properties(workbook: Any) -> None:
    """Marks a workbook as synthetic and fixes its date, so that the same seed gives the same bytes."""
    workbook.set_properties({"title": MARK, "author": "Kelisim demo", "comments": MARK, "created": FIXED_MOMENT})
