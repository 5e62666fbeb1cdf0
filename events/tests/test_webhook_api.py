"""Webhooks over HTTP: documents, what is refused, and that a secret is shown when it is new and at no other time."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from events import dispatcher
from events.actors import COMMAND
from events.models import Event, WebhookDelivery, WebhookEndpoint
from events.services import publish
from events.webhooks import deliveries, endpoints
from events.webhooks.client import Answer

pytestmark = pytest.mark.django_db
WEBHOOKS = "/api/v1/webhooks"
URL = "https://receiver.example/hook"


def create(client: Any, **body: Any) -> Any:
    answer = client.post(WEBHOOKS, {"url": URL} | body, format="json")
    assert answer.status_code == 201, answer.content
    return answer.json()


def happen(*subjects: str) -> None:
    with transaction.atomic():
        for subject in subjects:
            publish("order.placed", {}, subject=subject, actor=COMMAND)
    dispatcher.dispatch({})


def send_all(answer: Answer) -> None:
    for claim in deliveries.claim(10, per_endpoint=10, failing=10):
        deliveries.note([deliveries.Outcome(claim, answer, timezone.now())])


def test_an_endpoint_is_set_up_shown_changed_and_deleted(as_admin: Any) -> None:
    made = create(as_admin, types=["order.placed", "order.placed"], description="ERP")
    row = WebhookEndpoint.objects.get()
    assert made.pop("secret") == row.secret
    assert made == {
        "webhook_id": row.pk,
        "url": URL,
        "description": "ERP",
        "types": ["order.placed"],
        "state": "active",
        "disabled_reason": "",
        "failing_since": None,
        "previous_secret_until": None,
        "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
        "version": 1,
    }
    path = f"{WEBHOOKS}/{row.pk}"
    assert as_admin.get(path).json() == made
    assert as_admin.get(WEBHOOKS).json()["results"] == [made]
    stale = as_admin.patch(path, {"types": []}, format="json", HTTP_IF_MATCH='"7"')
    assert stale.json()["code"] == "version_mismatch"
    changed = as_admin.patch(path, {"types": []}, format="json", HTTP_IF_MATCH='"1"').json()
    assert changed == made | {"types": [], "version": 2}
    assert as_admin.delete(path).status_code == 204
    assert as_admin.get(path).status_code == 404
    assert as_admin.get(WEBHOOKS).json()["results"] == []


def test_a_retry_shows_the_secret_of_the_first_answer(as_admin: Any) -> None:
    key = {"HTTP_IDEMPOTENCY_KEY": "one"}
    first = as_admin.post(WEBHOOKS, {"url": URL}, format="json", **key)
    second = as_admin.post(WEBHOOKS, {"url": URL}, format="json", **key)
    assert first.json() == second.json()
    assert WebhookEndpoint.objects.count() == 1
    path = f"{WEBHOOKS}/{first.json()['webhook_id']}"
    rotated = [as_admin.post(f"{path}/rotate-secret", **key | {"HTTP_IDEMPOTENCY_KEY": "two"}).json() for _ in "ab"]
    assert rotated[0] == rotated[1]
    assert rotated[0]["secret"] != first.json()["secret"]
    assert rotated[0]["previous_secret_until"] is not None
    shown = [as_admin.get(path), as_admin.get(WEBHOOKS), as_admin.post(f"{path}/pause"), as_admin.post(f"{path}/test")]
    for answer in shown:
        assert "whsec_" not in answer.content.decode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"url": "https://127.0.0.1.example\n/"}, "hidden_character"),
        ({"url": "ftp://receiver.example/"}, "invalid_webhook_url"),
        ({"url": "https://user:word@receiver.example/"}, "invalid_webhook_url"),
        ({"url": "https://169.254.169.254/latest"}, "invalid_webhook_url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "invalid_webhook_url"),
        ({"url": URL, "types": ["order.eaten"]}, "unknown_event_type"),
        ({"url": URL, "types": ["user.password_reset_requested"]}, "unknown_event_type"),
        ({"url": URL, "types": "order.placed"}, "not_a_list"),
        ({"url": URL, "secret": "mine"}, "unknown_field"),
    ],
)
def test_what_cannot_be_an_endpoint_is_refused(as_admin: Any, body: dict[str, Any], code: str) -> None:
    answer = as_admin.post(WEBHOOKS, body, format="json")
    assert answer.status_code == 400
    assert code in {answer.json()["code"], *(error["code"] for error in answer.json().get("errors", ()))}
    assert not WebhookEndpoint.objects.exists()


def test_there_are_so_many_endpoints_and_no_more(as_admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MAX_ENDPOINTS", 1)
    create(as_admin)
    refused = as_admin.post(WEBHOOKS, {"url": URL}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_webhooks")


def test_a_paused_endpoint_gets_no_test_until_it_is_resumed(as_admin: Any) -> None:
    path = f"{WEBHOOKS}/{create(as_admin)['webhook_id']}"
    assert as_admin.post(f"{path}/pause").json()["state"] == "paused"
    assert as_admin.post(f"{path}/pause").json()["version"] == 2
    refused = as_admin.post(f"{path}/test")
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_not_active")
    assert as_admin.post(f"{path}/resume", {"catch_up": "no"}, format="json").status_code == 400
    assert as_admin.post(f"{path}/resume").json()["state"] == "active"
    assert as_admin.post(f"{path}/test").status_code == 202
    assert Event.objects.filter(kind="webhook.tested").count() == 1


def test_deliveries_are_listed_with_what_came_back(as_admin: Any, django_assert_max_num_queries: Any) -> None:
    path = f"{WEBHOOKS}/{create(as_admin)['webhook_id']}"
    happen("order:1", "order:2")
    send_all(Answer(status=500, excerpt="out of order", duration_ms=7))
    page = as_admin.get(f"{path}/deliveries?subject=order:1").json()["results"]
    row = WebhookDelivery.objects.get(subject="order:1")
    [attempt] = page[0].pop("log")
    assert (attempt["status"], attempt["response_excerpt"], attempt["duration_ms"]) == (500, "out of order", 7)
    assert attempt["url"] == URL
    assert page[0] == {
        "delivery_id": row.pk,
        "message_id": f"evt_{row.event_id}",
        "position": row.position,
        "type": "order.placed",
        "subject": "order:1",
        "state": "waiting",
        "attempts": 1,
        "next_attempt_at": row.next_attempt_at.isoformat().replace("+00:00", "Z"),
        "last_status": 500,
        "last_error": "status 500",
        "delivered_at": None,
        "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
    }
    assert len(as_admin.get(f"{path}/deliveries?state=waiting").json()["results"]) == 2
    assert as_admin.get(f"{path}/deliveries?state=delivered&state=failed").json()["results"] == []
    assert as_admin.get(f"{path}/deliveries?state=x").status_code == 400
    assert as_admin.get(f"{WEBHOOKS}/999999/deliveries").status_code == 404
    happen(*(f"order:{number}" for number in range(3, 15)))
    with django_assert_max_num_queries(8):
        assert len(as_admin.get(f"{path}/deliveries").json()["results"]) == 14


def test_one_is_sent_again_and_a_time_is_delivered_again(as_admin: Any) -> None:
    path = f"{WEBHOOKS}/{create(as_admin)['webhook_id']}"
    happen("order:1")
    send_all(Answer(status=200))
    row = WebhookDelivery.objects.get()
    again = as_admin.post(f"{path}/deliveries/{row.pk}/resend")
    assert (again.status_code, again.json()["state"], again.json()["attempts"]) == (202, "waiting", 0)
    assert as_admin.post(f"{path}/deliveries/999999/resend").status_code == 404
    send_all(Answer(status=200))
    since = (timezone.now() - timedelta(hours=1)).isoformat()
    assert as_admin.post(f"{path}/replay", {"since": since}, format="json").json() == {"deliveries": 1}
    nothing = as_admin.post(f"{path}/replay", {"since": since, "types": ["order.shipped"]}, format="json")
    assert (nothing.status_code, nothing.json()) == (202, {"deliveries": 0})
    for wrong in ({}, {"since": "yesterday"}, {"since": since, "types": ["x"]}):
        assert as_admin.post(f"{path}/replay", wrong, format="json").status_code == 400
