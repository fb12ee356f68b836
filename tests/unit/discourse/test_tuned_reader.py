"""The tuned encoder: names stay hidden, what is kept of the corpus was said unseen, and its files fit the corpus."""

from __future__ import annotations

import shutil

import numpy as np
import polars as pl
import pytest

from models.discourse import tuned_reader as module
from models.discourse.classifier import LABELS, passages, spans_by_message
from models.discourse.corpus_reading import training_rows
from models.discourse.features import GROUP_MASK, TARGET_MASK, Span
from models.discourse.pair_passages import pair_logs
from models.discourse.pairs import Pair
from models.discourse.said_unseen import Unseen, label_logs_of, pair_key, stance_logs_of, text_key, unseen
from models.discourse.stance import labelled_pairs
from models.discourse.tuned_reader import FOLDER, LEARNT, TUNED_LAYERS, UNSEEN, read_tuned, tuned_reader, tuned_sha256
from models.text.encoder import EncoderError, Passage
from models.text.encoder_weights import packed_file, read_weights
from models.text.ethnonyms import mentions


def _pair(text: str, start: int, end: int, others: tuple[Span, ...] = ()) -> Pair:
    return Pair(text, (Span(start, end, TARGET_MASK),), others, text[start:end].lower(), False)


@pytest.mark.parametrize("name", ["Узбеки", "Корейцы", "Қазақтар"])
def test_the_name_of_a_people_changes_nothing(name: str):
    asked = [Passage(f"{one} опять торгуют у вокзала", ((0, len(one)),)) for one in ("Немцы", name)]
    first, second = tuned_reader().label_logs(asked)
    np.testing.assert_allclose(first, second, atol=1e-4)
    first, second = pair_logs([_pair(one.text, *one.hidden[0]) for one in asked])
    np.testing.assert_allclose(first, second, atol=1e-4)


def test_logarithms_are_of_probabilities():
    asked = [Passage(""), Passage("😀"), Passage("әкім жолды қашан жөндейді"), Passage("слово " * 5_000)]
    logs = tuned_reader().label_logs(asked)
    assert logs.shape == (4, len(LABELS))
    np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1, atol=1e-5)


def test_two_groups_of_one_text_are_read_apart():
    text = "Узбеки нам помогли, а вот немцы обманули и даже не извинились"
    first = _pair(text, 0, 6, (Span(26, 31, GROUP_MASK),))
    second = _pair(text, 26, 31, (Span(0, 6, GROUP_MASK),))
    both, alone = pair_logs([first, second]), np.vstack([pair_logs([first]), pair_logs([second])])
    assert np.abs(both[0] - both[1]).max() > 0.01
    np.testing.assert_allclose(both, alone, atol=1e-4)


def test_far_groups_of_a_long_text_both_find_their_words():
    filling = "Потом мы долго ехали по степи и говорили о погоде. " * 20
    text = f"Узбеки тупые воры, гнать их отсюда. {filling}Немцы всегда помогали нам, спасибо им."
    place = text.index("Немцы")
    found = np.exp(pair_logs([_pair(text, 0, 6), _pair(text, place, place + 5)]))
    assert found[0, 0] > found[1, 0] + 0.1, "more hostile to the first"
    assert found[1, 2] > found[0, 2] + 0.1, "more positive about the last, twenty sentences later"


def test_every_message_of_the_corpus_was_read_unseen(authored: pl.DataFrame):
    absent = [text for text in authored["text"] if text_key(text) not in unseen().labels]
    assert len(absent) <= 0.05 * len(authored), f"{len(absent)} messages are not kept: run `make encoder`"


def test_every_pair_of_the_corpus_was_read_unseen(authored: pl.DataFrame):
    """A pair is found by the places of its group, so a change of the search for groups may lose it."""
    rows = training_rows(authored)
    pairs = labelled_pairs(rows, mentions(rows["message_id"], rows["text"]))[0]
    absent = [pair for pair in pairs if pair_key(pair) not in unseen().stances]
    assert len(absent) <= 0.05 * len(pairs), f"{len(absent)} pairs are not kept: run `make encoder`"


def test_what_is_kept_is_worse_than_what_the_shipped_encoder_remembers(authored: pl.DataFrame):
    """Else the shipped encoder, which has seen every hand, would have been asked."""
    rows = training_rows(authored.sample(120, seed=4))
    truth = np.array([LABELS.index(one) for one in rows["discourse"]])
    spans = spans_by_message(mentions(rows["message_id"], rows["text"]))
    asked = passages(rows["text"].to_list(), [spans.get(one, []) for one in rows["message_id"]])
    kept = label_logs_of(rows["text"].to_list(), asked)
    own = tuned_reader().label_logs(asked)
    share = [(logs.argmax(axis=1) == truth).mean() for logs in (kept, own)]
    assert 0.6 < share[0] < share[1]


def test_unknown_messages_are_read_and_known_ones_looked_up_in_order(authored: pl.DataFrame):
    known = authored["text"][0]
    asked = ["жаңа хабар, корпуста жоқ", known, "ещё одно новое сообщение"]
    logs = label_logs_of(asked, [Passage(text) for text in asked])
    np.testing.assert_array_equal(logs[1], unseen().labels[text_key(known)])
    unknown = tuned_reader().label_logs([Passage(asked[0]), Passage(asked[2])])
    np.testing.assert_allclose(logs[[0, 2]], unknown, atol=1e-4)
    pairs = [_pair("Корейцы открыли кафе", 0, 7), _pair("Кафе открыли корейцы", 13, 20)]
    np.testing.assert_allclose(stance_logs_of(pairs), pair_logs(pairs), atol=1e-4)


def test_kept_logarithms_survive_writing(tmp_path):
    generator = np.random.default_rng(0)
    labels, stances = np.log(generator.dirichlet(np.ones(9), 5)), np.log(generator.dirichlet(np.ones(3), 4))
    Unseen.of_rows([2**64 - 1, 0, 7, 8, 9], labels, [1, 2, 3, 4], stances).write(tmp_path / "u.npz")
    again = Unseen.read(tmp_path / "u.npz")
    np.testing.assert_allclose(again.labels[2**64 - 1], labels[0], atol=0.01)
    np.testing.assert_allclose(again.stances[4], stances[3], atol=0.01)


def test_a_pair_is_known_by_its_text_and_places():
    one, other = _pair("а немцы и узбеки", 2, 7), _pair("а немцы и узбеки", 10, 16)
    assert pair_key(one) != pair_key(other)
    assert pair_key(one) == pair_key(_pair("а немцы и узбеки", 2, 7, (Span(10, 16, GROUP_MASK),)))


def test_damaged_or_missing_files_are_refused(tmp_path, monkeypatch):
    weights = read_weights(packed_file(), TUNED_LAYERS)
    for name, read in ((LEARNT, lambda path: read_tuned(path, weights)), (UNSEEN, Unseen.read)):
        with pytest.raises(EncoderError, match=r"cannot be read.*No such file.*make encoder"):
            read(tmp_path / name)
        content = (FOLDER / name).read_bytes()
        middle = len(content) // 2
        for damaged in (b"", b"text", content[:middle], content[:middle] + b"\0" * 64 + content[middle + 64 :]):
            (tmp_path / name).write_bytes(damaged)
            with pytest.raises(EncoderError, match=r"cannot be read.*make encoder"):
                read(tmp_path / name)
        other = UNSEEN if name == LEARNT else LEARNT
        shutil.copyfile(FOLDER / other, tmp_path / name)
        with pytest.raises(EncoderError, match=r"cannot be read.*make encoder"):
            read(tmp_path / name)
    monkeypatch.setattr(module, "FOLDER", tmp_path / "absent")
    with pytest.raises(EncoderError, match="cannot be read"):
        tuned_sha256.__wrapped__()
