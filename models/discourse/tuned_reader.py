"""The encoder tuned to the corpus, with its own heads: what it says of labels and stances.

`make encoder` learns it (`docs/decisions/0014-tuned-encoder.md`) and keeps low-rank additions to the frozen matrices.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from scipy.special import log_softmax

from data_contracts.codebook import discourse_codebook
from models.text.encoder import Encoder, Passage
from models.text.encoder_weights import EncoderError, Layer, Weights, packed_file, read_weights

FOLDER = Path(__file__).parent / "tuned"
LEARNT, UNSEEN = "encoder.npz", "unseen.npz"
CODES = "codes"
"""Under which the codes of the labels stand, in order of the label head."""

TUNED_LAYERS = 12
"""All there are; decision 14 has what fewer give."""

MATRICES = ("query", "attended", "wide", "narrow")
STANCE_WIDTH = 128
"""Inner width of the stance head."""


@dataclass(frozen=True)
class Head:
    """A linear layer."""

    weights: np.ndarray
    offsets: np.ndarray

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Rows x outputs."""
        return rows @ self.weights + self.offsets


@dataclass(frozen=True)
class TunedReader:
    """An encoder with low-rank additions and the heads learnt together with it."""

    encoder: Encoder
    labels: Head
    stance_inner: Head
    stance_outer: Head

    def label_logs(self, passages: Sequence[Passage]) -> np.ndarray:
        """Logarithms of the probabilities of the nine labels, one row a passage; not calibrated."""
        return np.asarray(log_softmax(self.labels.scores(self.encoder.encoded(passages)[0]), axis=1))

    def stance_logs(self, passages: Sequence[Passage]) -> list[np.ndarray]:
        """Logarithms of the probabilities of hostile, neutral, positive: a row for each target of each passage."""
        means, targets = self.encoder.encoded(passages)
        counts = [len(found) for found in targets]
        if not sum(counts):
            return [np.zeros((0, 3)) for _ in counts]
        rows = np.hstack([np.vstack(targets), np.repeat(means, counts, axis=0)])
        logs = log_softmax(self.stance_outer.scores(np.tanh(self.stance_inner.scores(rows))), axis=1)
        return np.split(np.asarray(logs), np.cumsum(counts)[:-1])


@cache
def tuned_reader() -> TunedReader:
    """The reader that is shipped.

    Raises:
        EncoderError: what was learnt, or the frozen weights, are absent or damaged.
    """
    return read_tuned(FOLDER / LEARNT, read_weights(packed_file(), TUNED_LAYERS))


@cache
def tuned_sha256() -> str:
    """Hash of what was learnt and of what is kept of the corpus; part of the version of the code that made a model.

    Raises:
        EncoderError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in (FOLDER / LEARNT, FOLDER / UNSEEN):
        try:
            digest.update(path.read_bytes())
        except OSError as error:
            raise unreadable(path, error) from error
    return digest.hexdigest()


def read_tuned(path: Path, weights: Weights) -> TunedReader:
    """The reader kept in a file, on top of frozen weights.

    Raises:
        EncoderError: the file cannot be read or holds something else.
    """
    held = arrays(path)
    if tuple(held.pop(CODES, ())) != discourse_codebook().codes:
        raise unreadable(path, ValueError("made for another codebook"))
    parts = {name: values.astype(np.float32) for name, values in held.items()}
    try:
        layers = tuple(_layer(layer, number, parts) for number, layer in enumerate(weights.layers))
        heads = [
            Head(parts[f"{name}.weights"], parts[f"{name}.offsets"])
            for name in ("labels", "stance_inner", "stance_outer")
        ]
        encoder = Encoder(replace(weights, layers=layers, scale=parts["scale"], shift=parts["shift"]))
    except (KeyError, ValueError) as error:
        raise unreadable(path, error) from error
    return TunedReader(encoder, *heads)


def arrays(path: Path) -> dict[str, np.ndarray]:
    """Every array that `make encoder` keeps in a file.

    Raises:
        EncoderError: the file cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> EncoderError:
    """What to say of a file that is missing, damaged or another than expected."""
    return EncoderError(
        f"what the text encoder learnt cannot be read from {path} ({error}); take the file from the repository again, "
        "or make it with `make encoder`"
    )


def _layer(layer: Layer, number: int, parts: Mapping[str, np.ndarray]) -> Layer:
    changed = {
        name: getattr(layer, name) + (parts[f"{number}.{name}.up"] @ parts[f"{number}.{name}.down"]).T
        for name in MATRICES
    }
    biases = {f"{name}_bias": parts[f"{number}.{name}_bias"] for name in MATRICES}
    normals = {
        f"{place}{name}": parts[f"{number}.{place}{name}"] for place in ("attended_", "") for name in ("scale", "shift")
    }
    return layer._replace(**changed, **biases, **normals)
