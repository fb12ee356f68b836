"""What each word says about the language it is in, for all distinct words of many texts at once."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.text.inflection import FOLDED_LETTERS
from models.text.language_lexicon import (
    LANGUAGES,
    Lexicon,
    latin_kazakh_endings,
    latin_kazakh_stems,
    latin_skeletons,
    lexicon,
)
from models.text.russian_dictionary import are_russian_words

_KNOWN_RUSSIAN = 1.6
_LONGEST_ENDING = 7
_LONGEST_STEM = 14
_DECIDED = 1.2

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
    ("ə", {"other": 2.5}),
    # Kyrgyz rounds vowels beyond the first syllable and says `-ибиз` for Kazakh `-іміз`; Kazakh does neither.
    ("[өү][^аеёиоуыэюяөүіәұ]+ө", {"ky": 3.5}),
    ("[өү][^аеёиоуыэюяөүіәұ]+ү", {"ky": 2.5}),
    ("[иыуү]б[иыуү]з$|[бвгджзклмнпрстчш]аа[бвгджзклмнпрстчш]|^жакшы|^жаша", {"ky": 2.5}),
    ("[ыиуү]шт[ыиуү]$|^э[лмчр]", {"ky": 1.2}),
    # Uzbek keeps `-да`, `-ди`, `-га` after voiceless consonants, where its neighbours write `-та`, `-ты`, `-ка`.
    ("[кптқ]д[аи]н?$|[бв]га$|ишди$|нинг$|япти|япман|ётган|адиган|моқ|[қғ].*ч|ч.*[қғ]", {"uz": 3.0}),
    ("[kptq]d[ai]n?$|bga$|ishdi$|ning$|yapti|yapman|yotgan|adigan|moq|^yaxshi|^assalom|misiz$", {"uz": 3.0}),
    ("^я[шх]|.{3}[ай]ман$", {"uz": 1.0}),
    # Turkish sets endings of names off with an apostrophe; its `y` stands by a vowel, Kazakh `y` is one.
    ("[ıiuü]yor|['ʻʼ’‘`](?:[dt][ae]n?|n?[ıiuü]n|y[aeıiuü]|l[ae])$", {"tr": 2.5}),
    ("^(?:arkadaş|kardeş|teşekk|selam|çocu[kğ]|güzel)|(?:s[ıiuü]n|[ae]c[ae][kğ].*|m[ıiuü]ş)$", {"tr": 1.0}),
    ("[bdfghjklmnpqrstvzşğñ]y[bdfghjklmnpqrstvzşğñ]", {"kk": 0.8, "en": 0.4}),
    # In Turkish `ı` is a back vowel; in the Kazakh alphabet of 2021 it is a front one.
    ("[aou][bcçdfgğhjklmnprsştvyz]+ı(?:[bcçdfgğhjklmnprsştvyz]|$)|ı[bcçdfgğhjklmnprsştvyz]+[aou]", {"tr": 2.0}),
    ("[aeou]ı|ı[aeou]", {"kk": 1.0}),
    # The draft of 2017 marks letters of its own with an apostrophe, also where Uzbek has none.
    ("[uyia]['ʻʼ’‘`][^sdntly]|s['ʻʼ’‘`][aeiouy]", {"kk": 2.5}),
)

# Endings of words that no list knows: what a neighbour writes and Kazakh and Russian do not.
_UNLISTED_LATIN: tuple[tuple[str, dict[str, float]], ...] = (
    ("(?:[dt][ıiuü]|l[ae]r|[ae]n|d[ae]n?)$", {"tr": 0.5, "kk": 0.3, "uz": 0.3}),
    (
        "(?:tion|sion|ment|ness|able|ible|ful|less|ally|ity|ies|[^aeiou]ed|ing|[^aeiouy]ly|ous|ive|[^aeiou]er|[^s]s)$|ea|ou|oo",
        {"en": 1.2},
    ),
    (
        "(?:l[ae]rı?n?|m[ae]k|[ıiuü]nd[ae]n?|[dt][ıiuü]r|[dt][ıiuü]ğ[ıiuü]|m[ae]s[ıi]|[ıiuü]n[ıi]z|[ıiuü]y[ae]|l[ıiuü]k|[ae]bilir)$",
        {"tr": 0.9, "uz": 0.3, "kk": 0.4},
    ),
    ("c[aeıioöuü]|v[aeıi]|[aeıioöuü]ş", {"tr": 0.7, "en": 0.3}),
    ("(?:ni|ga|da|dagi|dan|gan|ish|lik|lari|larni|lash|di|siz|ing|ngiz|mas|may|ib|uv|chi|li)$|x|q", {"uz": 0.9}),
    ("sh|ch|o'|g'", {"uz": 0.4, "en": 0.3}),
)
_UNLISTED_CYRILLIC: tuple[tuple[str, dict[str, float]], ...] = (
    (
        "[оөуү][бвгджзйклмнпрстчшң]+(?:[лдт][оө]р|[дтн][уү]|[гкдтс][оө]|б[оө]|[дтн][оө]н|[дтн][уү]н|с[уү]|п)"
        r"\p{L}{0,3}$",
        {"ky": 1.8},
    ),
    ("ч|э", {"ky": 0.9, "uz": 0.6}),
    # Kazakh has `о` in first syllables only, and no word of its own that begins with two consonants.
    ("[аеёиоуыэюя][^аеёиоуыэюя]+о", {"ru": 1.4}),
    ("^[бвгджзклмнпрстфхцчшщ]{2}", {"ru": 1.2}),
    ("уу|үү|оо|өө|аа|ээ", {"ky": 1.5}),
    ("(?:ыңыз|иңиз|уңуз|үңүз|ылган|илген|улган|үлгөн|ганда|генде|бай|бей|бөй|бой)$", {"ky": 0.6}),
    ("(?:лари|ларни|лаш|ган|ингиз|ини|ига|ида|идан|лиги|лик|иш|иши|чи)$|[аоу].*и$|ё|я", {"uz": 0.7}),
)


class WordEvidence(NamedTuple):
    """Per word: log-odds of the languages (one column each), its letters if clearly Kazakh or Russian, script.

    `russian_letters` are those of words in forms that loans do not take, `perhaps_russian_letters` those of all
    words that a Russian text would hold and that have no Kazakh reading.
    """

    log_odds: NDArray[np.float32]
    kazakh_letters: NDArray[np.float32]
    russian_letters: NDArray[np.float32]
    perhaps_russian_letters: NDArray[np.float32]
    is_cyrillic: NDArray[np.bool_]
    is_latin: NDArray[np.bool_]


def word_evidence(words: pl.Series) -> WordEvidence:
    """Evidence of distinct lower-case words; columns of `log_odds` stand in the order of `LANGUAGES`."""
    known = lexicon()
    totals = _of_letters(words)
    is_latin = words.str.contains(r"^\p{Latin}").to_numpy()
    is_cyrillic = words.str.contains(r"^\p{Cyrillic}").to_numpy()
    exact, exact_rows = _of_exact(words)
    totals[exact_rows] += exact[exact_rows]
    is_open = ~exact_rows
    _add_latin(totals, words, np.flatnonzero(is_open & is_latin))
    _add_cyrillic(totals, words, np.flatnonzero(is_open & ~is_latin), known)
    lengths = words.str.len_chars().to_numpy().astype(np.float32)
    lead = totals[:, 0] - totals[:, 1]
    inflected = np.where(exact_rows, exact[:, 1] > 0, _longest_endings(words, known.russian_inflection, 1) > 0)
    return WordEvidence(
        totals,
        np.where(lead >= _DECIDED, lengths, 0),
        np.where((lead <= -_DECIDED) & inflected, lengths, 0),
        np.where(lead <= -_DECIDED, lengths, 0),
        is_cyrillic,
        is_latin,
    )


def _of_letters(words: pl.Series) -> NDArray[np.float32]:
    totals = np.zeros((len(words), len(LANGUAGES)), dtype=np.float32)
    _add_patterns(totals, words, np.arange(len(words)), _LETTER_EVIDENCE)
    return totals


def _add_patterns(
    totals: NDArray[np.float32],
    words: pl.Series,
    rows: NDArray[np.int64],
    patterns: tuple[tuple[str, dict[str, float]], ...],
) -> None:
    """Adds to the given rows what each pattern that their word holds says."""
    for pattern, weights in patterns:
        present = rows[words.str.contains(pattern).to_numpy()]
        for name, weight in weights.items():
            totals[present, LANGUAGES.index(name)] += weight


def _of_exact(words: pl.Series) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Log-odds of listed words, and which words are listed."""
    joined = pl.DataFrame({"word": words}).join(_exact_table(), on="word", how="left", maintain_order="left")
    return joined.select(LANGUAGES).fill_null(0.0).to_numpy(), joined["kk"].is_not_null().to_numpy()


@cache
def _exact_table() -> pl.DataFrame:
    exact = lexicon().exact
    columns = {name: [by.get(name, 0.0) for by in exact.values()] for name in LANGUAGES}
    return pl.DataFrame(
        {"word": list(exact), **columns}, schema={"word": pl.String, **dict.fromkeys(LANGUAGES, pl.Float32)}
    )


def _add_latin(totals: NDArray[np.float32], words: pl.Series, rows: NDArray[np.int64]) -> None:
    """Kazakh in Latin letters, else a little for English and for any other language."""
    if len(rows) == 0:
        return
    latin = words.gather(rows)
    kazakh = _kazakh_weights(latin_skeletons(latin), _latin_stems(), _latin_endings())
    totals[rows, 0] += kazakh
    others = (kazakh == 0) & (latin.str.len_chars() > 2).to_numpy()
    totals[rows[others], LANGUAGES.index("other")] += 0.4
    totals[rows[others], LANGUAGES.index("en")] += 0.3
    _add_patterns(totals, latin.filter(others), rows[others], _UNLISTED_LATIN)


def _add_cyrillic(totals: NDArray[np.float32], words: pl.Series, rows: NDArray[np.int64], known: Lexicon) -> None:
    """Kazakh stems under their endings; for words without Kazakh letters also Russian forms and endings."""
    if len(rows) == 0:
        return
    written = words.gather(rows)
    plain = written.str.replace_many(FOLDED_LETTERS)
    kazakh = _kazakh_weights(plain, _stems(), _endings())
    plainly_written = (plain == written).to_numpy()
    totals[rows[~plainly_written], 0] += kazakh[~plainly_written]
    rows, written, kazakh = rows[plainly_written], written.filter(plainly_written), kazakh[plainly_written]
    russian = _russian_weights(written, kazakh, known)
    neither = (kazakh == 0) & (russian < _KNOWN_RUSSIAN)
    ending = _longest_endings(written, known.kazakh_endings, 2) > 0
    totals[rows, 0] += np.where(neither, np.where(ending, 1.0, 0.4), kazakh)
    totals[rows, 1] += russian
    _add_patterns(totals, written.filter(neither), rows[neither], _UNLISTED_CYRILLIC)


def _russian_weights(words: pl.Series, kazakh: NDArray[np.float32], known: Lexicon) -> NDArray[np.float32]:
    """Weight of words as Russian: in the dictionary, and with an ending that loans do not keep.

    A long Russian ending on a word without a Kazakh reading is believed without the dictionary.
    """
    ending = _longest_endings(words, known.russian_endings, 2)
    believed = (ending >= 3) & (kazakh == 0)
    looked_up = np.flatnonzero(~believed & (words.str.len_chars() > 1).to_numpy())
    believed[looked_up] = are_russian_words(words.gather(looked_up))
    return (_KNOWN_RUSSIAN * believed + np.where(ending > 0, 0.3 + 0.25 * ending, 0.0)).astype(np.float32)


def _longest_endings(words: pl.Series, endings: frozenset[str], shortest: int) -> NDArray[np.int64]:
    """Letters of the longest listed ending of each word, 0 without one; two letters stay before it."""
    found = np.zeros(len(words), dtype=np.int64)
    lengths = words.str.len_chars().to_numpy()
    for size in range(shortest, _LONGEST_ENDING + 1):
        listed = [ending for ending in endings if len(ending) == size]
        if listed:
            has = words.str.tail(size).is_in(listed).to_numpy()
            found[has & (lengths >= size + 2)] = size
    return found


def _kazakh_weights(plain: pl.Series, stems: pl.DataFrame, endings: pl.DataFrame) -> NDArray[np.float32]:
    """Weight of folded words as Kazakh: the stem is listed, alone or under one or two endings; 0 otherwise."""
    weights = np.zeros(len(plain), dtype=np.float32)
    frame = pl.DataFrame({"row": pl.int_range(len(plain), dtype=pl.UInt32, eager=True), "word": plain})
    found: list[pl.DataFrame] = []
    for size in range(2, _LONGEST_STEM + 1):
        frame = frame.filter(pl.col("word").str.len_chars() > size)
        cut = frame.with_columns(stem=pl.col("word").str.slice(0, size)).join(stems, on="stem", how="semi")
        found.append(cut.select("row", ending=pl.col("word").str.slice(size)).join(endings, on="ending"))
    best = pl.concat(found).group_by("row").agg(pl.col("weight").max())
    weights[best["row"].to_numpy()] = best["weight"].to_numpy()
    whole = pl.DataFrame({"stem": plain}).join(stems, on="stem", how="left", maintain_order="left")["weight"]
    is_stem = whole.is_not_null().to_numpy()
    weights[is_stem] = whole.filter(is_stem).to_numpy()
    return weights


def _stem_table(stems: dict[str, float]) -> pl.DataFrame:
    return pl.DataFrame(
        {"stem": list(stems), "weight": list(stems.values())}, schema={"stem": pl.String, "weight": pl.Float32}
    )


def _ending_table(endings: frozenset[str]) -> pl.DataFrame:
    """One ending, or two on one another, with its weight; the longer, the surer."""
    weights = {inner + outer: 1.0 + 0.15 * len(inner + outer) for inner in endings for outer in endings}
    weights |= {ending: 1.2 + 0.2 * len(ending) for ending in endings}
    return pl.DataFrame(
        {"ending": list(weights), "weight": list(weights.values())},
        schema={"ending": pl.String, "weight": pl.Float32},
    )


@cache
def _stems() -> pl.DataFrame:
    return _stem_table(lexicon().kazakh_stems)


@cache
def _endings() -> pl.DataFrame:
    return _ending_table(lexicon().kazakh_endings)


@cache
def _latin_stems() -> pl.DataFrame:
    return _stem_table(latin_kazakh_stems())


@cache
def _latin_endings() -> pl.DataFrame:
    return _ending_table(latin_kazakh_endings())
