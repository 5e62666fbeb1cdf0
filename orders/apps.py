from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """The app of orders."""

    name = "orders"

    def ready(self) -> None:
        """Tell accounts what orders have to do with people."""
        from accounts.leaving import TIES, Ties
        from orders.services.customers import erase_recipients, open_orders

        TIES.append(Ties(unfinished=open_orders, erase=erase_recipients))
