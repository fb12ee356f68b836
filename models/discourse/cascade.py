"""The first look, which keeps most of a stream away from the classifier: can this be interethnic at all?"""

from __future__ import annotations

from functools import cache

import polars as pl

from models.discourse.features import LONGEST_TEXT, undisguised
from models.discourse.lexicon import FOLDED_LETTERS, INTERETHNIC, lexicon
from models.text.normalisation import normalised

_LATIN_ONLY = r"^[^\p{Cyrillic}]*[A-Za-z]{3}[^\p{Cyrillic}]*$"


@cache
def _patterns() -> tuple[list[str], list[str]]:
    return lexicon().substrings(INTERETHNIC), lexicon().substrings(["official"])


def first_look(messages: pl.DataFrame, mentions: pl.DataFrame, texts: pl.Series | None = None) -> pl.DataFrame:
    """Tell which messages may be interethnic and which speak of officials.

    A message may be interethnic when a group is mentioned in it, or when it holds a word of the categories
    `INTERETHNIC` of the lexicon. Everything else is labelled by the short path, `quick_head`.

    Args:
        messages: `message_id`, `text`.
        mentions: rows of core_feeds__mentions; only `message_id` is read.
        texts: `padded` texts of the messages, if they are there already.

    Returns:
        One row per message in the same order: `is_candidate`, `names_official`.
    """
    texts = padded(messages["text"]) if texts is None else texts
    interethnic, official = _patterns()
    mentioned = messages["message_id"].is_in(mentions["message_id"].unique().implode())
    return pl.DataFrame(
        {
            "is_candidate": mentioned | texts.str.contains_any(interethnic),
            "names_official": texts.str.contains_any(official),
        }
    )


def padded(texts: pl.Series) -> pl.Series:
    """Texts folded as the lexicon is, words parted by one space, a space at both ends."""
    short = texts.fill_null("").str.slice(0, LONGEST_TEXT)
    plain = normalised(short)
    latin = short.str.contains(_LATIN_ONLY)
    if latin.any():
        rows = latin.arg_true()
        plain = plain.scatter(rows, pl.Series(undisguised(short.gather(rows).to_list()), dtype=pl.String))
    letters = {chr(old): chr(new) for old, new in FOLDED_LETTERS.items() if isinstance(new, int)}
    frame = pl.DataFrame({"text": plain}).select(
        pl.format(" {} ", pl.col("text").str.replace_many(letters).str.replace_all(r"[^\p{L}]+", " "))
    )
    return frame.to_series()
