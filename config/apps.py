from django.apps import AppConfig, apps


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401  # registers itself
        from config.admin_site import SECTIONS

        # Breadcrumbs and permissions take an app's name from its configuration, also that of an app of others.
        for label, (_, name) in SECTIONS.items():
            apps.get_app_config(label).verbose_name = name
