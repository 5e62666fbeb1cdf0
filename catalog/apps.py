from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """What is sold."""

    name = "catalog"

    def ready(self) -> None:
        """Have inventory tell when an item gets another barcode, which its product is found by.

        And tell accounts what the catalog has to do with people.
        """
        from accounts.leaving import TIES, Ties
        from catalog.services.variants import refresh_product_of
        from catalog.services.waiting import erase_notifications
        from inventory.labels import WATCHERS

        TIES.append(Ties(unfinished=lambda user_id: [], erase=erase_notifications))
        WATCHERS.append(refresh_product_of)
