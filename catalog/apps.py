from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """What is sold."""

    name = "catalog"
