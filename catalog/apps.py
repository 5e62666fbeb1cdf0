from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """What is sold."""

    name = "catalog"

    def ready(self) -> None:
        """Have inventory tell when an item gets another barcode, which its product is found by."""
        from catalog.services.variants import refresh_product_of
        from inventory.labels import WATCHERS

        WATCHERS.append(refresh_product_of)
