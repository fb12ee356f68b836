"""Which region of Kazakhstan a message is about, and how that was found out."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

import polars as pl

from data_contracts.reference import regions
from models.text.form_search import Hit
from models.text.normalisation import normalised
from models.text.place_forms import Gazetteer, PlaceForm, gazetteer, places_listed

UNKNOWN = "unknown"
ABROAD = "abroad"
COUNTRY = "KZ"
RegionBasis = Literal["text", "source", "vendor", "none", "ambiguous"]

PLACE_SCHEMA = pl.Schema({"region_code": pl.String(), "region_basis": pl.String()})

_MARKS_AFTER = re.compile(r"[\s\u00a0]+(?:қ\.|г\.|а\.|қала|кала|аудан|облыс|ауыл|ауыл|кент|район|област|обл\b|сельск)")
_MARKS_BEFORE = re.compile(
    r"(?:\bг\.?|\bс\.|\bгород[а-я]*|\bрайон[а-я]*|\bсел[оеау]|\bпос[её]л[а-я]*|\bаул[а-я]*|\bстанци[а-я]*|\bобласт[а-я]*)[\s\u00a0]+$"
)
_IN_RUSSIAN = re.compile(r"\b(?:во?|из|около|под)[\s\u00a0]+$")
_PEOPLE_AFTER = re.compile(r"[\s\u00a0]+(?:тіл|тил|халқы|халкы|ұлты|диаспора)")
_STREET_AFTER = re.compile(r"[\s\u00a0]+(?:көше|коше|даңғыл|атындағы|атында|проспект|улиц|бульвар)")
_STREET_BEFORE = re.compile(r"(?:\bул\.?|\bулиц[а-я]*|\bпроспект[а-я]*|\bпр\.?|\bимени|\bбульвар[а-я]*)[\s\u00a0]+$")


def places(
    texts: pl.Series,
    source_regions: pl.Series | None = None,
    vendor_regions: pl.Series | None = None,
    normalised_texts: pl.Series | None = None,
    table: Gazetteer | None = None,
) -> pl.DataFrame:
    """Region of each message: from its text, else from the vendor's geography, else from its source.

    A text that names one region (or one more often than any other) is about that region. A text that names
    several equally is about the one that its vendor or source also names, else `unknown` with basis
    `ambiguous`. A text that names only places abroad, and not Kazakhstan, is `abroad`.

    Args:
        texts: texts as written.
        source_regions: region code of the outlet itself, null where it has none.
        vendor_regions: region as the vendor wrote it (`г. Шымкент`), null where not given.
        normalised_texts: `normalised(texts)` where the caller has it already.
        table: places to look for; by default those that come with the package.

    Returns:
        One row per text, in order: region_code (20 codes, `unknown` or `abroad`), region_basis (text, source,
        vendor, none, ambiguous).
    """
    plain = normalised(texts) if normalised_texts is None else normalised_texts
    blank = pl.Series([None], dtype=pl.String).new_from_index(0, len(texts))
    outside = pl.DataFrame(
        {
            "row": pl.int_range(len(texts), dtype=pl.Int64, eager=True),
            "vendor": blank if vendor_regions is None else region_of_name(vendor_regions),
            "source": blank if source_regions is None else source_regions,
        }
    ).with_columns(outside=pl.coalesce("vendor", "source"))
    named = _regions_named(texts, plain, table)
    return _resolved(outside, named).select("region_code", "region_basis")


def place_mentions(
    texts: pl.Series, normalised_texts: pl.Series | None = None, table: Gazetteer | None = None
) -> pl.DataFrame:
    """Every place found in texts: row, start, end (characters of the normalised text), region_code."""
    plain = normalised(texts) if normalised_texts is None else normalised_texts
    found = _accepted_hits(texts, plain, table)
    return pl.DataFrame(
        [(hit.row, hit.start, hit.end, code) for hit, code in found],
        schema={"row": pl.Int64(), "start": pl.Int64(), "end": pl.Int64(), "region_code": pl.String()},
        orient="row",
    )


def region_of_name(names: pl.Series) -> pl.Series:
    """Region code of a region or place as an outside file writes it.

    Understands names in Kazakh, Russian and English, cases, `обл.`, `г.`, `қ.`, ISO 3166-2 and KATO codes,
    and longer addresses (`Казахстан, Алматинская область, Талгар`).

    Args:
        names: strings, nulls allowed.

    Returns:
        Region code, `KZ` for the country as a whole, `abroad` for a known place abroad, null for anything
        else.
    """
    distinct = names.drop_nulls().unique()
    cleaned = _cleaned_names(distinct)
    exact = [_exact_names().get(name) for name in cleaned.to_list()]
    found = _regions_named(cleaned.str.to_titlecase(), cleaned, lenient=True)
    best: dict[int, set[str]] = {}
    for row, code in found.select("row", "region_code").iter_rows():
        best.setdefault(row, set()).add(code)
    codes = [code or _one_region(best.get(row, set())) for row, code in enumerate(exact)]
    return names.replace_strict(distinct, pl.Series(codes, dtype=pl.String), default=None).alias("region_code")


def _cleaned_names(names: pl.Series) -> pl.Series:
    plain = normalised(names).str.replace_all(r"\b(?:обл|облыс)\.", "область").str.replace_all(r"[.,;()«»\"]", " ")
    plain = plain.str.replace_all(r"\bқ(?:\s|$)", " қаласы ").str.replace_all(r"\b(?:г|город|city of)\s+", "")
    return plain.str.replace_all(r"\s+", " ").str.strip_chars()


def _one_region(codes: set[str]) -> str | None:
    inside = codes - {COUNTRY, ABROAD}
    if len(inside) == 1:
        return next(iter(inside))
    if inside:
        return None
    return ABROAD if codes == {ABROAD} else COUNTRY if COUNTRY in codes else None


@cache
def _exact_names() -> dict[str, str]:
    """Whole names that the search in running text would read otherwise or not at all."""
    names: dict[str, str] = {}
    for place in places_listed():
        if place.kind in ("region", "city") and place.region_code in regions():
            for name in (place.kk, place.ru):
                names.setdefault(name, place.region_code)
        if place.kind == "region":
            names[place.kk.removesuffix(" облысы")] = place.region_code
            names[place.ru.removesuffix(" область").removeprefix("область ")] = place.region_code
            names[place.ru.removesuffix("область") + "обл"] = place.region_code
    for code, region in regions().items():
        short = region.name.en.lower().removesuffix(" region").removesuffix(" city")
        names.setdefault(short, code)
        for ending in ("region", "oblast", "oblysy", "city")[:3] if region.kind == "region" else ("city", "qalasy"):
            names[f"{short} {ending}"] = code
        names[code.lower()] = code
        names[code.replace("-", "").lower()] = code
        names[region.kato_prefix + "0000000"] = code
        for form in (region.name.kk, region.name.ru):
            names[form.lower()] = code
    names |= {"алматы": "KZ-75", "almaty": "KZ-75", "алматы қаласы": "KZ-75", "түркістан": "KZ-61"}
    names |= {"zhetysu": "KZ-33", "zhetisu": "KZ-33", "zhetysu region": "KZ-33", "turkestan": "KZ-61"}
    names |= {"turkestan region": "KZ-61", "nur-sultan": "KZ-71", "жетысу": "KZ-33", "улытау": "KZ-62"}
    names |= {
        "kazakhstan": "KZ",
        "республика казахстан": "KZ",
        "казахстан": "KZ",
        "қазақстан": "KZ",
        "kz": "KZ",
    }
    names.pop("", None)
    return names


def _regions_named(
    texts: pl.Series, plain: pl.Series, table: Gazetteer | None = None, *, lenient: bool = False
) -> pl.DataFrame:
    """Counts of regions named per row: row, region_code, count."""
    found = _accepted_hits(texts, plain, table, lenient=lenient)
    return (
        pl.DataFrame(
            [(hit.row, code) for hit, code in found],
            schema={"row": pl.Int64(), "region_code": pl.String()},
            orient="row",
        )
        .group_by("row", "region_code")
        .agg(count=pl.len().cast(pl.Int64))
    )


def _accepted_hits(
    texts: pl.Series, plain: pl.Series, table: Gazetteer | None = None, *, lenient: bool = False
) -> list[tuple[Hit, str]]:
    table = gazetteer() if table is None else table
    hits = list(table.search.hits(plain))
    # Each text is fetched once, however many places it names.
    needed = sorted({hit.row for hit in hits})
    written, lines = (dict(zip(needed, column.gather(needed).to_list(), strict=True)) for column in (texts, plain))
    found: list[tuple[Hit, str]] = []
    for hit in hits:
        form = table.forms[hit.form]
        if lenient or _is_place(hit, form, written[hit.row], lines[hit.row]):
            found.append((hit, form.region_code))
    return found


def _is_place(hit: Hit, form: PlaceForm, text: str, line: str) -> bool:
    mode = form.mode
    before = line[max(0, hit.start - 20) : hit.start]
    if _STREET_AFTER.match(line, hit.end) or _STREET_BEFORE.search(before):
        return False
    if mode == "bare":
        return True
    if form.region_code == ABROAD and _PEOPLE_AFTER.match(line, hit.end):
        return False
    aligned = len(text) == len(line)
    if mode == "capital":
        return aligned and text[hit.start].isupper()
    if _MARKS_AFTER.match(line, hit.end) or _MARKS_BEFORE.search(before):
        return True
    if not (aligned and text[hit.start].isupper()) or mode == "country_case":
        return False
    if _IN_RUSSIAN.search(before):
        return True
    opens = not before.strip() or before.rstrip()[-1] in '.!?…:;«"—–-'
    return form.is_kazakh_place_case and (mode == "named" or not opens)


def _resolved(outside: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    inside = named.filter(~pl.col("region_code").is_in([COUNTRY, ABROAD]))
    top = inside.with_columns(most=pl.col("count").max().over("row")).filter(pl.col("count") == pl.col("most"))
    by_text = top.group_by("row").agg(text_regions=pl.col("region_code").unique().sort())
    far = named.group_by("row").agg(
        is_far=(pl.col("region_code") == ABROAD).any() & ~(pl.col("region_code") == COUNTRY).any()
    )
    joined = outside.join(by_text, on="row", how="left", maintain_order="left").join(
        far, on="row", how="left", maintain_order="left"
    )
    several = pl.col("text_regions").list.len().fill_null(0)
    agreed = (several > 1) & pl.col("text_regions").list.contains(pl.col("outside"))
    known = regions().keys()
    vendor = pl.col("vendor").is_in([*known, ABROAD])
    source = pl.col("source").is_in([*known, ABROAD])
    return joined.select(
        region_code=pl.when(several == 1)
        .then(pl.col("text_regions").list.first())
        .when(agreed)
        .then("outside")
        .when(several > 1)
        .then(pl.lit(UNKNOWN))
        .when(pl.col("is_far"))
        .then(pl.lit(ABROAD))
        .when(vendor)
        .then("vendor")
        .when(source)
        .then("source")
        .otherwise(pl.lit(UNKNOWN)),
        region_basis=pl.when((several == 1) | agreed)
        .then(pl.lit("text"))
        .when(several > 1)
        .then(pl.lit("ambiguous"))
        .when(pl.col("is_far"))
        .then(pl.lit("text"))
        .when(vendor)
        .then(pl.lit("vendor"))
        .when(source)
        .then(pl.lit("source"))
        .otherwise(pl.lit("none")),
    )
