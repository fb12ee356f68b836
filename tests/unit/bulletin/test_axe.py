"""axe-core in a headless browser of this machine over the pages: no serious finding; said when there is no browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import replace
from html import unescape
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from assets.bulletin_pdf import BrowserMissing, find_browser
from assets.warehouse_dictionary import dictionary_page
from assets.warehouse_views import VIEWS
from data_contracts.contract import table_contracts
from models.bulletin.figures import figures
from models.bulletin.inputs import BulletinMeta, BulletinTables
from models.bulletin.page import bulletin_html

SERIOUS = {"serious", "critical"}
# Runs axe, puts what it found into an element of the page, whose DOM the browser then prints.
ASK = """
<script>
axe.run(document, {resultTypes: ["violations"]}).then(function (found) {
  var held = document.createElement("pre");
  held.id = "axe-found";
  held.textContent = JSON.stringify({
    passes: found.passes.length,
    violations: found.violations.map(function (one) {
      return {id: one.id, impact: one.impact, places: one.nodes.slice(0, 3).map(function (node) { return node.html; })};
    })
  });
  document.body.appendChild(held);
});
</script>
"""


def axe_findings(page: str, folder: Path, width: int) -> tuple[int, list[dict]]:
    """What axe finds on a page at a width: rules passed, and violations with their impact."""
    if find_spec("axe_core_python") is None:
        pytest.skip("axe-core-python is not installed")
    try:
        browser = find_browser()
    except BrowserMissing:
        pytest.skip("no Chromium browser on this machine")
    axe = (resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    source = folder / f"page-{width}.html"
    source.write_text(page.replace("</body>", f"<script>{axe}</script>{ASK}</body>"), encoding="utf-8")
    flags = ["--headless", "--disable-gpu", "--dump-dom", "--virtual-time-budget=20000", f"--window-size={width},900"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    command = [str(browser), *flags, f"--user-data-dir={folder / 'profile'}", source.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    told = re.search(r'<pre id="axe-found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert told is not None, done.stderr[-500:]
    found = json.loads(unescape(told[1]))
    return found["passes"], found["violations"]


def test_the_bulletin_has_no_serious_finding(small: BulletinTables, small_meta: BulletinMeta, tmp_path: Path) -> None:
    assert small.estimates is not None
    country = pl.col("domain").is_in(["country", "group"])
    given = replace(small, rates=None, coverage=None, estimates=small.estimates.filter(country))
    page = bulletin_html(given, figures(given, small_meta), small_meta, "kk")
    passes, violations = axe_findings(page, tmp_path, 390)
    assert passes > 15
    assert [one for one in violations if one["impact"] in SERIOUS] == []


def test_the_data_dictionary_has_no_serious_finding(tmp_path: Path) -> None:
    views = {name: view.answers for name, view in VIEWS.items()}
    few = [one for name, one in table_contracts().items() if name.startswith("out_bulletin")]
    _, violations = axe_findings(dictionary_page(few, views, is_synthetic=True), tmp_path, 1280)
    assert [one for one in violations if one["impact"] in SERIOUS] == []


def test_a_page_with_a_fault_is_found_out(tmp_path: Path) -> None:
    _, violations = axe_findings("<!doctype html><html><body><img src='x'></body></html>", tmp_path, 800)
    assert {"image-alt", "html-has-lang"} <= {one["id"] for one in violations if one["impact"] in SERIOUS}
