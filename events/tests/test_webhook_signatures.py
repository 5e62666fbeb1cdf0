"""Signatures of webhooks: verified by the library of the specification, in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.utils import timezone

from events.models import WebhookDelivery, WebhookEndpoint
from events.tests.webhooks import STAFF, State, claims, deliver_all, endpoint, happen
from events.webhooks import endpoints, signing

pytestmark = pytest.mark.django_db


@contextmanager
def by_the_specification(failing: int = 0) -> Iterator[Any]:
    """A receiver in a process of its own, with the specification's own library."""
    command = [sys.executable, "-m", "events.tests.spec_receiver", "--failing", str(failing)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout
            process.url = f"http://127.0.0.1:{int(process.stdout.readline())}/"  # type: ignore[attr-defined]
            yield process
        finally:
            process.terminate()


def know(process: Any, secret: str) -> None:
    process.stdin.write(f"{secret}\n")
    process.stdin.flush()


@pytest.mark.django_db(transaction=True)
def test_the_specifications_own_library_verifies_what_is_sent() -> None:
    with by_the_specification() as process:
        row = endpoint(process.url)
        know(process, row.secret)
        happen("order:1", "order:2", "order:1")
        deliver_all()
        lines = [process.stdout.readline().split(" ", 3) for _ in range(3)]
    assert {(word, status) for word, _, status, _ in lines} == {("verified", "204")}
    told = [json.loads(body) for *_, body in lines]
    assert [one["data"]["number"] for one in told if one["subject"] == "order:1"] == [0, 2]
    assert WebhookDelivery.objects.filter(state=State.DELIVERED).count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("which", ["secret", "previous_secret"])
def test_both_secrets_are_valid_while_one_is_replaced(which: str) -> None:
    with by_the_specification() as process:
        row = endpoints.rotate_secret(webhook_id=endpoint(process.url).pk, actor=STAFF)
        know(process, getattr(row, which))
        happen("order:1")
        deliver_all()
        assert process.stdout.readline().startswith("verified ")


def test_the_secret_before_signs_no_more_after_its_time() -> None:
    row = endpoints.rotate_secret(webhook_id=endpoint().pk, actor=STAFF)
    happen("order:1", "order:2")
    [claim, _] = claims()
    assert claim.secrets == (row.secret, row.previous_secret)
    WebhookEndpoint.objects.update(previous_secret_until=timezone.now())
    WebhookDelivery.objects.update(claimed_until=None)
    assert claims()[0].secrets == (row.secret,)


def test_our_own_check_is_that_of_the_specification() -> None:
    """With the example of its text."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    made = signing.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    own = signing.new_secret()
    headers = signing.headers_of("evt_1", body, [signing.new_secret(), own])
    signing.verify(headers, body, own)
    for wrong in (
        headers | {"webhook-id": "evt_2"},
        headers | {"webhook-timestamp": "1614265330"},
        headers | {"webhook-timestamp": ""},
        headers | {"webhook-signature": ""},
    ):
        with pytest.raises(signing.NotGenuine):
            signing.verify(wrong, body, own)
    with pytest.raises(signing.NotGenuine):
        signing.verify(headers, body + b" ", own)
