"""For programs: the feed, keys, and webhooks: set up, tested, stopped, sent again; and each refusal."""

from events import dispatcher
from tests.recorded.recorder import Recorder

NOBODYS = "/webhooks/999999"


def dispatch_all() -> None:
    """Give all events so far their places, as the worker does."""
    while dispatcher.dispatch({}):
        pass


def feed(shop: Recorder) -> None:
    ask = shop.ask
    ask("clerk", "POST /categories", {"name": "Kettles"})
    dispatch_all()
    ask("clerk", "GET /events?types=category.created&page_size=1")
    ask("clerk", "GET /events?after=1000000")
    ask("clerk", "GET /events?types=category.eaten")
    ask("clerk", "GET /events?after=-1&wait=31")
    ask("desk", "GET /events")
    ask("visitor", "GET /events")


def endpoints(shop: Recorder) -> None:
    ask = shop.ask
    dispatch_all()
    body = {"url": "https://receiver.example/hook", "description": "ERP", "types": ["order.placed"]}
    ask("visitor", "GET /webhooks")
    ask("desk", "POST /webhooks", body)
    ask("clerk", "POST /webhooks", {"url": "http://user:word@receiver.example/"})
    ask("clerk", "POST /webhooks", {"url": "https://10.0.0.1/"})
    ask("clerk", "POST /webhooks", body | {"types": ["order.eaten"]})
    made = ask("clerk", "POST /webhooks", body, Idempotency_Key="hook")
    ask("clerk", "POST /webhooks", body, Idempotency_Key="hook")
    one = f"/webhooks/{made['webhook_id']}"
    ask("clerk", "GET /webhooks?state=active")
    ask("clerk", "GET /webhooks?state=deleted")
    ask("clerk", f"GET {one}")
    ask("clerk", f"GET {NOBODYS}")
    ask("clerk", f"PATCH {one}", {"types": []}, If_Match='"7"')
    ask("clerk", f"PATCH {one}", {"types": []}, If_Match='"1"')
    ask("clerk", f"POST {one}/test")
    ask("desk", f"POST {one}/test")
    dispatch_all()
    [delivery] = ask("clerk", f"GET {one}/deliveries")["results"]
    ask("clerk", f"GET {NOBODYS}/deliveries")
    ask("clerk", f"POST {one}/deliveries/{delivery['delivery_id']}/resend")
    ask("clerk", f"POST {one}/deliveries/999999/resend")
    ask("clerk", f"POST {one}/rotate-secret")
    ask("clerk", f"POST {NOBODYS}/rotate-secret")
    ask("clerk", f"POST {one}/pause")
    ask("clerk", f"POST {NOBODYS}/pause")
    ask("clerk", f"POST {one}/test")
    ask("clerk", f"POST {one}/resume", {"catch_up": False})
    ask("clerk", f"POST {one}/resume", {"catch_up": "yes"})
    ask("clerk", f"POST {one}/replay", {"since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"})
    ask("clerk", f"POST {one}/replay", {"since": "yesterday"})
    ask("clerk", f"DELETE {one}", If_Match='"1"')
    ask("clerk", f"DELETE {one}")
    ask("clerk", f"DELETE {one}")


def keys(shop: Recorder) -> None:
    ask = shop.ask
    body = {"name": "ERP", "kind": "secret", "scopes": ["orders:read"]}
    ask("visitor", "GET /api-keys")
    ask("desk", "GET /api-keys")
    ask("desk", "POST /api-keys", body)
    ask("clerk", "POST /api-keys", body | {"scopes": []})
    ask("clerk", "POST /api-keys", body | {"scopes": ["orders:eat"]})
    made = ask("clerk", "POST /api-keys", body)
    ask("clerk", "POST /api-keys", {"name": "Shop window", "kind": "publishable"})
    for _ in range(2):
        ask("clerk", "POST /api-keys", body | {"name": "Till"}, Idempotency_Key="key-1")
    ask("clerk", "POST /api-keys", body | {"name": "Shelf"}, Idempotency_Key="key-1")
    ask("clerk", "GET /api-keys")
    ask("clerk", f"DELETE /api-keys/{made['key_id']}")
    ask("clerk", "DELETE /api-keys/999999")
    ask("desk", f"DELETE /api-keys/{made['key_id']}")
