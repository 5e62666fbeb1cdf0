"""The project as an app of Django: what is set up once, when a process starts."""

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries


class ConfigConfig(AppConfig):
    """The app `config`."""

    name = "config"
    default = True

    def ready(self) -> None:
        """Disconnect signals, register the system checks, and name the sections of the admin."""
        disconnect_signals()
        from config import checks  # noqa: F401  # registers itself
        from config.admin.places import SECTIONS

        # Breadcrumbs and permissions show the name from the app's configuration, also for the apps of libraries.
        for label, (_, name) in SECTIONS.items():
            apps.get_app_config(label).verbose_name = name


class ShopAdminConfig(admin_apps.AdminConfig):
    """Makes Django's admin use our site."""

    default = False
    default_site = "config.admin.site.ShopAdminSite"


def disconnect_signals() -> None:
    """Disconnect the handlers of Django that run with each request and that the shop does not need.

    Together these handlers cost 5 % of a small request. RequestMiddleware looks after the database connections when a
    request begins. Our caches keep their connections. Only with DEBUG there is a list of queries to empty.
    """
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    request_finished.disconnect(close_caches)
    if not settings.DEBUG:
        request_started.disconnect(reset_queries)
