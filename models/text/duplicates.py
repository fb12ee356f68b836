"""Exact and near duplicates among messages, clustered within a window of days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
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
    if message_ids.n_unique() != len(message_ids):
        raise ValueError("message_ids: an id stands there twice; collapse identical records first")
    if window_days < 1:
        raise ValueError(f"window_days must be at least 1, not {window_days}")
    plain = normalised(texts) if normalised_texts is None else normalised_texts
    frame = _time_ordered(message_ids, published_at, plain)
    leaders = _leaders(frame, timedelta(days=window_days))
    ids = frame["message_id"]
    clusters = frame.select(
        "message_id",
        duplicate_cluster_id=ids.gather(pl.Series(leaders, dtype=pl.UInt32)),
        is_cluster_first=pl.Series(leaders == np.arange(len(leaders))),
    )
    order = pl.DataFrame({"message_id": message_ids.cast(pl.String)})
    return order.join(clusters, on="message_id", how="left", maintain_order="left")


_LINKS = r"https?://\S+|www\.\S+|@\w+|\[[a-z_]+\]"


def _time_ordered(message_ids: pl.Series, published_at: pl.Series, plain: pl.Series) -> pl.DataFrame:
    """message_id, at, words (letters and figures only) and key, by time then id."""
    words = plain.fill_null("").str.replace_all(_LINKS, " ").str.replace_all(r"[^\p{L}\p{N}]+", " ")
    frame = pl.DataFrame(
        {
            "message_id": message_ids.cast(pl.String),
            "at": published_at,
            "words": words.str.strip_chars(),
        }
    )
    # A text without words (emoji, a picture) is a duplicate of nothing.
    key = pl.when(pl.col("words") == "").then(pl.col("message_id")).otherwise("words")
    return frame.with_columns(key=key).sort("at", "message_id")


def _leaders(keyed: pl.DataFrame, window: timedelta) -> np.ndarray:
    """Row of the leader for each row of the time-ordered frame."""
    leaders = np.arange(keyed.height)
    sketches = _sketches(keyed)
    times: list[datetime] = keyed["at"].to_list()
    keys: list[str] = keyed["key"].to_list()
    again = set(keyed["key"].is_duplicated().arg_true().to_list())
    by_key: dict[str, int] = {}
    by_band: dict[tuple[int, int], list[int]] = {}
    for row in sorted(again | sketches.bands.keys()):
        earliest = times[row] - window
        bands = sketches.bands.get(row, ())
        leader = by_key.get(keys[row], -1)
        if leader < 0 or times[leader] < earliest:
            near = {other for band in bands for other in by_band.get(band, ()) if times[other] >= earliest}
            leader = sketches.similar(row, near) if near else -1
        if leader < 0:
            leader = row
            for band in bands:
                by_band.setdefault(band, []).append(row)
        by_key[keys[row]] = leader
        leaders[row] = leader
    return leaders


@dataclass(frozen=True)
class _Sketches:
    """Of rows that share a band with another row: the bands shared, and the digest."""

    bands: dict[int, tuple[tuple[int, int], ...]]
    digests: dict[int, np.ndarray]

    def similar(self, row: int, candidates: Iterable[int]) -> int:
        """The first candidate whose digest agrees in enough places, or -1."""
        digest = self.digests[row]
        for other in sorted(candidates):
            if np.count_nonzero(digest == self.digests[other]) >= _AGREEING:
                return other
        return -1


def _sketches(keyed: pl.DataFrame) -> _Sketches:
    long = keyed.with_row_index("row").filter(pl.col("words").str.count_matches(" ") >= _SHORTEST_NEAR - 1)
    first = long.unique("words", keep="first", maintain_order=True)
    if first.height < 2:
        return _Sketches({}, {})
    digests = _digests(first["words"])
    hashed = _band_hashes(digests)
    shared = np.column_stack([pl.Series(column).is_duplicated().to_numpy() for column in hashed.T])
    met = np.flatnonzero(shared.any(axis=1))
    texts = first["words"].gather(met).to_list()
    bands: dict[str, tuple[tuple[int, int], ...]] = {}
    for text, codes, flags in zip(texts, hashed[met].tolist(), shared[met].tolist(), strict=True):
        bands[text] = tuple((band, code) for band, code in enumerate(codes) if flags[band])
    by_text = dict(zip(texts, digests[met], strict=True))
    # Later copies of the same words carry the same bands: they lead once the first has left the window.
    rows = [(row, text) for row, text in long.select("row", "words").iter_rows() if text in bands]
    return _Sketches({row: bands[text] for row, text in rows}, {row: by_text[text] for row, text in rows})


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
        out[start : start + len(offsets) - 1] = np.array(matrix.to_rows(), dtype=np.uint32)
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


_LONGEST_READ, _BATCH = 3000, 20_000
