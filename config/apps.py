from django.apps import AppConfig, apps
from django.conf import settings
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Once for each request is enough: RequestMiddleware looks after the connections when one begins.
        request_started.disconnect(close_old_connections)
        request_finished.disconnect(close_old_connections)
        # Our caches keep their connections, and the list of queries is kept for DEBUG: 5 % of a small request.
        request_finished.disconnect(close_caches)
        if not settings.DEBUG:
            request_started.disconnect(reset_queries)
        from config import checks  # noqa: F401  # registers itself
        from config.admin_site import SECTIONS

        # Breadcrumbs and permissions take an app's name from its configuration, also that of an app of others.
        for label, (_, name) in SECTIONS.items():
            apps.get_app_config(label).verbose_name = name
