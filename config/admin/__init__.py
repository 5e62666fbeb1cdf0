"""The shop's admin site, the log-in to it, and the pages of the journal. Django imports this package to find them."""

from config.admin import audit  # noqa: F401  # registers its pages
