from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """The app of orders."""

    name = "orders"

    def ready(self) -> None:
        """Tell accounts what orders have to do with people, and that staff note about them."""
        from accounts.leaving import TIES, Ties
        from accounts.notes import SUBJECTS, Subject
        from orders.services.customers import erase_recipients, lock_for_note, open_orders

        TIES.append(Ties(unfinished=open_orders, erase=erase_recipients))
        SUBJECTS["order"] = Subject("orders.view_order", lock_for_note)
