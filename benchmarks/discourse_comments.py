"""Real comments: what the model says of them, and how that stands against 400 judgements by the codebook.

`comment_judgements.csv` holds row numbers of `kz_comments.csv.gz` and labels, no texts. The 400 were drawn by strata of
a model of 22 November 2026: all 42 it flagged, 158 of the 232 others the classifier saw, 120 of the 873 that the first
look skipped and that hold a word of ethnicity, state or people, 80 of the 4,323 that are left. They were shuffled and
judged once, without sight of any score, by the hand that wrote the features; long ones by their first 420 letters. They
are a test set: nothing is trained on them or chosen by them. `second_label` is what another reader said a day later
(a language model that had seen neither code nor first labels; `second_confidence` 0 marks border cases).

`comment_development.csv` holds the other comments (without repetitions and those under eight letters), judged once by
one of four readers (language models) who wrote none of the code; `confidence` 0 marks border cases. The ceilings of
false alarms and the share of a stream that may be woken were decided with it. The kinds of hostility that its readers
described, not its texts, told the last hands of the corpus what to write about. Nothing is trained on it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from models.discourse.classifier import DiscourseModel
from models.discourse.evaluation import binary_auc
from models.discourse.features import LONGEST_TEXT
from models.text.ethnonyms import mentions

JUDGEMENTS = Path(__file__).parent / "comment_judgements.csv"
DEVELOPMENT = Path(__file__).parent / "comment_development.csv"
DRAWS = 400


def comments(shared_data: Path) -> pl.DataFrame:
    """`message_id` (c and the row number), `text`."""
    frame = pl.read_csv(shared_data / "kz_comments.csv.gz", infer_schema=False)
    return (
        frame.select(pl.col("text").fill_null(""))
        .with_row_index("n")
        .select(pl.format("c{}", "n").alias("message_id"), "text")
    )


def measure_comments(shared_data: Path, model: DiscourseModel) -> None:
    messages = comments(shared_data)
    named = mentions(messages["message_id"], messages["text"].str.slice(0, LONGEST_TEXT))
    labels = model.label(messages, named)
    shares = labels.group_by("discourse").len().sort("len", descending=True)
    print(f"real comments (kz_comments.csv.gz, {len(messages)}, unlabelled)")
    for label, count in shares.iter_rows():
        print(f"  {label:10} {count / len(messages):.4f}")
    print(f"  skipped by the cascade {labels['is_skipped'].mean():.4f}, abstained {labels['is_abstained'].mean():.4f}")
    judged = pl.read_csv(JUDGEMENTS).join(labels, left_on="id", right_on="message_id", how="inner")
    print(f"  against {len(judged)} judgements (authored by one hand), weighted to all comments, 95 % intervals")
    for line in judged_lines(judged):
        print(f"    {line}")
    print("  against the second reader, and the second reader against the first, in the same way")
    for line in (*judged_lines(judged.with_columns(label="second_label")), "", *readers_lines(judged)):
        print(f"    {line}")
    print("  against the development judgements, all and without border cases")
    both = pl.read_csv(DEVELOPMENT).join(labels, left_on="id", right_on="message_id", how="inner")
    for some in (both, both.filter(pl.col("confidence") == 1)):
        print(f"    {development_line(some)}")


def development_line(judged: pl.DataFrame) -> str:
    """Counts and scores of hostility, and the share of authority flagged, of unweighted judgements."""
    hostile, flagged = (judged["label"] == "hostile").to_numpy(), (judged["discourse"] == "hostile").to_numpy()
    authority = (judged["label"] == "authority").to_numpy()
    both = int((hostile & flagged).sum())
    f1 = 2 * both / max(1, hostile.sum() + flagged.sum())
    area = binary_auc(hostile, judged["hostile_probability"].to_numpy())
    return (
        f"{len(judged)} comments: hostile {hostile.sum()}, flagged {flagged.sum()}, both {both}, F1 {f1:.3f}, "
        f"AUC {area:.3f}, authority flagged {flagged[authority].mean():.4f}"
    )


def judged_lines(judged: pl.DataFrame) -> list[str]:
    """Weighted scores of hostility, and authority flagged, with stratified bootstrap intervals.

    Args:
        judged: `label`, `stratum`, `stratum_count`, `discourse`, `hostile_probability`.
    """
    strata = judged["stratum"].to_numpy()
    rows = [np.flatnonzero(strata == one) for one in np.unique(strata)]
    generator = np.random.default_rng(0)
    drawn = [np.concatenate([generator.choice(held, len(held)) for held in rows]) for _ in range(DRAWS)]
    whole = _scores(judged)
    spread = [_scores(judged[one]) for one in drawn]
    lines = []
    for name, value in whole.items():
        values = np.asarray([one[name] for one in spread])
        low, high = np.nanquantile(values, [0.025, 0.975])
        lines.append(f"{name:24} {value:.4f} [{low:.3f}, {high:.3f}]")
    hostile = (judged["label"] == "hostile").to_numpy()
    area = binary_auc(hostile, judged["hostile_probability"].to_numpy())
    flagged = (judged["discourse"] == "hostile").to_numpy()
    lines.append(f"hostile AUC, unweighted  {area:.4f}")
    both = int((hostile & flagged).sum())
    f1 = 2 * both / max(1, hostile.sum() + flagged.sum())
    lines.append(f"unweighted: hostile {hostile.sum()}, flagged {flagged.sum()}, both {both}, F1 {f1:.3f}")
    return lines


def readers_lines(judged: pl.DataFrame) -> list[str]:
    """`judged_lines` of the second reader taken for a model: as well as a reader does against a reader.

    Args:
        judged: `label`, `second_label`, `stratum`, `stratum_count`.
    """
    said = judged.select("label", "stratum", "stratum_count", discourse="second_label")
    return judged_lines(said.with_columns(hostile_probability=(pl.col("discourse") == "hostile").cast(pl.Float64)))


def _scores(judged: pl.DataFrame) -> dict[str, float]:
    counts = dict(judged.group_by("stratum").len().iter_rows())
    weight = np.asarray([size / counts[one] for one, size in judged.select("stratum", "stratum_count").iter_rows()])
    hostile = (judged["label"] == "hostile").to_numpy()
    flagged = (judged["discourse"] == "hostile").to_numpy()
    authority = (judged["label"] == "authority").to_numpy()
    both, said, was = weight[hostile & flagged].sum(), weight[flagged].sum(), weight[hostile].sum()
    return {
        "hostile precision": both / said if said else float("nan"),
        "hostile recall": both / was if was else float("nan"),
        "hostile F1": 2 * both / (said + was) if said + was else float("nan"),
        "authority flagged": weight[authority & flagged].sum() / weight[authority].sum(),
        "share hostile, judged": was / weight.sum(),
        "share hostile, flagged": said / weight.sum(),
        "labels that agree": weight[(judged["label"] == judged["discourse"]).to_numpy()].sum() / weight.sum(),
    }
