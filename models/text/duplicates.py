"""Exact and near duplicates among messages, clustered within a window of days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rensa import RMinHash  # pyright: ignore[reportAttributeAccessIssue]

from models.text.normalisation import normalised

WINDOW_DAYS = 7

CLUSTER_SCHEMA = pl.Schema(
    {"message_id": pl.String(), "duplicate_cluster_id": pl.String(), "is_cluster_first": pl.Boolean()}
)

_PERMUTATIONS, _SEED = 64, 20260701
_BANDS = 16  # of 4 rows: a pair of similarity .7 is compared with probability .988, of .3 with .12
_AGREEING = 40  # of 64: similarity .62
_SHORTEST_NEAR = 8


def duplicate_clusters(
    message_ids: pl.Series,
    texts: pl.Series,
    published_at: pl.Series,
    window_days: int = WINDOW_DAYS,
    normalised_texts: pl.Series | None = None,
) -> pl.DataFrame:
    """Clusters of messages that say the same, each led by its earliest member.

    Messages are taken in order of time (then of id). A message joins the first cluster whose leader has the
    same words (normalised, links and punctuation aside) or, from eight words up, shares about two thirds of
    its words and pairs of words by MinHash, and was published at most `window_days` before; otherwise it
    leads a cluster of its own. Because members are compared with the leader only, clusters do not drift, and
    the result does not depend on row order.

    Args:
        message_ids: unique identifiers.
        texts: texts as written.
        published_at: time of publication.
        window_days: longest time between the leader and a member.
        normalised_texts: `normalised(texts)` where the caller has it already.

    Returns:
        One row per message, in the order given: message_id, duplicate_cluster_id (id of the leader),
        is_cluster_first.

    Raises:
        ValueError: if ids are doubled or the window is not positive.
    """
    plain = normalised(texts) if normalised_texts is None else normalised_texts
    return DuplicateWindow(window_days).clusters(message_ids, plain, published_at)


class DuplicateWindow:
    """Clusters of messages that come run by run in order of time; the same as of all runs at once.

    Between runs it keeps the messages whose cluster is still open, so memory grows with the window and not
    with the number of messages.

    Args:
        window_days: longest time between the leader and a member.

    Raises:
        ValueError: if the window is not positive.
    """

    def __init__(self, window_days: int = WINDOW_DAYS) -> None:
        if window_days < 1:
            raise ValueError(f"window_days must be at least 1, not {window_days}")
        self._window = timedelta(days=window_days) // timedelta(microseconds=1)
        self._open = _Open.nothing()

    def clusters(self, message_ids: pl.Series, normalised_texts: pl.Series, published_at: pl.Series) -> pl.DataFrame:
        """Clusters of one run, as `duplicate_clusters` describes them.

        Args:
            message_ids: unique identifiers.
            normalised_texts: `normalised` texts.
            published_at: time of publication; none before the last of the run before.

        Raises:
            ValueError: if ids are doubled, or a message is older than one of an earlier run.
        """
        if message_ids.n_unique() != len(message_ids):
            raise ValueError("message_ids: an id stands there twice; collapse identical records first")
        new = _time_ordered(message_ids, published_at, normalised_texts)
        held = self._open
        if held.rows.height and new.height and new["at"][0] < held.rows["at"][-1]:
            raise ValueError("published_at: a message is older than the run before; give runs in order of time")
        rows = pl.concat([held.rows, new.select("message_id", "at", "key")])
        sketches = _sketches(new, held)
        leaders = _leaders(rows, sketches, held.leaders, self._window)
        self._open = _still_open(rows, sketches, leaders, self._window)
        own = leaders[held.rows.height :]
        clusters = new.select(
            "message_id",
            duplicate_cluster_id=rows["message_id"].gather(pl.Series(own, dtype=pl.UInt32)),
            is_cluster_first=pl.Series(own == np.arange(held.rows.height, rows.height)),
        )
        order = pl.DataFrame({"message_id": message_ids.cast(pl.String)})
        return order.join(clusters, on="message_id", how="left", maintain_order="left")


@dataclass(frozen=True)
class _Sketches:
    """Digests and band hashes of different texts, and which of them each row has (-1: too short for one)."""

    of_row: NDArray[np.int64]
    digests: NDArray[np.uint32]
    bands: NDArray[np.uint64]


@dataclass(frozen=True)
class _Open:
    """Messages of earlier runs whose leader lies within the window, by time; leaders are numbers of these rows."""

    rows: pl.DataFrame
    leaders: NDArray[np.int64]
    sketches: _Sketches

    @classmethod
    def nothing(cls) -> _Open:
        """Before the first run."""
        rows = pl.DataFrame(schema={"message_id": pl.String, "at": pl.Int64, "key": pl.String})
        digests, bands = np.empty((0, _PERMUTATIONS), np.uint32), np.empty((0, _BANDS), np.uint64)
        none = np.empty(0, np.int64)
        return cls(rows, none, _Sketches(none, digests, bands))


_LINKS = r"https?://\S+|www\.\S+|@\w+|\[[a-z_]+\]"


def _time_ordered(message_ids: pl.Series, published_at: pl.Series, plain: pl.Series) -> pl.DataFrame:
    """message_id, at (microseconds), words (letters and figures only) and key, by time then id."""
    words = plain.fill_null("").str.replace_all(_LINKS, " ").str.replace_all(r"[^\p{L}\p{N}]+", " ")
    frame = pl.DataFrame(
        {
            "message_id": message_ids.cast(pl.String),
            "at": published_at.dt.epoch("us"),
            "words": words.str.strip_chars(),
        }
    )
    # A text without words (emoji, a picture) is a duplicate of nothing.
    key = pl.when(pl.col("words") == "").then(pl.col("message_id")).otherwise("words")
    return frame.with_columns(key=key).sort("at", "message_id")


def _leaders(rows: pl.DataFrame, sketches: _Sketches, known: NDArray[np.int64], window: int) -> NDArray[np.int64]:
    """Row of the leader for each row of the time-ordered frame, of which the first have theirs already."""
    leaders = np.arange(rows.height)
    leaders[: len(known)] = known
    shared = _shared_bands(sketches)
    met = rows["key"].is_duplicated().to_numpy() | np.isin(sketches.of_row, list(shared))
    taken = np.flatnonzero(met)
    keys = rows["key"].gather(taken).to_list()
    times = rows["at"].to_numpy()
    by_key: dict[str, int] = {}
    by_band: dict[int, list[int]] = {}
    for row, key, earliest in zip(taken.tolist(), keys, (times[taken] - window).tolist(), strict=True):
        bands = shared.get(int(sketches.of_row[row]), ())
        leader = int(leaders[row]) if row < len(known) else by_key.get(key, -1)
        if leader < 0 or times[leader] < earliest:
            near = {other for band in bands for other in by_band.get(band, ()) if times[other] >= earliest}
            leader = _similar(row, near, sketches) if near else -1
        if leader < 0:
            leader = row
        if leader == row:
            for band in bands:
                by_band.setdefault(band, []).append(row)
        by_key[key] = leaders[row] = leader
    return leaders


def _similar(row: int, candidates: set[int], sketches: _Sketches) -> int:
    """The first candidate whose digest agrees in enough places, or -1."""
    digest = sketches.digests[sketches.of_row[row]]
    for other in sorted(candidates):
        if np.count_nonzero(digest == sketches.digests[sketches.of_row[other]]) >= _AGREEING:
            return other
    return -1


def _shared_bands(sketches: _Sketches) -> dict[int, list[int]]:
    """Of each text that has a band in common with another one: these bands, as one number each."""
    # The last bits give way to the number of the band.
    codes = (sketches.bands & ~np.uint64(_BANDS - 1)) | np.arange(_BANDS, dtype=np.uint64)
    shared = pl.Series(codes.ravel()).is_duplicated().to_numpy().reshape(codes.shape)
    texts, _ = np.nonzero(shared)
    found: dict[int, list[int]] = {}
    for text, code in zip(texts.tolist(), codes[shared].tolist(), strict=True):
        found.setdefault(text, []).append(code)
    return found


def _sketches(new: pl.DataFrame, held: _Open) -> _Sketches:
    """Of the rows still open, then of new ones; one text has one sketch however many rows have it."""
    long = new.with_row_index("row").filter(pl.col("words").str.count_matches(" ") >= _SHORTEST_NEAR - 1)
    distinct = long.select("words").unique(maintain_order=True).with_row_index("text")
    texts = long.join(distinct, on="words", how="left", maintain_order="left")["text"].to_numpy()
    digests = _digests(distinct["words"])
    of_new = np.full(new.height, -1)
    of_new[long["row"].to_numpy()] = texts + len(held.sketches.digests)
    return _Sketches(
        np.concatenate([held.sketches.of_row, of_new]),
        np.concatenate([held.sketches.digests, digests]),
        np.concatenate([held.sketches.bands, _band_hashes(digests)]),
    )


def _still_open(rows: pl.DataFrame, sketches: _Sketches, leaders: NDArray[np.int64], window: int) -> _Open:
    """The rows whose leader a message that comes later may still join."""
    if rows.is_empty():
        return _Open.nothing()
    times = rows["at"].to_numpy()
    kept = np.flatnonzero(times[leaders] >= times[-1] - window)
    # Later messages are compared with leaders only.
    compared = np.where(leaders[kept] == kept, sketches.of_row[kept], -1)
    texts = np.unique(compared[compared >= 0])
    of_row = np.where(compared >= 0, np.searchsorted(texts, compared), -1)
    return _Open(
        rows[kept],
        np.searchsorted(kept, leaders[kept]),
        _Sketches(of_row, sketches.digests[texts], sketches.bands[texts]),
    )


def _band_hashes(digests: np.ndarray) -> np.ndarray:
    """One 64-bit hash per band of neighbouring permutations (FNV-1a, mixed), rows x bands."""
    width = _PERMUTATIONS // _BANDS
    blocks = digests.astype(np.uint64).reshape(len(digests), _BANDS, width)
    hashed = np.full((len(digests), _BANDS), 14695981039346656037, dtype=np.uint64)
    for column in range(width):
        hashed = (hashed ^ blocks[:, :, column]) * np.uint64(1099511628211)
        hashed ^= hashed >> np.uint64(29)
    return hashed


def _digests(words: pl.Series) -> np.ndarray:
    """MinHash of the set of words and pairs of neighbouring words, one row of permutations per text."""
    out = np.empty((len(words), _PERMUTATIONS), dtype=np.uint32)
    for start in range(0, len(words), _BATCH):
        hashes, offsets = _token_hashes(words.slice(start, _BATCH))
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, _PERMUTATIONS, _SEED)
        count = len(offsets) - 1
        numbers = np.fromiter(chain.from_iterable(matrix.to_rows()), dtype=np.uint32, count=count * _PERMUTATIONS)
        out[start : start + count] = numbers.reshape(count, _PERMUTATIONS)
    return out


def _token_hashes(texts: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of the words, then of the pairs, of each text one after another, and where each text begins."""
    lists = texts.str.split(" ").list.head(_LONGEST_READ)
    counts = lists.list.len().to_numpy().astype(np.int64)
    words = lists.explode(empty_as_null=False).hash(_SEED).to_numpy()
    rows = np.repeat(np.arange(len(counts)), counts)
    beside = rows[:-1] == rows[1:]
    # Unlike for one word twice, the order of two words tells in their hash.
    pairs = (words[:-1] * np.uint64(0x9E3779B97F4A7C15)) ^ (words[1:] + np.uint64(0x7F4A7C159E3779B9))
    pairs ^= pairs >> np.uint64(31)
    offsets = np.concatenate([[0], np.cumsum(2 * counts - 1)])
    within = np.arange(len(words)) - np.repeat(np.cumsum(counts) - counts, counts)
    hashes = np.empty(int(offsets[-1]), dtype=np.uint64)
    hashes[offsets[rows] + within] = words
    left = np.flatnonzero(beside)
    hashes[offsets[rows[left]] + counts[rows[left]] + within[left]] = pairs[left]
    return hashes, offsets.astype(np.uint64)


_LONGEST_READ, _BATCH = 3000, 1_000
