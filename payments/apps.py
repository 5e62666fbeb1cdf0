from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """The app of money: payments, refunds, disputes, and the providers that carry them out."""

    name = "payments"
