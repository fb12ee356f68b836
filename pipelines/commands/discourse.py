"""`kelisim classify`, `train` and `evaluate`: the discourse model on an analyst's own files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import polars as pl
import typer

from assets.shipped_model import load_model
from models.discourse.classifier import LABELS, DiscourseModel, ModelError
from models.discourse.corpus_reading import read_corpus, training_rows
from models.discourse.evaluation import evaluation
from models.discourse.features import LONGEST_TEXT
from models.discourse.label_rows import labelled_messages
from models.discourse.pairs import Pair, target_pair
from models.discourse.persistence import read_model, write_model
from models.discourse.reasons import Language, in_words
from models.discourse.stance import STANCES, labelled_pairs, marks_by_message
from models.discourse.training import HEADS, LabelsError, corpus_sha256, train
from models.discourse.workers import labelling_crew, labels_and_stances, without_second_reading
from models.text.ethnonyms import mentions
from models.text.language import languages
from pipelines.commands.message_files import (
    READ_KINDS,
    WRITTEN_KINDS,
    MessageFileError,
    kind_of,
    read_messages,
    write_rows,
)
from pipelines.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)

WRONG_INPUT = 2
ENOUGH_STANCES = 3_000
"""From so many own stances on, the stance head is learnt from them alone (docs/decisions/0010-stance-variants.md)."""


@contextmanager
def _wrong_input_ends() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        typer.echo(f"kelisim: {error}", err=True)
        raise typer.Exit(WRONG_INPUT) from error


@app.command()
def classify(
    file: Annotated[Path, typer.Argument(metavar="IN", help=f"messages with id and text: {', '.join(READ_KINDS)}")],
    output: Annotated[Path, typer.Option("-o", "--output", help=f"where to write: {', '.join(WRITTEN_KINDS)}")],
    model: Annotated[
        Path | None, typer.Option(help="model directory; the default is the shipped corpus's model")
    ] = None,
    lang: Annotated[Literal["kk", "ru", "en"] | None, typer.Option("--lang", help="language of the reasons")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="leave the second reading out: faster, a little less right")
    ] = False,
) -> None:
    """Label messages: discourse, severity, stance towards each group (or towards the column `target`)."""
    with _wrong_input_ends():
        kind_of(output, WRITTEN_KINDS)
        rows = read_messages(file)
        if "id" not in rows.columns:
            raise MessageFileError(f"{file}: no column `id`; found {', '.join(rows.columns)}")
        chosen = _shipped() if model is None else read_model(model)
        chosen = without_second_reading(chosen) if quick else chosen
        write_rows(classified(rows, chosen, lang or Settings().language), output)
    typer.echo(f"{len(rows):,} messages -> {output} (model {chosen.version})")


def _shipped() -> DiscourseModel:
    settings = Settings()
    return load_model(settings.root / "models", settings.seed)


def classified(rows: pl.DataFrame, model: DiscourseModel, language: Language = "ru") -> list[dict]:
    """One record per row with everything the model says of it.

    Args:
        rows: strings `id`, `text` and optionally `target`.
        model: any model; what it has no head for is null.
        language: in which the reasons are told.

    Raises:
        ModelError: if `target` is given and the model has no stance head.
    """
    texts = rows.select("text").with_columns(pl.col("text").fill_null("")).unique(maintain_order=True)
    messages = texts.with_row_index("number").select(pl.format("m{}", "number").alias("message_id"), "text")
    wants_groups = "target" not in rows.columns or not rows["target"].is_not_null().any()
    with labelling_crew(model if wants_groups else replace(model, stance=None), len(messages)) as labellers:
        found = mentions(messages["message_id"], messages["text"].str.slice(0, LONGEST_TEXT))
        spoken = languages(messages["text"])["language"].to_list()
        labels, stances = labels_and_stances(messages, found, labellers)
    records = _message_records(messages["message_id"], spoken, labels, language)
    key = dict(zip(messages["text"], messages["message_id"], strict=True))
    ids = [key[text or ""] for text in rows["text"]]
    targets = _group_records(ids, stances) if wants_groups else _target_records(rows, ids, found, model)
    return [
        {"id": row_id, **records[one], "targets": target}
        for row_id, one, target in zip(rows["id"], ids, targets, strict=True)
    ]


def _message_records(
    ids: pl.Series, spoken: Sequence[str], labels: pl.DataFrame | None, told_in: Language
) -> dict[str, dict]:
    if labels is None:
        nothing = dict.fromkeys(
            ("discourse", "discourse_probabilities", "severity", "hostile_probability", "abstained")
        )
        return {
            one: {"language": language, **nothing, "reasons": []} for one, language in zip(ids, spoken, strict=True)
        }
    return {
        row["message_id"]: {
            "language": language,
            "discourse": row["discourse"],
            "discourse_probabilities": {label: round(row[f"p_{label}"], 6) for label in LABELS},
            "severity": row["severity"],
            "hostile_probability": round(row["hostile_probability"], 6),
            "abstained": row["is_abstained"],
            "reasons": in_words(row["reasons"], told_in),
        }
        for row, language in zip(labels.iter_rows(named=True), spoken, strict=True)
    }


def _target_records(
    rows: pl.DataFrame, ids: Sequence[str], found: pl.DataFrame, model: DiscourseModel
) -> list[list[dict]]:
    if model.stance is None:
        raise ModelError("the model has no stance head and the file asks for targets: train it with `stance`")
    pairs = _pairs(rows["text"], rows["target"], ids, found)
    scored = iter(_stance_records(model, pairs))
    return [[{"surface": word, **next(scored)}] if word else [] for word in rows["target"]]


def _pairs(texts: pl.Series, targets: pl.Series, ids: Sequence[str], found: pl.DataFrame) -> list[Pair]:
    marks = marks_by_message(found)
    words = targets.drop_nulls().unique(maintain_order=True)
    groups: dict[str, tuple[str, ...]] = {}
    for word, code in mentions(words, words).select("message_id", "group_code").iter_rows():
        groups[word] = (*groups.get(word, ()), code)
    return [
        target_pair(text or "", word, marks.get(one, []), groups.get(word, ()))
        for text, word, one in zip(texts, targets, ids, strict=True)
        if word
    ]


def _group_records(ids: Sequence[str], stances: pl.DataFrame | None) -> list[list[dict]]:
    if stances is None:
        return [[] for _ in ids]
    held: dict[str, list[dict]] = {}
    for row in stances.iter_rows(named=True):
        chance = {"-1": row["p_hostile"], "0": row["p_neutral"], "1": row["p_positive"]}
        held.setdefault(row["message_id"], []).append(
            {"group": row["group_code"], **_said(row["stance"], chance, row["is_abstained"])}
        )
    return [held.get(one, []) for one in ids]


def _stance_records(model: DiscourseModel, pairs: Sequence[Pair]) -> list[dict]:
    assert model.stance is not None
    frame = model.stance.frame(pairs)
    return [
        _said(
            row["stance"],
            {"-1": row["p_hostile"], "0": row["p_neutral"], "1": row["p_positive"]},
            row["is_abstained"],
        )
        for row in frame.iter_rows(named=True)
    ]


def _said(stance: int, chance: dict[str, float], is_abstained: bool) -> dict:
    rounded = {name: round(value, 6) for name, value in chance.items()}
    return {"stance": stance, "stance_probabilities": rounded, "abstained": is_abstained}


@app.command("train")
def train_model(
    file: Annotated[
        Path, typer.Argument(metavar="LABELS", help="text, text_id?, discourse?, severity?, target+stance?")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="model directory to write")],
    from_scratch: Annotated[bool, typer.Option("--from-scratch", help="leave the shipped corpus out")] = False,
    heads: Annotated[str, typer.Option(help="comma-separated: discourse,severity,stance")] = ",".join(HEADS),
) -> None:
    """Train on your own labels, added to the shipped corpus unless `--from-scratch`."""
    with _wrong_input_ends():
        chosen = _heads(heads)
        own = labelled_messages(read_messages(file), str(file))
        rows = own if from_scratch else pl.concat([_shipped_rows(own), own], how="vertical_relaxed")
        model = train(
            rows,
            mentions(rows["message_id"], rows["text"].str.slice(0, LONGEST_TEXT)),
            Settings().seed,
            chosen,
        )
        facts = {
            "data": file.name,
            "sha256": corpus_sha256(own),
            "rows": len(rows),
            "from_scratch": from_scratch,
        }
        write_model(model, output, facts)
    scores = model.scores | ({} if model.stance is None else model.stance.scores)
    typer.echo(f"model {model.version} -> {output}")
    for name, value in scores.items():
        typer.echo(f"  {name} (cross-validated) {value:.4f}")


def _shipped_rows(own: pl.DataFrame) -> pl.DataFrame:
    """The shipped corpus, without its stances where the analyst has enough: mixed, they make the head worse."""
    rows = training_rows(read_corpus())
    if own["targets"].list.len().sum() < ENOUGH_STANCES:
        return rows
    return rows.with_columns(pl.lit(None, dtype=rows.schema["targets"]).alias("targets"))


def _heads(written: str) -> tuple[str, ...]:
    chosen = tuple(one.strip() for one in written.split(",") if one.strip())
    unknown = sorted(set(chosen) - set(HEADS))
    if unknown or not chosen:
        raise LabelsError(f"--heads {written!r}: unknown {', '.join(unknown) or 'nothing'}; known: {', '.join(HEADS)}")
    return chosen


@app.command()
def evaluate(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="model directory")],
    file: Annotated[Path, typer.Argument(metavar="LABELS", help="labelled messages")],
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="table or json")] = "table",
) -> None:
    """Score a model on labelled messages: per class, macro-F1 and AUC, intervals by bootstrap over texts."""
    with _wrong_input_ends():
        result = evaluated(labelled_messages(read_messages(file), str(file)), read_model(directory))
    if form == "json":
        typer.echo(json.dumps(result, ensure_ascii=False, indent=1))
        return
    for head, scores in result.items():
        typer.echo(f"{head}: {scores['row_count']} rows")
        for name in ("macro_f1", "positive_f1", "positive_auc", "accuracy"):
            typer.echo(f"  {name:13} {_shown(scores[name])}  {_interval(scores[f'{name}_ci'])}")
        for row in scores["classes"]:
            numbers = "  ".join(f"{name} {_shown(row[name])}" for name in ("precision", "recall", "f1"))
            typer.echo(f"  {row['label']:10} {numbers}  n {row['support_count']}")


def evaluated(labelled: pl.DataFrame, model: DiscourseModel) -> dict[str, dict]:
    """Scores per head that both the labels and the model have.

    Raises:
        ModelError: if they have no head in common.
    """
    found = mentions(labelled["message_id"], labelled["text"].str.slice(0, LONGEST_TEXT))
    result: dict[str, dict] = {}
    graded = labelled.filter(pl.col("discourse").is_not_null())
    if len(graded) and model.head is not None:
        labels = model.label(graded, found)
        chance = labels["hostile_probability"].to_list()
        result["discourse"] = evaluation(
            graded["discourse"].to_list(),
            labels["discourse"].to_list(),
            positive="hostile",
            positive_probability=chance,
            groups=graded["group"],
            classes=LABELS,
        )
        hard = graded["severity"].fill_null(0).to_numpy()
        if hard.any():
            result["severity"] = evaluation(
                hard,
                labels["severity"].to_numpy(),
                positive=3,
                positive_probability=chance,
                groups=graded["group"],
                classes=(0, 1, 2, 3),
            )
    pairs, truth, groups, _ = labelled_pairs(labelled, found)
    if pairs and model.stance is not None:
        chances = model.stance.probabilities(pairs)
        result["stance"] = evaluation(
            truth,
            model.stance.choose(chances),
            positive=-1,
            positive_probability=chances[:, 0].tolist(),
            groups=groups,
            classes=STANCES,
        )
    if not result:
        raise ModelError("the labels and the model have no head in common: nothing to evaluate")
    return _plain(result)


def _plain(value: object) -> dict:
    return json.loads(json.dumps(value, default=lambda one: one.item() if isinstance(one, np.generic) else list(one)))


def _shown(value: float | None) -> str:
    return "  -   " if value is None else f"{value:.4f}"


def _interval(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f"[{ends[0]:.4f}, {ends[1]:.4f}]"
