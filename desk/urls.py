"""Addresses of the desk: the site at the root, and the choice of language."""

from __future__ import annotations

from django.urls import include, path

from desk.admin import site

urlpatterns = [
    path("language/", include("django.conf.urls.i18n")),
    path("", site.urls),
]
