"""`make encoder`: tune the encoder to the corpus, once for each fold of hands and once for all."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import torch
from rich.progress import Progress
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold
from torch.nn import functional

from models.discourse.classifier import LABELS, passages, spans_by_message
from models.discourse.corpus_reading import read_corpus, training_rows
from models.discourse.features import LONGEST_TEXT
from models.discourse.said_unseen import UNSEEN, Unseen, pair_key, text_key
from models.discourse.stance import labelled_pairs
from models.discourse.tuned_reader import FOLDER, LEARNT, TUNED_LAYERS
from models.text.encoder import Encoder, Passage
from models.text.encoder_weights import Weights, packed_file, read_weights
from models.text.ethnonyms import mentions
from tuning.network import Found, Item, Network, batched, parts

FOLDS = 3
EPOCHS = 3
TOGETHER = 32
RATE, HEAD_RATE = 5e-4, 1e-3
WARM_UP = 0.06
SMOOTHING = 0.05
SEVERITY_WEIGHT, STANCE_WEIGHT = 0.2, 0.5
SORTED_TOGETHER = 50
SEED = 2026


def items_of(corpus: pl.DataFrame, encoder: Encoder) -> tuple[list[Item], list[list[int]]]:
    """The corpus for the network, and per message the keys of its pairs of text and group."""
    found = mentions(corpus["message_id"], corpus["text"].str.slice(0, LONGEST_TEXT))
    pairs, stances, _, _ = labelled_pairs(corpus, found)
    spans = spans_by_message(found)
    asked = passages(corpus["text"].to_list(), [spans.get(one, []) for one in corpus["message_id"]])
    counts = corpus["targets"].list.len().fill_null(0).to_list()
    items, keys, at = [], [], 0
    for passage, count, name, severity in zip(asked, counts, corpus["discourse"], corpus["severity"], strict=True):
        of_message, said = pairs[at : at + count], stances[at : at + count]
        at += count
        targets = tuple(tuple((span.start, span.end) for span in pair.target_spans) for pair in of_message)
        reading = encoder.reading(Passage(passage.text, passage.hidden, targets))
        items.append(Item(reading.pieces, reading.targets, LABELS.index(name), severity, (said + 1).tolist()))
        keys.append([pair_key(pair) for pair in of_message])
    return items, keys


def tuned(items: Sequence[Item], weights: Weights, epochs: int, progress: Progress, name: str) -> Network:
    """A network that learnt from items, the learning rate rising for a while and then falling to a fiftieth."""
    torch.manual_seed(SEED)
    generator = np.random.default_rng(SEED)
    network = Network(weights).train()
    own, heads = [], []
    for place, held in network.named_parameters():
        (heads if place.startswith(("label", "severity", "stance")) else own).append(held)
    groups = [{"params": own, "lr": RATE}, {"params": heads, "lr": HEAD_RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    total = epochs * -(-len(items) // TOGETHER)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, step / (WARM_UP * total + 1)) * max(0.02, 1 - step / total)
    )
    task = progress.add_task(name, total=total)
    for _ in range(epochs):
        for rows in _order(items, generator):
            chosen = [items[row] for row in rows]
            loss = _loss(network(batched(chosen, weights)), chosen)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([*own, *heads], 1.0)
            optimiser.step()
            schedule.step()
            progress.advance(task)
    return network.eval()


def _order(items: Sequence[Item], generator: np.random.Generator) -> list[np.ndarray]:
    """Rows in random batches, each of messages of like length."""
    lengths = np.array([len(one.pieces) for one in items])
    order = generator.permutation(len(items))
    batches: list[np.ndarray] = []
    for first in range(0, len(order), TOGETHER * SORTED_TOGETHER):
        some = order[first : first + TOGETHER * SORTED_TOGETHER]
        some = some[np.argsort(lengths[some], kind="stable")]
        batches += [some[start : start + TOGETHER] for start in range(0, len(some), TOGETHER)]
    return [batches[one] for one in generator.permutation(len(batches))]


def _loss(found: Found, items: Sequence[Item]) -> torch.Tensor:
    labels = torch.tensor([one.label for one in items])
    loss = functional.cross_entropy(found.labels, labels, label_smoothing=SMOOTHING)
    severities = torch.tensor([one.severity for one in items])
    if bool((severities > 0).any()):
        graded = functional.cross_entropy(found.severities[severities > 0], severities[severities > 0])
        loss = loss + SEVERITY_WEIGHT * graded
    if found.stances is not None:
        stances = torch.tensor([stance for one in items for stance in one.stances])
        loss = loss + STANCE_WEIGHT * functional.cross_entropy(found.stances, stances)
    return loss


@torch.no_grad()
def said(network: Network, items: Sequence[Item], weights: Weights) -> tuple[np.ndarray, list[np.ndarray]]:
    """Logarithms of probabilities: of the labels of each item, and of the stances of its targets."""
    labels = np.zeros((len(items), len(LABELS)), np.float32)
    stances: list[np.ndarray] = [np.zeros((0, 3), np.float32)] * len(items)
    order = np.argsort([len(one.pieces) for one in items], kind="stable")
    for first in range(0, len(order), TOGETHER):
        rows = order[first : first + TOGETHER]
        found = network(batched([items[row] for row in rows], weights))
        labels[rows] = functional.log_softmax(found.labels, 1).numpy()
        if found.stances is not None:
            of_targets = functional.log_softmax(found.stances, 1).numpy()
            ends = np.cumsum([len(items[row].targets) for row in rows])
            for row, part in zip(rows, np.split(of_targets, ends[:-1]), strict=True):
                stances[row] = part
    return labels, stances


def write(folder: Path, network: Network, kept: Unseen) -> None:
    """Both files, written beside their place and then renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        np.savez_compressed(Path(beside, LEARNT), **parts(network))
        kept.write(Path(beside, UNSEEN))
        for name in (LEARNT, UNSEEN):
            Path(beside, name).replace(folder / name)


def main() -> None:
    """Tune, print how hands left out fared, write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, default=FOLDER)
    chosen = parser.parse_args()
    torch.use_deterministic_algorithms(mode=True)
    weights = read_weights(packed_file(), TUNED_LAYERS)
    corpus = training_rows(read_corpus())
    items, keys = items_of(corpus, Encoder(weights))
    truth = np.array([one.label for one in items])
    labels = np.zeros((len(items), len(LABELS)), np.float32)
    stances: list[np.ndarray] = [np.zeros((0, 3), np.float32)] * len(items)
    started = time.perf_counter()
    folds = GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(truth, groups=corpus["group"].to_numpy())
    with Progress() as progress:
        for number, (seen, held) in enumerate(folds, start=1):
            network = tuned([items[row] for row in seen], weights, chosen.epochs, progress, f"fold {number} of {FOLDS}")
            labels[held], of_held = said(network, [items[row] for row in held], weights)
            for row, found in zip(held, of_held, strict=True):
                stances[row] = found
            score = f1_score(truth[held], labels[held].argmax(1), average="macro")
            progress.print(f"fold {number}: {len(held)} messages of other hands, macro-F1 {score:.4f} (authored)")
        everything = tuned(items, weights, chosen.epochs, progress, "all hands")
    flat = [key for of_message in keys for key in of_message]
    kept = Unseen.of_rows([text_key(text) for text in corpus["text"]], labels, flat, np.vstack(stances))
    write(chosen.out, everything, kept)
    score = f1_score(truth, labels.argmax(1), average="macro")
    print(f"{len(items)} messages, {FOLDS} folds by hand: macro-F1 {score:.4f} (authored)")
    print(f"{time.perf_counter() - started:.0f} s; written to {chosen.out}")


if __name__ == "__main__":
    main()
