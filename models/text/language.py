"""Language and script of short messages: Kazakh in three spellings, Russian, both, and their neighbours."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from models.text.language_lexicon import LANGUAGES
from models.text.normalisation import normalised
from models.text.word_evidence import word_evidence

LANGUAGE_SCHEMA = pl.Schema(
    {
        "language": pl.String(),
        "script": pl.String(),
        "language_confidence": pl.Float64(),
        "kk_share": pl.Float64(),
    }
)

# Weights are log-odds chosen by hand on authored texts.
_TEMPERATURE = 1.5
_LONGEST_READ = 2000
_ROWS_AT_ONCE = 250_000
_MARKS_OF_OTHER = r"[<@#]|://|www\."
_NOT_SPEECH = r"<[^<>]{0,300}>|https?://\S+|www\.\S+|[@#][\w.]+"
_MIXED_SHARE = 0.22
_LOOSE_MIXED_SHARE = 0.3
_PRIOR = {"kk": 1.0, "ru": 0.8, "uz": 0.0, "ky": 0.0, "tr": -0.3, "en": 0.0, "other": -0.3}


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
    parts = [_decided(_scored(lowered.slice(start, _ROWS_AT_ONCE))) for start in range(0, len(lowered), _ROWS_AT_ONCE)]
    return pl.concat(parts) if parts else pl.DataFrame(schema=LANGUAGE_SCHEMA)


def _scored(lowered: pl.Series) -> pl.DataFrame:
    """Per text: log-odds of each language, and counts of words and letters by language and script."""
    words = _words(lowered)
    counts = words.list.len().to_numpy().astype(np.int64)
    said = pl.DataFrame({"word": words.explode(empty_as_null=False)})
    distinct = said.unique().with_row_index("code")
    codes = said.join(distinct, on="word", how="left", maintain_order="left")["code"].to_numpy()
    evidence = word_evidence(distinct["word"])
    columns: dict[str, NDArray] = {name: evidence.log_odds[:, at] for at, name in enumerate(LANGUAGES)}
    columns |= {
        "kk_letters": evidence.kazakh_letters,
        "ru_letters": evidence.russian_letters,
        "loose_ru_letters": evidence.perhaps_russian_letters,
        "kk_words": evidence.kazakh_letters > 0,
        "ru_words": evidence.russian_letters > 0,
        "loose_ru_words": evidence.perhaps_russian_letters > 0,
        "cyrillic": evidence.is_cyrillic,
        "latin": evidence.is_latin,
    }
    ends = np.concatenate([[0], np.cumsum(counts)])
    membership = csr_array(
        (np.ones(len(codes), dtype=np.float32), codes.astype(np.int64), ends), shape=(len(lowered), distinct.height)
    )
    sums = membership @ np.column_stack(list(columns.values())).astype(np.float32)
    return pl.DataFrame({name: sums[:, at].astype(np.float64) for at, name in enumerate(columns)} | {"words": counts})


def _words(lowered: pl.Series) -> pl.Series:
    """Lists of the words of each text, links, tags and handles left out."""
    spoken = lowered.str.slice(0, _LONGEST_READ)
    marked = spoken.str.contains(_MARKS_OF_OTHER).to_numpy()
    if marked.any():
        cleaned = spoken.filter(marked).str.replace_all(_NOT_SPEECH, " ")
        spoken = spoken.scatter(np.flatnonzero(marked), cleaned)
    return spoken.str.extract_all(r"\p{L}[\p{L}\p{M}'ʻʼ’‘`]*")


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
    # One word in a form that loans do not take makes the dictionary's words beside it Russian too.
    loose_share = pl.col("kk_letters") / (pl.col("kk_letters") + pl.col("loose_ru_letters"))
    two_languages |= (
        pl.col("best").is_in(["kk", "ru"])
        & (pl.col("ru_words") >= 1)
        & (pl.col("kk_words") >= 2)
        & (pl.col("loose_ru_words") >= 3)
        & loose_share.is_between(_LOOSE_MIXED_SHARE, 1 - _LOOSE_MIXED_SHARE)
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
