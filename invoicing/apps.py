from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    """The app of invoices and credit notes."""

    name = "invoicing"

    def ready(self) -> None:
        """Put the invoices of an order on its page."""
        from invoicing.of_order import invoices_of
        from orders.admin_parts import PARTS, Part

        PARTS.append(Part("admin/invoicing/of_order.html", invoices_of))
