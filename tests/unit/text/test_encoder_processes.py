"""Vectors from several processes are those of one, in the order asked."""

from __future__ import annotations

import numpy as np

from models.text import encoder_processes
from models.text.encoder import Passage, encoded
from models.text.encoder_processes import vectors_of


def test_processes_give_the_vectors_of_one(monkeypatch):
    monkeypatch.setattr(encoder_processes, "WORTH_PASSAGES", 10)
    monkeypatch.setattr(encoder_processes, "PART", 4)
    texts = [f"{'очень ' * (number % 5)}хабар {number}" for number in range(14)]
    asked = [Passage(text, targets=(((0, 5),),) * (number % 3)) for number, text in enumerate(texts)]
    means, targets = vectors_of(asked)
    expected_means, expected_targets = encoded(asked)
    np.testing.assert_allclose(means, expected_means, atol=1e-4)
    assert [len(one) for one in targets] == [number % 3 for number in range(14)]
    for one, expected in zip(targets, expected_targets, strict=True):
        np.testing.assert_allclose(one, expected, atol=1e-4)
