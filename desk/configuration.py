"""Django set up without a settings module, and databases added by URL while the program runs."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import django
from django.conf import settings
from django.db import connections

from models.periods import TIMEZONE
from models.warning.refusals import Refused

LANGUAGES = (("kk", "Қазақша"), ("ru", "Русский"), ("en", "English"))
SQLITE_WAIT_SECONDS = 30
SESSION_SECONDS = 8 * 3600
APPLICATIONS = (
    "desk.apps.DeskConfig",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
)
MIDDLEWARE = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
CONTEXT = (
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
)
PASSWORD_RULES = (
    "UserAttributeSimilarityValidator",
    "MinimumLengthValidator",
    "CommonPasswordValidator",
    "NumericPasswordValidator",
)
ENGINES = {"sqlite": "django.db.backends.sqlite3", "postgresql": "django.db.backends.postgresql"}


class LedgerError(Refused):
    """A ledger that cannot be used, or something asked of it that is not there; the message says which."""


def configure(language: str = "ru") -> None:
    """Set Django up once in this process; later calls change nothing."""
    if settings.configured:
        return
    settings.configure(
        DEBUG=False,
        SECRET_KEY=secrets.token_urlsafe(48),
        ALLOWED_HOSTS=["127.0.0.1", "localhost", "[::1]"],
        INSTALLED_APPS=list(APPLICATIONS),
        MIDDLEWARE=list(MIDDLEWARE),
        ROOT_URLCONF="desk.urls",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": list(CONTEXT)},
            }
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.dummy"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        AUTH_PASSWORD_VALIDATORS=[
            {"NAME": f"django.contrib.auth.password_validation.{rule}"} for rule in PASSWORD_RULES
        ],
        USE_TZ=True,
        TIME_ZONE=TIMEZONE,
        USE_I18N=True,
        LANGUAGES=list(LANGUAGES),
        LANGUAGE_CODE=language,
        STATIC_URL="static/",
        LOGIN_URL="admin:login",
        SESSION_COOKIE_AGE=SESSION_SECONDS,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        CSRF_COOKIE_SAMESITE="Strict",
        SECURE_CONTENT_TYPE_NOSNIFF=True,
        X_FRAME_OPTIONS="DENY",
        LOGGING_CONFIG=None,
    )
    django.setup()


def add_database(url: str, alias: str | None = None) -> str:
    """Make a database known to Django.

    Args:
        url: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`; a driver after `+` is ignored.
        alias: name of the connection; by default made from the URL, so that one URL has one name.

    Returns:
        The name of the connection.

    Raises:
        LedgerError: if the URL is of no known kind; the URL itself is not repeated, it may hold a password.
    """
    name = alias or "ledger-" + hashlib.sha256(url.encode()).hexdigest()[:16]
    parameters = database_parameters(url)
    if connections.settings.get(name, {}).get("NAME") != parameters["NAME"]:
        if name in connections.settings:
            connections[name].close()
            del connections[name]
        # The handler fills in what is not given; `settings` is its cached, live mapping.
        connections.settings[name] = connections.configure_settings({"default": parameters})["default"]
    return name


def database_parameters(url: str) -> dict[str, Any]:
    """Django's parameters of a database URL.

    Raises:
        LedgerError: if the URL is of no known kind.
    """
    kind = url.split("://", 1)[0].split("+", 1)[0]
    if kind == "sqlite" and url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        options = {"timeout": SQLITE_WAIT_SECONDS, "transaction_mode": "IMMEDIATE"}
        return {"ENGINE": ENGINES[kind], "NAME": url.removeprefix("sqlite:///"), "OPTIONS": options}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise LedgerError("bad_url") from None
    name = unquote(parts.path.lstrip("/"))
    if kind not in ("postgresql", "postgres") or not name:
        raise LedgerError("bad_url")
    return {
        "ENGINE": ENGINES["postgresql"],
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(port or ""),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }
