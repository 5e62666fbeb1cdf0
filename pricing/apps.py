from django.apps import AppConfig


class PricingConfig(AppConfig):
    """The app of prices: taxes, shipping, promotions, and the totals that follow."""

    name = "pricing"
