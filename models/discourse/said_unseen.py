"""What the tuned encoder says of training rows: kept for the corpus, where it was asked without the row's hand.

The shipped encoder has seen every hand of the corpus. A vote learnt from what it says of its own training
messages would trust it far too much, so `make encoder` keeps what networks said that had not seen the hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Self, TypeVar

import numpy as np

from models.discourse.pair_passages import pair_logs
from models.discourse.pairs import Pair
from models.discourse.tuned_reader import FOLDER, UNSEEN, arrays, tuned_reader, unreadable
from models.text.encoder import Passage
from models.text.encoder_processes import in_parts

Row = TypeVar("Row")


@dataclass(frozen=True)
class Unseen:
    """What networks said of messages and pairs of the corpus whose hand they had not seen.

    Attributes:
        labels: by key of a text, logarithms of probabilities.
        stances: by key of a pair, the same.
    """

    labels: Mapping[int, np.ndarray]
    stances: Mapping[int, np.ndarray]

    @classmethod
    def of_rows(cls, texts: Sequence[int], labels: np.ndarray, pairs: Sequence[int], stances: np.ndarray) -> Self:
        """From keys and rows."""
        return cls(dict(zip(texts, labels, strict=True)), dict(zip(pairs, stances, strict=True)))

    def write(self, path: Path) -> None:
        """Keep as float16, which is finer than what is learnt from it."""
        held = {}
        for name, table in (("labels", self.labels), ("stances", self.stances)):
            held[f"{name}.keys"] = np.array(list(table), dtype=np.uint64)
            held[f"{name}.logs"] = np.array(list(table.values()), dtype=np.float16)
        with path.open("wb") as file:
            np.savez_compressed(file, **held)

    @classmethod
    def read(cls, path: Path) -> Self:
        """As written.

        Raises:
            EncoderError: the file cannot be read or holds something else.
        """
        held = arrays(path)
        try:
            tables = [(held[f"{name}.keys"].tolist(), held[f"{name}.logs"]) for name in ("labels", "stances")]
            (texts, labels), (pairs, stances) = tables
            return cls.of_rows(texts, labels.astype(np.float64), pairs, stances.astype(np.float64))
        except (KeyError, ValueError) as error:
            raise unreadable(path, error) from error


def text_key(text: str) -> int:
    """What a message of the corpus is found by."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def pair_key(pair: Pair) -> int:
    """What a text and the places of a group in it are found by."""
    places = (f"{span.start}-{span.end}" for span in pair.target_spans)
    return text_key("\0".join(chain([pair.text], places)))


@cache
def unseen() -> Unseen:
    """What is shipped of the corpus.

    Raises:
        EncoderError: the file is absent or damaged.
    """
    return Unseen.read(FOLDER / UNSEEN)


def label_logs_of(texts: Sequence[str], passages: Sequence[Passage]) -> np.ndarray:
    """Logarithms of the probabilities of labels, of messages to be learnt from: kept, or read now.

    Args:
        texts: messages.
        passages: the same messages for the encoder.
    """
    return _kept_or_read(list(map(text_key, texts)), passages, unseen().labels, _labels)


def stance_logs_of(pairs: Sequence[Pair]) -> np.ndarray:
    """The same of stances, of pairs to be learnt from."""
    return _kept_or_read(list(map(pair_key, pairs)), pairs, unseen().stances, pair_logs)


def _labels(passages: Sequence[Passage]) -> np.ndarray:
    return np.vstack(in_parts(_label_rows, passages))


def _label_rows(passages: Sequence[Passage]) -> list[np.ndarray]:
    return list(tuned_reader().label_logs(passages))


def _kept_or_read(
    keys: Sequence[int],
    rows: Sequence[Row],
    kept: Mapping[int, np.ndarray],
    read: Callable[[Sequence[Row]], np.ndarray],
) -> np.ndarray:
    absent = [row for key, row in zip(keys, rows, strict=True) if key not in kept]
    read_now = iter(read(absent) if absent else ())
    return np.vstack([kept[key] if key in kept else next(read_now) for key in keys])
