"""Alert candidates: the alarms of a region and week joined into stories, each told once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl

from models.warning.case_chains import Chain, follow
from models.warning.explanation import Story, example_text, explain, going_away
from models.warning.false_alarms import expected_false_alarms_per_year
from models.warning.routing import case_kind, route
from models.warning.series import ALL_GROUPS, THREAT_SIGNALS, signal_messages
from models.warning.severity import CaseFacts, assess
from models.warning.supporting import EVIDENCE_SCHEMA, Evidence, evidence_for, neighbouring_cluster

SHARED_TEXTS = 0.3
EXAMPLES = 3
CANDIDATE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "candidate_id": pl.String,
    "week_date": pl.Date,
    "region_code": pl.String,
    "group_codes": pl.List(pl.String),
    "signals": pl.List(pl.String),
    "supporting_evidence": pl.List(pl.String),
    "neighbour_regions": pl.List(pl.String),
    "neighbour_p_value": pl.Float64,
    "case_kind": pl.String,
    "severity": pl.Int64,
    "score": pl.Float64,
    "is_continuation_of": pl.String,
    "message_count": pl.Int64,
    "cluster_count": pl.Int64,
    "expected_false_alarms_per_year": pl.Float64,
    "primary_body": pl.String,
    "supporting_bodies": pl.List(pl.String),
    "explanation_kk": pl.String,
    "explanation_ru": pl.String,
    "explanation_en": pl.String,
    "example_texts": pl.List(pl.String),
    "would_go_away": pl.String,
    "status": pl.String,
}


@dataclass
class _Case:
    """Alarming cells of one region and week that tell one story, strongest first."""

    region_code: str
    week: date
    cells: list[dict[str, Any]]
    groups: set[str]
    clusters: set[str] = field(default_factory=set)
    root: str | None = None
    evidence: list[Evidence] = field(default_factory=list)
    neighbours: list[str] = field(default_factory=list)
    neighbour_p_value: float | None = None

    @property
    def leading(self) -> dict[str, Any]:
        """The cell whose numbers are shown: the strongest one."""
        return self.cells[0]

    @property
    def size(self) -> int:
        """Largest watched count among the cells."""
        return max(int(cell["observed_count"]) for cell in self.cells)


def candidates(
    signals: pl.DataFrame,
    messages: pl.DataFrame,
    labels: pl.DataFrame,
    mentions: pl.DataFrame | None = None,
    *,
    stances: pl.DataFrame | None = None,
    evidence: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Join alarms into candidates.

    Alarms of one region and week are one case when they speak of the same group or share 30 % of their texts.
    A case of the following two weeks about the same groups is not told again unless it has grown by half;
    then it is told with `is_continuation_of` naming the first candidate (`case_chains`).

    Args:
        signals: `out_warning__signals` of consecutive weeks.
        messages, labels, mentions, stances: the tables the series were counted from.
        evidence: rows of `supporting.appeal_rises` and `supporting.indicator_falls`, told beside a case.

    Returns:
        `out_warning__candidates`, every row with status awaiting_review, by week and falling severity.

    Raises:
        ContractError: if a body that should receive a case has no address in its region.
    """
    alarms = signals.filter(pl.col("is_alarm") & pl.col("signal").is_in(THREAT_SIGNALS))
    if alarms.height == 0:
        return pl.DataFrame(schema=CANDIDATE_SCHEMA)
    weeks, regions = alarms["week_date"].unique(), alarms["region_code"].unique()
    monday = pl.col("day_date").dt.truncate("1w")
    nearby = messages.filter(monday.is_in(weeks.implode()) & pl.col("region_code").is_in(regions.implode()))
    counted = signal_messages(nearby, labels, mentions, stances=stances)
    clusters = {
        key: set(rows["duplicate_cluster_id"])
        for key, rows in counted.group_by("region_code", "week_date", "group_code", "signal")
    }
    false_alarms = dict(
        expected_false_alarms_per_year(signals).select("region_code", "expected_false_alarms_per_year").iter_rows()
    )
    facts = pl.DataFrame(schema=EVIDENCE_SCHEMA) if evidence is None else evidence
    rows: list[dict[str, Any]] = []
    for (region,), of_region in alarms.sort("region_code").group_by("region_code", maintain_order=True):
        chains: list[Chain] = []
        for (week,), of_week in of_region.sort("week_date").group_by("week_date", maintain_order=True):
            for case in _cases(str(region), week, of_week, clusters):
                told, first = follow(chains, _identity(case), case.week, size=case.size, groups=case.groups)
                if told == "known":
                    continue
                case.root = first if told == "grown" else None
                _support(case, signals, facts)
                texts = _texts(case, nearby, labels, counted)
                rows.append(_row(case, texts, signals, false_alarms))
    frame = pl.DataFrame(rows, schema=CANDIDATE_SCHEMA, orient="row")
    return frame.sort("week_date", "severity", "score", "candidate_id", descending=[False, True, True, False])


def _cases(region: str, week: Any, alarms: pl.DataFrame, clusters: Mapping[tuple[Any, ...], set[str]]) -> list[_Case]:
    """Cells joined by group or shared texts; cells of `all` join the case they share most texts with."""
    ranked = alarms.sort("p_value", "observed_count", "group_code", "signal", descending=[False, True, False, False])
    cases: list[_Case] = []
    cells = list(ranked.iter_rows(named=True))
    for cell in sorted(cells, key=lambda row: row["group_code"] == ALL_GROUPS):
        texts = clusters.get((region, week, cell["group_code"], cell["signal"]), set())
        group = set() if cell["group_code"] == ALL_GROUPS else {cell["group_code"]}
        if group:
            joined = [case for case in cases if case.groups & group or _overlap(case.clusters, texts) >= SHARED_TEXTS]
        else:
            nearest = max(cases, key=lambda case: len(case.clusters & texts), default=None)
            joined = [nearest] if nearest is not None and nearest.clusters & texts else []
        merged = _Case(region, week, [cell], group, set(texts))
        for case in joined:
            merged.cells = case.cells + merged.cells
            merged.groups |= case.groups
            merged.clusters |= case.clusters
        merged.cells.sort(key=lambda row: (row["group_code"] == ALL_GROUPS, row["p_value"]))
        cases = [case for case in cases if case not in joined] + [merged]
    return cases


def _overlap(first: set[str], second: set[str]) -> float:
    smaller = min(len(first), len(second))
    return len(first & second) / smaller if smaller else 0.0


def _support(case: _Case, signals: pl.DataFrame, evidence: pl.DataFrame) -> None:
    case.evidence = evidence_for(evidence, case.region_code, case.week)
    cells = [(cell["group_code"], cell["signal"]) for cell in case.cells]
    cluster = neighbouring_cluster(signals, case.week, case.region_code, cells)
    if cluster is not None:
        case.neighbours = [code for code in cluster.regions if code != case.region_code]
        case.neighbour_p_value = cluster.p_value


def _identity(case: _Case) -> str:
    story = "|".join([case.region_code, case.week.isoformat(), *sorted(case.groups or {ALL_GROUPS})])
    return hashlib.sha256(story.encode()).hexdigest()[:16]


def _texts(case: _Case, messages: pl.DataFrame, labels: pl.DataFrame, evidence: pl.DataFrame) -> pl.DataFrame:
    """One row per message of the case, strongest first, with label, severity, probability and source."""
    signals = [cell["signal"] for cell in case.cells]
    groups = [cell["group_code"] for cell in case.cells]
    told = evidence.filter(
        (pl.col("region_code") == case.region_code)
        & (pl.col("week_date") == case.week)
        & pl.struct("group_code", "signal").is_in(
            [{"group_code": group, "signal": signal} for group, signal in zip(groups, signals, strict=True)]
        )
    )
    wanted = [name for name in ("hostile_probability", "discourse_probability") if name in labels.columns]
    found = messages.filter(pl.col("message_id").is_in(told["message_id"].implode())).join(
        labels.select("message_id", "discourse", "severity", *wanted), on="message_id"
    )
    probability = pl.col("discourse_probability") if "discourse_probability" in wanted else pl.lit(None, pl.Float64)
    return found.with_columns(probability=probability).sort(
        "severity", "probability", "message_id", descending=[True, True, False], nulls_last=True
    )


def _facts(case: _Case, texts: pl.DataFrame, before: int) -> CaseFacts:
    one_each = texts.unique("duplicate_cluster_id", keep="first", maintain_order=True)
    hostile = one_each.filter(pl.col("discourse") == "hostile")
    late = one_each.filter(pl.col("day_date") >= case.week + timedelta(days=4)).height
    mean = hostile["severity"].mean()
    return CaseFacts(
        cluster_count=one_each.height,
        source_count=one_each["source_id"].n_unique() if "source_id" in one_each.columns else 0,
        expected=float(case.leading["expected"] or 0.0),
        observed=int(case.leading["observed_count"]),
        hostile_clusters=hostile.height,
        hard_clusters=hostile.filter(pl.col("severity") >= 3).height,
        mean_severity=float(mean) if isinstance(mean, (int, float)) else 0.0,
        has_tension=any(cell["signal"] == "tension" for cell in case.cells),
        late_share=late / max(one_each.height, 1),
        is_growing=before > 0 and int(case.leading["observed_count"]) > before,
    )


def _story(
    case: _Case,
    kind: str,
    texts: pl.DataFrame,
    *,
    signals: pl.DataFrame,
    false_alarms: Mapping[str, float],
) -> Story:
    facts = _facts(case, texts, _count_before(case, signals))
    assessment = assess(facts)
    return Story(
        region_code=case.region_code,
        week=case.week,
        case_kind=kind,
        group_codes=sorted(case.groups),
        signals=list(dict.fromkeys(cell["signal"] for cell in case.cells)),
        observed=facts.observed,
        expected=facts.expected,
        cluster_count=facts.cluster_count,
        message_count=texts.height,
        false_alarms=false_alarms.get(case.region_code, 0.0),
        quiet_count=max(1, int(case.leading["upperbound"] or 0)),
        accord_count=_accord_count(case, signals),
        is_continued=case.root is not None,
        evidence=case.evidence,
        neighbour_regions=case.neighbours,
        assessment=assessment,
    )


def _row(
    case: _Case,
    texts: pl.DataFrame,
    signals: pl.DataFrame,
    false_alarms: Mapping[str, float],
) -> dict[str, Any]:
    one_each = texts.unique("duplicate_cluster_id", keep="first", maintain_order=True)
    names = list(dict.fromkeys(cell["signal"] for cell in case.cells))
    sources = one_each["source_kind"].to_list() if "source_kind" in one_each.columns else []
    kind = case_kind(one_each["text"].to_list(), names, sources)
    bodies = route(kind, case.region_code)
    story = _story(case, kind, texts, signals=signals, false_alarms=false_alarms)
    words = explain(story)
    examples = one_each.head(EXAMPLES)
    return {
        "candidate_id": _identity(case),
        "week_date": case.week,
        "region_code": case.region_code,
        "group_codes": sorted(case.groups),
        "signals": [*names, *dict.fromkeys(fact.signal for fact in case.evidence)],
        "supporting_evidence": [fact.code for fact in case.evidence],
        "neighbour_regions": case.neighbours,
        "neighbour_p_value": case.neighbour_p_value,
        "case_kind": kind,
        "severity": story.assessment.severity,
        "score": float(case.leading["score"]),
        "is_continuation_of": case.root,
        "message_count": texts.height,
        "cluster_count": story.cluster_count,
        "expected_false_alarms_per_year": story.false_alarms,
        "primary_body": bodies.primary_body,
        "supporting_bodies": list(bodies.supporting_bodies),
        "explanation_kk": words["kk"],
        "explanation_ru": words["ru"],
        "explanation_en": words["en"],
        "example_texts": [example_text(*row) for row in examples.select("text", "discourse", "probability").rows()],
        "would_go_away": going_away(story),
        "status": "awaiting_review",
    }


def _count_before(case: _Case, signals: pl.DataFrame) -> int:
    return _cell_count(
        signals, case, case.week - timedelta(weeks=1), case.leading["signal"], case.leading["group_code"]
    )


def _accord_count(case: _Case, signals: pl.DataFrame) -> int:
    groups = case.groups or {ALL_GROUPS}
    return sum(_cell_count(signals, case, case.week, "accord", group) for group in groups)


def _cell_count(signals: pl.DataFrame, case: _Case, week: date, signal: str, group: str) -> int:
    found = signals.filter(
        (pl.col("region_code") == case.region_code)
        & (pl.col("week_date") == week)
        & (pl.col("signal") == signal)
        & (pl.col("group_code") == group)
    )
    return int(found["observed_count"].sum())
