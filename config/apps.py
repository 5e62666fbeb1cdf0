from django.apps import AppConfig, apps
from django.core.signals import request_started
from django.db import close_old_connections


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Once for each request is enough: when it ends, or for a server that went away, in RequestMiddleware.
        request_started.disconnect(close_old_connections)
        from config import checks  # noqa: F401  # registers itself
        from config.admin_site import SECTIONS

        # Breadcrumbs and permissions take an app's name from its configuration, also that of an app of others.
        for label, (_, name) in SECTIONS.items():
            apps.get_app_config(label).verbose_name = name
