"""What comes from outside: the promise of each format, an operator's mapping, and what a refusal says."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator, model_validator

from data_contracts.contract import FOLDER, ContractError, Promise, Trilingual, read_yaml
from data_contracts.questionnaire import data_stem

FileKind = Literal["survey", "feed", "council", "reference", "unknown"]
SourceKind = Literal["media", "channel", "group", "social", "blog", "forum", "other"]
Fate = Literal["kept", "scrubbed", "pseudonym", "dropped"]


class SourceColumn(Promise):
    """One column or element of an outside file: what it is called there and what becomes of it."""

    field: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="our name; for a dropped column what it holds")
    names: tuple[str, ...] = Field(min_length=1, description="headers or element names, any of which is accepted")
    required: bool = False
    fate: Fate = "kept"
    description: Trilingual


class SourceContract(Promise):
    """What a file of one outside format must hold."""

    source: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: FileKind
    title: Trilingual
    description: Trilingual
    recognised_by: Trilingual
    file_suffixes: tuple[str, ...] = Field(min_length=1)
    sheet: str | None = None
    header_row: int | None = Field(default=None, ge=1, description="1-based row of the sheet")
    columns: tuple[SourceColumn, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> SourceContract:
        names = [name.casefold() for column in self.columns for name in column.names]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"{self.source}: a header stands for two fields: {', '.join(doubled)}")
        return self

    def column(self, field: str) -> SourceColumn:
        """The column of one of our fields.

        Raises:
            KeyError: if the format has no such field.
        """
        for column in self.columns:
            if column.field == field:
                return column
        raise KeyError(f"{self.source} has no field {field}")


@cache
def source_contracts() -> dict[str, SourceContract]:
    """Every source contract by name.

    Raises:
        ContractError: if a file does not validate, or its name is not the source's name.
    """
    contracts: dict[str, SourceContract] = {}
    for path in sorted((FOLDER / "sources").glob("*.yml")):
        try:
            contract = SourceContract.model_validate(read_yaml(path))
        except ValidationError as error:
            raise ContractError(f"{path.name}: {error}") from error
        if contract.source != path.stem:
            raise ContractError(f"{path.name}: the file must be named {contract.source}.yml")
        contracts[contract.source] = contract
    return contracts


def source_contract(source: str) -> SourceContract:
    """The contract of one outside format.

    Raises:
        ContractError: if there is none.
    """
    try:
        return source_contracts()[source]
    except KeyError:
        raise ContractError(f"no contract data_contracts/sources/{source}.yml") from None


class FeedOrigin(Promise):
    """Which outlet a feed's rows come from: said once for the file, or by a column of it.

    A page of a person is never a source: rows whose kind is in `personal_kinds` get the source
    `personal-pages-<platform>`.
    """

    source_id: str | None = Field(default=None, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    source_id_column: str | None = None
    source_name: str | None = None
    source_name_column: str | None = None
    source_kind: SourceKind | None = None
    source_kind_column: str | None = None
    kinds: dict[str, SourceKind] = Field(
        default_factory=dict, description="value of `source_kind_column` -> our kind; others become `other`"
    )
    platform: str | None = Field(default=None, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    platform_column: str | None = None
    personal_kinds: tuple[SourceKind, ...] = ("blog", "social")

    @model_validator(mode="after")
    def _one_origin(self) -> FeedOrigin:
        for field in ("source_id", "source_kind"):
            if (getattr(self, field) is None) == (getattr(self, f"{field}_column") is None):
                raise ValueError(f"source: give either `{field}` or `{field}_column`")
        for field in ("source_name", "platform"):
            if getattr(self, field) is not None and getattr(self, f"{field}_column") is not None:
                raise ValueError(f"source: give `{field}` or `{field}_column`, not both")
        return self


class FeedColumns(Promise):
    """The file's names of the columns a feed is read from; whatever is not named here is not read."""

    published_at: str
    text: str
    title: str | None = None
    message_ref: str | None = None
    author: str | None = Field(default=None, description="becomes a keyed pseudonym, is not kept")
    region: str | None = None
    is_repost: str | None = None
    reply_to_ref: str | None = None
    reaction_count: str | None = None


class FeedMapping(Promise):
    """An operator's description of a table of messages: CSV, TSV, JSONL, Parquet or XLSX.

    Without `message_ref` a message is known by the hash of its source, date and text and by which copy of
    it in the file it is: the same comment posted twice stays two messages, and the file read again under
    any name gives the same references.
    """

    format: Literal["csv", "tsv", "jsonl", "parquet", "xlsx"]
    source: FeedOrigin
    columns: FeedColumns
    date_formats: tuple[str, ...] = Field(
        default=("iso",),
        min_length=1,
        description="tried in order; strptime patterns, `iso`, `unix` (seconds) or `excel` (day numbers)",
    )
    timezone: str = Field(default="Asia/Almaty", description="of dates that carry no offset")
    encoding: str | None = None
    separator: str | None = Field(default=None, min_length=1, max_length=1)
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1)
    source_region: str | None = Field(default=None, description="for every row, when no column says it")
    file_pattern: str | None = Field(
        default=None, description="file names (glob) this mapping reads when it lies in the same folder"
    )

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError) as error:
            raise ValueError(f"timezone {name!r} is not in the IANA list, e.g. Asia/Almaty") from error
        return name

    @model_validator(mode="after")
    def _region_once(self) -> FeedMapping:
        if self.source_region is not None and self.columns.region is not None:
            raise ValueError("give `source_region` or `columns.region`, not both")
        return self

    @property
    def file_columns(self) -> tuple[str, ...]:
        """Every column of the file that is read, each once, in the order of the mapping."""
        named = [getattr(self.columns, field) for field in type(self.columns).model_fields]
        origin = self.source
        named += [
            origin.source_id_column,
            origin.source_name_column,
            origin.source_kind_column,
            origin.platform_column,
        ]
        return tuple(dict.fromkeys(name for name in named if name is not None))


def read_feed_mapping(path: Path) -> FeedMapping:
    """The mapping in one YAML file.

    Raises:
        ContractError: if the file is missing, is not YAML, or does not hold a mapping; the message names
            the file and the field.
    """
    try:
        return FeedMapping.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ContractError(f"{path.name}: {error}") from error


def feed_mapping_for(path: Path) -> FeedMapping | None:
    """The mapping of a feed's file: `<stem>.mapping.yml` beside it, else one nearby whose pattern fits.

    Raises:
        ContractError: if the mapping beside the file cannot be read.
    """
    beside = path.with_name(f"{data_stem(path)}.mapping.yml")
    if beside.is_file():
        return read_feed_mapping(beside)
    for candidate in sorted(path.parent.glob("*.mapping.yml")):
        try:
            mapping = read_feed_mapping(candidate)
        except ContractError:
            continue  # told about the file that it lies beside
        if mapping.file_pattern and fnmatchcase(path.name.lower(), mapping.file_pattern.lower()):
            return mapping
    return None


class QuarantineRule(Promise):
    """Why a row or a file is refused, and which advice goes with it."""

    scope: Literal["file", "row", "both"]
    message: Trilingual
    advice: str = Field(pattern=r"^[a-z][a-z0-9_]*$")


class QuarantineRules(Promise):
    """Every rule of refusal, and the advice they share."""

    advice: dict[str, Trilingual]
    rules: dict[str, QuarantineRule]

    @model_validator(mode="after")
    def _advice_is_there(self) -> QuarantineRules:
        for rule, promise in self.rules.items():
            if promise.advice not in self.advice:
                raise ValueError(f"rule {rule}: no advice named {promise.advice}")
        unused = sorted(set(self.advice) - {rule.advice for rule in self.rules.values()})
        if unused:
            raise ValueError(f"advice no rule gives: {', '.join(unused)}")
        return self


_PLACES = {
    "kk": ("{file} файлы", "{row}-жол", "«{column}» бағаны"),
    "ru": ("файл {file}", "строка {row}", "столбец «{column}»"),
    "en": ("file {file}", "row {row}", "column “{column}”"),
}


@cache
def quarantine_rules() -> QuarantineRules:
    """The rules and advice of `quarantine_rules.yml`.

    Raises:
        ContractError: if the file does not validate.
    """
    try:
        return QuarantineRules.model_validate(read_yaml(FOLDER / "quarantine_rules.yml"))
    except ValidationError as error:
        raise ContractError(f"quarantine_rules.yml: {error}") from error


def quarantine_rule(rule: str) -> QuarantineRule:
    """One rule by its code.

    Raises:
        ContractError: if there is none.
    """
    try:
        return quarantine_rules().rules[rule]
    except KeyError:
        raise ContractError(f"quarantine_rules.yml has no rule {rule}") from None


def quarantine_message(
    rule: str,
    language: str,
    *,
    file: str | None = None,
    row: int | None = None,
    column: str | None = None,
    detail: str | None = None,
) -> str:
    """One refusal for a person: where, what is wrong, what to do, in `kk`, `ru` or `en`.

    Raises:
        ContractError: for a rule that is not in the file.
        KeyError: for another language.
    """
    promise = quarantine_rule(rule)
    places = [
        form.format(file=file, row=row, column=column)
        for form, given in zip(_PLACES[language], (file, row, column), strict=True)
        if given is not None
    ]
    where = f"{', '.join(places)}: " if places else ""
    what = promise.message.in_language(language)
    shown = f" ({detail})" if detail else ""
    advice = quarantine_rules().advice[promise.advice].in_language(language)
    return f"{where}{what}{shown}. {advice}."
