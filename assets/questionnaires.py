"""The questionnaires of the waves a report knows: those beside the files in the inbox, else the packaged ones."""

from collections.abc import Collection
from pathlib import Path

from assets.sources.inbox import scan_inbox
from data_contracts.questionnaire import Questionnaire, packaged_questionnaires


def questionnaires_of_waves(inbox: Path, wave_ids: Collection[str]) -> list[Questionnaire]:
    """One questionnaire per wave, as far as there are any.

    A wave whose file has left the inbox is known by its packaged questionnaire, or not at all.
    """
    found = dict(packaged_questionnaires())
    for file in scan_inbox(inbox):
        if file.kind == "survey" and file.questionnaire is not None:
            found[file.questionnaire.wave_id] = file.questionnaire
    return [found[wave] for wave in sorted(wave_ids) if wave in found]
