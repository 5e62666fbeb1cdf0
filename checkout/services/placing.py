"""A cart becomes an order: its lines, addresses and terms go to `orders`, which decides prices, coupons and stock.

Nothing that the order decides is worked out here first: the cart is locked, what was typed in is checked, and the
order's own statements do the rest. Only a refusal reads the cart once more, to say what has changed.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple, cast
from uuid import UUID

from accounts.country_names import NAMES
from checkout.callers import REACHED, Caller
from checkout.exceptions import CartChanged, RequirementsMissing
from checkout.facts import READ_CONTENTS, Address, Facts, facts_of, params_of, read_cart
from checkout.figures import figures_of, price_changes, vat_id_of
from checkout.models import Cart
from checkout.requirements import requirements
from checkout.services.changing import not_open
from database.rows import Alongside, fetch_together
from database.transactions import Overtaken, unit_of_work
from orders import services as order_services
from orders.exceptions import ShippingNotAvailable, TotalChanged, UnknownArticle
from orders.models import Order
from orders.services import PlacedOrder, Shipping, Terms, Wanted
from pricing.rulebook import rules_of

# In the statement that writes the order, so that nobody waits for stock while the cart is written.
PLACED = """placed_cart as (
    update checkout_cart
    set state = 'placed', order_id = %(cart_order_id)s::bigint, held_until = null, held_from = '',
        version = version + 1, updated_at = clock_timestamp()
    where id = %(cart_id)s::uuid returning id
)"""
LOCK = f"""
select cart.id from checkout_cart cart where cart.id = %(cart_id)s::uuid and {REACHED} for no key update of cart
"""  # noqa: S608  # no value goes in but as a parameter
Drafted = Callable[[PlacedOrder | Order], Alongside | None]


class Placing(NamedTuple):
    """The order that a cart became, and whether it did so now."""

    order: PlacedOrder | Order
    is_new: bool


def place_cart(
    *,
    cart_id: UUID,
    caller: Caller,
    expected_total: Decimal,
    terms_version: str = "",
    drafted: Drafted = lambda order: None,
) -> Placing:
    """Make an order of a cart, at the total that the customer has seen. Again: the same order.

    Refuses RequirementsMissing with all that is missing, CartChanged with the new total, and what an order refuses:
    InsufficientStock, CouponNotValid, QuantityLimitExceeded, TooManyPendingOrders. Locks the cart, the buyer, coupons,
    then stock. A hold of the cart becomes the promise of the order; one that has ended meanwhile is made up for, as far
    as there is stock.
    """
    try:
        return _place(cart_id, caller, expected_total, terms_version, drafted)
    except TotalChanged as changed:
        cart = read_cart(cart_id, caller)
        raise CartChanged(changed.extra["total"], price_changes(cart, figures_of(cart))) from changed
    except (UnknownArticle, ShippingNotAvailable) as refusal:
        cart = read_cart(cart_id, caller)
        figures = figures_of(cart)
        missing = requirements(cart, figures, needs_method=figures.needs_method)
        raise RequirementsMissing(missing) if missing else Overtaken("It can be had again.") from refusal


@unit_of_work
def _place(cart_id: UUID, caller: Caller, expected_total: Decimal, terms_version: str, drafted: Drafted) -> Placing:
    """As place_cart, with the refusal that orders make of another total."""
    params = params_of(cart_id, caller)
    _, found = fetch_together((LOCK, params), (READ_CONTENTS, params))
    cart = facts_of(found, contents_alone=True)
    if cart.state == Cart.State.PLACED:
        return Placing(Order.objects.visible().with_lines().one(cart.order_id or 0), is_new=False)
    if not cart.is_live:
        raise not_open(cart)
    rules = rules_of(cart.revision)
    missing, buyer = requirements(cart, None, needs_method=bool(rules.methods)), cart.buyer
    if missing or buyer is None:
        raise RequirementsMissing(missing)
    order = order_services.write_order(
        buyer=buyer,
        lines=[Wanted(quantity, variant_id=variant_id) for variant_id, quantity in cart.contents],
        shipping=shipping_of(cart, terms_version),
        actor=caller.actor,
        terms=Terms(
            method=cart.shipping_method,
            coupons=cart.coupons,
            expected_total=expected_total,
            hold=cart.reference if cart.held_until is not None else "",
        ),
        drafted=lambda order: with_cart(cart_id, order, drafted(order)),
    )
    return Placing(order, is_new=True)


def with_cart(cart_id: UUID, order: PlacedOrder | Order, beside: Alongside | None) -> Alongside:
    """The change of the cart, beside what the caller writes with the order."""
    params: dict[str, object] = {"cart_id": cart_id, "cart_order_id": order.id}
    condition, gone = "exists (select from placed_cart)", Overtaken("The cart is gone.")
    if beside is None:
        return Alongside(PLACED, params, condition, gone)
    return Alongside(
        f"{PLACED}, {beside.part}", params | beside.params, f"{condition} and {beside.condition}", beside.refusal
    )


def shipping_of(cart: Facts, terms_version: str) -> Shipping:
    """Whom and where the order goes to, in the terms of orders. The requirements are met, so there is an address."""
    address, billing = cart.shipping_address or {}, cart.billing_address
    shipping = {
        "recipient_name": address["recipient_name"] or cart.name,
        "phone": cart.phone,
        **parts("shipping_", address),
        "country_code": address["country_code"],
        "email": cart.email,
        "company": address["company"],
        "vat_id": vat_id_of(address, billing),
        "note": cart.note,
        "terms_version": terms_version,
    }
    if billing:
        name = billing["recipient_name"] or cart.name
        shipping |= {
            "billing_name": name,
            "billing_company": billing["company"],
            **parts("billing_", billing),
            "billing_country_code": billing["country_code"],
        }
    return cast(Shipping, shipping)


def parts(prefix: str, address: Address) -> dict[str, str]:
    """The parts of an address by the names that orders have for them."""
    return {
        f"{prefix}address_line1": address["address_line1"],
        f"{prefix}address_line2": address["address_line2"],
        f"{prefix}city": address["city"],
        f"{prefix}state": address["state"],
        f"{prefix}postal_code": address["postal_code"],
        f"{prefix}country": NAMES[address["country_code"]],
    }
