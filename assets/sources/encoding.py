"""Which encoding a text file is in, told only when it is safe to tell."""

import codecs
import io
from pathlib import Path
from typing import BinaryIO

from assets.sources.read_result import SourceError
from assets.sources.unpacking import FileLimits, open_unpacked

SAMPLE_BYTES = 2**18
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ONE_BYTE = ("cp1251", "kz1048", "koi8-r", "cp866", "mac-cyrillic")
FREQUENT = frozenset("оеаинтсрвлкмдпуыябзгіғқәұү")
LETTERS = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюяәғқңөұүһі")
# Of running Russian or Kazakh text read in its right encoding well over half of the letters are frequent
# ones, nearly all are letters of the two alphabets, and capitals stand at the beginning of words.
ENOUGH = 0.80
MARGIN = 0.05
FEWEST_LETTERS = 6


def detected_encoding(data: bytes, complete: bool = True) -> str:
    """The Python codec of a text, from its first bytes.

    UTF-8, UTF-16 and UTF-32 are told by mark or by validity. A one-byte Cyrillic encoding is named only if
    the text reads as Russian or Kazakh in it and clearly worse in every other.

    Args:
        data: the beginning of the file.
        complete: whether `data` is the whole file; if not, a character cut at the end is forgiven.

    Raises:
        SourceError: `wrong_encoding` when no encoding is safe to name.
    """
    for mark, name in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return name
    wide = _wide_encoding(data)
    if wide is not None:
        return wide
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(data, final=complete)
        return "utf-8"
    except UnicodeDecodeError as error:
        if error.start > 0 and error.reason.startswith("unexpected end") and not complete:
            return "utf-8"
    scores = sorted(((_cyrillic_score(data, name), name) for name in ONE_BYTE), reverse=True)
    (best, name), (second, rival) = scores[0], scores[1]
    if {name, rival} == {"cp1251", "kz1048"}:
        # The two differ in a dozen letters; where they read alike the plain one will do.
        second = scores[2][0]
        name = "kz1048" if name == "kz1048" and best - scores[1][0] > 1e-9 else "cp1251"
    if best < ENOUGH or best - second < MARGIN:
        raise SourceError("wrong_encoding", f"best guess {name} at {best:.2f}")
    return name


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 without a mark: markup is ASCII, so every second byte is mostly null (Cyrillic: 0x04)."""
    head = data[: 4096 - len(data[:4096]) % 2]
    if len(head) < 8:
        return None
    even, odd = head[0::2], head[1::2]
    high = (0, 4)
    if sum(byte in high for byte in odd) > 0.9 * len(odd) and 0 in odd:
        return "utf-16-le"
    if sum(byte in high for byte in even) > 0.9 * len(even) and 0 in even:
        return "utf-16-be"
    return None


def _cyrillic_score(data: bytes, name: str) -> float:
    """Share of the non-ASCII characters that look like running Cyrillic text, 0..1."""
    try:
        text = data[:65536].decode(name)
    except UnicodeDecodeError:
        return 0.0
    foreign = [(before, letter) for before, letter in zip(" " + text, text, strict=False) if letter > "\x7f"]
    if len(foreign) < FEWEST_LETTERS:
        return 0.0
    good = sum(
        letter in LETTERS
        or letter in "«»–—№“”„…’"
        or (letter.lower() in LETTERS and (not before.isalpha() or before.isupper()))
        for before, letter in foreign
    )
    letters = [letter.lower() for _, letter in foreign if letter.isalpha()]
    frequent = sum(letter in FREQUENT for letter in letters) / max(len(letters), 1)
    lower = sum(letter.islower() for _, letter in foreign) / len(foreign)
    return good / len(foreign) * min(1.0, frequent / 0.7) * (0.9 + 0.1 * lower)


def proved_encoding(path: Path, declared: str | None = None, limits: FileLimits | None = None) -> str:
    """The codec a whole file was proved to decode in, without keeping its text.

    Raises:
        SourceError: `wrong_encoding` if it does not decode to the end; else as `open_unpacked`.
    """
    with open_unpacked(path, limits) as stream:
        sample = stream.read(SAMPLE_BYTES)
        if not sample:
            raise SourceError("empty_file")
        complete = len(sample) < SAMPLE_BYTES
        name = declared or detected_encoding(sample, complete)
        try:
            decoder = codecs.getincrementaldecoder(name)("strict")
            decoder.decode(sample, final=complete)
            while not complete and (block := stream.read(2**20)):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except LookupError as error:
            raise SourceError("wrong_encoding", f"no encoding is called {name}") from error
        except UnicodeDecodeError as error:
            raise SourceError("wrong_encoding", f"not {name} throughout") from error
    return name


def decoded(data: bytes, declared: str | None = None) -> str:
    """A whole text in memory.

    Raises:
        SourceError: `wrong_encoding`.
    """
    name = declared or detected_encoding(data)
    try:
        return data.decode(name)
    except LookupError as error:
        raise SourceError("wrong_encoding", f"no encoding is called {name}") from error
    except UnicodeDecodeError as error:
        raise SourceError("wrong_encoding", f"not {name} throughout") from error


def text_stream(stream: BinaryIO, name: str) -> io.TextIOWrapper:
    """Lines of a byte stream in a proved encoding, line ends left as they are."""
    return io.TextIOWrapper(stream, encoding=name, newline="")
