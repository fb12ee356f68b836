"""Real texts beside the project, as the text benchmarks and tests use them; nothing of them is kept."""

from __future__ import annotations

import gzip
import json
import re
from hashlib import sha256
from importlib.resources import files
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


def half_of(sentence: Sentence) -> str:
    """`development` or `held_out`, the same for a sentence and its copies with figures spelled out."""
    longest = sorted(set(re.findall(r"[^\W\d_]{4,}", sentence.text.lower())), key=lambda word: (-len(word), word))[:3]
    return ("development", "held_out")[sha256(" ".join(longest).encode()).digest()[0] & 1]


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


_NOT_WORDS = re.compile(r"<[^<>]*>|%\([^()]*\)[a-z]|%[a-z]|\{[^{}]*\}|&[a-z]+;|https?://\S+|[\"“”«»]")


def interface_messages(language: str) -> list[str]:
    """Messages of Django's interface as its translators wrote them: three words and more, no mark-up.

    Nobody looked at them while the rules of language identification were written, so they are a held-out test
    for languages that no other file at hand has.

    Args:
        language: kk, ru, uz (in Latin), ky, tr or en.

    Raises:
        ImportError: where Django or Babel is not installed.
    """
    from babel.messages.pofile import read_po

    found: dict[str, None] = {}
    for path in sorted(Path(str(files("django"))).glob(f"**/locale/{'ru' if language == 'en' else language}/**/*.po")):
        with path.open("rb") as content:
            catalogue = read_po(content)
        for message in catalogue:
            written = message.id if language == "en" else "" if message.fuzzy else message.string
            first = written if isinstance(written, str) else next(iter(written or ("",)))
            plain = " ".join(_NOT_WORDS.sub(" ", first).split())
            words = re.findall(r"[^\W\d_]{2,}", plain)
            foreign = language in ("kk", "ru", "ky") and re.search("[a-zA-Z]", plain)
            if len(words) >= 3 and not foreign:
                found[plain] = None
    return list(found)
