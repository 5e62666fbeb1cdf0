"""The app of people, as Django knows it."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out


class AccountsConfig(AppConfig):
    """The app `accounts`, which pages of staff call "People"."""

    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        """Bind the sessions of the admin to rows, in whatever way Django logs somebody in or out."""
        from accounts import page_sessions

        user_logged_in.connect(page_sessions.begin, dispatch_uid="accounts.page_sessions")
        user_logged_out.connect(page_sessions.end, dispatch_uid="accounts.page_sessions")
