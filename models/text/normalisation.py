"""One spelling for matching and comparing: invisible marks, homoglyphs and s p a c e d words undone."""

from __future__ import annotations

import re
import string
import unicodedata

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

# Soft hyphen, joiners, bidirectional marks, variation selectors, byte-order mark; accents over letters.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\u0300\u0301\u0302\u0307\u0335-\u0338\u20dd-\u20e0\u20e4"
)
_REMOVED = re.compile(f"[{_INVISIBLE}]")
_REMOVED_SET = frozenset(letter for letter in map(chr, range(0x10000)) if _REMOVED.match(letter))

# Latin and Greek letters, and digits, that stand for a Cyrillic letter they look like.
_LOOK_ALIKES = dict(
    zip(
        "aceopxyikhtmbnurəɵαορυικντ" + "03",
        "асеорхуікһтмвпигәөаоруіквт" + "оз",
        strict=True,
    )
)
_FOLD = str.maketrans(_LOOK_ALIKES)
_LATIN = "a-zəɵα-ω"
_CYRILLIC = "а-яёәғқңөұүһії"

# The look-behind keeps the time linear: the look-aheads read on from the beginning of a word only.
_MIXED_WORD = re.compile(
    rf"(?<![{_LATIN}{_CYRILLIC}03])(?=[{_LATIN}03]*[{_CYRILLIC}])(?=[{_CYRILLIC}]*[{_LATIN}03])[{_LATIN}{_CYRILLIC}03]+"
)
_SPACED = re.compile(r"(?<![^\W_])[^\W\d_]([ .*_·•|/-]{1,2})(?:[^\W\d_]\1){2,}[^\W\d_](?![^\W_])")
_COMBINING = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u20d0-\u20ff\ufe20-\ufe2f]"
)
# Besides marks: signs that NFC replaces by others (Kelvin, Angstrom, Ohm), and letters of scripts it composes.
_NOT_COMPOSED = (
    r"[\p{M}\u{2126}\u{212A}\u{212B}\u{0340}-\u{0344}\u{0374}\u{037E}\u{0387}\u{1F71}-\u{1FFD}\u{2000}\u{2001}"
    r"\u{1100}-\u{11FF}\u{F900}-\u{FAFF}]"
)
_FOREIGN = re.compile(f"[{_LATIN}03]")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
# The same runs and those of other signs, found three times as fast.
_REPEATED = re.compile(r"(.)\1{2,}")
_LETTER = re.compile(r"[^\W\d_]")

_RUN_LETTERS = string.ascii_lowercase + "абвгдеёжзийклмнопрстуфхцчшщъыьэюяәғқңөұүһі"
_ODD_SPELLING = "|".join(
    (
        f"[{_INVISIBLE}]",
        rf"[{_CYRILLIC}][{_LATIN}]|[{_LATIN}][{_CYRILLIC}]|[{_CYRILLIC}][03][{_CYRILLIC}]",
        r"(?:^|[^\p{L}\p{N}])(?:\p{L}[ .*_·•|/-]{1,2}){3,}\p{L}(?:$|[^\p{L}\p{N}])",
        "|".join(f"{letter}{{3}}" for letter in _RUN_LETTERS),
    )
)


def normalised(texts: pl.Series) -> pl.Series:
    """Texts in one spelling, for matching and for finding duplicates; not for showing to people.

    Canonical composition (NFC), lower case; invisible and bidirectional marks and stress marks removed;
    Latin, Greek and digit look-alikes inside Cyrillic words folded to Cyrillic; a letter written three times
    or more reduced to one; four or more single letters set apart by the same separator joined.

    Args:
        texts: strings, nulls allowed.

    Returns:
        Strings of the same length and order; null stays null.
    """
    plain = pl.Series("normalised", pc.utf8_lower(texts.cast(pl.String).to_arrow().cast(pa.large_string())))  # pyright: ignore[reportAttributeAccessIssue]
    # One pass tells which texts need more than lower case; most do not.
    rows = plain.str.contains(f"{_ODD_SPELLING}|{_NOT_COMPOSED}").fill_null(value=False).arg_true()
    if len(rows) == 0:
        return plain
    lowered = _precomposed(texts.gather(rows)).str.to_lowercase()
    odd = has_odd_spelling(lowered).to_list()
    repaired = [_folded(text) if is_odd else text for text, is_odd in zip(lowered.to_list(), odd, strict=True)]
    return plain.scatter(rows, pl.Series(repaired, dtype=pl.String))


def _precomposed(texts: pl.Series) -> pl.Series:
    """Texts in NFC; only those with a combining mark, or a sign that NFC replaces, are looked at."""
    apart = texts.str.contains(_NOT_COMPOSED).fill_null(value=False)
    if not apart.any():
        return texts
    return texts.scatter(apart.arg_true(), texts.filter(apart).str.normalize("NFC"))


def _folded(lowered: str) -> str:
    """As `folded_with_offsets`, of a text that is composed and in lower case already, without the offsets."""
    if _COMBINING.search(lowered):
        return folded_with_offsets(lowered)[0]
    line = _REMOVED.sub("", lowered)
    if _FOREIGN.search(line):
        line = _MIXED_WORD.sub(_to_cyrillic, line)
    line = _SPACED.sub(_joined, line)
    return _REPEATED.sub(_once, line)


def _once(run: re.Match[str]) -> str:
    letter = run.group(1)
    return letter if _LETTER.match(letter) else run.group()


def _joined(spaced: re.Match[str]) -> str:
    return "".join(letter for letter in spaced.group() if letter.isalpha())


def has_odd_spelling(lowered: pl.Series) -> pl.Series:
    """Which lower-case texts hold what `folded_with_offsets` changes beyond case; null is false."""
    return lowered.str.contains(_ODD_SPELLING).fill_null(value=False)


def folded_with_offsets(text: str) -> tuple[str, list[int]]:
    """One text normalised, and for each of its characters the index in the text as it was written."""
    letters, places = _composed(text)
    line = "".join(letters)
    line = _MIXED_WORD.sub(_to_cyrillic, line)
    line, places = _without(line, places, _separators(line))
    return _without(line, places, {i for run in _RUN.finditer(line) for i in range(run.start() + 1, run.end())})


def _composed(text: str) -> tuple[list[str], list[int]]:
    if not _COMBINING.search(text) and not _REMOVED.search(text):
        # Letters whose lower case is longer than one (`İ`) stay as they are, so that places hold.
        lowered = text.lower()
        if len(lowered) == len(text):
            return list(lowered), list(range(len(text)))
    if not _COMBINING.search(text) and len(text.lower()) == len(text):
        kept = [place for place, letter in enumerate(text) if letter not in _REMOVED_SET]
        lowered = text.lower()
        return [lowered[place] for place in kept], kept
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        if letters and unicodedata.combining(letter):
            joined = unicodedata.normalize("NFC", letters[-1] + letter)
            if len(joined) == 1:
                letters[-1] = joined.lower()
                continue
        if _REMOVED.match(letter):
            continue
        lowered = letter.lower()
        letters.append(lowered if len(lowered) == 1 else letter)
        places.append(place)
    return letters, places


def _to_cyrillic(word: re.Match[str]) -> str:
    """Fold a word of two scripts when Cyrillic prevails, or every foreign letter has a look-alike."""
    written = word.group()
    foreign = [letter for letter in written if not "\u0400" <= letter <= "\u052f"]
    if len(foreign) * 2 <= len(written) or all(letter in _LOOK_ALIKES for letter in foreign):
        return written.translate(_FOLD)
    return written


def _separators(line: str) -> set[int]:
    return {
        place
        for spaced in _SPACED.finditer(line)
        for place in range(spaced.start(), spaced.end())
        if not line[place].isalpha()
    }


def _without(line: str, places: list[int], dropped: set[int]) -> tuple[str, list[int]]:
    if not dropped:
        return line, places
    kept = [index for index in range(len(line)) if index not in dropped]
    return "".join(line[index] for index in kept), [places[index] for index in kept]
