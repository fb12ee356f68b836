"""What a survey wave's file holds: which column is which of our fields and items, and what its codes mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePath
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from data_contracts.contract import FOLDER, ContractError, Promise, Trilingual, read_yaml

RespondentField = Literal[
    "respondent_id",
    "interview_date",
    "region_code",
    "settlement_code",
    "stratum_id",
    "psu_id",
    "interviewer_id",
    "sex_code",
    "age_years",
    "group_code",
    "language",
    "mode_code",
    "design_weight",
]
REQUIRED_FIELDS: tuple[RespondentField, ...] = (
    "respondent_id",
    "region_code",
    "settlement_code",
    "stratum_id",
    "psu_id",
    "sex_code",
    "age_years",
    "group_code",
    "language",
    "design_weight",
)
MissingStatus = Literal["dont_know", "refused", "not_asked", "no_answer"]
ModeCode = Literal["face_to_face", "phone", "web"]


def canonical_code(value: object) -> str:
    """The text of a code as `raw_survey__answers.value` writes it: `1`, `1.0` and ` 1 ` are all `1`."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    whole, point, fraction = text.partition(".")
    if point and fraction.strip("0") == "" and whole.lstrip("-").isdigit():
        return whole
    return text


def _canonical_keys(value: object) -> object:
    if isinstance(value, Mapping):
        return {canonical_code(key): item for key, item in value.items()}
    return value


def _canonical_text(value: object) -> object:
    return value if value is None else canonical_code(value)


Codes = Annotated[dict[str, Annotated[str, BeforeValidator(_canonical_text)]], BeforeValidator(_canonical_keys)]


class FieldMapping(Promise):
    """Where a respondent field comes from: a column of the file, or one value for the whole wave."""

    column: str | None = Field(default=None, min_length=1)
    codes: Codes | None = Field(default=None, description="raw code -> our value; a code not listed is a problem")
    constant: Annotated[str | None, BeforeValidator(_canonical_text)] = None

    @model_validator(mode="after")
    def _one_origin(self) -> FieldMapping:
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either `column` or `constant`")
        if self.constant is not None and self.codes is not None:
            raise ValueError("`codes` needs a `column`; a `constant` is already our value")
        return self


class ItemMapping(Promise):
    """One question of the file: its column, its scale, and which codes say why there is no answer."""

    column: str = Field(min_length=1)
    scale: tuple[int, ...] = Field(min_length=2, description="our codes, in order, after `recode`")
    missing: Annotated[dict[str, MissingStatus], BeforeValidator(_canonical_keys)] = Field(
        default_factory=dict, description="raw code -> why there is no answer"
    )
    recode: Annotated[dict[str, int] | None, BeforeValidator(_canonical_keys)] = Field(
        default=None, description="raw code -> our code; null when the file already uses ours"
    )
    wording_version: Annotated[str, BeforeValidator(_canonical_text)] = "1"

    @model_validator(mode="after")
    def _codes_agree(self) -> ItemMapping:
        if self.recode is not None:
            outside = sorted(set(self.recode.values()) - set(self.scale))
            if outside:
                raise ValueError(f"column {self.column}: recode leads outside the scale: {outside}")
            both = sorted(set(self.recode) & set(self.missing))
            if both:
                raise ValueError(f"column {self.column}: codes both recoded and missing: {both}")
        elif both := sorted(set(map(str, self.scale)) & set(self.missing)):
            raise ValueError(f"column {self.column}: codes both on the scale and missing: {both}")
        return self


class Questionnaire(Promise):
    """One wave: when and how it was asked, and the way from its columns to our fields and items.

    Only the columns named here are ever read out of a wave's file; everything else (names, phones,
    addresses, open answers) stays where it is.
    """

    wave_id: str = Field(pattern=r"^\d{4}-[a-z0-9]+(-[a-z0-9]+)*$")
    year: int = Field(ge=1990, le=2100)
    fieldwork_start: date
    fieldwork_end: date
    mode_code: ModeCode = Field(description="of every interview, unless a column `mode_code` says otherwise")
    file_pattern: str | None = Field(
        default=None,
        description="file names (glob) this questionnaire reads; not needed in a file beside the data",
    )
    synthetic: bool = False
    psu_frame: str | None = Field(
        default=None,
        description="name of the set of strata and PSUs the wave was drawn from, when waves share one",
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
    )
    title: Trilingual | None = None
    columns: dict[RespondentField, FieldMapping]
    items: dict[str, ItemMapping] = Field(min_length=1)
    sheet: str | None = Field(default=None, description="of an XLSX wave; the first sheet when null")
    encoding: str | None = Field(default=None, description="of a CSV wave; recognised when null")
    separator: str | None = Field(default=None, min_length=1, max_length=1, description="of a CSV wave")
    date_formats: tuple[str, ...] = Field(
        default=("%Y-%m-%d", "%d.%m.%Y"), description="of `interview_date` where it is text (strptime)"
    )

    @model_validator(mode="after")
    def _fields_are_there(self) -> Questionnaire:
        missing = [field for field in REQUIRED_FIELDS if field not in self.columns]
        if missing:
            raise ValueError(f"wave {self.wave_id}: `columns` does not say where to find: {', '.join(missing)}")
        if self.fieldwork_end < self.fieldwork_start:
            raise ValueError(f"wave {self.wave_id}: fieldwork ends before it starts")
        if self.year != self.fieldwork_end.year:
            raise ValueError(f"wave {self.wave_id}: year {self.year}, but fieldwork ends in {self.fieldwork_end.year}")
        clash = sorted(set(self.columns) & set(self.items))
        if clash:
            raise ValueError(f"wave {self.wave_id}: named both as field and as item: {', '.join(clash)}")
        return self

    @property
    def file_columns(self) -> dict[str, str]:
        """Our field or item -> the file's column, in the order of the questionnaire, without constants."""
        fields = {field: mapping.column for field, mapping in self.columns.items() if mapping.column is not None}
        return {**fields, **{item: mapping.column for item, mapping in self.items.items()}}


def data_stem(path: PurePath) -> str:
    """The file's name without its format and wrapper: `comments` for `comments.csv.gz`."""
    name = path.name
    for wrapper in (".gz", ".zip"):
        if name.lower().endswith(wrapper):
            name = name[: -len(wrapper)]
            break
    return PurePath(name).stem


def read_questionnaire(path: Path) -> Questionnaire:
    """The questionnaire in one YAML file.

    Raises:
        ContractError: if the file is missing, is not YAML, or does not hold a questionnaire; the message
            names the file and the field.
    """
    try:
        return Questionnaire.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ContractError(f"{path.name}: {error}") from error


@cache
def packaged_questionnaires() -> dict[str, Questionnaire]:
    """The questionnaires that ship with the package, by wave_id.

    Raises:
        ContractError: if a file is not a questionnaire, or its name is not its wave_id, or it has no
            `file_pattern` to be found by.
    """
    found: dict[str, Questionnaire] = {}
    for path in sorted((FOLDER / "questionnaires").glob("*.yml")):
        questionnaire = read_questionnaire(path)
        if path.stem != questionnaire.wave_id:
            raise ContractError(f"{path.name}: the file must be named {questionnaire.wave_id}.yml")
        if questionnaire.file_pattern is None:
            raise ContractError(f"{path.name}: a packaged questionnaire needs `file_pattern`")
        found[questionnaire.wave_id] = questionnaire
    return found


def questionnaire_for(path: Path) -> Questionnaire | None:
    """The questionnaire of a wave's file: the one lying beside it, else the packaged one whose pattern fits.

    Beside `wave2026.sav` it is `wave2026.questionnaire.yml`. Returns None when there is neither.

    Raises:
        ContractError: if the file beside it is not a questionnaire, or two packaged patterns fit.
    """
    beside = path.with_name(f"{data_stem(path)}.questionnaire.yml")
    if beside.is_file():
        return read_questionnaire(beside)
    fitting = [
        questionnaire
        for questionnaire in packaged_questionnaires().values()
        if fnmatchcase(path.name.lower(), (questionnaire.file_pattern or "").lower())
    ]
    if len(fitting) > 1:
        waves = ", ".join(questionnaire.wave_id for questionnaire in fitting)
        raise ContractError(f"{path.name}: several questionnaires claim this file: {waves}")
    return fitting[0] if fitting else None
