from django.apps import AppConfig


class MarketingConfig(AppConfig):
    """The app of mails that nobody has to be sent."""

    name = "marketing"

    def ready(self) -> None:
        """Tell accounts what consents have to do with people."""
        from accounts.leaving import TIES, Ties
        from marketing.services import erase_consents

        TIES.append(Ties(unfinished=lambda user_id: [], erase=erase_consents))
