from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """The app of money: payments, refunds, disputes, and the providers that carry them out."""

    name = "payments"

    def ready(self) -> None:
        """Put the payments of an order on its page."""
        from orders.admin_parts import PARTS, Part
        from payments.of_order import payments_of

        PARTS.append(Part("admin/payments/of_order.html", payments_of))
