"""What keeps the inbox as it should be: new entries of subscribed feeds come in, old raw files go."""

from collections import Counter
from urllib.parse import urlsplit

import dagster as dg

from assets.sources.polling import FeedPoller
from assets.sources.retention import expired_files, remove_expired
from data_contracts.contract import ContractError
from data_contracts.subscriptions import read_subscriptions
from pipelines.home import open_home
from pipelines.settings import Settings

# A feed that did not answer or gave no feed; one that is waiting or unchanged is in order.
FAILED_OUTCOMES = frozenset({"refused_by_robots", "too_large", "http_error", "unreachable", "not_a_feed"})


@dg.op(description="Asks each feed of subscriptions.yml that is due, and saves what is new in the inbox")
def poll_subscriptions(context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings]) -> None:
    """One poll. The run fails where subscriptions.yml cannot be read, or where every feed failed."""
    root = open_home(settings)
    try:
        subscriptions = read_subscriptions(root / "subscriptions.yml")
    except ContractError as error:
        raise dg.Failure(
            f"{error}; write the file, or stop the schedule poll_every_hour", allow_retries=False
        ) from error
    results = FeedPoller(subscriptions, root / "inbox", root / "polling.json", settings.now).poll()
    outcomes = Counter(result.outcome for result in results)
    for result in results:
        context.log.info(f"{result.outcome}: {urlsplit(result.url).hostname} {result.file_name or result.detail}")
    context.add_output_metadata({"feeds": len(results), **{str(outcome): n for outcome, n in outcomes.items()}})
    if results and all(result.outcome in FAILED_OUTCOMES for result in results):
        raise dg.Failure(f"no feed gave an answer: {dict(outcomes)}; is the network reachable?", allow_retries=False)


@dg.op(description="Deletes raw feed files older than retention_days that were read; unread ones are named and stay")
def delete_expired_files(context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings]) -> None:
    """One pass over the inbox; what was made of the files stays in the lake."""
    root = open_home(settings)
    expired = expired_files(root / "inbox", root / "lake", settings.now(), settings.retention_days)
    removed = remove_expired(expired)
    for one in expired:
        if not one.is_read:
            context.log.warning(f"kept, as it was never read: {one.file.file_name}, {one.age_days} days old")
    context.add_output_metadata(
        {"retention_days": settings.retention_days, "expired": len(expired), "deleted": len(removed)}
    )


@dg.job(
    description="Feeds of subscriptions.yml into the inbox; asks the network",
    tags={"kelisim/job": "poll_feeds"},
    executor_def=dg.in_process_executor,
)
def poll_feeds() -> None:
    """The job around `poll_subscriptions`."""
    poll_subscriptions()


@dg.job(
    description="Raw feed files past retention_days leave the inbox once they were read",
    tags={"kelisim/job": "expire_raw_files"},
    executor_def=dg.in_process_executor,
)
def expire_raw_files() -> None:
    """The job around `delete_expired_files`."""
    delete_expired_files()
