"""The words of the labelling form, as `labelling.yml` writes them."""

from __future__ import annotations

from functools import cache

from pydantic import ValidationError

from data_contracts.contract import FOLDER, ContractError, Promise, Trilingual, read_yaml


class LabellingForm(Promise):
    """Questions, headings and the advice that annotators read."""

    question: Trilingual
    severity: Trilingual
    stance: Trilingual
    group: Trilingual
    note: Trilingual
    text: Trilingual
    sheet_labels: Trilingual
    sheet_codebook: Trilingual
    code: Trilingual
    name: Trilingual
    definition: Trilingual
    examples: Trilingual
    advice: Trilingual


@cache
def labelling_form() -> LabellingForm:
    """The form of the house.

    Raises:
        ContractError: if `labelling.yml` is missing or does not validate.
    """
    path = FOLDER / "labelling.yml"
    try:
        return LabellingForm.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ContractError(f"{path.name}: {error}") from error
