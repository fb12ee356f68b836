"""Runs the benchmarks, each in a process of its own so that memory is its own.

    python -m benchmarks [NAME ...] [-- ARGUMENTS]

Without names all of them run, with sizes that take minutes; arguments after `--` go to every one that runs.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

SHORT = {"survey_coverage": ["--draws", "40"]}


def names() -> list[str]:
    """Modules of this folder that can be run: those with a `main`."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return [path.stem for path in files if path.stem[0] != "_" and "\ndef main(" in path.read_text(encoding="utf-8")]


def main() -> int:
    """Run the named benchmarks; the number of those that failed."""
    given = sys.argv[1:]
    arguments = given[given.index("--") + 1 :] if "--" in given else None
    wanted = given[: given.index("--")] if "--" in given else given
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        print(f"no benchmark named {', '.join(unknown)}; there are {', '.join(names())}", file=sys.stderr)
        return 2
    failed = []
    for name in wanted or names():
        print(f"== {name}", flush=True)
        start = time.perf_counter()
        extra = SHORT.get(name, []) if arguments is None else arguments
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *extra], check=False)
        if done.returncode:
            failed.append(name)
        print(f"== {name}: {time.perf_counter() - start:.0f} s\n", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
