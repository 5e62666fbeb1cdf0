"""The app of what is made from the journal, as Django knows it."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """The app `analytics`."""

    name = "analytics"
