"""What is true of a cart now: its columns, and of each line the price, the stock and whether it is for sale.

One statement reads all of it, however many lines there are. Nothing here is locked, and nothing decides about stock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.conf import settings

from checkout.callers import REACHED, Caller
from checkout.models import ADDRESS_PARTS, Cart, reference_of
from database.refusals import NotFound
from database.rows import fetch_rows
from inventory.quantities import AVAILABLE
from orders.articles import ABOVE, NAME, PRICE
from orders.services import Buyer
from pricing.rulebook import REVISION

Address = dict[str, str]


class CartRow(NamedTuple):
    """The columns of a cart, and of its customer, at the moment `at`. Addresses, coupons and lines are JSON.

    `revision` is that of the rules by which carts cost something.
    """

    id: UUID
    user_id: int | None
    state: str
    version: int
    currency: str
    email: str
    phone: str
    shipping_address: str | None
    billing_address: str | None
    shipping_method: str
    note: str
    coupons: str
    held_until: datetime | None
    order_id: int | None
    merged_into_id: UUID | None
    at: datetime
    customer_email: str | None
    customer_name: str | None
    customer_phone: str | None
    pickup_warehouse_id: int | None
    revision: int
    lines: str


class Contents(NamedTuple):
    """An article of a cart, and how much of it."""

    variant_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a cart with what is true of its article now.

    `available` are the units that the cart could have, with those that it holds. `most` is how many units one customer
    may have in open orders, None for any number. `category_ids` are those of the product's category and of all above.
    """

    id: int
    product_id: int
    variant_id: int
    item_id: int
    sku: str
    product_name: str
    quantity: int
    available: int
    unit_price: Decimal
    seen_price: Decimal
    on_sale: bool
    most: int | None
    tax_class: str
    weight_g: int
    category_ids: frozenset[int]
    image: str | None
    image_alt: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """A cart as it stands at `at`, with the email, the name and the phone of its customer where it has none.

    Where the customer comes for the goods, they lie in the warehouse `pickup_warehouse_id`, and no others count.

    `lines` is empty where only the contents were read.
    """

    id: UUID
    user_id: int | None
    state: str
    version: int
    currency: str
    email: str
    name: str
    phone: str
    shipping_address: Address | None
    billing_address: Address | None
    shipping_method: str
    note: str
    coupons: tuple[str, ...]
    held_until: datetime | None
    order_id: int | None
    merged_into_id: UUID | None
    at: datetime
    pickup_warehouse_id: int | None
    revision: int
    lines: Sequence[Line]
    contents: Sequence[Contents]

    @property
    def reference(self) -> str:
        """The name by which inventory knows the hold."""
        return reference_of(self.id)

    @property
    def buyer(self) -> Buyer | None:
        """Whose order the cart becomes; None as long as a guest has given no email."""
        if self.user_id is None:
            return Buyer(None, self.email) if self.email else None
        return Buyer(self.user_id)

    @property
    def is_live(self) -> bool:
        """Whether the cart can still be ordered."""
        return self.state in Cart.LIVE

    @property
    def is_held(self) -> bool:
        """Whether the cart has a hold that has not ended."""
        return self.held_until is not None and self.held_until > self.at


MEMBERS = [field.name for field in fields(Line)]
# The units of an item that the cart holds already: only carts that hold something are asked.
OWN = """case when cart.held_until is null then 0 else (
    select coalesce(sum(reservation.quantity), 0)
    from inventory_reservation reservation join inventory_stocklevel level on level.id = reservation.level_id
    where reservation.reference = 'cart:' || cart.id::text and reservation.state = 'open' and level.item_id = i.id
) end"""
# In the sequence of the members of Line.
LINES = f"""(
    select coalesce(json_agg(json_build_array(
        line.id, p.id, v.id, i.id, i.sku, {NAME}, line.quantity, (greatest(stock.units, 0) + {OWN})::int,
        ({PRICE})::text, line.seen_price::text, v.archived_at is null and p.status = 'active',
        coalesce(v.max_per_customer, nullif(%(most)s::int, 0)), p.tax_class, coalesce(v.weight_g, 0), to_json({ABOVE}),
        picture.stem, picture.alt
    ) order by line.id)::text, '[]')
    from checkout_cartline line
    join catalog_variant v on v.id = line.variant_id
    join catalog_product p on p.id = v.product_id
    join inventory_stockitem i on i.id = v.stock_item_id
    cross join lateral (
        select coalesce(sum({AVAILABLE}), 0) as units from inventory_stocklevel level
        where level.item_id = i.id
            and level.warehouse_id = any(array(
                select id from inventory_warehouse where is_active and id = coalesce(method.pickup_warehouse_id, id)))
    ) stock
    left join lateral (
        select stem, alt from catalog_image
        where product_id = p.id and (variant_id = v.id or variant_id is null)
        order by variant_id is null, position, id limit 1
    ) picture on true
    where line.cart_id = cart.id)"""  # noqa: S608  # no value goes into the statements of this file, only pieces of SQL
CONTENTS = """(
    select coalesce(json_agg(json_build_array(variant_id, quantity) order by id)::text, '[]')
    from checkout_cartline where cart_id = cart.id)"""
READ = """
select cart.id, cart.user_id, cart.state, cart.version, cart.currency, cart.email, cart.phone,
       cart.shipping_address::text, cart.billing_address::text, cart.shipping_method, cart.note,
       to_json(cart.coupons)::text, cart.held_until, cart.order_id, cart.merged_into_id, clock_timestamp(),
       customer.email, trim(customer.first_name || ' ' || customer.last_name), customer.phone,
       method.pickup_warehouse_id, {revision}, {lines}
from checkout_cart cart left join accounts_user customer on customer.id = cart.user_id
left join pricing_shippingmethod method on method.code = cart.shipping_method
where {condition}
"""  # as above
ONE = f"cart.id = %(cart_id)s::uuid and {REACHED}"
FACTS = READ.format(lines=LINES, revision=REVISION, condition=ONE)
READ_CONTENTS = READ.format(lines=CONTENTS, revision=REVISION, condition=ONE)


def read_cart(cart_id: UUID, caller: Caller) -> Facts:
    """A cart that the caller may use, as it stands now. Refuses NotFound."""
    return facts_of(fetch_rows(FACTS, params_of(cart_id, caller)))


def params_of(cart_id: UUID, caller: Caller) -> dict[str, object]:
    """The parameters of FACTS and READ_CONTENTS."""
    return {"most": settings.MAX_UNITS_PER_CUSTOMER, **caller.params(cart_id)}


def facts_of(rows: Sequence[Any], *, contents_alone: bool = False) -> Facts:
    """The facts that a row of FACTS tells, or of READ_CONTENTS. Refuses NotFound where there is no row."""
    if not rows:
        raise NotFound("There is no such cart.")
    row = CartRow._make(rows[0])
    found = orjson.loads(row.lines)
    lines = [] if contents_alone else [line_of(members) for members in found]
    return Facts(
        id=row.id,
        user_id=row.user_id,
        state=row.state,
        version=row.version,
        currency=row.currency,
        email=row.email or row.customer_email or "",
        name=row.customer_name or "",
        phone=row.phone or row.customer_phone or "",
        shipping_address=address_of(row.shipping_address),
        billing_address=address_of(row.billing_address),
        shipping_method=row.shipping_method,
        note=row.note,
        coupons=tuple(orjson.loads(row.coupons)),
        held_until=row.held_until,
        order_id=row.order_id,
        merged_into_id=row.merged_into_id,
        at=row.at,
        pickup_warehouse_id=row.pickup_warehouse_id,
        revision=row.revision,
        lines=lines,
        contents=[Contents(*pair) for pair in found]
        if contents_alone
        else [Contents(line.variant_id, line.quantity) for line in lines],
    )


def line_of(members: Sequence[Any]) -> Line:
    """A line from the JSON array of its members, in which amounts are text."""
    named = dict(zip(MEMBERS, members, strict=True))
    amounts = {name: Decimal(named[name]) for name in ("unit_price", "seen_price")}
    return Line(**named | amounts | {"category_ids": frozenset(named["category_ids"])})


def address_of(text: str | None) -> Address | None:
    """An address from its JSON, with all of its parts."""
    return None if text is None else dict.fromkeys(ADDRESS_PARTS, "") | orjson.loads(text)
