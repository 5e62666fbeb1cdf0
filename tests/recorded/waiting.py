"""Wishes to be told when an article can be ordered again: a customer's, and those of an email; and each refusal."""

from catalog.models import StockNotification
from inventory.models import StockItem
from tests.recorded.recorder import Answer, Recorder


def wishes(shop: Recorder) -> None:
    new = {"name": "Rocking Chair", "price": "59.00", "sku": "ROCKING-CHAIR"}
    for_sale = shop.ask("admin", "POST /products", {**new, "stock_quantity": 0})
    url = f"/products/{for_sale['product_id']}/variants/{for_sale['variants'][0]['variant_id']}/stock-notifications"
    ask = shop.ask
    ask("visitor", f"POST {url}", {})
    ask("visitor", f"POST {url}", {"email": "waiter"})
    for _ in range(2):
        ask("visitor", f"POST {url}", {"email": "Waiter@Example.com"})
    mine = ask("zoe", f"POST {url}", {})
    ask("zoe", f"POST {url}", {})
    ask("visitor", "POST /products/999999/variants/1/stock-notifications", {"email": "waiter@example.com"})
    row = StockNotification.objects.get(user=None, variant__stock_item=StockItem.objects.get(sku="ROCKING-CHAIR"))
    for verb in ("confirm", "cancel"):
        ask("visitor", f"POST /stock-notifications/{verb}", {"token": "1.wrong"})
        for _ in range(2):
            ask("visitor", f"POST /stock-notifications/{verb}", {"token": row.token})
    ask("visitor", "GET /users/me/stock-notifications")
    ask("zoe", "GET /users/me/stock-notifications")
    ask("ben", f"DELETE /users/me/stock-notifications/{mine['notification_id']}")
    ask("zoe", f"DELETE /users/me/stock-notifications/{mine['notification_id']}")
    there = stocked(shop)
    ask("zoe", f"POST {there}", {})


def stocked(shop: Recorder) -> str:
    """The address at which one would wait for an article that can be ordered."""
    product: Answer = shop.ask("visitor", "GET /products/desk")
    return f"/products/{product['product_id']}/variants/{product['variants'][0]['variant_id']}/stock-notifications"
