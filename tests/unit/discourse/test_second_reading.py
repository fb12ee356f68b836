"""The second reading: what it may change, what it may not, and that it learns what members cannot know."""

from __future__ import annotations

import numpy as np
import pytest

from models.discourse.classifier import passages
from models.discourse.features import GROUP_MASK, SLUR_MASK, TARGET_MASK, Span
from models.discourse.pair_passages import pair_logs, pair_vectors
from models.discourse.pairs import Pair
from models.discourse.second_reading import FEWEST_UNSURE, SecondSettings, fit_second

MOST = 4_000
SETTINGS = SecondSettings(sure=0.9, learnt_below=0.9, most=MOST, inverse_penalty=0.1)


def _simulated(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, list]:
    """Members know nothing of half of the rows; the encoder's numbers tell the class of every row, with noise."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 3, count)
    evidence = np.where(np.arange(count)[:, None] % 2 == 0, 4.0 * np.eye(3)[truth], 0.0)
    first = np.exp(evidence) / np.exp(evidence).sum(axis=1, keepdims=True)
    vectors = np.eye(3)[truth] + generator.normal(0, 0.5, (count, 3))
    rows = np.arange(count)
    folds = [(rows[rows % 5 != fold], rows[rows % 5 == fold]) for fold in range(5)]
    return evidence, first, truth, vectors, folds


def test_unsure_rows_gain_and_sure_rows_stay():
    evidence, first, truth, vectors, folds = _simulated(2_000)
    asked: list[np.ndarray] = []

    def give(rows: np.ndarray) -> np.ndarray:
        asked.append(rows)
        return vectors[rows]

    reading, second = fit_second(evidence, first, truth, folds, give, SETTINGS, seed=0)
    assert reading is not None
    sure = first.max(axis=1) >= SETTINGS.sure
    np.testing.assert_array_equal(second[sure], first[sure])
    assert len(asked) == 1
    assert set(asked[0]) == set(np.flatnonzero(~sure)), "only unsure rows are read, and once"
    right_before = (first.argmax(axis=1) == truth)[~sure].mean()
    right_after = (second.argmax(axis=1) == truth)[~sure].mean()
    assert right_before < 0.5
    assert right_after > 0.8
    np.testing.assert_allclose(second.sum(axis=1), 1)


def test_probabilities_of_unseen_rows_are_calibrated():
    evidence, first, truth, vectors, folds = _simulated(2_000)
    reading, _ = fit_second(evidence, first, truth, folds, lambda rows: vectors[rows], SETTINGS, seed=0)
    assert reading is not None
    evidence, first, truth, vectors, _ = _simulated(2_000, seed=1)
    rows = reading.settings.unsure(first)
    found = reading.probabilities(evidence[rows], vectors[rows], 3)
    mean_claim, share_right = found.max(axis=1).mean(), (found.argmax(axis=1) == truth[rows]).mean()
    assert abs(mean_claim - share_right) < 0.04


def test_the_order_of_folds_leaks_nothing_to_held_out_rows():
    """Numbers that tell only who a row is, not its class, must not help the rows a head has not seen."""
    evidence, first, truth, _, folds = _simulated(1_200)
    noise = np.random.default_rng(3).normal(size=(1_200, 50))
    _, second = fit_second(evidence, first, truth, folds, lambda rows: noise[rows], SETTINGS, seed=0)
    unsure = first.max(axis=1) < SETTINGS.sure
    assert (second.argmax(axis=1) == truth)[unsure].mean() < 0.42


def test_an_encoder_with_a_head_of_its_own_is_weighed_not_taught():
    evidence, first, truth, _, folds = _simulated(2_000)
    generator = np.random.default_rng(5)
    shares = generator.dirichlet(np.ones(3), 2_000) + 2 * np.eye(3)[truth]
    logs = np.log(shares / shares.sum(axis=1, keepdims=True))
    settings = SecondSettings(sure=0.9, learnt_below=0.9, most=MOST)
    reading, second = fit_second(evidence, first, truth, folds, lambda rows: logs[rows], settings, seed=0)
    assert reading is not None
    assert reading.head is None
    unsure = settings.unsure(first)
    assert (second.argmax(axis=1) == truth)[unsure].mean() > 0.9
    misled, _ = fit_second(evidence, first, truth, folds, lambda rows: -logs[rows], settings, seed=0)
    assert misled is not None
    right = misled.probabilities(evidence[unsure], -logs[unsure], 3).argmax(axis=1) == truth[unsure]
    assert right.mean() > 0.9, "the vote learns how far to trust the encoder, even that it says the opposite"


def test_too_few_unsure_rows_leave_the_first_reading_alone():
    evidence, first, truth, vectors, folds = _simulated(FEWEST_UNSURE)
    reading, second = fit_second(evidence, first, truth, folds, lambda rows: vectors[rows], SETTINGS, seed=0)
    assert reading is None
    np.testing.assert_array_equal(second, first)


def test_no_more_rows_are_read_than_allowed():
    evidence, first, truth, vectors, folds = _simulated(2 * MOST + 1_000)
    counts: list[int] = []

    def give(rows: np.ndarray) -> np.ndarray:
        counts.append(len(rows))
        return vectors[rows]

    fit_second(evidence, first, truth, folds, give, SETTINGS, seed=0)
    assert counts == [MOST]


def test_rows_only_learnt_from_keep_their_first_reading():
    evidence, first, truth, vectors, folds = _simulated(1_200)
    first = np.where(np.arange(1_200)[:, None] % 4 == 1, [0.7, 0.2, 0.1], first)
    settings = SecondSettings(sure=0.6, learnt_below=0.9, most=MOST, inverse_penalty=0.1)
    _, second = fit_second(evidence, first, truth, folds, lambda rows: vectors[rows], settings, seed=0)
    changed = np.abs(second - first).max(axis=1) > 0
    assert changed[settings.unsure(first)].mean() > 0.9
    assert not changed[np.setdiff1d(settings.learnt_from(first), settings.unsure(first))].any()


def test_what_is_probably_plain_is_not_read_again():
    settings = SecondSettings(sure=0.7, learnt_below=0.7, most=MOST, plain=(1, 2), plain_below=0.4)
    first = np.array([[0.5, 0.3, 0.2], [0.65, 0.2, 0.15], [0.8, 0.1, 0.1], [0.34, 0.33, 0.33]])
    assert settings.unsure(first).tolist() == [1]


def test_names_are_hidden_and_slurs_shown_to_the_encoder():
    spans = [Span(0, 6, GROUP_MASK), Span(9, 14, SLUR_MASK)]
    (found,) = passages(["узбеки и чурки рядом"], [spans])
    assert found.hidden == ((0, 6),)


@pytest.mark.parametrize("name", ["Узбеки", "Корейцы", "Турки"])
def test_a_pair_reads_the_same_whatever_the_people(name: str):
    def pair(word: str) -> Pair:
        text = f"{word} опять торгуют у вокзала"
        return Pair(text, (Span(0, len(word), TARGET_MASK),), (), word.lower(), False)

    one, other = pair_logs([pair("Немцы"), pair(name)])
    np.testing.assert_allclose(one, other, atol=1e-4)
    one, other = pair_vectors([pair("Немцы"), pair(name)])
    assert np.abs(one - other).max() > 0.01


def test_two_targets_of_one_text_have_their_own_vectors_and_one_mean():
    text = "Узбеки нам помогли, а вот немцы даже не поздоровались"
    first = Pair(text, (Span(0, 6, TARGET_MASK),), (Span(27, 32, GROUP_MASK),), "узбеки", False)
    second = Pair(text, (Span(27, 32, TARGET_MASK),), (Span(0, 6, GROUP_MASK),), "немцы", False)
    one, other = pair_vectors([first, second])
    width = len(one) // 2
    np.testing.assert_allclose(one[width:], other[width:], atol=1e-5)
    assert np.abs(one[:width] - other[:width]).max() > 0.01
