from django.apps import AppConfig


class CheckoutConfig(AppConfig):
    """The app of carts."""

    name = "checkout"
