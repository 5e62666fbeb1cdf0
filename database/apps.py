from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    """How the shop speaks PostgreSQL."""

    name = "database"

    def ready(self) -> None:
        """Register the check of the schema."""
        from database import checks  # noqa: F401  # registers itself
