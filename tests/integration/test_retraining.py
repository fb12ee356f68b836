"""A model from people's labels: refused when something got worse, in use and with its step told when nothing did."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets import feeds, promotion
from assets.checks import contract_checks
from assets.label_store import LabelStore
from assets.shipped_model import IN_USE, load_model, use_model
from assets.workplace import Workplace
from data_contracts.contract import table_contract
from data_contracts.schemas import conform, schema
from models.discourse.classifier import ModelError
from models.discourse.corpus_reading import read_corpus, training_rows
from models.discourse.persistence import write_model
from models.discourse.training import train
from models.text.ethnonyms import mentions
from pipelines.resources.lake import Lake

TABLE = "out_discourse__model_changes"
DAY = date(2026, 9, 1)


@pytest.fixture(scope="module")
def corpus() -> pl.DataFrame:
    return read_corpus()


@pytest.fixture
def place(tmp_path: Path, corpus: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """A home whose model in use, and whose corpus, is one hand: the real steps in a twentieth of the time."""
    seed = corpus.filter(pl.col("hand") == "seed")
    monkeypatch.setattr(promotion, "read_corpus", lambda: seed)
    here = Workplace(
        root=tmp_path, as_of=datetime(2026, 10, 20, tzinfo=UTC), seed=1, code_version="test", pseudonym_key=b"k"
    )
    rows = training_rows(seed)
    model = train(rows, mentions(rows["message_id"], rows["text"]), seed=1)
    write_model(model, here.models / "small", {})
    use_model(here.models, here.models / "small")
    people = corpus.filter(pl.col("hand") == "sever_ru").head(120)
    decided = people.select(
        pl.col("item_id").alias("message_id"),
        "text",
        "discourse",
        "severity",
        pl.col("targets")
        .list.eval(pl.struct(pl.element().struct.field("group_code"), pl.element().struct.field("stance")))
        .alias("stances"),
        pl.lit("unanimous").alias("decision"),
        pl.lit(2, dtype=pl.Int64).alias("annotator_count"),
    )
    LabelStore(here.root).add(decided, {"files": {}})
    lay_messages(here, corpus.filter(pl.col("hand") == "shymkent_kk").head(80)["text"])
    return here


def lay_messages(place: Workplace, texts: pl.Series) -> None:
    """One published day of messages and their mentions."""
    ids = pl.Series("message_id", [f"m{number:03d}" for number in range(len(texts))])
    contract = table_contract("core_feeds__messages")
    filler = {"string": "x", "integer": 1, "float": 0.5, "boolean": False, "list[string]": ["x"]}
    columns = {
        column.name: pl.Series([filler.get(column.type)] * len(ids), dtype=schema(contract)[column.name])
        for column in contract.columns
    }
    columns |= {
        "message_id": ids,
        "text": texts,
        "day_date": pl.Series([DAY] * len(ids)),
        "published_at": pl.Series([datetime(2026, 9, 1, 7, tzinfo=UTC)] * len(ids), dtype=pl.Datetime("us", "UTC")),
    }
    found = mentions(ids, texts).with_columns(pl.lit(DAY).alias("day_date"))
    for name, frame in (("core_feeds__messages", pl.DataFrame(columns)), ("core_feeds__mentions", found)):
        folder = place.lake / name
        folder.mkdir(parents=True)
        conform(frame, table_contract(name)).write_parquet(folder / f"{DAY.isoformat()}.parquet")


def retrain(place: Workplace) -> dg.ExecuteInProcessResult:
    steps = [promotion.discourse_candidate, promotion.out_discourse__model_changes, promotion.discourse_promotion]
    return dg.materialize(
        [
            *steps,
            promotion.candidate_is_no_worse,
            *contract_checks([table_contract(TABLE)]),
            feeds.feed_file,
            feeds.feed_days,
        ],
        selection=dg.AssetSelection.assets(*steps),
        resources={"io_manager": Lake(root=str(place.root)), "workplace": place},
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )


def test_a_model_that_is_no_worse_is_used_and_its_step_is_told(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promotion, "worse", lambda before, after: [])
    result = retrain(place)
    assert result.success
    comparison = promotion.Comparison.read(place.models / promotion.PROMOTION_FILE)
    assert comparison.is_promoted and comparison.labels == "v0001"
    assert {"suite_all", "suite_authority_ru", "swap_gap_kk"} <= set(comparison.before)
    assert load_model(place.models, place.seed).version == comparison.candidate
    steps = pl.read_parquet(place.lake / TABLE / "all.parquet")
    assert set(steps["new_model_version"]) == {comparison.candidate}
    assert steps["message_count"].to_list() == [80] * len(steps)
    assert steps.select((pl.col("new_share") - pl.col("old_share") - pl.col("step_share")).abs().max()).item() < 1e-9


def test_a_worse_model_stays_out_with_its_reasons(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = {"measure": "suite_all", "before": 0.9, "after": 0.5, "tolerance": 0.01}
    monkeypatch.setattr(promotion, "worse", lambda before, after: [reason])
    before = load_model(place.models, place.seed).version
    result = retrain(place)
    assert not result.success
    evaluations = [one for one in result.get_asset_check_evaluations() if not one.passed]
    assert [one.description for one in evaluations] == ["suite_all 0.9 -> 0.5"]
    assert load_model(place.models, place.seed).version == before
    assert not (place.lake / TABLE).exists()


def test_a_promoted_model_of_other_code_is_refused_loudly(tmp_path: Path) -> None:
    (tmp_path / IN_USE).write_text(json.dumps({"folder": "old", "code_version": "1.old"}), encoding="utf-8")
    with pytest.raises(ModelError, match="label retrain"):
        load_model(tmp_path, 1)
