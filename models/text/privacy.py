"""Privacy at the door: personal data out of texts, authors into keyed pseudonyms.

What stands for removed data holds no letter, so that it weighs nothing in language identification or
classification.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import polars as pl

PLACEHOLDERS = {
    "email": "[✉]",
    "link": "[↗]",
    "handle": "[@]",
    "phone": "[☎]",
    "card": "[▭]",
    "account": "[▤]",
    "iin": "[№]",
    "address": "[⌂]",
}
PSEUDONYM_CHARACTERS = 32
SHORTEST_KEY_BYTES = 16

# Between the digits of a number people put blanks, brackets, dashes, dots, keycap marks.
_GAP = r"[\s\-.()/_\u00a0\u2009\u202f\u2010-\u2015\u2212\ufe0f\u20e3]"
_END = r"(?:[\ufe0f\u20e3]+|\b)"
_TOP_DOMAINS = (
    r"(?:kz|ru|com|net|org|me|io|info|su|by|uz|kg|ua|app|link|site|online|shop|biz|tv|cc|gg|ly|be|club|pro|"
    r"live|space|xyz|top|edu|gov|қаз|рф)"
)
_FLAT = (
    r"(?:[\s,]*(?i:корп(?:ус)?|к|блок|подъезд|кіреберіс)\.?\s*\d{1,3})?"
    r"(?:[\s,]*(?i:кв(?:артира)?|пәт(?:ер)?|оф(?:ис)?|бөлме|ком(?:ната)?)\.?\s*\d{1,4}"
    r"|[\s,]*\d{1,4}\s?-?\s?(?i:пәтер|кв)\b\.?)?"
)
_HOUSE = (
    r"[\s,]*(?i:д(?:ом)?\b\.?|үй|house)?\s*№?\s*\d{1,4}(?:\s?[а-яА-Яa-zA-Z]\b)?(?:[/\-]\d{1,4})?(?:\s?-?\s?үй)?"
) + _FLAT
_NAME_WORD = r"(?:\p{L}{1,3}\.\s*|\d{0,3}-?[\p{L}][\p{L}\d\-]*\s*)"
_CAPITAL_NAME = r"(?:\p{L}{1,3}\.\s*|[«\"“]?\d{0,3}-?\p{Lu}[\p{L}\d\-]*[»\"”]?\s*)"

# Full-width, Arabic and Persian digits, read as the digits they are.
_DIGITS = {chr(zero + digit): str(digit) for zero in (0xFF10, 0x0660, 0x06F0) for digit in range(10)}
_FIVE_DIGITS = r"(?:\d[^\d\p{L}]{0,3}){5}"
_DOT_LETTER = r"\.[a-zA-Zқр]"


@dataclass(frozen=True)
class _Removal:
    """What is looked for, and a cheaper sign without which it cannot be there."""

    sign: str
    pattern: str
    placeholder: str


# Rust regular expressions (linear time, no look-around), in the order they are applied: what contains
# something else (an e-mail holds a domain, a card holds a phone) goes first.
_WRITTEN_REMOVALS: tuple[_Removal, ...] = (
    _Removal(
        r"[@)\]]\s?[\p{L}\d\-]+(?:\.[\p{L}\d\-]+)*\.\p{L}{2}",
        r"(?i)\b[\p{L}\d._%+\-]+\s?(?:@|[\[(]\s*(?:at|собака|@)\s*[\])])\s?"
        r"[\p{L}\d\-]+(?:\.[\p{L}\d\-]+)*\.\p{L}{2,}",
        PLACEHOLDERS["email"],
    ),
    _Removal(":/", r"(?i)\b(?:https?|ftp|tg|whatsapp|viber|skype)\s?:/{1,2}\S+", PLACEHOLDERS["link"]),
    _Removal(r"[oOlLeE]:[^\s/]", r"(?i)\b(?:mailto|tel|skype):\S+", PLACEHOLDERS["link"]),
    _Removal(r"[wW]\.", r"(?i)\bwww\.\S+", PLACEHOLDERS["link"]),
    _Removal(
        r"\.[a-zA-Zқр]\p{L}+/",
        rf"(?i)\b(?:[\p{{L}}\d\-]+\.)+{_TOP_DOMAINS}(?:/\S*)",
        PLACEHOLDERS["link"],
    ),
    _Removal(_DOT_LETTER, rf"(?i)\b(?:[a-z\d\-]+\.)+{_TOP_DOMAINS}\b", PLACEHOLDERS["link"]),
    _Removal(r"\.(?:рф|қаз|РФ|ҚАЗ)", r"(?i)\b[\p{L}\d\-]+\.(?:рф|қаз)\b", PLACEHOLDERS["link"]),
    _Removal(
        r"[:=\-–—]\s*[a-zA-Z\d_.]{3}",
        r"(?i)\b((?:instagram|инстаграм\p{L}*|инста|insta|telegram|телеграм\p{L}*|телега|тг|tg|tik\s?tok|"
        r"тик\s?ток|facebook|фейсбук|вконтакте|вк|vk|skype|скайп|никнейм|ник|nickname|логин|login)"
        r"\s*[:=\-–—]\s*)[a-zA-Z\d_.]*[a-zA-Z\d_]{2,}",
        "${1}" + PLACEHOLDERS["handle"],
    ),
    _Removal("[@＠]", r"[@＠]+[\p{L}\d_][\p{L}\d_.]*", PLACEHOLDERS["handle"]),
)
# The same, for what cannot be there without a digit.
_NUMBER_REMOVALS: tuple[_Removal, ...] = (
    _Removal("[kK][zZ] ?[0-9]{2}", r"(?i)\bkz\s?\d{2}(?:\s?[\da-z]){16}\b", PLACEHOLDERS["account"]),
    _Removal(
        _FIVE_DIGITS,
        rf"\b(?:\d{{4}}{_GAP}{{0,2}}){{3}}\d{{4}}(?:{_GAP}?\d{{1,3}})?{_END}",
        PLACEHOLDERS["card"],
    ),
    _Removal(_FIVE_DIGITS, rf"\b3[47]\d{{2}}{_GAP}?\d{{6}}{_GAP}?\d{{5}}\b", PLACEHOLDERS["card"]),
    _Removal(r"\+", rf"\+{_GAP}{{0,2}}\d(?:{_GAP}{{0,3}}\d){{7,14}}", PLACEHOLDERS["phone"]),
    _Removal(_FIVE_DIGITS, rf"\b[78](?:{_GAP}{{0,3}}7(?:{_GAP}{{0,3}}\d){{9}}){_END}", PLACEHOLDERS["phone"]),
    _Removal(_FIVE_DIGITS, r"\b\d{6}[\s\-]?\d{6}\b", PLACEHOLDERS["iin"]),
    _Removal(_FIVE_DIGITS, r"\b\d(?:[\s\-]?\d){11}\b", PLACEHOLDERS["iin"]),
    _Removal(_FIVE_DIGITS, rf"\b[78](?:{_GAP}{{0,3}}\d){{10}}{_END}", PLACEHOLDERS["phone"]),
    _Removal(
        _FIVE_DIGITS,
        rf"\(?\b7\d\d\)?{_GAP}{{0,2}}\d{{3}}{_GAP}?\d{{2}}{_GAP}?\d{{2}}{_END}",
        PLACEHOLDERS["phone"],
    ),
    _Removal(
        _FIVE_DIGITS,
        r"(?i)\b((?:тел(?:ефон\p{L}*)?|моб(?:ильн\p{L}*)?|сот(?:ов\p{L}*)?|факс|whats\s?app|wh?atsap|"
        r"ват?с?ап\p{L}*|уатсап\p{L}*|вотсап\p{L}*|viber|вайбер|phone|tel|call|звоните|пишите на|"
        r"қоңырау\p{L}*|нөмір\p{L}*|хабарлас\p{L}*|номер\p{L}*)\b[^\p{L}\d]{0,6}"
        rf"(?:\p{{L}}{{1,8}}[^\p{{L}}\d]{{0,3}})?)\(?\d(?:{_GAP}{{0,3}}\d){{4,14}}{_END}",
        "${1}" + PLACEHOLDERS["phone"],
    ),
    _Removal(
        _FIVE_DIGITS,
        r"(?i)\b((?:иин|жсн|iin|уд(?:остоверени\p{L}*|л\p{L}*|в)|паспорт\p{L}*|жеке куәлі\p{L}*|"
        r"төлқұжа\p{L}*|passport\p{L}*)\b[^\p{L}\d]{0,4}(?:серия|нөмірі|номер|number|no)?[^\p{L}\d]{0,4})"
        r"[\p{L}]{0,2}\s?\d(?:[\s\-]?\d){5,13}\b",
        "${1}" + PLACEHOLDERS["iin"],
    ),
    _Removal(
        r"(?:[Уу]л|[Пп]ер|[Мм]крн?|[Мм]к?р-н|[Бб]-р|[Пп]р-к?т|[Жж]/?м|[Нн]аб|[Ss]t|[Mm]kr)\b",
        r"\b(?i:ул|пер|мкрн?|мк?р-н|б-р|пр-к?т|ж/?м|наб|st|mkr)\b\.?\s*[«\"“]?"
        rf"{_NAME_WORD}{{1,3}}[»\"”]?" + _HOUSE,
        PLACEHOLDERS["address"],
    ),
    _Removal(
        r"лиц[аеыу]|ЛИЦ[АЕЫУ]|[Пп]р\.|[Пп]росп|ереул|район|ульвар|роезд|[Шш]\.|оссе|ережн|упик|treet",
        r"\b(?i:улиц[аеыу]|пр\.|просп\.|проспект[ае]?|переул(?:ок|ке)|микрорайоне?|бульваре?|проезде?|ш\.|шоссе|"
        r"набережн(?:ая|ой)|тупике?|street)\s*" + _CAPITAL_NAME + "{1,3}" + _HOUSE,
        PLACEHOLDERS["address"],
    ),
    _Removal(
        r"көш|даңғ|ықшам|шағын|мөлтек|тұйығы|бұлвар|treet|ave",
        rf"(?:{_CAPITAL_NAME}{{1,3}}|\d{{1,2}}(?:-?\p{{L}}{{2,3}})?\s+)\s*"
        r"(?:көш(?:есі(?:нің|ндегі)?\b|\.)|даңғ(?:ылы(?:ның|ндағы)?\b|\.)|(?:ықшам|шағын|мөлтек)\s?аудан(?:ы\p{L}*)?\b|"
        r"тұйығы\b|бұлвары\b|[Ss]treet\b|[Aa]ve(?:nue)?\b\.?)" + _HOUSE,
        PLACEHOLDERS["address"],
    ),
    _Removal(
        r"\d.*(?:кв|Кв|КВ|пәт|Пәт)",
        r"(?i)\b(?:д(?:ом)?|үй)\.?\s*№?\s*\d{1,4}[а-яa-z]?(?:[/\-]\d{1,4})?[\s,]+(?:кв(?:артира)?|пәтер)\.?\s*\d{1,4}"
        r"|\b\d{1,4}\s?-?\s?үй[\s,]+\d{1,4}\s?-?\s?пәтер",
        PLACEHOLDERS["address"],
    ),
)
_SUSPECT = r"[@＠\d]|\.[a-zA-Zқр]|:/|[:=\-–—]\s*[a-zA-Z]"


def scrub(texts: pl.Series) -> pl.Series:
    """Texts with phones, e-mails, links, handles, card, account and identity numbers and addresses replaced.

    An address is taken out only with its house number; a street alone names a place, not a home. Names of
    people inside sentences stay in the lake and leave what is shown as evidence (`models.text.person_names`).

    Args:
        texts: strings; null stays null.

    Returns:
        Strings of the same length and name; texts without anything personal are unchanged.
    """
    suspects = texts.str.contains(_SUSPECT).fill_null(value=False)
    if not suspects.any():
        return texts
    found = texts.filter(suspects)
    foreign = found.str.contains(r"[０-９٠-٩۰-۹]")
    found = _put(found, foreign, found.filter(foreign).str.replace_many(_DIGITS))
    found = _without(found, _WRITTEN_REMOVALS)
    numbered = found.str.contains(r"\d")
    found = _put(found, numbered, _without(found.filter(numbered), _NUMBER_REMOVALS))
    return _put(texts, suspects, found)


def _put(texts: pl.Series, places: pl.Series, values: pl.Series) -> pl.Series:
    """The texts with values at the places that are true; `Series.scatter` would write into the caller's texts."""
    if values.is_empty():
        return texts
    numbers = (places.cast(pl.Int64).cum_sum() - 1).clip(lower_bound=0)
    return values.gather(numbers).zip_with(places, texts).alias(texts.name)


def _without(texts: pl.Series, removals: tuple[_Removal, ...]) -> pl.Series:
    known: dict[str, pl.Series] = {}
    for removal in removals:
        # What is put in for numbers holds no digit, so a text without enough of them never gains any.
        seen = known.get(removal.sign)
        signs = texts.str.contains(removal.sign) if seen is None else seen
        if removal.sign == _FIVE_DIGITS:
            known[removal.sign] = signs
        if signs.any():
            cleaned = texts.filter(signs).str.replace_all(removal.pattern, removal.placeholder)
            texts = _put(texts, signs, cleaned)
    return texts


def pseudonyms(author_ids: pl.Series, key: bytes) -> pl.Series:
    """Authors as 32 hexadecimal characters of HMAC-SHA256 under a key that is destroyed after its quarter.

    Under one key the same author always gets the same pseudonym, so that authors can be counted; without
    the key nothing leads back.

    Args:
        author_ids: strings; null and blank give null.
        key: at least 16 bytes.

    Raises:
        ValueError: if the key is shorter.
    """
    if len(key) < SHORTEST_KEY_BYTES:
        raise ValueError(f"the pseudonym key has {len(key)} bytes; give at least {SHORTEST_KEY_BYTES}")
    cleaned = author_ids.cast(pl.String).str.strip_chars()
    distinct = cleaned.unique().drop_nulls()
    table = {
        author: hmac.digest(key, author.encode(), hashlib.sha256).hex()[:PSEUDONYM_CHARACTERS]
        for author in distinct.to_list()
        if author
    }
    if not table:
        return pl.Series(author_ids.name, [None] * author_ids.len(), dtype=pl.String)
    return cleaned.replace_strict(table, default=None, return_dtype=pl.String).alias(author_ids.name)
