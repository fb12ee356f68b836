"""The data dictionary: every table and column for people in three languages, one self-contained page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from markupsafe import Markup

from assets.warehouse_views import VIEWS
from assets.whole_file import whole_file
from data_contracts.allowed_values import allowed_values
from data_contracts.contract import Column, TableContract, Trilingual, table_contracts

LANGUAGES = ("kk", "ru", "en")
LONGEST_LISTING = 30
_TITLE = Trilingual(kk="Деректер сөздігі", ru="Словарь данных", en="Data dictionary")
_LEAD = Trilingual(
    kk="warehouse.duckdb қоймасындағы әр кесте мен баған не білдіреді. Бұл бет деректер шарттарынан жасалады.",
    ru="Что значит каждая таблица и каждый столбец хранилища warehouse.duckdb. Страница создана из контрактов данных.",
    en="What each table and column of warehouse.duckdb means. The page is made from the contracts.",
)
_SYNTHETIC = Trilingual(kk="СИНТЕТИКАЛЫҚ ДЕРЕКТЕР", ru="СИНТЕТИЧЕСКИЕ ДАННЫЕ", en="SYNTHETIC DATA")
_VIEWS = Trilingual(kk="Дайын сұраулар", ru="Готовые представления", en="Views")
_HEADS = ("column / столбец / баған", "type, unit", "values", "kk", "ru", "en")
_STYLE = """
body { font-family: "Segoe UI", "Noto Sans", "DejaVu Sans", Arial, sans-serif; color: #1d2b36; margin: 0 auto;
  max-width: 84rem; padding: 1rem 1.25rem 3rem; line-height: 1.5; }
h1, h2 { color: #163f5c; line-height: 1.25; }
h2 { border-top: 3px solid #163f5c; padding-top: .6rem; margin-top: 2.4rem; }
.mark { background: #5c1f0c; color: #fff; font-weight: 700; padding: .4rem 1rem; }
nav ul { columns: 3 18rem; } a { color: #1f5f8b; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border-bottom: 1px solid #d5dbe0; }
thead th { border-bottom: 2px solid #163f5c; } tbody th { font-weight: 600; }
code { font-family: "Cascadia Mono", Consolas, "DejaVu Sans Mono", monospace;
  font-size: .92em; overflow-wrap: anywhere; }
caption { text-align: left; color: #55626c; padding: .2rem 0; }
@media print { @page { size: A4 landscape; margin: 12mm; } tr { break-inside: avoid; } }
"""


def write_dictionary(path: Path, tables: Iterable[str], *, is_synthetic: bool) -> None:
    """Write the page.

    Args:
        path: HTML file to write.
        tables: names of the tables to describe.
        is_synthetic: whether the warehouse holds simulated data.
    """
    contracts = [table_contracts()[name] for name in tables]
    views = {name: view.answers for name, view in VIEWS.items()}
    with whole_file(path) as beside:
        beside.write_text(dictionary_page(contracts, views, is_synthetic=is_synthetic), encoding="utf-8")


def dictionary_page(contracts: Iterable[TableContract], views: Mapping[str, Trilingual], *, is_synthetic: bool) -> str:
    """The dictionary as HTML without script or network.

    Args:
        contracts: tables to describe, in the order of the page.
        views: names of the warehouse's views with what they answer.
        is_synthetic: whether the warehouse holds simulated data; then the page says so.
    """
    listed = list(contracts)
    mark = Markup('<p class="mark">{}</p>').format(_joined(_SYNTHETIC)) if is_synthetic else Markup("")
    contents = Markup("").join(
        Markup('<li><a href="#{0}"><code>{0}</code></a></li>').format(name)
        for name in (*(one.table for one in listed), *views)
    )
    body = Markup('<header>{}<h1>{}</h1>{}</header><nav aria-label="{}"><ul>{}</ul></nav><main>{}{}</main>').format(
        mark, _joined(_TITLE), _said(_LEAD), _TITLE.en, contents, _tables(listed), _view_list(views)
    )
    head = Markup(
        '<!doctype html>\n<html lang="ru">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>Kelisim: {}</title>\n'
    ).format(" · ".join(_TITLE.in_language(language) for language in LANGUAGES))
    return f"{head}<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"


def _tables(contracts: list[TableContract]) -> Markup:
    return Markup("\n").join(_table(contract) for contract in contracts)


def _table(contract: TableContract) -> Markup:
    heads = Markup("").join(Markup('<th scope="col">{}</th>').format(head) for head in _HEADS)
    rows = Markup("\n").join(_row(column) for column in contract.columns)
    key = Markup(", ").join(Markup("<code>{}</code>").format(name) for name in contract.key)
    return Markup(
        '<section id="{0}"><h2><code>{0}</code></h2>{1}'
        '<div class="scroll" tabindex="0" role="group" aria-label="{0}"><table><caption>key: {2}</caption>'
        "<thead><tr>{3}</tr></thead><tbody>{4}</tbody></table></div></section>"
    ).format(contract.table, _said(contract.description), key, heads, rows)


def _row(column: Column) -> Markup:
    unit = f", {column.unit}" if column.unit else ""
    empty = " ∅" if column.nullable else ""
    texts = Markup("").join(
        Markup('<td lang="{}">{}</td>').format(language, column.description.in_language(language))
        for language in LANGUAGES
    )
    return Markup('<tr><th scope="row"><code>{}</code></th><td>{}</td><td>{}</td>{}</tr>').format(
        column.name, column.type + unit + empty, _limits(column), texts
    )


def _limits(column: Column) -> Markup:
    values = allowed_values(column)
    if values:
        shown = Markup(", ").join(Markup("<code>{}</code>").format(value) for value in values[:LONGEST_LISTING])
        return shown + (", …" if len(values) > LONGEST_LISTING else "")
    if column.minimum is None and column.maximum is None:
        return Markup("")
    low = "" if column.minimum is None else f"{column.minimum:g}"
    high = "" if column.maximum is None else f"{column.maximum:g}"
    return Markup("{}…{}").format(low, high)


def _view_list(views: Mapping[str, Trilingual]) -> Markup:
    if not views:
        return Markup("")
    parts = Markup("\n").join(
        Markup('<section id="{0}"><h3><code>{0}</code></h3>{1}</section>').format(name, _said(text))
        for name, text in views.items()
    )
    return Markup("<h2>{}</h2>{}").format(_joined(_VIEWS), parts)


def _said(text: Trilingual) -> Markup:
    return Markup("").join(
        Markup('<p lang="{}">{}</p>').format(language, text.in_language(language)) for language in LANGUAGES
    )


def _joined(text: Trilingual) -> Markup:
    return Markup(" · ").join(
        Markup('<span lang="{}">{}</span>').format(language, text.in_language(language)) for language in LANGUAGES
    )
