"""The desk's web server: on this machine only, with a secret that stays in the home."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings

HOST = "127.0.0.1"
THREADS = 4
QUIET = {
    "waitress.queue": logging.ERROR,
    "django.request": logging.ERROR,
    "django.security.DisallowedHost": logging.CRITICAL,
}


def secret_key(keys: Path) -> str:
    """The secret that signs sessions: made once, readable by its owner alone."""
    path = keys / "desk-secret.key"
    if not path.exists():
        keys.mkdir(parents=True, exist_ok=True)
        keys.chmod(0o700)
        beside = keys / f".desk-secret.{secrets.token_hex(4)}"
        beside.touch(mode=0o600)
        beside.write_text(secrets.token_urlsafe(64), encoding="ascii")
        beside.replace(path)
    return path.read_text(encoding="ascii")


def application(key: str, language: str) -> Any:
    """The WSGI application over the database `default`, its static files included.

    The ledger must be open under the alias `default` before.
    """
    settings.SECRET_KEY = key
    settings.LANGUAGE_CODE = language
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.wsgi import get_wsgi_application

    return StaticFilesHandler(get_wsgi_application())


def open_server(app: Any, port: int) -> Any:
    """A server that listens on this machine; `run()` serves until interrupted.

    Raises:
        OSError: if the port is taken.
    """
    from waitress.server import create_server

    # That pages queue for a moment, a file is not there or a stranger's host name was refused is nothing to the
    # operator; what fails is.
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
    return create_server(app, host=HOST, port=port, threads=THREADS, ident=None)
