from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """The app of stock."""

    name = "inventory"
    verbose_name = "Stock"
