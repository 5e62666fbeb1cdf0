"""The shop's admin site, the log-in, and the pages of journal, devices and jobs. Django finds them here."""

from config.admin import audit, devices, jobs  # noqa: F401  # they register their pages
