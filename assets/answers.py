"""What the councils' answers teach, as tables: predictive value and promptness, and the error book."""

import dagster as dg
import polars as pl

from assets.workplace import CandidateLedger, Workplace
from models.warning import answers


@dg.asset(group_name="warning", kinds={"sqlite"})
def out_warning__answers(
    workplace: dg.ResourceParam[Workplace], ledger: dg.ResourceParam[CandidateLedger]
) -> pl.DataFrame:
    """How often alerts were right, how early they came and how promptly they were answered, without persons."""
    return answers.answers(ledger.histories(), workplace.as_of)


@dg.asset(group_name="warning", kinds={"sqlite"})
def out_warning__error_book(ledger: dg.ResourceParam[CandidateLedger]) -> pl.DataFrame:
    """Events missed, false alarms, candidates dismissed, outcomes corrected: every error that is known."""
    return answers.error_book(ledger.histories())
