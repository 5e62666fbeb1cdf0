"""The app of the journal, as Django knows it."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """The app `events`, which pages of staff call "Audit"."""

    name = "events"
    verbose_name = "Audit"
