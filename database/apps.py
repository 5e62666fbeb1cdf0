from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    name = "database"

    def ready(self) -> None:
        from database import checks  # noqa: F401  # registers itself
