"""The app of the demo shop, as Django knows it."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The app `demo`."""

    name = "demo"
