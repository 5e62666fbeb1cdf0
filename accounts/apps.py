"""The app of people, as Django knows it."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The app `accounts`, which pages of staff call "People"."""

    name = "accounts"
    verbose_name = "People"
