"""What the institute measures and aims at: items, scales, indicators and plans, read from data files."""

from __future__ import annotations

from functools import cache
from typing import Literal, TypeVar

from pydantic import Field, model_validator

from data_contracts.contract import FOLDER, ContractError, Promise, Trilingual, read_yaml

RuleKind = Literal["share_positive", "mean_item_share", "composite_mean"]
Document = TypeVar("Document", bound=Promise)


class CodeLabel(Promise):
    """One answer code of a scale and what the respondent saw."""

    code: int
    label: Trilingual


class MissingCode(Promise):
    """A code that is an answer of the respondent but not a position."""

    code: int
    status: Literal["dont_know", "refused", "not_asked"]
    label: Trilingual


class Scale(Promise):
    """An ordered list of answer codes."""

    scale_id: str
    codes: tuple[CodeLabel, ...] = Field(min_length=2)

    @property
    def code_values(self) -> tuple[int, ...]:
        """Codes in the order of the scale."""
        return tuple(entry.code for entry in self.codes)


class Item(Promise):
    """One question: its wording, its scale and which answers are positive."""

    item_id: str = Field(pattern=r"^[a-z]+_q\d+_[a-z_]+$")
    measures: str = Field(description="what the item is about: an indicator_id")
    scale_id: str
    scale: Scale
    reversed: bool = False
    positive_codes: tuple[int, ...] = Field(min_length=1)
    wording_version: str
    name: Trilingual
    wording: Trilingual

    @model_validator(mode="after")
    def _positive_codes_are_on_the_scale(self) -> Item:
        stray = sorted(set(self.positive_codes) - set(self.scale.code_values))
        if stray:
            raise ValueError(f"item {self.item_id}: positive codes {stray} are not on scale {self.scale_id}")
        return self


class IndicatorItem(Promise):
    """An item inside an indicator, with its weight in the share or mean."""

    item_id: str
    weight: float = Field(default=1.0, gt=0)


class ScoreRule(Promise):
    """How one respondent's answers become a score between 0 and 1; the kinds are explained in the YAML."""

    kind: RuleKind
    minimum_valid: int = Field(ge=1)
    positive_share_at_least: float | None = Field(default=None, gt=0, le=1)
    dont_know: Literal["excluded", "not_positive"] = "excluded"

    @model_validator(mode="after")
    def _threshold_goes_with_share_positive(self) -> ScoreRule:
        if (self.kind == "share_positive") != (self.positive_share_at_least is not None):
            raise ValueError(f"rule {self.kind}: `positive_share_at_least` goes with share_positive, and only with it")
        return self


class Alternative(Promise):
    """Another reasonable definition of an indicator, to see how much the headline depends on ours."""

    alternative_id: str
    name: Trilingual
    rule: ScoreRule


class Indicator(Promise):
    """One version of a headline indicator."""

    indicator_id: str
    version: str
    valid_from: int
    name: Trilingual
    definition: Trilingual
    numerator: Trilingual
    denominator: Trilingual
    items: tuple[IndicatorItem, ...] = Field(min_length=1)
    rule: ScoreRule
    alternatives: tuple[Alternative, ...] = ()


class Correction(Promise):
    """A published number that was replaced, and why."""

    indicator_id: str
    version: str
    year: int
    published_pct: float
    corrected_pct: float
    quarter: str
    reason: Trilingual


class Registry(Promise):
    """Everything of `indicators.yml`, cross-checked."""

    registry_version: str
    base_year: int
    missing_codes: tuple[MissingCode, ...]
    scales: tuple[Scale, ...]
    items: tuple[Item, ...]
    indicators: tuple[Indicator, ...]
    corrections: tuple[Correction, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _attach_scales(cls, content: object) -> object:
        if not isinstance(content, dict):
            return content
        scales = {scale["scale_id"]: scale for scale in content.get("scales", [])}
        items = []
        for item in content.get("items", []):
            scale_id = item.get("scale_id")
            if scale_id not in scales:
                raise ValueError(f"item {item.get('item_id')}: no scale named {scale_id}")
            items.append({**item, "scale": scales[scale_id]})
        return {**content, "items": items}

    @model_validator(mode="after")
    def _indicators_use_known_items(self) -> Registry:
        ids = [item.item_id for item in self.items]
        doubled = sorted({item_id for item_id in ids if ids.count(item_id) > 1})
        if doubled:
            raise ValueError(f"items listed twice: {', '.join(doubled)}")
        for indicator in self.indicators:
            unknown = sorted({entry.item_id for entry in indicator.items} - set(ids))
            if unknown:
                raise ValueError(f"indicator {indicator.indicator_id} {indicator.version}: unknown items {unknown}")
            if indicator.rule.minimum_valid > len(indicator.items):
                raise ValueError(f"indicator {indicator.indicator_id}: minimum_valid exceeds the number of items")
        keys = [(indicator.indicator_id, indicator.version) for indicator in self.indicators]
        if len(keys) != len(set(keys)):
            raise ValueError("an indicator version is listed twice")
        return self

    def current(self) -> dict[str, Indicator]:
        """The version in force of each indicator (the one with the latest `valid_from`), by indicator id."""
        ordered = sorted(self.indicators, key=lambda indicator: (indicator.valid_from, indicator.version))
        latest = {indicator.indicator_id: indicator for indicator in ordered}
        first_seen = dict.fromkeys(indicator.indicator_id for indicator in self.indicators)
        return {indicator_id: latest[indicator_id] for indicator_id in first_seen}

    def item(self, item_id: str) -> Item:
        """One item.

        Raises:
            ContractError: if the registry has no such item.
        """
        for item in self.items:
            if item.item_id == item_id:
                return item
        raise ContractError(f"indicators.yml: no item {item_id}")


class PlanRow(Promise):
    """The aim (or the estimate the concept starts from) of one indicator in one year, percent."""

    indicator_id: str
    year: int
    target_pct: float = Field(ge=0, le=100)
    kind: Literal["estimate", "target"]


class PlanVersion(Promise):
    """One concept's targets."""

    plan_version: str
    valid_from: int
    valid_to: int
    name: Trilingual
    rows: tuple[PlanRow, ...] = Field(min_length=1)

    def target(self, indicator_id: str, year: int) -> PlanRow | None:
        """The row of one indicator and year, or None where the plan says nothing."""
        for row in self.rows:
            if row.indicator_id == indicator_id and row.year == year:
                return row
        return None


class Baseline(Promise):
    """A number the institute measured before the plan began, percent."""

    baseline_id: str
    year: int
    value_pct: float = Field(ge=0, le=100)
    name: Trilingual


class Plan(Promise):
    """Every plan version, oldest first, and the baselines."""

    plans: tuple[PlanVersion, ...] = Field(min_length=1)
    baselines: tuple[Baseline, ...] = ()

    def for_year(self, year: int) -> PlanVersion:
        """The newest plan whose years include `year` (its starting estimate counts).

        Raises:
            ContractError: if no plan speaks of that year; the message lists the years there are.
        """
        for version in reversed(self.plans):
            if any(row.year == year for row in version.rows):
                return version
        years = sorted({row.year for version in self.plans for row in version.rows})
        raise ContractError(
            f"plan.yml: no plan row for {year}; it has {years[0]}..{years[-1]}. Add the year's targets."
        )


def _read(file_name: str, model: type[Document]) -> Document:
    try:
        return model.model_validate(read_yaml(FOLDER / file_name))
    except ValueError as error:
        raise ContractError(f"{file_name}: {error}") from error


@cache
def registry() -> Registry:
    """Everything of `indicators.yml`.

    Raises:
        ContractError: if the file contradicts itself.
    """
    return _read("indicators.yml", Registry)


def indicators() -> dict[str, Indicator]:
    """The version in force of each indicator by id, in the order of the file."""
    return registry().current()


def items() -> dict[str, Item]:
    """Every item by id, in the order of the file."""
    return {item.item_id: item for item in registry().items}


@cache
def plan() -> Plan:
    """Every plan version of `plan.yml`.

    Raises:
        ContractError: if the file does not validate.
    """
    return _read("plan.yml", Plan)
