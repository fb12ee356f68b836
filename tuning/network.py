"""The encoder as a network that can learn: frozen matrices with low-rank additions, and heads for label and stance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from data_contracts.codebook import discourse_codebook
from models.discourse.tuned_reader import CODES, MATRICES, STANCE_WIDTH
from models.text.encoder import WIDTH
from models.text.encoder_weights import Layer, Weights, unpacked

LABELS = discourse_codebook().codes
RANK = 32
SCALE = 2.0
"""What a low-rank addition is multiplied by (Hu et al. 2021, alpha / rank)."""
DROPOUT = 0.1
SEVERITY_COUNT, STANCE_COUNT = 4, 3


class Item(NamedTuple):
    """One message: pieces, places of the pieces of each labelled target, its label, severity and stances (0..2)."""

    pieces: list[int]
    targets: list[list[int]]
    label: int
    severity: int
    stances: list[int]


class Batch(NamedTuple):
    """Vectors of pieces (texts x pieces x width), which are read, and (row, places) of each target."""

    vectors: Tensor
    is_read: Tensor
    targets: list[tuple[int, list[int]]]


def batched(items: Sequence[Item], weights: Weights) -> Batch:
    """Items filled up to one length."""
    longest = max(len(one.pieces) for one in items)
    pieces = np.full((len(items), longest), weights.vocabulary.pad)
    is_read = np.zeros((len(items), longest), dtype=bool)
    for row, one in enumerate(items):
        pieces[row, : len(one.pieces)] = one.pieces
        is_read[row, : len(one.pieces)] = True
    targets = [(row, places) for row, one in enumerate(items) for places in one.targets]
    return Batch(torch.from_numpy(unpacked(weights.words[pieces])), torch.from_numpy(is_read), targets)


class LowRank(nn.Module):
    """A frozen matrix with a learnt low-rank addition, and a learnt bias (Hu et al. 2021, arXiv:2106.09685)."""

    def __init__(self, matrix: np.ndarray, bias: np.ndarray) -> None:
        super().__init__()
        inputs, outputs = matrix.shape
        self.register_buffer("frozen", torch.tensor(matrix.T.copy()), persistent=False)
        self.down = nn.Parameter(torch.randn(RANK, inputs) / math.sqrt(inputs))
        self.up = nn.Parameter(torch.zeros(outputs, RANK))
        self.bias = nn.Parameter(torch.tensor(bias.copy()))

    def forward(self, states: Tensor) -> Tensor:
        """The product with the whole matrix; the addition apart, so that nothing is derived for the frozen matrix."""
        added = functional.linear(functional.linear(states, self.down), SCALE * self.up)
        return functional.linear(states, self.frozen, self.bias) + added


class Normal(nn.Module):
    """Layer normalisation with a learnt scale and shift."""

    def __init__(self, scale: np.ndarray, shift: np.ndarray, epsilon: float) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.tensor(scale.copy())), nn.Parameter(torch.tensor(shift.copy()))
        self.epsilon = epsilon

    def forward(self, states: Tensor) -> Tensor:
        """Rows with mean 0 and variance 1, scaled and shifted."""
        return functional.layer_norm(states, (WIDTH,), self.scale, self.shift, self.epsilon)


class Drop(nn.Module):
    """Dropout of whole features of a text, the same for all its pieces (Gal and Ghahramani 2016, arXiv:1512.05287)."""

    def forward(self, states: Tensor) -> Tensor:
        """States (texts x pieces x width) with a share `DROPOUT` of the features of each text zero, others scaled."""
        if not self.training:
            return states
        kept = torch.empty(states.shape[0], 1, states.shape[2]).bernoulli_(1 - DROPOUT)
        return states * (kept / (1 - DROPOUT))


class Block(nn.Module):
    """One layer."""

    def __init__(self, layer: Layer, heads: int, epsilon: float) -> None:
        super().__init__()
        self.heads = heads
        for name in MATRICES:
            setattr(self, name, LowRank(getattr(layer, name), getattr(layer, f"{name}_bias")))
        self.first = Normal(layer.attended_scale, layer.attended_shift, epsilon)
        self.last = Normal(layer.scale, layer.shift, epsilon)
        self.drop = Drop()

    def forward(self, states: Tensor, unseen: Tensor) -> Tensor:
        """States after the layer; `unseen` is added to the attention given to each piece."""
        texts, longest, _ = states.shape
        query, key, value = self.query(states).view(texts, longest, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=unseen)
        found = found.transpose(1, 2).reshape(texts, longest, WIDTH)
        states = self.first(states + self.drop(self.attended(found)))
        inner = functional.gelu(self.wide(states), approximate="tanh")
        return self.last(states + self.drop(self.narrow(inner)))


class Found(NamedTuple):
    """Scores of labels and severities, one row a message, and of stances, one row a target (None without any)."""

    labels: Tensor
    severities: Tensor
    stances: Tensor | None


class Network(nn.Module):
    """The layers of the encoder with heads on the mean of a message and on the words of its targets."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.begin = Normal(weights.scale, weights.shift, weights.epsilon)
        self.blocks = nn.ModuleList([Block(one, weights.heads, weights.epsilon) for one in weights.layers])
        self.register_buffer("places", torch.tensor(np.array(weights.places)), persistent=False)
        self.drop, self.drop_features = nn.Dropout(DROPOUT), Drop()
        self.label_head = nn.Linear(WIDTH, len(LABELS))
        self.severity_head = nn.Linear(WIDTH, SEVERITY_COUNT)
        self.stance_inner = nn.Linear(2 * WIDTH, STANCE_WIDTH)
        self.stance_outer = nn.Linear(STANCE_WIDTH, STANCE_COUNT)

    def forward(self, batch: Batch) -> Found:
        """Scores of a batch."""
        states = self.drop_features(self.begin(batch.vectors + self.places[: batch.vectors.shape[1]]))
        unseen = torch.zeros(batch.is_read.shape).masked_fill(~batch.is_read, -1e9)[:, None, None, :]
        for block in self.blocks:
            states = block(states, unseen)
        own = batch.is_read[..., None]
        mean = (states * own).sum(1) / own.sum(1)
        stances = None
        if batch.targets:
            words = [states[row, places].mean(0) if places else mean[row] for row, places in batch.targets]
            both = torch.cat([torch.stack(words), mean[[row for row, _ in batch.targets]]], 1)
            stances = self.stance_outer(torch.tanh(self.stance_inner(self.drop(both))))
        return Found(self.label_head(self.drop(mean)), self.severity_head(mean), stances)


def parts(network: Network) -> dict[str, np.ndarray]:
    """What was learnt, as `tuned_reader` keeps it: low-rank additions as float16, the rest as float32."""
    held = {
        CODES: np.array(LABELS),
        "scale": _array(network.begin.scale),
        "shift": _array(network.begin.shift),
    }
    for number, block in enumerate(network.blocks):
        for name in MATRICES:
            learnt = getattr(block, name)
            held[f"{number}.{name}.down"] = (SCALE * _array(learnt.down)).astype(np.float16)
            held[f"{number}.{name}.up"] = _array(learnt.up).astype(np.float16)
            held[f"{number}.{name}_bias"] = _array(learnt.bias)
        for name, normal in (("attended_", block.first), ("", block.last)):
            held[f"{number}.{name}scale"] = _array(normal.scale)
            held[f"{number}.{name}shift"] = _array(normal.shift)
    for name, head in (
        ("labels", network.label_head),
        ("stance_inner", network.stance_inner),
        ("stance_outer", network.stance_outer),
    ):
        held[f"{name}.weights"] = np.ascontiguousarray(_array(head.weight).T)
        held[f"{name}.offsets"] = _array(head.bias)
    return held


def _array(values: Tensor) -> np.ndarray:
    return values.detach().numpy().astype(np.float32)
