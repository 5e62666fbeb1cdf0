"""Prices that are planned, and those that were: planned, changed, dropped and read, and every kind of refusal."""

from tests.recorded.recorder import Recorder
from tests.recorded.shop import product

JANUARY = {"price": "139.00", "starts_at": "2100-01-01T00:00:00Z", "ends_at": "2100-02-01T00:00:00Z"}
MARCH = {"price": "129.00", "compare_at_price": "159.00", "starts_at": "2100-03-01T00:00:00Z"}


def paths(shop: Recorder, slug: str) -> tuple[str, str]:
    """The paths of the planned prices and of the price history of a product's first variant."""
    found = product(shop, slug)
    variant = f"/products/{found['product_id']}/variants/{found['variants'][0]['variant_id']}"
    return f"{variant}/planned-prices", f"{variant}/price-history"


def planning(shop: Recorder) -> None:
    ask = shop.ask
    plans, _ = paths(shop, "desk")
    january = f"{plans}/{ask('editor', f'POST {plans}', JANUARY)['planned_price_id']}"
    ask("admin", f"POST {plans}/", MARCH)
    for body in (
        {},
        JANUARY | {"price": "-1.00", "ends_at": "tomorrow"},
        JANUARY | {"price": 139},
        JANUARY | {"name": "Sale"},
        JANUARY | {"starts_at": "2100-01-31T00:00:00Z"},
        JANUARY | {"starts_at": "2100-02-15T00:00:00Z"},
        MARCH | {"starts_at": "2100-02-01T00:00:00Z", "ends_at": "2100-02-02T00:00:00Z", "compare_at_price": "1.00"},
    ):
        ask("editor", f"POST {plans}", body)
    for role in ("visitor", "ann", "stock"):
        ask(role, f"POST {plans}", JANUARY)
        ask(role, f"GET {plans}")
    ask("editor", f"GET {plans}?count=exact")
    ask("editor", f"GET {plans}?state=running")
    shop.there_and_back("admin", ask("admin", f"GET {plans}?page_size=1"))
    for role in ("editor", "ann", "visitor"):
        ask(role, f"GET {january}")
    ask("editor", f"GET {plans}/999999")
    ask("editor", f"GET {plans}/x")
    ask("editor", f"PUT {january}", JANUARY)
    ask("editor", f"PATCH {january}", {"price": "135.00"}, If_Match='"1"')
    ask("editor", f"PATCH {january}", {"price": "134.00"}, If_Match='"1"')
    ask("editor", f"PATCH {january}", {"price": "135.00"})
    ask("editor", f"PATCH {january}", {"ends_at": None})
    ask("editor", f"PATCH {january}", {"state": "over"})
    ask("ann", f"PATCH {january}", {"price": "1.00"})
    ask("ann", f"DELETE {january}")
    ask("editor", f"DELETE {january}", {"sure": True})
    ask("editor", f"DELETE {january}")
    ask("editor", f"DELETE {january}")


def running(shop: Recorder) -> None:
    """A price whose time has come is charged at once, stands in the history, and can only be ended."""
    ask = shop.ask
    plans, history = paths(shop, "salad-bowl")
    begun = ask("editor", f"POST {plans}", {"price": "19.00", "starts_at": "2000-01-01T00:00:00Z"})
    ask("visitor", "GET /products/salad-bowl")
    ask("editor", f"PATCH {plans}/{begun['planned_price_id']}", {"price": "18.00"})
    ask("editor", f"DELETE {plans}/{begun['planned_price_id']}")
    ask("editor", f"GET {plans}")
    ask("visitor", "GET /products/salad-bowl")
    ask("admin", f"GET {history}?count=exact")
    shop.there_and_back("editor", ask("editor", f"GET {history}/?page_size=1"))
    for role in ("visitor", "ann", "stock"):
        ask(role, f"GET {history}")
    ask("editor", f"GET {history}?from=2000-01-01")
    ask("editor", f"GET {history}/1")
    ask("editor", f"POST {history}", {"price": "1.00"})
    ask("editor", "GET /products/999999/variants/1/price-history")
