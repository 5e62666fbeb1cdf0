"""The fake of the providers, for the tests of this app: one process for all of them, and settings that point at it."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from payments.providers import paypal_calls, paypal_signatures
from payments.providers.snapshot import Request
from tests.providers.helper import FakeProviders, running_fake

_numbers = count(1)


@pytest.fixture(scope="session")
def fake_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeProviders]:
    with running_fake(tmp_path_factory.mktemp("providers")) as fake:
        yield fake


@pytest.fixture
def fake(fake_process: FakeProviders, settings: Any) -> FakeProviders:
    """The fake, with nothing that goes wrong; the shop's settings point at it."""
    fake_process.tell("reset")
    for name, value in fake_process.settings().items():
        setattr(settings, name, value)
    paypal_signatures._fetched.clear()
    return fake_process


@pytest.fixture
def ask_for() -> Callable[..., Request]:
    """`ask_for("12.50")`: what a new payment asks a provider for."""

    def ask(amount: str, currency: str = "USD", capture_method: str = "automatic", **more: Any) -> Request:
        number = 10**9 + next(_numbers)
        return Request(number, number, f"SO-{number}", Decimal(amount), currency, capture_method, **more)

    return ask


@pytest.fixture
def no_token() -> Iterator[None]:
    """Nothing that PayPal has handed out is kept for the next test."""
    yield
    paypal_calls._tokens.clear()
    paypal_signatures._kept.clear()
