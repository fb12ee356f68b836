"""The functional suite: pass rates by function and language of the model fitted on the authored corpus.

`python -m benchmarks.discourse_suite [--raise-floors]` prints the table, writes `docs/measured/discourse_suite.md`,
and with the option lifts the floors in `tests/functional/discourse/floors.yml` (none ever sinks). The suite is for
reporting: none of its sentences goes into the corpus or the lexicons; docs/method/discourse.md says what was decided
with its rates in view.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import yaml

from assets.shipped_model import fitted
from models.discourse.classifier import DiscourseModel
from models.discourse.corpus_reading import LANGUAGES
from models.discourse.functional_suite import judged, pair_rate, pass_rates, raised_floors, read_suite

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "tests" / "functional" / "discourse"
FLOORS = SUITE / "floors.yml"
REPORT = ROOT / "docs" / "measured" / "discourse_suite.md"
SECOND_LABELS = Path(__file__).parent / "suite_second_labels.csv"
"""What a second reader said of each case, text alone before it (a language model, like the author of the suite)."""

SEED = 2026
"""Of the settings: the model measured is the one a home has."""

MARGIN, SPARE_CASES = 0.05, 2
GOALS = (("authority_", 0.95), ("counter_", 0.95))


def suite_files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(SUITE.glob("*.csv"))}


def floors() -> dict[str, dict[str, float]]:
    return yaml.safe_load(FLOORS.read_text(encoding="utf-8")) or {} if FLOORS.is_file() else {}


def report(cases: pl.DataFrame, model: DiscourseModel) -> str:
    """The measured page: totals, families, severity, stance, and one row per function."""
    passed, count = int(cases["passes"].sum()), len(cases)
    pairs, all_pairs = pair_rate(cases)
    graded = cases["severity_right"].drop_nulls()
    right, met, expected = cases.select("stance_right", "stance_found", "stance_expected").sum().row(0)
    lines = [
        "# Functional suite of discourse",
        "",
        f"Authored cases, written apart from the corpus. Model `{model.version}`.",
        "`python -m benchmarks.discourse_suite` wrote this page.",
        "",
        "| measure | share | of |",
        "|---|---|---|",
        f"| cases with an accepted label | {_share(passed, count)} | {count} |",
        f"| the same, of a second reader in place of the model | {_share(*_second_reader(cases))} | {count} |",
        *(_family(cases, name, goal) for name, goal in GOALS),
        f"| contrastive pairs with every case right | {_share(pairs, all_pairs)} | {all_pairs} |",
        f"| severity right, of hostile cases found | {_share(int(graded.sum()), len(graded))} | {len(graded)} |",
        f"| groups with an expected stance that were found in the text | {_share(met, expected)} | {expected} |",
        f"| stance right, of those | {_share(right, met)} | {met} |",
        "",
        "Pass rate by function and language (cases in brackets):",
        "",
        f"| function | {' | '.join(LANGUAGES)} | floors ({', '.join(LANGUAGES)}) |",
        f"|---|{'---|' * len(LANGUAGES)}---|",
    ]
    held = floors()
    rates = {(name, language): (share, size) for name, language, size, _, share in pass_rates(cases).iter_rows()}
    for name in sorted(cases["function"].unique()):
        cells = [_cell(rates.get((name, language))) for language in LANGUAGES]
        lowest = ", ".join(f"{held[name][one]:.2f}" for one in LANGUAGES if one in held.get(name, {})) or "-"
        lines.append(f"| {name} | {' | '.join(cells)} | {lowest} |")
    totals = {language: (share, size) for language, size, _, share in pass_rates(cases, ("language",)).iter_rows()}
    lines.append(f"| all | {' | '.join(_cell(totals.get(language)) for language in LANGUAGES)} | |")
    return "\n".join([*lines, ""])


def _family(cases: pl.DataFrame, prefix: str, goal: float) -> str:
    held = cases.filter(pl.col("function").str.starts_with(prefix))
    by = {language: (share, size) for language, size, _, share in pass_rates(held, ("language",)).iter_rows()}
    cells = ", ".join(f"{language} {_cell(by.get(language))}" for language in LANGUAGES)
    return f"| functions `{prefix}*` (goal {goal:.2f} in each language) | {cells} | {len(held)} |"


def _second_reader(cases: pl.DataFrame) -> tuple[int, int]:
    """Cases for which the second reader gave an accepted label, and cases read."""
    read = cases.join(pl.read_csv(SECOND_LABELS), on="case_id")
    return int(read["second_discourse"].is_in(read["accepted"]).sum()), len(read)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def _cell(held: tuple[float, int] | None) -> str:
    return "-" if held is None else f"{held[0]:.2f} ({held[1]})"


def write_report(model: DiscourseModel, arguments: list[str]) -> pl.DataFrame:
    """Judge the suite, write the page and, if asked to, lift the floors; returns the judged cases."""
    cases = judged(read_suite(suite_files()), model)
    if "--raise-floors" in arguments:
        lifted = raised_floors(pass_rates(cases), floors(), MARGIN, SPARE_CASES)
        FLOORS.write_text(yaml.safe_dump(lifted, allow_unicode=True), encoding="utf-8")
    text = report(cases, model)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(text, encoding="utf-8")
    print(text)
    return cases


def main(arguments: list[str]) -> None:
    write_report(fitted(SEED).model, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
