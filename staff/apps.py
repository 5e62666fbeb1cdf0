"""The app of the pages of staff, as Django knows it."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    """The app `staff`."""

    name = "staff"
