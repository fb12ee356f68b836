"""The model card of discourse, `docs/model-card.md`: every number in it is measured by this run.

`python -m benchmarks.discourse_card [--raise-floors]` also writes the suite's page, with the same model. All scores are
on text written for the project: authored scores.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import altair as alt
import numpy as np
import polars as pl
import vl_convert

from assets.shipped_model import fitted
from benchmarks.discourse_suite import SEED, write_report
from data_contracts.reference import ethnic_groups
from models.discourse.classifier import LABELS, DiscourseModel
from models.discourse.corpus_reading import LANGUAGES, read_corpus, training_rows
from models.discourse.evaluation import binary_auc, binary_f1, calibration_error, class_scores, interval, macro_f1
from models.discourse.fairness import FEWEST_ROWS, group_errors, name_only, swap_gaps
from models.discourse.functional_suite import pass_rates
from models.discourse.training import Trained, cross_validated_first_look
from models.text.ethnonyms import mentions

DOCS = Path(__file__).parents[1] / "docs"
SWAPPED = ("kazakh", "russian", "uzbek", "uyghur", "german", "korean", "dungan", "chechen", "chinese", "jewish")
SWAP_ROWS = 150
FAILURES = 12
PURPOSE = (
    "## What it is for, and not for",
    "",
    "Weekly rates of hostile and other interethnic talk by region and group, and routing messages to people who",
    "calm conflicts, after human review. Not for judging a person, not for punishment, not for languages other",
    "than Kazakh and Russian, not for deciding anything by itself. Criticism of authorities is its own label,",
    "never hostility.",
    "",
)


def table(header: str, rows: list[str]) -> list[str]:
    return [f"| {header} |", f"|{'---|' * (header.count('|') + 1)}", *(f"| {row} |" for row in rows), ""]


def scores(found: pl.DataFrame, groups: pl.Series) -> list[str]:
    truth, said = found["truth"].to_numpy(), found["discourse"].to_numpy()
    hostile, called = truth == "hostile", said == "hostile"
    chance = found["hostile_probability"].to_numpy()
    measures: dict[str, Callable[[np.ndarray], float | None]] = {
        "macro-F1, nine labels": lambda rows: macro_f1(truth[rows], said[rows]),
        "accuracy": lambda rows: float((truth[rows] == said[rows]).mean()),
        "hostile F1": lambda rows: binary_f1(hostile[rows], called[rows]),
        "hostile AUC": lambda rows: binary_auc(hostile[rows], chance[rows]),
        "authority called hostile": lambda rows: _share(called[rows][truth[rows] == "authority"]),
    }
    everything = np.arange(len(truth))
    lines = []
    for name, measure in measures.items():
        ends = interval(measure, groups, draws=200)
        lines.append(f"{name} | {_number(measure(everything))} | {_ends(ends)}")
    return table("score | value | 95 % interval", lines)


def _share(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _number(value: float | None) -> str:
    return f"not measurable, n < {FEWEST_ROWS}" if value is None else f"{value:.3f}"


def _ends(ends: tuple[float, float] | None) -> str:
    return "-" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"


def labels_and_languages(found: pl.DataFrame) -> list[str]:
    rows = class_scores(found["truth"], found["discourse"], LABELS).iter_rows()
    lines = table(
        "label | precision | recall | F1 | n", [" | ".join([r[0], *map(_number, r[1:4]), str(r[4])]) for r in rows]
    )
    cells = []
    for language in LANGUAGES:
        held = found.filter(pl.col("language") == language)
        truth, said = held["truth"].to_numpy(), held["discourse"].to_numpy()
        innocent = said[truth != "hostile"] == "hostile"
        missed = said[truth == "hostile"] != "hostile"
        values = (
            macro_f1(truth, said),
            binary_f1(truth == "hostile", said == "hostile"),
            _share(innocent),
            _share(missed),
        )
        cells.append(" | ".join([language, *map(_number, values), str(len(held))]))
    return [*lines, *table("language | macro-F1 | hostile F1 | false alarm rate | miss rate | n", cells)]


def fairness(found: pl.DataFrame, corpus: pl.DataFrame, named: pl.DataFrame, model: DiscourseModel) -> list[str]:
    labelled = corpus.select("message_id", "discourse")
    ours = group_errors(labelled, found, named)
    names = name_only(corpus, named)
    both = ours.join(group_errors(labelled, names, named), on="group_code", suffix="_name").sort(
        "innocent_count", descending=True
    )
    rows = [
        f"{row['group_code']} | {row['innocent_count']} | {_number(row['false_alarm_share'])} | "
        f"{_number(row['false_alarm_share_name'])} | {row['hostile_count']} | {_number(row['miss_share'])} | "
        f"{_number(row['miss_share_name'])}"
        for row in both.iter_rows(named=True)
        if row["innocent_count"] + row["hostile_count"] >= FEWEST_ROWS
    ]
    hostile = (corpus["discourse"] == "hostile").to_numpy()
    area = binary_auc(hostile, names["hostile_probability"].to_numpy())
    f1 = binary_f1(hostile, (names["discourse"] == "hostile").to_numpy())
    header = "group | innocent n | false alarm rate | of names alone | hostile n | miss rate | of names alone"
    return [
        "Innocent is neutral, authority, other, language and accord. Beside each rate stands that of a baseline that",
        f"knows only the names of the groups (its hostile F1 {f1:.3f}, AUC {_number(area)}).",
        f"Groups in fewer than {FEWEST_ROWS} messages are not measurable and not listed.",
        "",
        *table(header, rows),
        *swaps(corpus, named, model),
    ]


def swaps(corpus: pl.DataFrame, named: pl.DataFrame, model: DiscourseModel) -> list[str]:
    lines = []
    for language in ("kk", "ru"):
        names = {code: getattr(ethnic_groups()[code].name, language) for code in SWAPPED}
        held = corpus.filter(pl.col("language") == language).sample(fraction=1.0, shuffle=True, seed=0)
        single = named.filter(pl.col("message_id").is_unique() & pl.col("is_person") & ~pl.col("is_slur"))
        held = held.filter(pl.col("message_id").is_in(single["message_id"].implode())).head(SWAP_ROWS)
        gaps = swap_gaps(model, held, named.filter(pl.col("message_id").is_in(held["message_id"].implode())), names)
        if gaps.is_empty():
            continue
        gap = gaps["gap"].to_numpy()
        lines.append(f"{language} | {len(gap)} | {gap.mean():.4f} | {gap.max():.4f} | {(gap > 0.1).mean():.3f}")
    intro = "Counterfactual swap: the name of one people exchanged for ten others, the sentence kept, groups looked for"
    return [
        intro,
        "anew; the gap is that of the hostile probability.",
        "",
        *table("language | sentences | mean gap | largest gap | share over 0.1", lines),
    ]


def calibration(found: pl.DataFrame) -> list[str]:
    chance = found["discourse_probability"].to_numpy()
    right = (found["discourse"] == found["truth"]).to_numpy()
    hostile = found["hostile_probability"].to_numpy()
    is_hostile = (found["truth"] == "hostile").to_numpy()
    rows = []
    for name, score, truth in (("label", chance, right), ("hostile", hostile, is_hostile)):
        bins = np.minimum((score * 10).astype(int), 9)
        for one in np.unique(bins):
            mask = bins == one
            rows.append({"what": name, "said": score[mask].mean(), "was": truth[mask].mean(), "n": int(mask.sum())})
    data = alt.Data(values=rows)
    line = alt.Chart(alt.Data(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}])).mark_line(strokeDash=[4, 4], color="#999")
    points = alt.Chart(data).mark_line(point=True)
    chart = line.encode(x="x:Q", y="y:Q") + points.encode(
        x=alt.X("said:Q", title="probability said", scale=alt.Scale(domain=[0, 1])),
        y=alt.Y("was:Q", title="share that was so", scale=alt.Scale(domain=[0, 1])),
        color=alt.Color("what:N", title=None),
    )
    picture = vl_convert.vegalite_to_svg(chart.properties(width=300, height=300).to_dict())
    (DOCS / "measured").mkdir(parents=True, exist_ok=True)
    (DOCS / "measured" / "discourse_reliability.svg").write_text(picture, encoding="utf-8")
    return [
        f"Expected calibration error (ten bins): of the label {calibration_error(chance, right):.3f}, of hostile "
        f"{calibration_error(hostile, is_hostile):.3f}.",
        "",
        "![reliability: probability said against share that was so](measured/discourse_reliability.svg)",
        "",
    ]


def suite_part(cases: pl.DataFrame) -> list[str]:
    held = pass_rates(cases, ("function",)).iter_rows()
    rows = [f"{name} | {share:.2f} | {count}" for name, count, _, share in held]
    failed = cases.filter(~pl.col("passes")).sort("case_id").unique("function", keep="first", maintain_order=True)
    some = [
        f"{row['case_id']} | {row['text'].replace('|', '/')[:120]} | {row['expected_discourse']} | {row['discourse']}"
        for row in failed.head(FAILURES).iter_rows(named=True)
    ]
    return [
        f"{int(cases['passes'].sum())} of {len(cases)} cases pass ({cases['passes'].mean():.3f});",
        "by function and language: [measured/discourse_suite.md](measured/discourse_suite.md).",
        "",
        *table("function | pass rate | cases", rows),
        "Known failures, the first of each function (authored sentences of the suite):",
        "",
        *table("case | text | expected | found", some),
    ]


def heads_and_first_look(corpus: pl.DataFrame, named: pl.DataFrame, model: DiscourseModel) -> list[str]:
    looked = pl.concat([corpus, cross_validated_first_look(corpus, named)], how="horizontal")
    kept = looked.filter(~pl.col("discourse").is_in(["authority", "other"]))
    hostile = kept.filter(pl.col("discourse") == "hostile")
    stance = model.stance.scores if model.stance is not None else {}
    return [
        f"Stance head, cross-validated: macro-F1 {stance.get('stance_macro_f1', float('nan')):.3f}, hostile F1 "
        f"{stance.get('stance_hostile_f1', float('nan')):.3f}, {stance.get('stance_pair_count', 0):.0f} pairs.",
        f"The words of the first look keep {kept['has_word'].mean():.3f} of {len(kept)} interethnic messages;",
        "with what the short path wakes, learnt without the hand, the classifier sees",
        f"{kept['is_seen'].mean():.3f} of them and {hostile['is_seen'].mean():.3f} of the hostile ones.",
        "",
    ]


def card(trained: Trained, cases: pl.DataFrame) -> str:
    written = read_corpus()
    corpus = training_rows(written).with_columns(written["language"])
    named = mentions(corpus["message_id"], corpus["text"])
    model, unseen = trained
    assert unseen is not None
    found = unseen.with_columns(corpus["language"])
    by_label = corpus.group_by("discourse").len().sort("len", descending=True)
    by_language = corpus.group_by("language").len().sort("len", descending=True)
    by_hand = written.group_by("hand").len().sort("hand")
    counts = [
        ", ".join(f"{name} {count}" for name, count in held.iter_rows()) for held in (by_label, by_language, by_hand)
    ]
    second = written.filter(pl.col("second_discourse") != "")
    agreed = second.select((pl.col("second_discourse") == pl.col("discourse")).mean()).item() if len(second) else None
    lines = [
        "# Model card: discourse",
        "",
        "Written by `make card`; every number below comes from that run. **All scores are authored scores**: the",
        "messages were written for this project, so the scores say how well the model learnt what the authors meant,",
        f"not how it does on real comments. Model `{model.version}`.",
        "",
        *PURPOSE,
        "## Data statement",
        "",
        f"{len(corpus)} authored messages. Labels: {counts[0]}. Languages: {counts[1]}. Hands: {counts[2]}.",
        f"Labelled by a second hand: {len(second)}"
        + ("." if agreed is None else f"; the second hand agrees on {agreed:.3f} of them."),
        "How it was written: `models/discourse/corpus/DATA_STATEMENT.md`.",
        "",
        "## Scores (authored, cross-validated; nobody's writing in two folds)",
        "",
        f"Intervals: bootstrap over {corpus['group'].n_unique()} groups of the corpus (hands), so they are wide.",
        "",
        *scores(found, corpus["group"]),
        *heads_and_first_look(corpus, named, model),
        *labels_and_languages(found),
        "## Fairness",
        "",
        *fairness(found, corpus, named, model),
        "## Calibration",
        "",
        *calibration(found),
        "## Functional suite (authored, apart from the corpus; two rules set with its rates in view: method page)",
        "",
        *suite_part(cases),
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    trained = fitted(SEED)
    text = card(trained, write_report(trained.model, arguments))
    (DOCS / "model-card.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
