"""The official classifier of territories, when the operator gives it: settlements added to our gazetteer."""

import csv
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from data_contracts.contract import ContractError
from data_contracts.reference import regions
from data_contracts.source import source_contract
from models.text.place_forms import Gazetteer, Place, compiled_gazetteer, gazetteer, places_listed

FILE_NAME = "kato.csv"
SHORTEST_NAME = 5
# Names that are everyday words even beside `ауылы` or `село`.
EVERYDAY = frozenset(
    [
        "аудан",
        "балық",
        "базар",
        "бұлақ",
        "орман",
        "теңіз",
        "станция",
        "совхоз",
        "бригада",
        "разъезд",
        "ферма",
        "центр",
        "школа",
        "училище",
    ]
)
# Marks of kind, before or after a name; what is left is the name.
_KIND_RU = re.compile(
    r"^(?:г|с|п|а|ст|рзд|пос|пгт|р-н|ул|м|зим|кшт|ж/д ст|разъезд|станция|село|поселок|город)\.?\s*(?=[А-ЯЁ\d])"
    r"|\s+(?:Г\.А\.?|г\.а\.?|с\.?о\.?|п\.?а\.?|район|область|с\.о)$"
)
_KIND_KK = re.compile(
    r"\s+(?:Қ\.Ә\.?|қ\.ә\.?|а\.о\.?|к\.ә\.?|к\.а\.?|қ\.?|а\.?|к\.?|с\.?|ст\.?|рзд\.?|бекеті|разъезі|ауданы|облысы|ауылы|кенті)$"
)
_PLAIN = re.compile(r"[а-яёәғқңөұүһі][а-яёәғқңөұүһі \-]+")


class _Unit(NamedTuple):
    region_code: str
    kk: str
    ru: str


def gazetteer_with_kato(folder: Path) -> Gazetteer:
    """Our gazetteer, with the settlements of `kato.csv` where the folder holds it.

    Our own places come first. A name that stands in the classifier under several regions, or that ours holds
    already, is not added; an added name counts as a place beside a word for its kind (`ауылы`, `село`), or
    with a capital and a case of place.

    Raises:
        ContractError: if the file lacks a column or holds a code of no region; it names the line.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return gazetteer()
    return _gazetteer(path, path.stat().st_mtime_ns, path.stat().st_size)


@lru_cache(maxsize=2)
def _gazetteer(path: Path, _changed: int, _size: int) -> Gazetteer:
    return compiled_gazetteer(chain(places_listed(), kato_places(_units(path))))


def kato_places(units: Iterable[_Unit]) -> list[Place]:
    """Settlements and districts whose names belong to one region only, in either language."""
    of_name: dict[str, set[str]] = {}
    listed = list(dict.fromkeys(units))
    for unit in listed:
        for name in {unit.kk, unit.ru}:
            of_name.setdefault(name, set()).add(unit.region_code)
    ours = {name for place in places_listed() for name in (place.kk, place.ru)}

    def usable(name: str) -> str:
        fits = len(name) >= SHORTEST_NAME and _PLAIN.fullmatch(name) and name not in ours | EVERYDAY
        return name if fits and len(of_name[name]) == 1 else ""

    places = []
    for unit in listed:
        kk, ru = usable(unit.kk), usable(unit.ru)
        # Russian names of several words are not inflected here; the Kazakh name stands for them.
        ru = "" if " " in ru else ru
        if kk or ru:
            places.append(Place(unit.region_code, "settlement", kk, ru, _russian_class(ru), "", "marked"))
    return places


def _russian_class(name: str) -> str:
    if not name:
        return "fixed"
    if name.endswith("ка"):
        return "f"
    if name[-1] == "а":
        return "a"
    if name[-1] in "бвгдзклмнпрстфх":
        return "m"
    return "neuter" if name.endswith(("ово", "ево", "ино")) else "fixed"


def _units(path: Path) -> Iterator[_Unit]:
    contract = source_contract("kato")
    by_prefix = {region.kato_prefix: code for code, region in regions().items()}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        header = reader.fieldnames or []
        names = {
            column.field: next((name for name in column.names if name in header), "") for column in contract.columns
        }
        missing = [column.names[0] for column in contract.columns if not names[column.field]]
        if missing:
            raise ContractError(f"{path.name}: no column {', '.join(missing)}; found {', '.join(header)}")
        for number, row in enumerate(reader, start=2):
            code = (row[names["kato"]] or "").strip()
            if code[:2] not in by_prefix or not code.isdigit():
                raise ContractError(f"{path.name} line {number}: code {code[:12]!r} begins with no region's two digits")
            kk = _KIND_KK.sub("", (row[names["name_kk"]] or "").strip())
            ru = _KIND_RU.sub("", (row[names["name_ru"]] or "").strip())
            yield _Unit(by_prefix[code[:2]], kk.lower(), ru.lower())
