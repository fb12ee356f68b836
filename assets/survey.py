"""Survey waves as tables: read one file, recode, set aside what cannot be believed, weight to the census."""

import dagster as dg
import polars as pl

from assets.partitions import waves
from assets.sources.inbox import InboxFile, file_of_partition
from assets.sources.survey_file import read_wave
from assets.workplace import Workplace
from data_contracts.contract import table_contract
from data_contracts.schemas import empty_frame
from models.survey import recoding, weighting

WAVE_TABLES = (
    "raw_survey__answers",
    "core_survey__respondents",
    "core_survey__answers",
    "core_survey__quarantine",
)


WaveTables = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]


@dg.multi_asset(
    outs={table: dg.AssetOut(dagster_type=pl.DataFrame, kinds={"polars"}) for table in WAVE_TABLES},
    partitions_def=waves,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="survey",
)
def survey_wave(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> WaveTables:
    """Files of waves: raw codes, respondents, answers, and every row or answer not taken with its reason."""
    files = [file_of_partition(workplace.inbox, "survey", key) for key in context.partition_keys]
    tables = zip(*(_wave_tables(file, workplace) for file in files), strict=True)
    raw, respondents, answers, quarantine = (pl.concat(parts) for parts in tables)
    return raw, respondents, answers, quarantine


def _wave_tables(file: InboxFile, workplace: Workplace) -> WaveTables:
    read = read_wave(file)
    if read.rows.is_empty():
        raw, respondents, answers = (empty_frame(table_contract(table)) for table in WAVE_TABLES[:3])
        return raw, respondents, answers, read.quarantine
    questionnaire = file.questionnaire
    if questionnaire is None:
        raise ValueError(f"{file.file_name} has no questionnaire")
    day = workplace.as_of.date()
    problems = recoding.row_problems(read.rows, questionnaire, day)
    return (
        read.rows,
        recoding.respondents(read.rows, questionnaire, day),
        recoding.answers(read.rows, questionnaire, as_of=day),
        pl.concat([read.quarantine, problems.select(read.quarantine.columns)]),
    )


@dg.asset(
    partitions_def=waves,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="survey",
    kinds={"polars"},
)
def core_survey__weights(core_survey__respondents: pl.DataFrame) -> pl.DataFrame:
    """Design weights raked to the adults of the census by group, region x settlement and sex x age."""
    if core_survey__respondents.is_empty():
        return empty_frame(table_contract("core_survey__weights"))
    return weighting.weights(core_survey__respondents)
