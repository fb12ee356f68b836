"""Discourse: authored cross-validation, stance on RuEthnoHate, the cascade, real comments, and speed.

`python -m benchmarks.discourse [SHARED_DATA]` prints one line per number, each with its data set. Scores on the corpus
are authored scores. RuEthnoHate and the real comments are read where they lie and are never copied.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from benchmarks.discourse_comments import comments, measure_comments
from benchmarks.discourse_speed import compare, measure_stream
from models.discourse.classifier import LABELS, DiscourseModel
from models.discourse.corpus_reading import read_corpus, training_rows
from models.discourse.evaluation import binary_auc, binary_f1, interval, macro_f1
from models.discourse.features import LONGEST_TEXT
from models.discourse.label_rows import labelled_messages
from models.discourse.severity_head import severity_scores
from models.discourse.stance import fit_stance, labelled_pairs
from models.discourse.training import cross_validated_first_look, cross_validated_severity, train
from models.text.ethnonyms import mentions

STREAM = 50_000
MENTION_SHARE = 0.10


def mentions_of(messages: pl.DataFrame) -> pl.DataFrame:
    return mentions(messages["message_id"], messages["text"].str.slice(0, LONGEST_TEXT))


def measure_authored() -> DiscourseModel:
    corpus = training_rows(read_corpus())
    found = mentions_of(corpus)
    started = time.perf_counter()
    model = train(corpus, found, seed=0)
    seconds = time.perf_counter() - started
    groups = corpus["group"].n_unique()
    print(f"authored corpus ({len(corpus)} messages, {groups} fold groups), grouped cross-validation, {seconds:.1f} s")
    for name, value in (model.scores | (model.stance.scores if model.stance else {})).items():
        print(f"  {name:20} {value:.4f}")
    print(f"  hostile threshold    {model.hostile_threshold:.3f}")
    rows = model.confusion
    for number, label in enumerate(LABELS):
        recall = rows[number, number] / max(1, rows[number].sum())
        precision = rows[number, number] / max(1, rows[:, number].sum())
        print(f"  {label:10} precision {precision:.3f} recall {recall:.3f} n {rows[number].sum()}")
    authority = rows[LABELS.index("authority")]
    print(f"  authority called hostile {authority[0]}/{authority.sum()}")
    measure_severity(corpus, found)
    measure_cascade(corpus, found)
    return model


def measure_severity(corpus: pl.DataFrame, found: pl.DataFrame) -> None:
    graded = cross_validated_severity(corpus, found)
    truth, said = graded["truth"].to_numpy(), graded["found"].to_numpy()
    for name, value in severity_scores(truth, said).items():
        ends = interval(lambda rows, key=name: severity_scores(truth[rows], said[rows]).get(key), graded["group"])
        print(f"  {name:20} {value:.4f}" + (f" [{ends[0]:.3f}, {ends[1]:.3f}]" if ends else ""), f"n {len(graded)}")


def measure_cascade(corpus: pl.DataFrame, found: pl.DataFrame) -> None:
    kept = pl.concat([corpus, cross_validated_first_look(corpus, found)], how="horizontal")
    names = {"has_word": "words of the first look", "is_seen": "with what the short path wakes, unseen hands"}
    for column, name in names.items():
        print(f"  {name}:")
        _print_kept(kept.with_columns(pl.col(column).alias("is_candidate")))


def _print_kept(kept: pl.DataFrame) -> None:
    interethnic = kept.filter(~pl.col("discourse").is_in(["authority", "other"]))
    hostile = kept.filter(pl.col("discourse") == "hostile")
    print(f"    keeps {interethnic['is_candidate'].mean():.4f} of interethnic messages")
    print(f"    keeps {hostile['is_candidate'].mean():.4f} of hostile messages, by hand:", end=" ")
    by_hand = hostile.group_by("group").agg(pl.col("is_candidate").mean()).sort("group")
    print(", ".join(f"{hand} {share:.3f}" for hand, share in by_hand.iter_rows()))


def ruethnohate(shared_data: Path) -> pl.DataFrame:
    with gzip.open(shared_data / "ruethnohate_train.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    columns = ("text", "text_id", "target", "stance")
    return labelled_messages(pl.DataFrame({name: [str(row[name]) for row in rows] for name in columns}), "RuEthnoHate")


def measure_ruethnohate(shared_data: Path, model: DiscourseModel) -> None:
    messages = ruethnohate(shared_data)
    found = mentions_of(messages)
    pairs, truth, groups, _ = labelled_pairs(messages, found)
    print(f"RuEthnoHate train file: {len(messages)} texts, {len(pairs)} pairs")
    for surfaces_of_all in (True, False):
        started = time.perf_counter()
        said = np.zeros(len(truth), dtype=np.int64)
        chance = np.zeros(len(truth))
        for seen, held in GroupKFold(5, shuffle=True, random_state=0).split(truth, groups=groups):
            head = fit_stance([pairs[i] for i in seen], truth[seen], groups[seen], surfaces_of_all)
            shares = head.probabilities([pairs[i] for i in held])
            said[held], chance[held] = head.choose(shares), shares[:, 0]
        names = "names shown" if surfaces_of_all else "names masked, slurs shown"
        seconds = time.perf_counter() - started
        name = f"trained, 5-fold by text, {names}"
        _print_stance(name, truth, said=said, chance=chance, groups=groups, seconds=seconds)
    if model.stance is not None:
        shares = model.stance.probabilities(pairs)
        said, chance = model.stance.choose(shares), shares[:, 0]
        _print_stance("shipped corpus only", truth, said=said, chance=chance, groups=groups, seconds=0.0)


def _print_stance(
    name: str, truth: np.ndarray, *, said: np.ndarray, chance: np.ndarray, groups: np.ndarray, seconds: float
) -> None:
    macro, hostile = macro_f1(truth, said), binary_f1(truth == -1, said == -1)
    ends = interval(lambda rows: macro_f1(truth[rows], said[rows]), groups, draws=100) or (macro, macro)
    area = binary_auc(truth == -1, chance) or float("nan")
    print(f"  {name}: macro-F1 {macro:.4f} [{ends[0]:.3f}, {ends[1]:.3f}]", end=" ")
    print(f"hostile F1 {hostile:.4f} hostile AUC {area:.4f} ({seconds:.0f} s)")


def measure_speed(shared_data: Path, model: DiscourseModel) -> None:
    messages = stream(shared_data)
    print(f"stream of {STREAM} real comments and RuEthnoHate texts, {MENTION_SHARE:.0%} mention a group")
    measure_stream(messages, model)
    corpus = training_rows(read_corpus())
    compare(corpus, mentions_of(corpus), messages)


def stream(shared_data: Path) -> pl.DataFrame:
    """Comments that name no group, and texts that do, repeated to the wanted size and share."""
    quiet = comments(shared_data)
    quiet = quiet.filter(~pl.col("message_id").is_in(mentions_of(quiet)["message_id"].implode()))
    loud = ruethnohate(shared_data).select("text")
    generator = np.random.default_rng(1)
    many = int(STREAM * MENTION_SHARE)
    texts = [*generator.choice(quiet["text"].to_list(), STREAM - many), *generator.choice(loud["text"].to_list(), many)]
    generator.shuffle(texts)
    return pl.DataFrame({"message_id": [f"s{i}" for i in range(STREAM)], "text": [str(one) for one in texts]})


def main(shared_data: Path) -> None:
    with threadpool_limits(limits=2):
        model = measure_authored()
        if not (shared_data / "ruethnohate_train.jsonl.gz").is_file():
            print(f"skipped: no {shared_data}/ruethnohate_train.jsonl.gz")
            return
        measure_comments(shared_data, model)
        measure_speed(shared_data, model)
        measure_ruethnohate(shared_data, model)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("../shared/data"))
