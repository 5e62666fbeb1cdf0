"""What tests of orders need: customers, articles with stock, and orders that went through the services."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from typing import Any

from django.core.management import call_command

from accounts.models import User
from catalog.models import Product, Variant
from events.actors import COMMAND, Actor
from inventory import services as inventory_services
from inventory.models import Reservation, StockItem, StockLevel, StockMovement
from orders import services
from orders.models import (
    Charge,
    Fulfilment,
    FulfilmentLine,
    Order,
    OrderDiscount,
    OrderEvent,
    OrderItem,
    OrderRevision,
    Return,
    ReturnLine,
)
from orders.services import Buyer, PlacedOrder, Shipping, Wanted
from pricing.models import Redemption, Slot

numbers = count(1)
ADDRESS: Shipping = {
    "recipient_name": "Bo Smith",
    "phone": "+1 555 0199",
    "shipping_address_line1": "1 Main Street",
    "shipping_address_line2": "",
    "shipping_city": "Springfield",
    "shipping_state": "IL",
    "shipping_postal_code": "62701",
    "shipping_country": "USA",
}
STAFF = Actor(1_000_000, "api", is_staff=True)


def make_user(**fields: Any) -> User:
    number = next(numbers)
    return User.objects.create(
        **{"email": f"user{number}@example.com", "first_name": "Ann", "last_name": f"Smith {number}"} | fields
    )


def make_article(
    *,
    stock: int = 0,
    price: str = "10.00",
    sku: str = "",
    name: str = "",
    warehouse: str | None = None,
    product: Product | None = None,
    **item: Any,
) -> Variant:
    """Something for sale: a product with its variant, or a further variant of `product`."""
    number = next(numbers)
    if product is None:
        product = Product.objects.create(
            name=name or f"Mug {number}", slug=f"mug-{number}", price=Decimal(price), status=Product.Status.ACTIVE
        )
        variant_name, variant_price = "", None
    else:
        variant_name, variant_price = name or f"Size {number}", Decimal(price)
    stock_item = inventory_services.create_item(sku=sku or f"MUG-{number}", name=product.name, actor=COMMAND, **item)
    variant = Variant.objects.create(
        product=product, stock_item=stock_item, name=variant_name, price=variant_price, position=number % 30_000
    )
    receive(variant, stock, warehouse)
    inventory_services.set_sold(item_ids=[stock_item.pk], is_sold=True, actor=COMMAND)
    return variant


def receive(variant: Variant, quantity: int, warehouse: str | None = None) -> None:
    if quantity:
        line = inventory_services.ReceiptLine(variant.stock_item.sku, quantity, warehouse)
        inventory_services.receive_stock(reference="test", lines=[line], actor=COMMAND, again=True)


def customer(user: User) -> Actor:
    return Actor(user.pk, "api")


def place(user: User, basket: Mapping[Variant, int]) -> PlacedOrder:
    lines = [Wanted(quantity, variant_id=variant.pk) for variant, quantity in basket.items()]
    return services.place_order(buyer=Buyer(user.pk), lines=lines, shipping=ADDRESS, actor=customer(user))


def make_order(user: User | None = None, *, status: str = "pending", **article: Any) -> Order:
    """An order of one fresh article, brought to `status` as staff would bring it there."""
    placed = place(user or make_user(), {make_article(**{"stock": 5} | article): 2})
    steps = ["confirmed", "shipped", "delivered"]
    for step in steps[: steps.index(status) + 1] if status in steps else []:
        services.set_status(order_id=placed.id, status=step, actor=STAFF)
    if status == "cancelled":
        services.cancel_order(order_id=placed.id, actor=STAFF)
    return Order.objects.get(pk=placed.id)


def buyer_of(order: Order) -> User:
    """The customer of an order that is no guest's."""
    assert order.user is not None
    return order.user


def stock_of(variant: Variant) -> tuple[int, int]:
    """(on hand, reserved) over all warehouses."""
    levels = StockLevel.objects.filter(item_id=variant.stock_item_id).values_list("on_hand", "reserved")
    return sum(on_hand for on_hand, _ in levels), sum(reserved for _, reserved in levels)


def assert_sound() -> None:
    """Every invariant of stock and orders holds; the command names what does not, and fails."""
    call_command("verify_stock", verbosity=0)


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows that an order could have touched: equal before and after means that nothing happened.

    What the journal tells of people, such as that they were refused, is left out.
    """
    from events.models import Event

    models: list[Any] = [Order, OrderItem, Charge, OrderDiscount, OrderEvent, Redemption, Slot]
    models += [Fulfilment, FulfilmentLine, OrderRevision, Return, ReturnLine]
    models += [StockLevel, StockItem, Reservation, StockMovement]
    found = {model.__name__: list(model.objects.order_by("pk").values()) for model in models}
    events = Event.objects.exclude(kind__startswith="user.").order_by("pk")
    return found | {"Event": list(events.values())}
