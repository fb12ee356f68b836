"""Language and script of short messages: Kazakh in three spellings, Russian, both, and their neighbours."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import polars as pl
import yaml
from pymorphy3 import MorphAnalyzer

from models.text.inflection import folded
from models.text.normalisation import normalised

LANGUAGES = ("kk", "ru", "uz", "ky", "tr", "en", "other")
LANGUAGE_SCHEMA = pl.Schema(
    {
        "language": pl.String(),
        "script": pl.String(),
        "language_confidence": pl.Float64(),
        "kk_share": pl.Float64(),
    }
)

# Weights are log-odds chosen by hand on authored texts; a grammar word says about as much as a letter that
# only one of the languages has.
_FUNCTION_WORD, _COMMON_WORD, _KNOWN_RUSSIAN = 3.0, 2.0, 1.6
_TEMPERATURE = 1.5
_LONGEST_ENDING = 7
_LONGEST_READ = 2000
_NOT_SPEECH = r"<[^<>]{0,300}>|https?://\S+|www\.\S+|[@#][\w.]+"
_DECIDED = 1.2
_MIXED_SHARE = 0.22
_PRIOR = {"kk": 1.0, "ru": 0.8, "uz": 0.0, "ky": 0.0, "tr": -0.3, "en": 0.0, "other": -0.3}

_LETTER_EVIDENCE: tuple[tuple[str, dict[str, float]], ...] = (
    ("[ғқ]", {"kk": 3.0, "uz": 2.0}),
    ("[ұһ]", {"kk": 3.5}),
    ("ә", {"kk": 3.0, "other": 1.0}),
    ("і", {"kk": 2.2, "other": 1.2}),
    ("[ңөү]", {"kk": 2.2, "ky": 2.0, "other": 0.8}),
    ("[ўҳ]", {"uz": 4.5}),
    ("[їєґҷӣӯҕҥҗў]", {"other": 4.5}),
    ("оо|уу|өө|үү|ээ", {"ky": 2.5}),
    ("[щъ]", {"ru": 2.0}),
    ("[ёэьцфв]", {"ru": 0.7}),
    ("[oʻg]['ʻʼ’‘`]|['ʻʼ’‘`][zlrsntk]", {"uz": 1.0}),
    ("[oOgG]['ʻʼ’‘`]", {"uz": 3.0}),
    ("[äñūǵńáóúýɵ]", {"kk": 2.5}),
    ("[ğşıöü]", {"tr": 1.2, "kk": 1.0}),
    ("ç", {"tr": 2.0, "other": 0.5}),
    ("[ßæøåèàêãõ]", {"other": 3.0}),
    ("q(?:[^u]|$)", {"kk": 1.8, "uz": 1.6}),
    ("th|wh|ing$|tion|ck|ee|ow", {"en": 1.2}),
)


def languages(texts: pl.Series, normalised_texts: pl.Series | None = None) -> pl.DataFrame:
    """Language, script and share of Kazakh of each text.

    The method is a sum of log-odds over words: letters that only some of the languages have, grammar words,
    frequent Kazakh stems with their endings, Russian endings, and membership in the Russian dictionary of
    pymorphy3. Kazakh typed without its letters (`казактын жери`) and in Latin (`qazaq`, `kazaksha`) is looked
    up in folded spelling.

    Args:
        texts: texts as written; nulls count as empty.
        normalised_texts: `normalised(texts)` where the caller has it already.

    Returns:
        One row per text, in order. language: kk, ru, mixed (kk and ru), uz, ky, tr, en, other, unknown (no
        words).
        script: cyrillic, latin, mixed, other, none. language_confidence: 0..1, posterior of the language
            given.
        kk_share: Kazakh letters among letters of words that are clearly Kazakh or Russian, 0..1 (0 if there
            are none).
    """
    lowered = (normalised(texts) if normalised_texts is None else normalised_texts).fill_null("")
    words = (
        pl.DataFrame({"row": pl.int_range(len(texts), dtype=pl.UInt32, eager=True), "word": lowered})
        .with_columns(pl.col("word").str.slice(0, _LONGEST_READ).str.replace_all(_NOT_SPEECH, " "))
        .with_columns(pl.col("word").str.extract_all(r"\p{L}[\p{L}\p{M}'ʻʼ’‘`]*"))
        .explode("word", empty_as_null=False)
    )
    distinct = words.select(pl.col("word").unique(maintain_order=True)).drop_nulls()
    evidence = _word_evidence(distinct["word"])
    scored = (
        words.join(evidence, on="word", how="left")
        .group_by("row")
        .agg(
            *(pl.col(name).sum() for name in LANGUAGES),
            pl.col("kk_letters").sum(),
            pl.col("ru_letters").sum(),
            kk_words=(pl.col("kk_letters") > 0).sum(),
            ru_words=(pl.col("ru_letters") > 0).sum(),
            cyrillic=pl.col("is_cyrillic").sum(),
            latin=pl.col("is_latin").sum(),
            words=pl.len(),
        )
    )
    rows = pl.DataFrame({"row": pl.int_range(len(texts), dtype=pl.UInt32, eager=True)})
    return _decided(rows.join(scored, on="row", how="left", maintain_order="left").fill_null(0))


def _decided(scored: pl.DataFrame) -> pl.DataFrame:
    scores = scored.select(pl.col(name) + _PRIOR[name] for name in LANGUAGES).to_numpy()
    odds = np.exp((scores - scores.max(axis=1, keepdims=True)) / _TEMPERATURE)
    posterior = odds / odds.sum(axis=1, keepdims=True)
    best = posterior.argmax(axis=1)
    decided = scored.with_columns(
        best=pl.Series(np.array(LANGUAGES)[best].tolist(), dtype=pl.String),
        confidence=pl.Series(posterior[np.arange(len(best)), best]),
        kk_share=(pl.col("kk_letters") / (pl.col("kk_letters") + pl.col("ru_letters"))).fill_nan(0.0),
    )
    two_languages = (
        pl.col("best").is_in(["kk", "ru"])
        & pl.col("kk_share").is_between(_MIXED_SHARE, 1 - _MIXED_SHARE)
        & (pl.min_horizontal("kk_words", "ru_words") >= 2)
    )
    names_only = (pl.col("best") == "ru") & (pl.col("ru_letters") == 0) & (pl.col("kk_letters") > 0)
    wordless = pl.col("words") - pl.col("cyrillic") - pl.col("latin") == pl.col("words")
    return decided.select(
        language=pl.when(pl.col("words") == 0)
        .then(pl.lit("unknown"))
        .when(wordless)
        .then(pl.lit("other"))
        .when(two_languages)
        .then(pl.lit("mixed"))
        .when(names_only)
        .then(pl.lit("kk"))
        .when((pl.col("best") == "kk") & (pl.col("kk_letters") == 0) & (pl.col("latin") > pl.col("cyrillic")))
        .then(pl.lit("other"))
        .otherwise("best"),
        script=pl.when(pl.col("words") == 0)
        .then(pl.lit("none"))
        .when(wordless)
        .then(pl.lit("other"))
        .when(pl.min_horizontal("cyrillic", "latin") * 4 >= pl.max_horizontal("cyrillic", "latin"))
        .then(pl.lit("mixed"))
        .when(pl.col("cyrillic") >= pl.col("latin"))
        .then(pl.lit("cyrillic"))
        .otherwise(pl.lit("latin")),
        language_confidence=pl.when(pl.col("words") == 0).then(0.0).otherwise("confidence"),
        kk_share=pl.col("kk_share"),
    )


def _word_evidence(words: pl.Series) -> pl.DataFrame:
    """Per distinct lower-case word: log-odds per language, and its letters if clearly Kazakh or Russian."""
    lexicon = _lexicon()
    frame = pl.DataFrame({"word": words}).with_columns(
        is_cyrillic=pl.col("word").str.contains(r"^\p{Cyrillic}"),
        is_latin=pl.col("word").str.contains(r"^\p{Latin}"),
        length=pl.col("word").str.len_chars(),
    )
    totals = {name: np.zeros(len(words)) for name in LANGUAGES}
    for pattern, weights in _LETTER_EVIDENCE:
        present = words.str.contains(pattern).fill_null(value=False).to_numpy()
        for name, weight in weights.items():
            totals[name] += weight * present
    is_inflected = [_is_unmistakably_russian(word, lexicon) for word in words.to_list()]
    for index, (word, is_latin) in enumerate(zip(words.to_list(), frame["is_latin"].to_list(), strict=True)):
        for name, weight in _lookup(word, is_latin, lexicon):
            totals[name][index] += weight
    frame = frame.with_columns(pl.Series(name, totals[name]) for name in LANGUAGES)
    lead = pl.col("kk") - pl.col("ru")
    return frame.with_columns(
        kk_letters=pl.when(lead >= _DECIDED).then("length").otherwise(0),
        ru_letters=pl.when((lead <= -_DECIDED) & pl.Series(is_inflected)).then("length").otherwise(0),
    ).drop("length")


class Lexicon(NamedTuple):
    """Exact words with their log-odds, Kazakh stems in folded spelling, and endings."""

    exact: dict[str, tuple[tuple[str, float], ...]]
    kazakh_stems: dict[str, float]
    kazakh_endings: frozenset[str]
    russian_endings: frozenset[str]
    russian_inflection: frozenset[str]


def _lookup(word: str, is_latin: bool, lexicon: Lexicon) -> tuple[tuple[str, float], ...]:
    listed = lexicon.exact.get(word)
    if listed is not None:
        return listed
    if is_latin:
        weight = _kazakh_weight(_latin_skeleton(word), _latin_kazakh(), _latin_endings())
        if weight:
            return (("kk", weight),)
        return (("other", 0.4), ("en", 0.3)) if len(word) > 2 else ()
    plain = folded(word)
    kazakh = _kazakh_weight(plain, lexicon.kazakh_stems, lexicon.kazakh_endings)
    if plain != word:
        return (("kk", kazakh),) if kazakh else ()
    russian = _russian_weight(word, kazakh, lexicon)
    if not kazakh and russian < _KNOWN_RUSSIAN:
        kazakh = 1.0 if _longest_ending(word, lexicon.kazakh_endings, 2) else 0.4
    return ("kk", kazakh), ("ru", russian)


def _russian_weight(word: str, kazakh: float, lexicon: Lexicon) -> float:
    """Weight of a word as Russian: in the dictionary, and with an ending that loans do not keep.

    The dictionary is slow: a long Russian ending on a word without a Kazakh reading is believed without it.
    """
    ending = _longest_ending(word, lexicon.russian_endings, 2)
    believed = len(ending) >= 3 and not kazakh
    known = believed or (len(word) > 1 and _is_russian_word(word))
    return _KNOWN_RUSSIAN * known + (0.3 + 0.25 * len(ending) if ending else 0.0)


def _is_unmistakably_russian(word: str, lexicon: Lexicon) -> bool:
    """A Russian grammar word or inflected form; nouns that Kazakh borrows and surnames are not."""
    if word in lexicon.exact:
        return any(name == "ru" for name, _ in lexicon.exact[word])
    return bool(_longest_ending(word, lexicon.russian_inflection, 1))


def _longest_ending(word: str, endings: frozenset[str], shortest: int) -> str:
    for size in range(min(_LONGEST_ENDING, len(word) - 2), shortest - 1, -1):
        if word[-size:] in endings:
            return word[-size:]
    return ""


def _kazakh_weight(plain: str, stems: dict[str, float], endings: frozenset[str]) -> float:
    """Weight of a folded word as Kazakh: its stem is known, alone or under one or two endings."""
    if plain in stems:
        return stems[plain]
    for size in range(min(_LONGEST_ENDING, len(plain) - 2), 0, -1):
        if plain[-size:] not in endings:
            continue
        stem = plain[:-size]
        if stem in stems:
            return 1.2 + 0.2 * size
        for inner in range(min(_LONGEST_ENDING, len(stem) - 2), 0, -1):
            if size + inner > 2 and stem[-inner:] in endings and stem[:-inner] in stems:
                return 1.0 + 0.15 * (size + inner)
    return 0.0


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    content = yaml.safe_load((files("models.text") / "data" / "language_words.yml").read_text("utf-8"))
    return {
        name: {
            kind: words.split()
            for kind, words in (entry if isinstance(entry, dict) else {"all": entry}).items()
        }
        for name, entry in content.items()
    }


@cache
def _lexicon() -> Lexicon:
    words = _words()
    exact: dict[str, dict[str, float]] = {}
    for name in LANGUAGES:
        for kind, weight in (("function", _FUNCTION_WORD), ("common", _COMMON_WORD)):
            for word in words[name][kind]:
                exact.setdefault(word, {}).setdefault(name, weight)
    kazakh: dict[str, float] = {}
    for kind, weight in (("function", _FUNCTION_WORD - 0.6), ("common", _COMMON_WORD - 0.2)):
        for word in words["kk"][kind]:
            if len(word) > 1:
                kazakh.setdefault(folded(word), weight)
    for word, by in exact.items():
        # `жана` is Kyrgyz "and", and Kazakh "new" typed without its letters.
        if "kk" not in by and "ru" not in by and word in kazakh:
            by["kk"] = max(by.values())
    return Lexicon(
        {word: tuple((name, w / len(by) ** 0.5) for name, w in by.items()) for word, by in exact.items()},
        kazakh,
        frozenset(folded(ending) for ending in words["kazakh_endings"]["all"]),
        frozenset(words["russian_endings"]["all"]),
        frozenset(words["russian_inflection"]["all"]),
    )


def kazakh_function_words() -> frozenset[str]:
    """Kazakh grammar words and very common words, in standard spelling."""
    return frozenset(_words()["kk"]["function"])


@cache
def _latin_kazakh() -> dict[str, float]:
    return {
        _cyrillic_skeleton(stem): weight for stem, weight in _lexicon().kazakh_stems.items() if len(stem) > 2
    }


@cache
def _latin_endings() -> frozenset[str]:
    return frozenset(_cyrillic_skeleton(ending) for ending in _lexicon().kazakh_endings)


_SKELETON = str.maketrans(
    {"ы": "и", "й": "и", "э": "е", "ц": "с", "щ": "ш", "ъ": "", "ь": "", "я": "иа", "ю": "иу", "ё": "ио"}
)
_PAIRS = (("sh", "ш"), ("ch", "ш"), ("zh", "ж"), ("kh", "х"), ("gh", "г"), ("ng", "н"), ("dj", "ж"))
_LETTERS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzäáöóüúūñńğǵşçıýɵəīïŋ",
    "абсдефгхижклмнопкрстувукизааооуууннггшшииоаиин",
)


def _cyrillic_skeleton(word: str) -> str:
    return word.translate(_SKELETON)


def _latin_skeleton(word: str) -> str:
    """A Latin Kazakh word of any orthography as a folded Cyrillic skeleton: `qazaqşa` -> `казакша`."""
    for pair, letter in _PAIRS:
        word = word.replace(pair, letter)
    return word.translate(_LETTERS).replace("'", "")


@lru_cache(maxsize=500_000)
def _is_russian_word(word: str) -> bool:
    return _analyser().word_is_known(word)


@cache
def _analyser() -> MorphAnalyzer:
    return MorphAnalyzer()
