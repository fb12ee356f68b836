from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from models.discourse.cascade import padded
from models.discourse.classifier import decide
from models.discourse.features import signal_names
from models.discourse.grams import GramRule, Grams, gram_counts
from models.discourse.linear_members import MEMBERS, LinearMembers
from models.discourse.quick_head import LABELS, fit_quick
from models.discourse.reasons import _phrases, in_words
from models.discourse.severity_head import severity_scores
from models.discourse.stance import _evidence
from models.discourse.training import ABSTAIN_BELOW, AUTHORITY_CEILING, FALSE_ALARM_CEILING, hostile_threshold

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def rows() -> tuple[sparse.csr_matrix, np.ndarray]:
    truth = RANDOM.integers(3, size=90)
    matrix = RANDOM.random((90, 12)) * (RANDOM.random((90, 12)) < 0.4)
    matrix[np.arange(90), truth] += 2
    return sparse.csr_matrix(matrix), truth


def test_members_score_every_class_and_find_it(rows):
    matrix, truth = rows
    members = LinearMembers().fit(matrix, truth)
    scores = members.decision_function(matrix)
    assert scores.shape == (90, MEMBERS * 3)
    for member in range(MEMBERS):
        assert (scores[:, 3 * member : 3 * member + 3].argmax(axis=1) == truth).mean() > 0.95
    assert np.allclose(members.shares(scores).sum(axis=1), 1)


def test_the_logistic_member_is_scikit_learns(rows):
    """Solved in the dual to a hundredth, it is the solution of the primal to a millionth but for the tolerance."""
    matrix, truth = rows
    theirs = LogisticRegression(C=3.0, class_weight="balanced", solver="liblinear", tol=1e-6, random_state=0)
    expected = theirs.fit(matrix, truth == 1).decision_function(matrix)
    found = LinearMembers().fit(matrix, truth).decision_function(matrix)[:, 1]
    np.testing.assert_allclose(found, expected, atol=5e-3)


def test_settings_are_kept_by_a_clone_and_signed_columns_are_not_for_bayes(rows):
    matrix, truth = rows
    members = clone(LinearMembers(signed_columns=2, seed=3))
    assert members.get_params()["signed_columns"] == 2
    signed = sparse.csr_matrix(sparse.hstack([matrix, -sparse.csr_matrix(np.ones((90, 2)))]))
    fitted = members.fit(signed, truth)
    assert (fitted.weights_[-2:, 6:] == 0).all()


def test_weights_stand_in_place_of_counts():
    documents = [[("а", 1.0), ("б", 0.5)], [("а", 0.25)], [("б", 1.0)]]
    counts = gram_counts(documents, GramRule("weighted", 1, 1, 1, 10))
    grams, columns = Grams.learnt(counts)
    assert grams.names == ("а", "б")
    found = grams.transform(documents).toarray()
    np.testing.assert_allclose(found, grams.weighted(counts.matrix[:, columns]).toarray())
    np.testing.assert_allclose(found[0], np.array([1.0, 0.5]) / np.hypot(1.0, 0.5))


def test_other_groups_of_a_text_are_evidence_and_a_lone_group_has_none():
    shares = np.array([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2], [0.1, 0.2, 0.7]])
    rows = _evidence(np.zeros((3, 9)), shares, ["a", "a", "b"])
    np.testing.assert_allclose(np.exp(rows[0, 9:12]), shares[1])
    np.testing.assert_allclose(np.exp(rows[1, 12:15]), shares[0])
    np.testing.assert_allclose(np.exp(rows[2, 9:15]), 1 / 3)
    np.testing.assert_allclose(rows[:, 15], np.log([2, 2, 1]))


QUICK_TEXTS = ["министр ворует", "аким врёт народу", "олигарх украл завод", "судья взял взятку", "депутаты жрут бюджет"]
CALM_TEXTS = ["завтра дождь", "продам диван", "где купить хлеб", "кот спит", "пирог остыл"]


def test_the_short_path_tells_authority_from_the_rest_and_is_never_hostile():
    texts = pl.Series([*QUICK_TEXTS, *CALM_TEXTS])
    labels = ["authority"] * 5 + ["other"] * 5
    quick = fit_quick(padded(texts), labels, np.ones(10, dtype=bool), np.arange(10), seed=0)
    asked = pl.Series(["министр и аким воруют", "пирог и хлеб", ""])
    found, is_woken = quick.read(padded(asked))
    assert not is_woken.any(), "nothing interethnic was learnt"
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (found[:, LABELS.index("hostile")] == 0).all()
    assert [LABELS[row] for row in found.argmax(axis=1)] == ["authority", "other", "other"]
    assert quick.read(padded(asked.head(0)))[0].shape == (0, 9)


def test_the_short_path_wakes_what_may_be_interethnic_without_a_word_of_the_first_look():
    hints = ["езжайте на свою родину", "родина ваша далеко, езжайте", "вам на родину пора", "родина вас ждёт, езжайте"]
    texts = pl.Series([*QUICK_TEXTS, *CALM_TEXTS, *hints, *hints])
    labels = ["authority"] * 5 + ["other"] * 5 + ["hostile"] * 8
    groups = np.array([*range(5), *range(5), *range(4), *range(4)])
    quick = fit_quick(padded(texts), labels, np.ones(18, dtype=bool), groups, seed=0)
    woken = quick.read(padded(pl.Series(["езжайте на родину", "министр ворует", "кот спит"])))[1]
    assert woken.tolist() == [True, False, False]


def test_a_first_look_that_loses_nothing_wakes_nothing():
    texts = pl.Series([*QUICK_TEXTS, *CALM_TEXTS, "езжайте на родину", "родина ждёт"])
    labels = ["authority"] * 5 + ["other"] * 5 + ["hostile"] * 2
    is_skipped = np.array([True] * 10 + [False] * 2)
    quick = fit_quick(padded(texts), labels, is_skipped, np.arange(12), seed=0)
    assert quick.wake_from == np.inf


def test_with_few_messages_the_short_path_goes_by_the_name_of_power():
    rows = np.arange(2)
    quick = fit_quick(padded(pl.Series(QUICK_TEXTS[:2])), ["authority"] * 2, np.ones(2, dtype=bool), rows, seed=0)
    found = quick.read(padded(pl.Series(["аким", "пирог"])))[0]
    assert [LABELS[row] for row in found.argmax(axis=1)] == ["authority", "other"]


def test_the_stricter_ceiling_sets_the_threshold():
    chances = np.zeros((400, len(LABELS)))
    chances[:, 1] = 0.3
    truth = np.full(400, LABELS.index("neutral"))
    truth[:100] = LABELS.index("authority")
    chances[:3, 0], chances[398:, 0] = (0.9, 0.85, 0.8), (0.7, 0.6)
    threshold = hostile_threshold(chances, truth)
    assert 0.85 < threshold < 0.9
    assert hostile_threshold(chances[100:], truth[100:]) == ABSTAIN_BELOW


@pytest.mark.parametrize("ceiling", ["authority", "neutral"])
def test_no_more_false_alarms_than_the_ceiling_and_no_fewer_than_need_be(ceiling: str):
    chances = np.zeros((1000, len(LABELS)))
    chances[:, 0] = np.linspace(0.0, 0.999, 1000)
    truth = np.full(1000, LABELS.index(ceiling))
    called = decide(chances, hostile_threshold(chances, truth)) == 0
    assert called.mean() == {"authority": AUTHORITY_CEILING, "neutral": FALSE_ALARM_CEILING}[ceiling]


def test_the_threshold_alone_decides_about_hostility():
    chances = np.zeros((3, len(LABELS)))
    chances[:, [0, 1, 4]] = [[0.35, 0.4, 0.25], [0.34, 0.3, 0.36], [0.6, 0.1, 0.3]]
    assert decide(chances, 0.35).tolist() == [0, 4, 0]
    assert decide(chances, 0.7).tolist() == [1, 4, 4]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_signal_has_a_phrase(language):
    codes = [f"#{name}" for name in signal_names()] + ["#nothing_interethnic"]
    said = in_words(codes, language)
    assert len(said) > 40
    assert all(text and "#" not in text and "{" not in text for text in said)
    assert all(set(phrases) == {"kk", "ru", "en"} for part in _phrases().values() for phrases in part.values())
    assert "гнать" in in_words(["гнать"], language)[0]


def test_kappa_forgives_neighbours():
    truth = np.array([1, 1, 2, 2, 3, 3])
    near, far = np.array([1, 2, 2, 3, 3, 3]), np.array([1, 3, 2, 2, 3, 1])
    assert severity_scores(truth, truth) == {"severity_macro_f1": 1.0, "severity_kappa": 1.0}
    assert severity_scores(truth, near)["severity_kappa"] > severity_scores(truth, far)["severity_kappa"]
    assert severity_scores(np.ones(3), np.ones(3)) == {}
