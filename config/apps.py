from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries


class ConfigConfig(AppConfig):
    name = "config"
    default = True

    def ready(self) -> None:
        disconnect_signals()
        from config import checks  # noqa: F401  # registers itself
        from config.admin.site import SECTIONS

        # Breadcrumbs and permissions take an app's name from its configuration, also that of an app of others.
        for label, (_, name) in SECTIONS.items():
            apps.get_app_config(label).verbose_name = name


class ShopAdminConfig(admin_apps.AdminConfig):
    """Makes Django's admin use our site."""

    default = False
    default_site = "config.admin.site.ShopAdminSite"


def disconnect_signals() -> None:
    """Take away what Django does at the beginning and the end of each request and the shop does not need.

    Together these handlers cost 5 % of a small request. RequestMiddleware looks after the connections once, when a
    request begins; our caches keep their connections; and the list of queries is kept in DEBUG alone.
    """
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    request_finished.disconnect(close_caches)
    if not settings.DEBUG:
        request_started.disconnect(reset_queries)
