"""How the fake says no, in the words of each provider."""

from typing import Any


class Refused(Exception):
    """A call that is refused, and changes nothing. With `kept`, Stripe remembers the refusal under the key."""

    def __init__(self, status: int, body: dict[str, Any], *, kept: bool = True) -> None:
        super().__init__(str(body))
        self.status, self.body, self.kept = status, body, kept


def stripe_refusal(
    code: str, message: str, *, status: int = 400, kind: str = "invalid_request_error", kept: bool = True, **more: Any
) -> Refused:
    """A refusal of Stripe."""
    return Refused(status, {"error": {"type": kind, "code": code, "message": message} | more}, kept=kept)


def paypal_refusal(issue: str, message: str, *, status: int = 422) -> Refused:
    """A refusal of PayPal."""
    names = {400: "INVALID_REQUEST", 401: "AUTHENTICATION_FAILURE", 404: "RESOURCE_NOT_FOUND"}
    body = {
        "name": names.get(status, "UNPROCESSABLE_ENTITY"),
        "message": message,
        "debug_id": "fake",
        "details": [{"issue": issue, "description": message}],
    }
    return Refused(status, body, kept=False)
