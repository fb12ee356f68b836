"""`make later`: keep what the shipped encoder says of hands written after it was tuned, which it has not seen.

Training then looks it up instead of reading these hands again each time. Needs no PyTorch.
"""

from __future__ import annotations

from assets.whole_file import whole_file
from models.discourse.corpus_reading import read_corpus
from models.discourse.later_hands import with_later
from models.discourse.said_unseen import unseen
from models.discourse.tuned_reader import FOLDER, UNSEEN


def main() -> None:
    """Read the later hands, write the file anew, say how many messages came in."""
    kept = unseen()
    both = with_later(read_corpus(), kept)
    with whole_file(FOLDER / UNSEEN) as beside:
        both.write(beside)
    added = len(both.labels) - len(kept.labels), len(both.stances) - len(kept.stances)
    print(f"{added[0]} messages and {added[1]} pairs of hands written after tuning; {FOLDER / UNSEEN} written")


if __name__ == "__main__":
    main()
