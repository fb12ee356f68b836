"""The functional suite: hand-written cases that each test one thing the model must be able to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from io import BytesIO

import polars as pl

from data_contracts.codebook import discourse_codebook
from data_contracts.reference import ethnic_groups
from models.discourse.classifier import DiscourseModel
from models.discourse.corpus_reading import LANGUAGES
from models.text.ethnonyms import mentions

SUITE_COLUMNS = (
    "case_id", "function", "language", "text", "expected_discourse", "also_accepted", "expected_severity",
    "targets", "pair_id", "note",
)  # fmt: skip
NGRAM_WORDS = 5
ALIKE_SHARE = 0.8
"""Share of common words (Jaccard) from which two texts count as the same sentence."""

_ALIKE_WORDS = 4
_WORD = re.compile(r"[^\W\d_]+")


class SuiteError(ValueError):
    """A file of the suite that breaks its format; the message names file, line, rule and what to do."""


def read_suite(files: Mapping[str, bytes]) -> pl.DataFrame:
    """The cases of every file, checked.

    Args:
        files: CSV contents by name.

    Returns:
        `SUITE_COLUMNS` as strings, `accepted` (list of labels that pass), sorted by `case_id`.

    Raises:
        SuiteError: at the first broken rule.
    """
    if not files:
        raise SuiteError("the suite has no CSV file: add one per function")
    suite = pl.concat([_read_file(name, content) for name, content in sorted(files.items())]).sort("case_id")
    for column in ("case_id", "text"):
        doubled = suite.filter(pl.col(column).is_duplicated())
        if len(doubled):
            raise SuiteError(f"{column} {doubled[column][0]!r} stands twice in the suite: remove one")
    return suite


def _read_file(name: str, content: bytes) -> pl.DataFrame:
    frame = pl.read_csv(BytesIO(content), infer_schema=False).fill_null("")
    if tuple(frame.columns) != SUITE_COLUMNS:
        raise SuiteError(f"{name}: the header must be {','.join(SUITE_COLUMNS)}, found {','.join(frame.columns)}")
    labels = discourse_codebook().codes
    frame = frame.with_columns(
        pl.concat_list("expected_discourse", pl.col("also_accepted").str.replace_all(r"[|,]", ";").str.split(";"))
        .list.eval(pl.element().str.strip_chars())
        .list.eval(pl.element().filter(pl.element() != ""))
        .list.unique(maintain_order=True)
        .alias("accepted")
    )
    rules: Sequence[tuple[str, pl.Expr]] = (
        ("text is empty", pl.col("text").str.strip_chars() == ""),
        (f"language must be one of {LANGUAGES}", ~pl.col("language").is_in(LANGUAGES)),
        ("function is empty", pl.col("function") == ""),
        (
            f"expected_discourse and also_accepted must be of {labels}",
            pl.col("accepted").list.eval(~pl.element().is_in(labels)).list.any(),
        ),
        ("expected_severity must be 0, 1, 2, 3 or empty", ~pl.col("expected_severity").is_in(["0", "1", "2", "3", ""])),
    )
    for rule, broken in rules:
        rows = frame.with_row_index("line", offset=2).filter(broken)
        if len(rows):
            raise SuiteError(f"{name}, line {rows['line'][0]}, case {rows['case_id'][0]}: {rule}")
    for case, written in frame.select("case_id", "targets").iter_rows():
        case_targets(case, written)
    return frame


def case_targets(case: str, written: str) -> dict[str, int]:
    """Stance expected per group code of one case.

    Raises:
        SuiteError: if a target is not `group_code:stance`.
    """
    found: dict[str, int] = {}
    for one in filter(None, (part.strip() for part in written.split(";"))):
        code, _, stance = one.partition(":")
        if code not in ethnic_groups() or stance not in ("-1", "0", "1"):
            raise SuiteError(
                f"case {case}: target {one!r} must be group_code:stance, a code of ethnic_groups.yml and -1, 0 or 1"
            )
        found[code] = int(stance)
    return found


def judged(suite: pl.DataFrame, model: DiscourseModel) -> pl.DataFrame:
    """Every case with what the model says and whether it passes.

    Args:
        suite: as `read_suite` gives it.
        model: any model with a discourse head.

    Returns:
        `suite` and `discourse`, `hostile_probability`, `is_abstained`, `severity`, `passes` (the label is accepted),
        `severity_right` (null unless a severity 1..3 is expected and the case is called hostile), `stance_expected`,
        `stance_found` and `stance_right` (groups with an expected stance: all, those found in the text, those right).
    """
    messages = suite.select(pl.col("case_id").alias("message_id"), "text")
    found = mentions(messages["message_id"], messages["text"])
    labels = model.label(messages, found).select(
        "discourse", "hostile_probability", "is_abstained", "severity", "is_skipped"
    )
    both = pl.concat([suite, labels], how="horizontal").with_columns(
        pl.col("accepted").list.contains(pl.col("discourse")).alias("passes")
    )
    wanted = pl.col("expected_severity").replace("", None).cast(pl.Int64)
    both = both.with_columns(
        pl.when((wanted > 0) & (pl.col("discourse") == "hostile"))
        .then(pl.col("severity") == wanted)
        .alias("severity_right")
    )
    return _with_stances(both, model, messages, found)


def _with_stances(
    both: pl.DataFrame, model: DiscourseModel, messages: pl.DataFrame, found: pl.DataFrame
) -> pl.DataFrame:
    said: dict[str, dict[str, int]] = {}
    if model.stance is not None:
        for case, group, stance in model.stances(messages, found).select("message_id", "group_code", "stance").rows():
            said.setdefault(case, {})[group] = stance
    expected, met, right = [], [], []
    for case, written in both.select("case_id", "targets").iter_rows():
        targets = case_targets(case, written)
        expected.append(len(targets))
        met.append(len(targets.keys() & said.get(case, {}).keys()))
        right.append(sum(said.get(case, {}).get(group) == stance for group, stance in targets.items()))
    counts = {"stance_expected": expected, "stance_found": met, "stance_right": right}
    return both.with_columns(pl.Series(name, values, dtype=pl.Int64) for name, values in counts.items())


def pass_rates(cases: pl.DataFrame, by: Sequence[str] = ("function", "language")) -> pl.DataFrame:
    """Share of cases that pass.

    Args:
        cases: as `judged` gives them.
        by: columns to group by.

    Returns:
        `by`, `case_count`, `pass_count`, `pass_share` (0..1), sorted by `by`.
    """
    counted = cases.group_by(by).agg(pl.len().cast(pl.Int64).alias("case_count"), pl.col("passes").sum())
    return counted.select(
        *by,
        "case_count",
        pl.col("passes").cast(pl.Int64).alias("pass_count"),
        (pl.col("passes") / pl.col("case_count")).alias("pass_share"),
    ).sort(by)


def pair_rate(cases: pl.DataFrame) -> tuple[int, int]:
    """Contrastive pairs of which every case passes, and all pairs."""
    pairs = cases.filter(pl.col("pair_id") != "").group_by("pair_id").agg(pl.col("passes").all(), pl.len())
    pairs = pairs.filter(pl.col("len") > 1)
    return int(pairs["passes"].sum()), len(pairs)


def below_floors(rates: pl.DataFrame, floors: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Functions that pass less often than their floor, one line each.

    Shares are compared as floors are kept, in hundredths.

    Args:
        rates: `pass_rates` by function and language.
        floors: function -> language -> lowest pass share allowed.
    """
    shares = {(name, language): share for name, language, _, _, share in rates.iter_rows()}
    return [
        f"{function} {language}: {shares.get((function, language), 0.0):.3f} is below its floor {floor:.3f}"
        for function, by_language in sorted(floors.items())
        for language, floor in sorted(by_language.items())
        if round(shares.get((function, language), 0.0), 2) < floor
    ]


def raised_floors(
    rates: pl.DataFrame, floors: Mapping[str, Mapping[str, float]], margin: float, spare_cases: int
) -> dict[str, dict[str, float]]:
    """Floors lifted to the measured share less `margin` and `spare_cases`, rounded down to hundredths; none sinks."""
    raised = {name: dict(by_language) for name, by_language in floors.items()}
    for function, language, count, _, share in rates.iter_rows():
        held = raised.setdefault(function, {})
        allowed = max(0.0, share - margin - spare_cases / count)
        held[language] = max(held.get(language, 0.0), int(allowed * 100) / 100)
    return {name: dict(sorted(raised[name].items())) for name in sorted(raised)}


def shared_with_corpus(suite: pl.DataFrame, corpus: pl.DataFrame) -> pl.DataFrame:
    """Cases that share five words in a row, or nearly all words, with a message of the corpus.

    Args:
        suite: `case_id`, `text`.
        corpus: `item_id`, `text`.

    Returns:
        `case_id`, `item_id`, `shared` (the five words, or the word sets' Jaccard similarity), one row per pair.
    """
    items = {item: _WORD.findall(text.lower()) for item, text in corpus.select("item_id", "text").iter_rows()}
    grams: dict[tuple[str, ...], str] = {}
    holders: dict[str, set[str]] = {}
    for item, words in items.items():
        for place in range(len(words) - NGRAM_WORDS + 1):
            grams.setdefault(tuple(words[place : place + NGRAM_WORDS]), item)
        for word in set(words):
            holders.setdefault(word, set()).add(item)
    rows: list[tuple[str, str, str]] = []
    for case, text in suite.select("case_id", "text").iter_rows():
        words = _WORD.findall(text.lower())
        found: dict[str, str] = {}
        for place in range(len(words) - NGRAM_WORDS + 1):
            gram = tuple(words[place : place + NGRAM_WORDS])
            if gram in grams:
                found.setdefault(grams[gram], " ".join(gram))
        for item, share in _alike(set(words), holders, items):
            found.setdefault(item, f"{share:.2f} of the words")
        rows += [(case, item, shared) for item, shared in found.items()]
    return pl.DataFrame(rows, schema=["case_id", "item_id", "shared"], orient="row")


def _alike(words: set[str], holders: Mapping[str, set[str]], items: Mapping[str, list[str]]) -> list[tuple[str, float]]:
    if len(words) < _ALIKE_WORDS:
        return []
    counts: dict[str, int] = {}
    for word in words:
        for item in holders.get(word, ()):
            counts[item] = counts.get(item, 0) + 1
    shares = ((item, count / (len(words) + len(set(items[item])) - count)) for item, count in counts.items())
    return [(item, share) for item, share in shares if share >= ALIKE_SHARE]
