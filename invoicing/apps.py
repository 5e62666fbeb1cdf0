from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    """The app of invoices and credit notes."""

    name = "invoicing"
