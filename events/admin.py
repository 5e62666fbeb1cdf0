"""The pages of staff about webhooks. Those of the journal are in config.admin.audit, since they name all apps."""

from events.webhooks import admin  # noqa: F401  # Django looks for pages here
