"""Real texts beside the project, as the text benchmarks and tests use them; nothing of them is kept."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import NamedTuple

import polars as pl


class Sentence(NamedTuple):
    """A KazNERD sentence joined by spaces, with its entities as (kind, start, end)."""

    text: str
    entities: tuple[tuple[str, int, int], ...]


def kaznerd_sentences(shared_data: Path) -> list[Sentence]:
    """Sentences of the validation part of KazNERD (IS2AI, CC BY 4.0)."""
    with gzip.open(shared_data / "kaznerd" / "IOB2_valid.txt.gz", "rt", encoding="utf-8") as lines:
        blocks = lines.read().split("\n\n")
    return [_sentence(block.splitlines()) for block in blocks if block.strip()]


def _sentence(lines: list[str]) -> Sentence:
    text = ""
    entities: list[tuple[str, int, int]] = []
    for line in lines:
        word, _, tag = line.rpartition(" ")
        start = len(text) + (1 if text else 0)
        text = f"{text} {word}" if text else word
        if tag.startswith("B-"):
            entities.append((tag[2:], start, len(text)))
        elif tag.startswith("I-") and entities:
            kind, first, _ = entities.pop()
            entities.append((kind, first, len(text)))
    return Sentence(text, tuple(entities))


def russian_texts(shared_data: Path) -> list[str]:
    """Distinct texts of the RuEthnoHate train file without mark-up and links."""
    with gzip.open(shared_data / "ruethnohate_train.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = pl.Series(list({json.loads(line)["text"]: None for line in lines}))
    plain = texts.str.replace_all(r"<[^<>]*>|https?://\S+", " ").str.replace_all(r"\s+", " ").str.strip_chars()
    return plain.filter(plain.str.len_chars() > 0).to_list()


def comments(shared_data: Path) -> list[str]:
    """Real comments, unlabelled."""
    with gzip.open(shared_data / "kz_comments.csv.gz") as content:
        return pl.read_csv(content.read(), infer_schema=False)["text"].drop_nulls().to_list()
