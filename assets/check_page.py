"""The outcome of every contract check as one page that opens without a network."""

import json
from dataclasses import asdict
from html import escape
from pathlib import Path

from assets.contract_validation import ContractReport
from assets.whole_file import whole_file
from data_contracts.contract import table_contracts

STYLE = """
body{font:15px/1.45 system-ui,"Noto Sans",sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c2733}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
th,td{border-bottom:1px solid #d5dbe1;padding:.35rem .6rem;text-align:left;vertical-align:top}
.broken{background:#fbe9e7}
.state{font-weight:600}
code{font-size:.9em;overflow-wrap:anywhere}
"""
TITLE = "Деректер шарттарын тексеру · Проверка контрактов данных · Contract checks"
HEADERS = (
    "кесте · таблица · table",
    "жолдар · строк · rows",
    "ережелер · правил · rules",
    "бұзылған · нарушено · broken",
)


def save_report(folder: Path, report: ContractReport) -> None:
    """Keep the outcome of one table's check as JSON."""
    with whole_file(folder / f"{report.table}.json") as beside:
        beside.write_text(json.dumps(asdict(report), ensure_ascii=False), encoding="utf-8")


def write_page(folder: Path, target: Path) -> Path:
    """Write the page of all saved reports, broken tables first."""
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    reports.sort(key=lambda report: all(result["is_held"] for result in report["results"]))
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in HEADERS)
    rows = "".join(_summary_row(report) for report in reports)
    details = "".join(_detail(report) for report in reports)
    page = (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{TITLE}</title>"
        f"<meta name='viewport' content='width=device-width,initial-scale=1'><style>{STYLE}</style></head>"
        f"<body><main><h1>{TITLE}</h1><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"{details}</main></body></html>"
    )
    with whole_file(target) as beside:
        beside.write_text(page, encoding="utf-8")
    return target


def _summary_row(report: dict) -> str:
    broken = sum(not result["is_held"] for result in report["results"])
    style = " class='broken'" if broken else ""
    return (
        f"<tr{style}><td><a href='#{report['table']}'>{report['table']}</a></td><td>{report['row_count']}</td>"
        f"<td>{len(report['results'])}</td><td class='state'>{broken or '–'}</td></tr>"
    )


def _detail(report: dict) -> str:
    contract = table_contracts()[report["table"]]
    described = " · ".join(
        escape(text) for text in (contract.description.kk, contract.description.ru, contract.description.en)
    )
    rows = "".join(
        f"<tr{'' if result['is_held'] else ' class=broken'}><td><code>{escape(result['rule'])}</code></td>"
        f"<td>{escape(result['column'] or '')}</td><td>{'✓' if result['is_held'] else '✗'}</td>"
        f"<td>{'' if result['offending_count'] is None else result['offending_count']}</td>"
        f"<td><code>{escape('; '.join(result['sample']))}</code></td></tr>"
        for result in report["results"]
    )
    head = "<th>rule</th><th>column</th><th>held</th><th>rows</th><th>sample</th>"
    return (
        f"<section id='{report['table']}'><h2>{report['table']}</h2><p>{described}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></section>"
    )
