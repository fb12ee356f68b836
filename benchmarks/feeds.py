"""Feeds end to end: JSON lines or Parquet through reader and annotation to `core_feeds__messages`, and the peers.

`python -m benchmarks.feeds [--rows N ...] [--format jsonl|parquet] [--peers]` writes synthetic messages shaped like
real comments (median 120 characters, a tenth of them copies), reads and annotates them in a process of its own
and prints messages a second, peak memory and the cost of each stage. Where the real comments lie beside the
project a half of the sentences is theirs; nothing of them is kept.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from benchmarks.text_data import comments

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
AUTHORED = Path(__file__).with_name("authored_places.csv")
SEED = 20260701
CHUNK = 100_000
START = datetime(2026, 7, 1, tzinfo=UTC)
MAPPING = {
    "source": {"source_id_column": "site", "source_kind": "forum"},
    "columns": {"published_at": "at", "text": "text", "message_ref": "ref", "author": "who", "region": "where"},
}


def pieces() -> list[list[str]]:
    """Runs of three to six words that messages are put together from, by language."""
    from models.text.language import languages

    sentences = pl.Series(_sentences())
    spoken = languages(sentences)["language"]
    buckets: dict[str, list[str]] = {}
    for text, language in zip(sentences.to_list(), spoken.to_list(), strict=True):
        words = text.split()
        for first in range(0, len(words), 5):
            buckets.setdefault(language, []).append(" ".join(words[first : first + 5]))
    return [bucket for bucket in buckets.values() if len(bucket) > 100]


def _sentences() -> list[str]:
    authored = pl.read_csv(AUTHORED)["text"].to_list()
    ethnic = [
        "орыстар мен қазақтар көрші тұрады", "узбеки открыли новое кафе", "русский язык в школе учат все",
        "ұйғыр ағайындар тойға келді", "наши немцы уехали давно", "қазақ тілі мемлекеттік тіл",
    ]  # fmt: skip
    if not (SHARED_DATA / "kz_comments.csv.gz").is_file():
        return authored + ethnic
    real = [text for text in comments(SHARED_DATA) if 10 < len(text) < 400]
    return real + authored * 10 + ethnic * 60


def made(rows: int) -> Iterator[pl.DataFrame]:
    """Frames of messages, each of at most a hundred thousand."""
    chance = random.Random(SEED)
    buckets = pieces()
    weights = [len(bucket) for bucket in buckets]
    kept: list[str] = []
    for first in range(0, rows, CHUNK):
        texts = []
        for _ in range(first, min(first + CHUNK, rows)):
            if kept and chance.random() < 0.1:
                texts.append(chance.choice(kept))
                continue
            bucket = chance.choices(buckets, weights)[0]
            wanted = 45 + int(chance.expovariate(1 / 95))
            text = chance.choice(bucket)
            while len(text) < wanted:
                text += f" {chance.choice(bucket)}"
            texts.append(text)
            if len(kept) < 5_000:
                kept.append(text)
        numbers = range(first, first + len(texts))
        yield pl.DataFrame(
            {
                "ref": [str(at) for at in numbers],
                "at": [(START + timedelta(seconds=7.8 * at * 1e6 / rows)).isoformat() for at in numbers],
                "site": [f"site{at % 40}.example" for at in numbers],
                "who": [f"user{at % 5003}" for at in numbers],
                "where": [("Алматы", "Костанайская область", None)[at % 3] for at in numbers],
                "text": texts,
            }
        )


def write(rows: int, form: str, folder: Path) -> tuple[Path, float]:
    """The messages as one file, and the median length of a text."""
    path = folder / f"messages.{form}"
    frames = list(made(rows))
    median = float(str(pl.concat([frame.select(pl.col("text").str.len_chars()) for frame in frames])["text"].median()))
    if form == "parquet":
        pl.concat(frames).write_parquet(path)
    else:
        with path.open("wb") as stream:
            for frame in frames:
                frame.write_ndjson(stream)
    return path, median


def end_to_end(path: Path, form: str) -> dict[str, float]:
    """Seconds of each stage and peak memory of this process; steps and runs are those of the assets."""
    from assets.message_runs import message_runs
    from assets.sources.feed_file import feed_batches
    from data_contracts.source import FeedMapping
    from models.text.annotation import Annotator

    mapping = FeedMapping.model_validate({"format": form, **MAPPING})
    started, began = time.perf_counter(), time.process_time()
    now = datetime(2026, 12, 1, tzinfo=UTC)
    raw = path.with_name("raw.parquet")
    batches = feed_batches(path, "mapped", mapping, as_of=now, pseudonym_key=b"k" * 32)
    _write_pieces((result.rows for result in batches), raw)
    read, read_cpu = time.perf_counter(), time.process_time()
    annotator = Annotator()
    counts: Counter[str] = Counter()
    days = START.date(), (START + timedelta(days=120)).date()
    for number, run in enumerate(message_runs(pl.scan_parquet(raw), *days)):
        annotated = annotator.annotated(run)
        for name, frame in zip(("messages", "mentions"), annotated, strict=True):
            counts[name] += frame.height
            for (day,), part in frame.partition_by("day_date", as_dict=True).items():
                part.write_parquet(path.with_name(f"{name}-{day}.parquet"), compression="zstd")
        counts["clusters"] += int(annotated.messages["is_cluster_first"].sum())
        counts["runs"] = number + 1
    done, done_cpu = time.perf_counter(), time.process_time()
    return {
        **counts,
        "read_seconds": read - started,
        "annotate_seconds": done - read,
        "seconds": done - started,
        "start_cpu": began,
        "read_cpu": read_cpu - began,
        "annotate_cpu": done_cpu - read_cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _write_pieces(pieces: Iterator[pl.DataFrame], path: Path) -> None:
    writer: pq.ParquetWriter | None = None
    for piece in pieces:
        table = piece.to_arrow()
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()


def measured(rows: int, form: str) -> dict[str, float]:
    """One run in a process of its own, so that its peak memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        path, median = write(rows, form, Path(folder))
        code = (
            "import json,sys; from pathlib import Path; from benchmarks.feeds import end_to_end; "
            "print(json.dumps(end_to_end(Path(sys.argv[1]), sys.argv[2])))"
        )
        done = subprocess.run([sys.executable, "-c", code, str(path), form], capture_output=True, text=True, check=True)
    return {**json.loads(done.stdout.splitlines()[-1]), "median_characters": median}


def peers(rows: int = 20_000) -> None:
    """Ethnonyms against spaCy's PhraseMatcher and language against lingua, in one run, each warmed on other texts."""
    import spacy
    from spacy.matcher import PhraseMatcher

    from models.text.ethnonym_forms import ethnonym_table
    from models.text.ethnonyms import mentions
    from models.text.language import languages

    texts = pl.concat(list(made(rows * 5)))["text"]
    ids = pl.int_range(len(texts), eager=True)
    few, others = texts.head(rows), texts.tail(rows // 4)
    mentions(ids.head(len(others)), others)
    ours = _rate(len(texts), lambda: mentions(ids, texts))
    nlp = spacy.blank("ru")
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    matcher.add("group", list(nlp.pipe(sorted(ethnonym_table().forms)[::10])))
    [matcher(doc) for doc in nlp.pipe(others.to_list())]
    theirs = _rate(rows // 4, lambda: [matcher(doc) for doc in nlp.pipe(few.head(rows // 4).to_list())])
    print(
        f"ethnonyms, normalisation included: {ours:,.0f}/s; PhraseMatcher over pipe {theirs:,.0f}/s: "
        f"{ours / theirs:.1f} times"
    )
    languages(others)
    ours = _rate(len(texts), lambda: languages(texts))
    try:
        from lingua import Language, LanguageDetectorBuilder  # pyright: ignore[reportMissingImports]
    except ImportError:
        print(f"language, normalisation included: {ours:,.0f}/s; lingua is not installed here")
        return
    known = Language.KAZAKH, Language.RUSSIAN, Language.ENGLISH, Language.TURKISH
    detector = LanguageDetectorBuilder.from_languages(*known).with_preloaded_language_models().build()
    theirs = _rate(rows // 4, lambda: [detector.detect_language_of(text) for text in few.head(rows // 4).to_list()])
    print(f"language, normalisation included: {ours:,.0f}/s; lingua {theirs:,.0f}/s: {ours / theirs:.1f} times")


def _rate(count: int, step) -> float:
    """Texts for each second of processor time, which other work on the machine changes less than the clock's."""
    started = time.process_time()
    step()
    return count / (time.process_time() - started)


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--format", choices=("jsonl", "parquet"), default="jsonl")
    parser.add_argument("--peers", action="store_true")
    given = parser.parse_args()
    if given.peers:
        peers()
    for rows in given.rows:
        result = measured(rows, given.format)
        print(
            f"{rows:,} messages from {given.format} (median {result['median_characters']:.0f} characters): "
            f"{rows / result['seconds']:,.0f}/s, peak {result['peak_mb']:,.0f} MB; "
            f"read {result['read_seconds']:.1f} s ({result['read_cpu']:.1f} CPU s), "
            f"annotate and write {result['annotate_seconds']:.1f} s ({result['annotate_cpu']:.1f} CPU s) "
            f"in {result['runs']:.0f} runs; start {result['start_cpu']:.1f} CPU s; "
            f"{result['mentions']:,.0f} mentions, {result['clusters']:,.0f} clusters"
        )


if __name__ == "__main__":
    main()
