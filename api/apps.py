from django.apps import AppConfig


class ApiConfig(AppConfig):
    """How the shop speaks HTTP."""

    name = "api"
