from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.codebook import discourse_codebook
from models.discourse.cascade import first_look
from models.discourse.corpus_reading import COLUMNS, CorpusError, read_corpus
from models.discourse.evaluation import calibration_error, class_scores, evaluation, interval
from models.discourse.features import GROUP_MASK, Span, masked, readings, signal_names, signals, stem
from models.discourse.lexicon import Lexicon, lexicon
from models.discourse.pairs import located
from models.text.ethnonyms import mentions

HEADER = ",".join(COLUMNS) + "\n"


def test_codebook_is_the_order_of_precedence():
    assert discourse_codebook().codes[0] == "hostile"
    assert discourse_codebook().codes[-1] == "other"
    assert len(discourse_codebook().codes) == 9


def test_lexicon_matches_beginnings_whole_words_and_phrases():
    small = Lexicon({"a": ["дурак", "вор$"], "b": ["вон из"]})
    hits = small.hits(["дураки", "воры", "вор", "вон", "из", "вон"])
    assert [sorted(one) for one in hits] == [[0], [], [0], [1], [], []]


def test_kazakh_in_russian_letters_hits_the_same_words():
    plain, typed = readings(["қуып шығу керек, жәндік", "куып шыгу керек, жандик"])
    assert plain.hits == typed.hits
    assert any(plain.hits)


@pytest.mark.parametrize("word, root", [("узбеками", "узбек"), ("қазақтардың", "казак"), ("жерімізде", "жер")])
def test_stems(word, root):
    assert stem(word).startswith(root[:4])


@pytest.mark.parametrize(
    "text, target, words",
    [
        ("Встретил двух узбеков и узбечку", "узбек", ["узбеков"]),
        ("Армяне и армянам", "армянин", ["Армяне", "армянам"]),
        ("Ни слова о них", "чеченец", []),
        ("Русские идут", "русский", ["Русские"]),
    ],
)
def test_targets_are_located(text, target, words):
    found = [text[start:end] for start, end in located(text, target)]
    assert [word for word in words if word in found] == words
    assert bool(found) == bool(words)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_any_text_can_be_masked_and_read(text, start, end):
    spans = [Span(min(start, end), max(start, end), GROUP_MASK)]
    assert masked(text, spans).replace(f" {GROUP_MASK} ", "") in text or start != end
    (one,) = readings([text], [spans])
    assert len(one.words) == len(one.stems) == len(one.hits)
    assert len(signals(one)) == len(signal_names())


def test_the_first_look_keeps_the_interethnic_part_of_the_corpus(authored: pl.DataFrame):
    corpus = authored.filter(pl.col("hand") == "seed")
    found = mentions(corpus["item_id"], corpus["text"])
    look = first_look(corpus.rename({"item_id": "message_id"}), found)
    kept = corpus.with_columns(look)
    interethnic = kept.filter(~pl.col("discourse").is_in(["authority", "other"]))
    hostile = kept.filter(pl.col("discourse") == "hostile")
    assert hostile["is_candidate"].mean() >= 0.98
    assert interethnic["is_candidate"].mean() >= 0.95
    assert kept.filter(pl.col("discourse") == "other")["is_candidate"].mean() < 0.8


def test_corpus_says_what_it_is(authored: pl.DataFrame):
    corpus = authored
    assert set(corpus["discourse"]) == set(discourse_codebook().codes)
    assert set(corpus["language"]) == {"kk", "ru", "mixed"}
    per_group = (
        corpus.explode("targets").unnest("targets").group_by("group_code").agg(pl.col("discourse").n_unique(), pl.len())
    )
    often = per_group.filter((pl.col("len") >= 8) & pl.col("group_code").is_not_null())
    assert len(often) >= 8
    assert often["discourse"].min() >= 3, "a group's name must not predict a label"


@pytest.mark.parametrize(
    "row, said",
    [
        ("x1,,kk,other,0,,comment,plain,h,,,", "text is empty"),
        ("x1,a,kk,angry,0,,comment,plain,h,,,", "discourse must be one of"),
        ("x1,a,kk,other,2,,comment,plain,h,,,", "has a severity"),
        ("x1,a,kk,hostile,2,,comment,plain,h,,,", "needs a target"),
        ("x1,a,kk,hostile,2,martian:-1,comment,plain,h,,,", "martian"),
        ("x1,a,de,other,0,,comment,plain,h,,,", "language must be"),
    ],
)
def test_a_broken_corpus_row_is_named(row, said):
    with pytest.raises(CorpusError, match=said):
        read_corpus({"one.csv": (HEADER + row + "\n").encode()})


def test_doubled_texts_and_wrong_headers_are_refused():
    row = "x{},same text,ru,other,0,,comment,plain,h,,,\n"
    with pytest.raises(CorpusError, match="stands twice"):
        read_corpus({"one.csv": (HEADER + row.format(1) + row.format(2)).encode()})
    with pytest.raises(CorpusError, match="header"):
        read_corpus({"one.csv": b"text,label\na,b\n"})


def test_scores_against_numbers_worked_by_hand():
    truth, found = ["a", "a", "b", "b", "b"], ["a", "b", "b", "b", "a"]
    rows = {row["label"]: row for row in class_scores(truth, found, ["a", "b", "c"]).iter_rows(named=True)}
    assert rows["a"]["precision"] == rows["a"]["recall"] == 0.5
    assert rows["b"]["f1"] == pytest.approx(2 / 3)
    assert rows["c"]["f1"] is None
    whole = evaluation(
        truth,
        found,
        positive="a",
        positive_probability=[0.9, 0.4, 0.3, 0.2, 0.6],
        groups=list("12345"),
        classes="ab",
    )
    assert whole["macro_f1"] == pytest.approx((0.5 + 2 / 3) / 2)
    assert whole["positive_auc"] == pytest.approx(5 / 6)
    low, high = whole["macro_f1_ci"]
    assert low <= whole["macro_f1"] <= high


def test_bootstrap_respects_groups():
    values = np.repeat([0.0, 1.0], 50)
    alone = interval(lambda rows: float(values[rows].mean()), range(100))
    grouped = interval(lambda rows: float(values[rows].mean()), values)
    assert alone is not None and grouped is not None
    assert grouped[1] - grouped[0] > 3 * (alone[1] - alone[0])
    assert interval(lambda rows: 1.0, ["one"] * 5) is None
    assert calibration_error(np.array([0.8] * 10), np.array([1] * 8 + [0] * 2)) == pytest.approx(0)


def test_every_lexicon_category_has_entries():
    assert len(lexicon().categories) == 47
    assert len(lexicon().substrings(["slur"])) > 50
