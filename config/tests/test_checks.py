"""What `manage.py check --deploy` warns of."""

from typing import Any

import pytest
from django.core import checks


def warned_of() -> set[str]:
    """The shop's own warnings."""
    found = [str(message.id) for message in checks.run_checks(include_deployment_checks=True)]
    return {name for name in found if name.startswith("config.")}


@pytest.fixture(autouse=True)
def safe(settings: Any) -> None:
    """Nothing of what the tests set stands out."""
    settings.PASSWORD_RESET_URL = "https://shop.example.com/reset?uid={uid}&token={token}"
    settings.EMAIL_CONFIRM_URL = "https://shop.example.com/confirm?uid={uid}&token={token}"
    settings.ORDER_URL = "https://shop.example.com/orders/{order_id}?token={token}"
    settings.RATE_LIMITS, settings.BCRYPT_ROUNDS = True, 12
    settings.STRIPE_WEBHOOK_SECRETS, settings.PAYPAL_WEBHOOK_ID = [], ""


def test_a_safe_deployment_is_warned_of_nothing() -> None:
    assert warned_of() == set()


@pytest.mark.parametrize(
    ("name", "value", "warning"),
    [
        ("PASSWORD_RESET_URL", "http://localhost:3000/reset?uid={uid}&token={token}", "config.W001"),
        ("EMAIL_CONFIRM_URL", "http://localhost:3000/confirm?uid={uid}&token={token}", "config.W001"),
        ("ORDER_URL", "http://localhost:3000/orders/{order_id}?token={token}", "config.W001"),
        ("RATE_LIMITS", False, "config.W002"),
        ("BCRYPT_ROUNDS", 9, "config.W003"),
        ("REQUEST_DEADLINE_SECONDS", 10, "config.W004"),
        ("DATABASE_STATEMENT_TIMEOUT_MS", 15_000, "config.W004"),
        ("DATABASE_STATEMENT_TIMEOUT_MS", 0, "config.W004"),
        ("STRIPE_SECRET_KEY", "sk_live_1", "config.W005"),
        ("PAYPAL_CLIENT_ID", "shop", "config.W005"),
    ],
)
def test_what_is_unsafe_is_named(settings: Any, name: str, value: object, warning: str) -> None:
    setattr(settings, name, value)
    assert warned_of() == {warning}
