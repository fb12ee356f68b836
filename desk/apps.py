"""The desk as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """Alerts, their events, letters, replies and recipients."""

    name = "desk"
    label = "desk"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Kelisim"
