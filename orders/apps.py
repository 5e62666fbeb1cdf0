from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """The app of orders."""

    name = "orders"
