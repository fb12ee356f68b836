"""Open a KELISIM_HOME: its folders, Dagster instance, pseudonym key and the facts a run needs."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import dagster as dg
import yaml

from assets.whole_file import whole_file
from assets.workplace import Workplace
from models.periods import quarter_of
from pipelines.resources.ledger import Ledger
from pipelines.settings import Settings

FOLDERS = ("inbox", "reference", "lake", "staging", "models", "bulletins", "outbox", "quarantine", "keys", "dagster")
PACKAGES = ("pipelines", "assets", "models", "data_contracts")


def open_home(settings: Settings) -> Path:
    """Make the folders of a home where they are missing.

    Returns:
        The absolute path of the home.
    """
    root = settings.root
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "keys").chmod(0o700)
    return root


def open_instance(root: Path) -> dg.DagsterInstance:
    """Dagster's instance of a home: SQLite under `dagster/`, no telemetry, runs in this process."""
    folder = root / "dagster"
    configuration = {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "event_log_storage": {
            "module": "pipelines.resources.event_log",
            "class": "PooledSqliteEventLog",
            "config": {"base_dir": str(folder / "history")},
        },
        "run_retries": {"enabled": True, "max_retries": 2},
    }
    (folder / "dagster.yaml").write_text(yaml.safe_dump(configuration, sort_keys=False), encoding="utf-8")
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    return dg.DagsterInstance.from_config(str(folder))


def workplace(settings: Settings) -> Workplace:
    """The folders and facts of a run under these settings."""
    root = open_home(settings)
    now = settings.now()
    return Workplace(
        root=root,
        as_of=now,
        seed=settings.seed,
        code_version=code_version(),
        pseudonym_key=pseudonym_key(settings, root, now),
    )


def pseudonym_key(settings: Settings, root: Path, now: datetime) -> bytes:
    """The key of author pseudonyms for the quarter of `now`; keys of older quarters are destroyed.

    Without the old key nobody can tell any more which author a stored pseudonym stands for. A secret given in
    the settings (for several machines with one count of authors) yields another key each quarter too, but whoever
    keeps it can make the old ones again.
    """
    quarter = quarter_of(now.date())
    if settings.pseudonym_key is not None:
        return hmac.digest(settings.pseudonym_key.get_secret_value().encode(), quarter.encode(), hashlib.sha256)
    folder = root / "keys"
    path = folder / f"pseudonyms-{quarter}.key"
    for old in folder.glob("pseudonyms-*.key"):
        if old != path:
            old.unlink()
    if not path.exists():
        with whole_file(path) as beside:
            beside.touch(mode=0o600)
            beside.write_bytes(secrets.token_bytes(32))
    return path.read_bytes()


def code_version() -> str:
    """Version of the project and a digest of its source, so that a changed method has another name."""
    source = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((source / package).rglob("*")):
            if path.suffix in {".py", ".yml", ".csv", ".j2"}:
                digest.update(path.relative_to(source).as_posix().encode())
                digest.update(path.read_bytes())
    return f"{version('kelisim')}+{digest.hexdigest()[:12]}"


def open_ledger(settings: Settings) -> Ledger:
    """The ledger of alert candidates: the URL of the settings, else SQLite in the home."""
    if settings.ledger_url is not None:
        return Ledger(settings.ledger_url.get_secret_value(), inbox=settings.root / "inbox")
    return Ledger(f"sqlite:///{open_home(settings) / 'ledger.sqlite'}", inbox=settings.root / "inbox")
