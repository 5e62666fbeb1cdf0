"""The shop's admin site, the log-in to it, and the pages of the journal and of devices. Django finds them here."""

from config.admin import audit, devices  # noqa: F401  # they register their pages
