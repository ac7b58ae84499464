"""The portal as a WSGI application (gunicorn, workers with threads), with what its first visitors would wait for loaded."""

import os

from celery import current_app
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("PARVIS_PREPARED", "yes")  # pages ask the same statements again and again
application = get_wsgi_application()


def load() -> None:
    """Import all views, and the clients of the broker (half a second); nothing is connected to."""
    get_resolver().url_patterns  # noqa: B018
    current_app.connection_for_write().transport  # noqa: B018
    current_app.backend  # noqa: B018


load()
