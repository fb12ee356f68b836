"""The main job: everything in the inbox through the whole graph, for one quarter, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import polars as pl
from threadpoolctl import threadpool_limits

from assets.check_page import write_page
from assets.shipped_model import model_folder
from assets.sources.inbox import InboxFile, scan_inbox
from assets.synthetic import MARKER, is_synthetic
from assets.workplace import Workplace
from models.periods import TIMEZONE, quarter_before, quarter_of, quarter_start
from pipelines import pending
from pipelines.definitions import build_definitions
from pipelines.home import open_home, open_instance, open_ledger, workplace
from pipelines.job_runs import CheckCost, RunFailed, run_job
from pipelines.jobs import FEED_FILE, SURVEY_WAVE
from pipelines.refusal_notes import all_refusals, write_refusal_notes
from pipelines.run_report import RunReport, StageBar, StageProgress
from pipelines.settings import Settings
from pipelines.stage_meter import StageMeter

DAYS_AFTER_DEMO = 20


@dataclass
class QuarterRun:
    """One pass of the main job; holds what its stages share."""

    settings: Settings
    place: Workplace
    instance: dg.DagsterInstance
    definitions: dg.Definitions
    start_bar: StageBar
    rebuild: bool = False
    meter: StageMeter = field(default_factory=StageMeter)
    checks: list[CheckCost] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = pending.ReadLog(self.place)

    @contextmanager
    def stage(self, name: str) -> Iterator[StageProgress]:
        """Measure a stage and show its bar."""
        bar = self.start_bar(name)
        with self.meter.stage(name):
            yield bar
        bar.advance_to(1.0)

    def job(
        self,
        name: str,
        bar: StageProgress,
        *,
        partition: str | None = None,
        partition_keys: tuple[str, str] | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        """Run one job, for one partition or a range, as the `part[0]`-th of `part[1]` equal parts of a stage."""
        number, total = part
        try:
            cost = run_job(
                self.definitions,
                self.instance,
                name,
                partition=partition,
                partition_range=partition_keys,
                on_step=lambda share: bar.advance_to((number + share) / total),
            )
        finally:
            write_page(self.place.root / "checks", self.place.root / "checks.html")
        self.checks.append(cost)

    def ingest(self, stage: str, job: str, partitions: str, files: Sequence[InboxFile]) -> None:
        """Read the files that the lake does not hold yet.

        They are read in one run. If that fails, each is read by a run of its own, so that only the file that
        fails is left out and told at the end.
        """
        due = [file for file in files if self.rebuild or not self.log.is_current(*_entry(partitions, file))]
        with self.stage(stage) as bar:
            if not due:
                return
            keys = [str(file.partition_key) for file in due]
            self.instance.add_dynamic_partitions(partitions, keys)
            if self._are_neighbours(partitions, keys):
                try:
                    self.job(job, bar, partition_keys=(keys[0], keys[-1]))
                except RunFailed as failure:
                    if len(due) == 1:
                        self._leave_out(job, due[0], failure)
                        return
                else:
                    self.log.record([_entry(partitions, file) for file in due])
                    return
            self._ingest_one_by_one(job, partitions, due, bar)

    def _are_neighbours(self, partitions: str, keys: Sequence[str]) -> bool:
        known = list(self.instance.get_dynamic_partitions(partitions))
        first = known.index(keys[0])
        return known[first : first + len(keys)] == list(keys)

    def _ingest_one_by_one(self, job: str, partitions: str, files: Sequence[InboxFile], bar: StageProgress) -> None:
        for number, file in enumerate(files):
            try:
                self.job(job, bar, partition=str(file.partition_key), part=(number, len(files)))
            except RunFailed as failure:
                self._leave_out(job, file, failure)
            else:
                self.log.record([_entry(partitions, file)])

    def _leave_out(self, job: str, file: InboxFile, failure: RunFailed) -> None:
        """A file is in all tables of its job or in none."""
        self.failures.append(f"{file.file_name}: {failure}")
        tables = SURVEY_WAVE if job == "ingest_survey_wave" else FEED_FILE
        self.place.withdraw(tables, str(file.partition_key))

    def fit_model(self) -> None:
        """Fit and save the discourse model, unless the one of this code is there."""
        with self.stage("model") as bar:
            self.job("train_discourse_model", bar)

    def annotate_days(self) -> None:
        """Annotate every day whose messages are newer than its tables."""
        with self.stage("feeds") as bar:
            model = model_folder(self.place.models, self.place.seed).name
            span = pending.pending_days(self.place, self.log, model, rebuild=self.rebuild)
            if span is not None:
                self.job("refresh_feeds", bar, partition_keys=_iso(span))
                self.log.record([(pending.DAYS, model)])

    def warn(self, quarter: str) -> None:
        """Test the weeks of the quarter and hand candidates to the ledger."""
        with self.stage("warning") as bar:
            weeks = pending.pending_weeks(self.place, quarter)
            if weeks is not None:
                self.job("early_warning", bar, partition_keys=_iso(weeks))

    def rate(self, quarter: str) -> None:
        """Weekly rates of the quarter and of the year before it."""
        with self.stage("rates") as bar:
            first = quarter_start(quarter)
            before = first.replace(year=first.year - 1)
            self.job("refresh_rates", bar, partition_keys=_iso((before, first)))

    def report(self, quarter: str) -> None:
        """The quarter's tables, bulletin and warehouse."""
        with self.stage("report") as bar:
            self.job("quarterly_report", bar, partition=quarter_start(quarter).isoformat())


def _entry(partitions: str, file: InboxFile) -> tuple[str, str]:
    return f"{partitions}/{file.partition_key}", file.file_sha256


def _iso(span: tuple[date, date]) -> tuple[str, str]:
    return span[0].isoformat(), span[1].isoformat()


def run_quarter(settings: Settings, quarter: str | None, start_bar: StageBar, *, rebuild: bool = False) -> RunReport:
    """Run every stage for a quarter and collect what to tell.

    Args:
        settings: home, seed, language and the rest.
        quarter: such as 2026-Q3; None takes the last full quarter that has data.
        start_bar: shows progress.
        rebuild: read and annotate again what was done before.

    Returns:
        The report of the run.

    Raises:
        RunFailed: if a job failed or a table broke its contract.
        QuarterError: if the quarter is not written right.
    """
    root = open_home(settings)
    # Many small products of matrices run slower on two threads than on one.
    threadpool_limits(limits=1, user_api="blas")
    meter = StageMeter()
    demo = None
    if not any(path.is_file() for path in (root / "inbox").iterdir()):
        demo = _write_demo(settings, root, start_bar, meter)
    settings = _with_moment_of_demo(settings, root)
    place = workplace(settings)
    run = QuarterRun(settings, place, open_instance(root), build_definitions(settings), start_bar, rebuild, meter)
    ledger = open_ledger(settings)
    before = sum(ledger.counts_by_status().values())
    with run.stage("inbox"):
        files = scan_inbox(place.inbox)
    surveys = [file for file in files if file.kind == "survey" and file.partition_key]
    feeds = [file for file in files if file.kind == "feed" and file.partition_key]
    run.ingest("waves", "ingest_survey_wave", "survey_waves", surveys)
    run.ingest("feed_files", "ingest_feed_file", "feed_files", feeds)
    run.fit_model()
    run.annotate_days()
    chosen = quarter or _last_full_quarter(place)
    run.warn(chosen)
    run.rate(chosen)
    run.report(chosen)
    report = _collect(run, chosen, demo, sum(ledger.counts_by_status().values()) - before)
    report.candidates_waiting = ledger.counts_by_status().get("awaiting_review", 0)
    run.instance.dispose()
    return report


def _write_demo(settings: Settings, root: Path, start_bar: StageBar, meter: StageMeter) -> Path:
    from pipelines.demo import write_demo_inbox

    bar = start_bar("demo")
    with meter.stage("demo"):
        write_demo_inbox(
            root / "inbox",
            seed=settings.seed,
            messages=settings.demo_messages,
            respondents=settings.demo_respondents,
            progress=lambda _name, done, total: bar.advance_to(done / max(1, total)),
        )
    return root / "inbox"


def _with_moment_of_demo(settings: Settings, root: Path) -> Settings:
    """A demo inbox ends on a fixed day; where the clock is before it, the run takes place after it."""
    marker = root / "inbox" / MARKER
    if settings.as_of is not None or not marker.exists():
        return settings
    from models.simulation.feeds import LAST_DAY

    after = datetime.combine(LAST_DAY + timedelta(days=DAYS_AFTER_DEMO), time(), ZoneInfo(TIMEZONE))
    return settings.model_copy(update={"as_of": max(after, settings.now())})


def _last_full_quarter(place: Workplace) -> str:
    """The last quarter that is over, or the one of the newest data if that is earlier."""
    today = place.as_of.astimezone(ZoneInfo(TIMEZONE)).date()
    newest = pending.newest_day(place)
    over = quarter_before(quarter_of(today))
    return over if newest is None else min(over, quarter_of(newest))


def _collect(run: QuarterRun, quarter: str, demo: Path | None, new_candidates: int) -> RunReport:
    place = run.place
    key = quarter_start(quarter).isoformat()
    verdicts = pl.read_parquet(place.lake / "out_indicators__verdicts" / f"{key}.parquet")
    newest = verdicts.filter(pl.col("year") == pl.col("year").max().over("indicator_id"))
    files = pl.read_parquet(place.published("out_inbox__files"))
    refusals = all_refusals(place)
    write_refusal_notes(place.root / "quarantine", refusals)
    return RunReport(
        quarter=quarter,
        is_synthetic=is_synthetic(files),
        demo_written=demo,
        verdicts=newest,
        changes=pl.read_parquet(place.lake / "out_indicators__changes" / f"{key}.parquet"),
        files=files,
        refusals=refusals,
        candidates_waiting=0,
        candidates_new=new_candidates,
        outputs=[
            *sorted((place.bulletins / quarter).glob("*.html")),
            place.warehouse,
            place.root / "checks.html",
        ],
        costs=run.meter.costs,
        check_tables=sum(cost.tables for cost in run.checks),
        check_seconds=sum(cost.seconds for cost in run.checks),
        quarantine_folder=place.root / "quarantine",
        failures=run.failures,
    )
