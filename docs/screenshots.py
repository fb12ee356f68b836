"""Makes the pictures of the guides from a finished home: `python docs/screenshots.py --home var`.

Needs a Chromium browser on the machine. The pages are those of the home; on the demo they carry the synthetic mark.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from assets.bulletin_pdf import BrowserMissing, find_browser

IMAGES = Path(__file__).parent / "images"
FLAGS = ("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--hide-scrollbars")


def pictures(home: Path, quarter: str) -> dict[str, tuple[Path, str]]:
    """Name of the picture -> the page and the window's size."""
    folder = home / "bulletins" / quarter
    return {
        "guide_bulletin_kk": (folder / f"kelisim-{quarter}-kk.html", "1100,1250"),
        "guide_bulletin_ru": (folder / f"kelisim-{quarter}-ru.html", "1100,1250"),
        "guide_checks": (home / "checks.html", "1100,800"),
        "guide_dictionary": (home / "data_dictionary.html", "1100,800"),
    }


def take(browser: Path, page: Path, size: str, target: Path) -> None:
    """One picture of the top of a page."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            str(browser),
            *FLAGS,
            f"--user-data-dir={profile}",
            f"--window-size={size}",
            f"--screenshot={target}",
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")
        subprocess.run([*command, page.resolve().as_uri()], check=True, capture_output=True, timeout=120)  # noqa: S603


def main() -> int:
    """Make every picture; 2 if a page is not there, 1 without a browser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path("var"))
    parser.add_argument("--quarter", default="2026-Q3")
    given = parser.parse_args()
    wanted = pictures(given.home, given.quarter)
    missing = [str(page) for page, _ in wanted.values() if not page.is_file()]
    if missing:
        sys.stderr.write(f"not there: {', '.join(missing)}; run `kelisim run --home {given.home}` first\n")
        return 2
    try:
        browser = find_browser()
    except BrowserMissing:
        sys.stderr.write("no Chromium browser was found on this machine; install one and run this again\n")
        return 1
    for name, (page, size) in wanted.items():
        take(browser, page, size, IMAGES / f"{name}.png")
        sys.stdout.write(f"{IMAGES / name}.png\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
