"""The refusals of payments."""

from decimal import Decimal

from database.refusals import Conflict, Invalid, Refusal


class UnknownProvider(Invalid):
    """The shop takes no money by this provider."""

    code = "unknown_provider"
    title = "The shop takes no money in this way"


class NothingToPay(Conflict):
    """The order is paid, cancelled or costs nothing."""

    code = "nothing_to_pay"
    title = "Nothing of the order is to be paid"


class OtherPaymentStarting(Conflict):
    """Nobody knows yet whether a payment by another provider was begun."""

    code = "payment_in_progress"
    title = "Another payment of the order is being started"


class PaymentRefused(Conflict):
    """The provider said no. `failure_code` is its own word for why."""

    code = "payment_refused"
    title = "The provider refused the payment"
    members = {"failure_code": {"type": "string"}}

    def __init__(self, failure_code: str) -> None:
        super().__init__(f"The provider says: {failure_code}.", failure_code=failure_code)


class ProviderSilent(Refusal):
    """The provider did not answer in time. Nothing is lost: what it did is found out in the background."""

    status = 503
    code = "provider_unavailable"
    title = "The provider did not answer"

    @property
    def headers(self) -> dict[str, str]:
        """The seconds after which it is asked again anyway."""
        return {"Retry-After": "60"}


class NotCapturable(Conflict):
    """No money was set apart by this payment, or it has been taken."""

    code = "not_capturable"
    title = "There is no money to take"


class NotCancellable(Conflict):
    """The payment has ended, or its money is being taken."""

    code = "not_cancellable"
    title = "The payment cannot be cancelled"


class RefundTooHigh(Conflict):
    """More would go back than there is. `refundable` is what can go back now."""

    code = "refund_too_high"
    title = "So much cannot be refunded"
    members = {"refundable": {"type": "string"}}

    def __init__(self, refundable: Decimal) -> None:
        super().__init__(f"{refundable} can be refunded.", refundable=str(refundable))


class OverYourLimit(Refusal):
    """The person may refund less than that. `limit` is how much in one step."""

    status = 403
    code = "over_your_limit"
    title = "You may not refund so much"
    members = {"limit": {"type": "string"}}

    def __init__(self, limit: Decimal) -> None:
        super().__init__(f"You may refund up to {limit} in one step.", limit=str(limit))
