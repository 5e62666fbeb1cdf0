"""The body of POST /orders. A serializer takes 0.3 ms for it, which is a fifth of the whole order.

So a body that is plainly right is taken as it is, in some microseconds; whatever leaves a doubt goes to the serializer,
which alone refuses. A property test holds that both read the same out of every body that is taken here.
"""

from typing import Any, cast

from api.fields import MAX_ID
from orders.serializers import MAX_LINE_QUANTITY, MAX_LINES, PlaceOrderBody
from orders.services import Shipping, Wanted

LONGEST = {
    "shipping_address_line1": 200,
    "shipping_city": 100,
    "shipping_state": 100,
    "shipping_postal_code": 20,
    "shipping_country": 100,
}
LONGEST_LINE2 = 200
LONGEST_SKU = 64


def read_order(data: Any) -> tuple[list[Wanted], Shipping]:
    """The lines and the address that a body names. Refuses like the serializer."""
    return take_plain(data) or take_checked(data)


def take_checked(data: Any) -> tuple[list[Wanted], Shipping]:
    """The plain way."""
    body = PlaceOrderBody(data=data)
    body.is_valid(raise_exception=True)
    checked = dict(body.validated_data)
    return [Wanted(**line) for line in checked.pop("order_items")], cast(Shipping, checked)


def take_plain(data: dict[str, Any]) -> tuple[list[Wanted], Shipping] | None:
    """The fast way; None when it is not plain that the body is right."""
    rest = dict(data)
    items = rest.pop("order_items", None)
    line2 = rest.pop("shipping_address_line2", "")
    if type(items) is not list or not 0 < len(items) <= MAX_LINES or rest.keys() != LONGEST.keys():
        return None
    if not (line2 == "" or is_plain_text(line2, LONGEST_LINE2)):
        return None
    if not all(is_plain_text(rest[name], longest) for name, longest in LONGEST.items()):
        return None
    lines = [plain_line(item) for item in items]
    if None in lines:
        return None
    return cast(list[Wanted], lines), cast(Shipping, rest | {"shipping_address_line2": line2})


def plain_line(item: Any) -> Wanted | None:
    if type(item) is not dict or len(item) != 2:
        return None
    quantity = item.get("quantity")
    if type(quantity) is not int or not 0 < quantity <= MAX_LINE_QUANTITY:
        return None
    if is_id(item.get("product_id")):
        return Wanted(quantity, product_id=item["product_id"])
    if is_id(item.get("variant_id")):
        return Wanted(quantity, variant_id=item["variant_id"])
    if is_plain_text(item.get("sku"), LONGEST_SKU):
        return Wanted(quantity, sku=item["sku"])
    return None


def is_id(value: Any) -> bool:
    return type(value) is int and 0 < value <= MAX_ID


def is_plain_text(value: Any, longest: int) -> bool:
    """Printable text without space around it. Of all white space only the space itself is printable."""
    return (
        type(value) is str
        and 0 < len(value) <= longest
        and value[0] != " "
        and value[-1] != " "
        and value.isprintable()
    )
