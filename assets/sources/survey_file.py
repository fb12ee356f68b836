"""Reading any accepted survey wave of the inbox."""

from assets.sources.inbox import InboxFile
from assets.sources.read_result import ReadResult
from assets.sources.spss import read_spss
from assets.sources.survey_table import read_survey_table


def read_wave(file: InboxFile) -> ReadResult:
    """A wave's answers, whatever its format, in the form of `raw_survey__answers`.

    Args:
        file: of kind `survey`, accepted.

    Raises:
        ValueError: if the file is no survey.
    """
    if file.questionnaire is None:
        raise ValueError(f"{file.file_name} is no survey wave but {file.kind} {file.source_format}")
    if file.source_format == "survey_sav":
        return read_spss(file.path, file.questionnaire)
    return read_survey_table(file.path, file.questionnaire)
