"""A model trained on people's labels, its comparison with the one in use, and the step into use."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path

import dagster as dg
import polars as pl

from assets.label_store import LabelStore, rows_for_testing, rows_for_training
from assets.shipped_model import load_model, use_model
from assets.whole_file import whole_file
from assets.workplace import Workplace
from models.discourse import rates
from models.discourse.corpus_reading import read_corpus, training_rows
from models.discourse.functional_suite import read_suite
from models.discourse.persistence import read_model, write_model
from models.discourse.promotion import measures, model_changes, worse
from models.discourse.training import train
from models.text.ethnonyms import mentions as find_mentions

PROMOTION_FILE = "promotion.json"
OVERLAP_WEEKS = 13
ALL_DAYS = dg.AllPartitionMapping()
SUITE = Path(__file__).resolve().parents[1] / "tests" / "functional" / "discourse"


@dataclass(frozen=True)
class Comparison:
    """What the two models scored, and what got worse by more than is allowed."""

    current: str
    candidate: str
    folder: str
    labels: str
    before: dict[str, float]
    after: dict[str, float]
    worse: list[dict[str, float | str]]
    is_promoted: bool = False

    @classmethod
    def read(cls, path: Path) -> "Comparison":
        """The comparison of the last retraining."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Keep it in a file."""
        with whole_file(path) as beside:
            beside.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")


def suite_cases() -> pl.DataFrame:
    """The functional suite of the source tree.

    Raises:
        SuiteError: if the tree holds none: without it no model is promoted.
    """
    return read_suite({path.name: path.read_bytes() for path in sorted(SUITE.glob("*.csv"))})


@dg.asset(group_name="discourse", kinds={"scikitlearn"})
def discourse_candidate(workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
    """A model of the corpus and the newest version of people's labels, compared with the one in use; not used yet."""
    (workplace.models / PROMOTION_FILE).unlink(missing_ok=True)
    version = LabelStore(workplace.root).latest()
    if version is None:
        raise dg.Failure("there are no labels of people: run `kelisim label import` first")
    written = read_corpus()
    rows = pl.concat([training_rows(written), rows_for_training(version.labels)])
    candidate = train(rows, find_mentions(rows["message_id"], rows["text"]), workplace.seed)
    digest = hashlib.sha256(candidate.version.encode()).hexdigest()[:12]
    folder = workplace.models / f"retrained-{version.name}-{digest}"
    write_model(candidate, folder, {"data": f"authored corpus and labels {version.name}", "rows": rows.height})
    current = load_model(workplace.models, workplace.seed)
    suite, frozen = suite_cases(), rows_for_testing(version.labels)
    sentences = written.select(pl.col("item_id").alias("message_id"), "text", "language")
    before, after = (measures(model, suite, frozen, sentences) for model in (current, candidate))
    comparison = Comparison(
        current.version, candidate.version, folder.name, version.name, before, after, worse(before, after)
    )
    comparison.write(workplace.models / PROMOTION_FILE)
    return dg.MaterializeResult(metadata={"version": candidate.version, "before": before, "after": after})


@dg.asset_check(asset=discourse_candidate, name="is_no_worse", blocking=True)
def candidate_is_no_worse(workplace: dg.ResourceParam[Workplace]) -> dg.AssetCheckResult:
    """No measure of the candidate is worse than the current model's by more than its tolerance."""
    comparison = Comparison.read(workplace.models / PROMOTION_FILE)
    lines = [f"{one['measure']} {one['before']} -> {one['after']}" for one in comparison.worse]
    return dg.AssetCheckResult(
        passed=not comparison.worse,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(lines) or "no measure is worse by more than its tolerance",
        metadata={"tolerances_broken": len(comparison.worse)},
    )


@dg.asset(
    ins={
        "messages": dg.AssetIn("core_feeds__messages", partition_mapping=ALL_DAYS),
        "mentions": dg.AssetIn("core_feeds__mentions", partition_mapping=ALL_DAYS),
    },
    deps=[discourse_candidate],
    group_name="discourse",
    kinds={"polars", "scikitlearn"},
)
def out_discourse__model_changes(
    messages: pl.DataFrame, mentions: pl.DataFrame, workplace: dg.ResourceParam[Workplace]
) -> pl.DataFrame:
    """The step that the new model makes in every series, on the newest weeks labelled by both."""
    comparison = Comparison.read(workplace.models / PROMOTION_FILE)
    folder = workplace.models / comparison.folder
    steps = [pl.read_parquet(path) for path in workplace.published("out_discourse__model_changes")]
    if len(messages):
        first = messages["day_date"].max() - timedelta(weeks=OVERLAP_WEEKS)  # pyright: ignore[reportOperatorIssue]
        recent = messages.filter(pl.col("day_date") > first)
        named = mentions.join(recent.select("message_id"), on="message_id", how="semi")
        weeks = recent.select("message_id", pl.col("day_date").dt.truncate("1w").alias("week_date"))
        old, new = (
            weeks.join(model.label(recent, named), on="message_id", how="inner")
            for model in (load_model(workplace.models, workplace.seed), read_model(folder))
        )
        steps.append(model_changes(old, new, comparison.current, comparison.candidate, rates.SIGNALS))
    kept = [frame for frame in steps if len(frame)]
    newest = pl.concat(kept).unique(["new_model_version", "week_date", "signal"], keep="last") if kept else None
    return pl.DataFrame(schema=_CHANGES) if newest is None else newest


_CHANGES = {
    "old_model_version": pl.String,
    "new_model_version": pl.String,
    "week_date": pl.Date,
    "signal": pl.String,
    "message_count": pl.Int64,
    "old_share": pl.Float64,
    "new_share": pl.Float64,
    "step_share": pl.Float64,
}


@dg.asset(deps=[out_discourse__model_changes], group_name="discourse")
def discourse_promotion(workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
    """The candidate put into use, once the comparison and the table of its step have passed their checks."""
    comparison = Comparison.read(workplace.models / PROMOTION_FILE)
    use_model(workplace.models, workplace.models / comparison.folder)
    replace(comparison, is_promoted=True).write(workplace.models / PROMOTION_FILE)
    return dg.MaterializeResult(metadata={"version": comparison.candidate, "labels": comparison.labels})
