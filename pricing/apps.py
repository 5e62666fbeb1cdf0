from django.apps import AppConfig


class PricingConfig(AppConfig):
    """The app of prices: taxes, shipping, promotions, and the totals that follow."""

    name = "pricing"

    def ready(self) -> None:
        """Tell the catalog which tax classes products may name."""
        from catalog.tax_classes import SOURCES
        from pricing.services.taxes import class_names

        SOURCES.append(class_names)
