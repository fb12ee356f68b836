"""Print a finished page to PDF with a Chromium browser of this machine; nothing is fetched."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
    "brave-browser",
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
)
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)
SECONDS_AT_MOST = 120


class BrowserMissing(RuntimeError):
    """No Chromium browser was found on this machine."""


class PrintingFailed(RuntimeError):
    """The browser ended without a PDF; the message holds its last words."""


def find_browser(preferred: Path | None = None) -> Path:
    """The browser to print with: the one named in the settings, else the first known one.

    Raises:
        BrowserMissing: if there is none.
    """
    if preferred is not None:
        found = shutil.which(preferred)
        if found is None:
            raise BrowserMissing(str(preferred))
        return Path(found)
    for name in PROGRAMS:
        if found := shutil.which(name):
            return Path(found)
    for place in PLACES:
        if Path(place).exists():
            return Path(place)
    raise BrowserMissing


def print_pdf(page: str, browser: Path) -> bytes:
    """A page as PDF, laid out by its own print style: A4, running head, page numbers, bookmarks.

    Args:
        page: self-contained HTML.
        browser: program found by `find_browser`.

    Raises:
        PrintingFailed: if the browser gives no PDF.
    """
    with tempfile.TemporaryDirectory(prefix="kelisim-pdf-") as name:
        folder = Path(name)
        (folder / "page.html").write_text(page, encoding="utf-8")
        target = folder / "page.pdf"
        command = [str(browser), *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={target}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # the sandbox of Chromium refuses to run as root
        command.append((folder / "page.html").as_uri())
        try:
            # A profile folder of its own and a new session: an open browser of the user is not touched.
            done = subprocess.run(command, capture_output=True, timeout=SECONDS_AT_MOST, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PrintingFailed(str(error)) from error
        if not target.exists() or target.stat().st_size == 0:
            words = done.stderr.decode(errors="replace").strip().splitlines()
            raise PrintingFailed(words[-1] if words else f"exit code {done.returncode}")
        return target.read_bytes()
