"""Speed of full labelling on a stream; two plain classifiers beside it, their quality on one fold and their speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
import spacy
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from spacy.pipeline import TextCategorizer
from spacy.training import Example
from thinc.util import fix_random_seed

from models.discourse.classifier import LABELS, DiscourseModel
from models.discourse.evaluation import binary_f1, macro_f1
from models.discourse.features import LONGEST_TEXT
from models.discourse.training import grouped_folds, train
from models.discourse.workers import labelling_crew, labels_and_stances, without_second_reading
from models.text.ethnonyms import mentions
from models.text.language import languages

SPACY_ROUNDS = 6
SPACY_BATCH = 64

Labeller = Callable[[Sequence[str]], list[str]]


def label_stream(messages: pl.DataFrame, model: DiscourseModel, processes: int = 1) -> None:
    """Language, groups, labels and stances of every message."""
    with labelling_crew(model, len(messages), processes) as labellers:
        languages(messages["text"])
        found = mentions(messages["message_id"], messages["text"].str.slice(0, LONGEST_TEXT))
        labels_and_stances(messages, found, labellers)


def measure_stream(messages: pl.DataFrame, model: DiscourseModel) -> None:
    """Print messages per second of two processes and of one, with the second reading and without."""
    count = len(messages)
    quick = without_second_reading(model)
    for name, chosen, processes in (
        ("as shipped, two processes", model, 2),
        ("as shipped, one process", model, 1),
        ("first reading only (`--quick`), two processes", quick, 2),
        ("first reading only (`--quick`), one process", quick, 1),
    ):
        started = time.perf_counter()
        label_stream(messages, chosen, processes)
        seconds = time.perf_counter() - started
        print(f"  language, groups, labels and stances, {name}: {count / seconds:,.0f} messages/s")


def compare(corpus: pl.DataFrame, named: pl.DataFrame, stream: pl.DataFrame) -> None:
    """Train on all hands but one fold's, score on that fold, label the stream: ours, scikit-learn, spaCy.

    Ours is scored without its second reading, whose encoder has been tuned to every hand, the fold's too.
    """
    seen, held = grouped_folds(corpus["group"].to_numpy(), 0)[0]
    learnt, asked = corpus[seen], corpus[held]
    print(f"  one fold: {len(learnt)} messages to learn from, {len(asked)} of other hands to judge (authored)")
    model = train(learnt, named, seed=0, heads=("discourse", "severity"))
    found = without_second_reading(model).label(asked, named)["discourse"].to_list()
    texts = stream["text"].to_list()
    started = time.process_time()
    label_stream(stream, model)
    _line("ours, no stances (F1: first reading)", asked, found, len(texts) / (time.process_time() - started))
    for name, make in (("scikit-learn, every message", plain_pipeline), ("spaCy textcat (bow)", spacy_textcat)):
        label = make(learnt["text"].to_list(), learnt["discourse"].to_list())
        found = label(asked["text"].to_list())
        started = time.process_time()
        label(texts)
        _line(name, asked, found, len(texts) / (time.process_time() - started))


def _line(name: str, asked: pl.DataFrame, found: Sequence[str], rate: float) -> None:
    truth, said = asked["discourse"].to_numpy(), np.asarray(found)
    hostile, flagged = truth == "hostile", said == "hostile"
    print(f"    {name:38} macro-F1 {macro_f1(truth, said):.3f} hostile F1 {binary_f1(hostile, flagged):.3f}", end=" ")
    print(f"authority flagged {flagged[truth == 'authority'].mean():.3f}", end=" ")
    print(f"{rate:,.0f} messages per second of processor time")


def plain_pipeline(texts: Sequence[str], labels: Sequence[str]) -> Labeller:
    """TF-IDF of words and pairs, multinomial logistic regression."""
    fitted = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2), LogisticRegression(C=10, max_iter=500))
    fitted.fit(list(texts), list(labels))
    return lambda some: [str(one) for one in fitted.predict(list(some))]


def spacy_textcat(texts: Sequence[str], labels: Sequence[str]) -> Labeller:
    """spaCy's bag of n-grams on a blank pipeline."""
    fix_random_seed(0)
    pipeline = spacy.blank("xx")
    architecture = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": True,
        "ngram_size": 2,
        "no_output_layer": False,
        "length": 262144,
    }
    head = pipeline.add_pipe("textcat", config={"model": architecture})
    assert isinstance(head, TextCategorizer)
    for label in LABELS:
        head.add_label(label)
    examples = [
        Example.from_dict(pipeline.make_doc(text), {"cats": {one: float(one == label) for one in LABELS}})
        for text, label in zip(texts, labels, strict=True)
    ]
    optimizer = pipeline.initialize(lambda: examples[:200])
    generator = np.random.default_rng(0)
    for _ in range(SPACY_ROUNDS):
        order = generator.permutation(len(examples))
        for first in range(0, len(order), SPACY_BATCH):
            pipeline.update([examples[i] for i in order[first : first + SPACY_BATCH]], sgd=optimizer)
    return lambda some: [max(doc.cats, key=doc.cats.__getitem__) for doc in pipeline.pipe(some)]
