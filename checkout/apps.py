from django.apps import AppConfig


class CheckoutConfig(AppConfig):
    """The app of carts."""

    name = "checkout"

    def ready(self) -> None:
        """Tell accounts what carts have to do with people."""
        from accounts.leaving import TIES, Ties
        from checkout.services import erase_carts

        TIES.append(Ties(unfinished=lambda user_id: [], erase=erase_carts))
