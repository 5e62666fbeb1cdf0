"""A line of an order that staff replace by another article, at today's price and with the taxes of the order's place.

The stock of the old line and that of the new one change hands under one lock.
"""

from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.db.models import F

import inventory.exceptions
from database.money import in_places
from database.refusals import Expected, FieldError, check_version
from database.rows import fetch_rows
from database.transactions import unit_of_work
from events.actors import Actor
from inventory import services as inventory_services
from orders.articles import NAME, PRICE
from orders.exceptions import AlreadyOnOrder, InsufficientStock, MoreThanOpen, NotChangeable, UnknownArticle
from orders.models import Charge, Order, OrderItem, OrderRevision
from orders.services.changing import line_of, locked_open, refuse_while_paid, said_of, worded
from orders.services.drafts import Wanted
from orders.services.parcels import by_item, open_units
from orders.services.placing import not_one, stock_issues
from orders.services.reducing import figures_of, reduce_line
from orders.services.statements import NAMED_BY
from orders.services.terms import destination_of, place_of, priced_lines
from orders.services.verbs import record, write_columns
from pricing.rulebook import current_rules
from pricing.rules import Promotion
from pricing.totals import totals

# The articles that are for sale under a name, as in the statements of `place_order`.
FOUND = """
with asked as (
    select 1 as place, %(product_id)s::bigint as product_id, %(variant_id)s::bigint as variant_id, %(sku)s::text as sku
), named as (
    {named}
)
select v.id, p.id, i.id, i.sku, {name}, {price}
from named v
join catalog_product p on p.id = v.product_id and p.status = 'active'
join inventory_stockitem i on i.id = v.stock_item_id
where v.archived_at is null
"""


class Article(NamedTuple):
    """An article that is for sale, with its name and its price of now."""

    variant_id: int
    product_id: int
    item_id: int
    sku: str
    name: str
    price: Decimal


@unit_of_work
def replace_line(
    *,
    order_id: int,
    line_id: int,
    wanted: Wanted,
    actor: Actor,
    reason: str = "",
    message: str = "",
    expected_version: Expected = None,
) -> int:
    """Replace units of a line by as many of another article, at today's price; answers the id of the new line.

    The new line keeps the rate of the discount. What the buyer gets back, or has to pay, is the sum of what is owed by
    the two revisions. How many units a customer may have is for staff to judge. `reason` is for staff, `message` for
    the customer. Refuses NotFound, VersionMismatch, NotChangeable, UnknownArticle, AlreadyOnOrder, MoreThanOpen for
    more units than are still to leave, PaymentInProgress, and InsufficientStock. Locks the order, then the stock levels
    of both items, and of all else that the order still holds.
    """
    order = locked_open(order_id)
    line = line_of(order, line_id)
    check_version(order.version, expected_version)
    refuse_while_paid(order)
    if order.currency != settings.CURRENCY:
        raise NotChangeable(f"The prices of today are in {settings.CURRENCY}.")
    units = wanted.quantity
    still_open = open_units(order)[line.pk]
    if units > still_open:
        error = FieldError("quantity", MoreThanOpen.code, f"{still_open} of {line.sku} are still to be shipped.")
        raise MoreThanOpen(error.message, errors=[error])
    article = article_of(wanted)
    if order.order_items.filter(variant_id=article.variant_id).exists():
        raise AlreadyOnOrder(f"{article.sku} is on the order.")
    new = new_line(order, line, article, units)
    owed = reduce_line(order, line, line.quantity - units, kind="line_replaced", actor=actor)
    owed -= add_line(order, new, actor)
    note = f"{units} x {new.sku} instead of {units} x {line.sku}."
    record(
        order,
        "line_changed",
        order.status,
        actor,
        worded(note, message),
        reason,
        line=said_of(line, line.quantity - units),
        replaced_by={"product_name": new.product_name, "sku": new.sku, "quantity": units},
        owed=str(owed),
        message=message,
    )
    exchange_stock(order, actor)
    return new.pk


def article_of(wanted: Wanted) -> Article:
    """The article that is meant. Refuses UnknownArticle for none that is for sale, and for several."""
    names = {"product_id": wanted.product_id, "variant_id": wanted.variant_id, "sku": wanted.sku}
    found = fetch_rows(FOUND.format(named=NAMED_BY[wanted.named_by], name=NAME, price=PRICE), names)
    if len(found) != 1:
        raise UnknownArticle([not_one(wanted.named_by, found)])
    return Article(*found[0])


def new_line(order: Order, line: OrderItem, article: Article, units: int) -> OrderItem:
    """The line that takes the place of another, with its discount at the same rate and its taxes. Nothing is written.

    Refuses NotChangeable where the taxes of the order are others by the rules of today.
    """
    new = OrderItem(
        order=order,
        product_id=article.product_id,
        variant_id=article.variant_id,
        sku=article.sku,
        product_name=article.name,
        quantity=units,
        unit_price=in_places(article.price),
    )
    # An order from before there were taxes and promotions has none.
    if order.tax_rounding:
        take_taxes(order, new, line.discount / line.subtotal if line.subtotal else Decimal(0))
    new.subtotal = new.unit_price * units
    return new


def take_taxes(order: Order, new: OrderItem, rate: Decimal) -> None:
    """Give a line its price, discount and tax in the place that the order goes to. `rate` is the discount's, up to 1.

    The discount counts as a promotion of its amount, so that the tax is that of what is left.
    """
    rules = replace(current_rules(), prices_include_tax=order.prices_include_tax, methods=(), promotions=())
    place = destination_of(place_of(order))
    lines = priced_lines([new])
    free = totals(lines=lines, destination=place, method="", coupons=(), rules=rules, at=order.order_date)
    if free.reverse_charge != order.reverse_charge:
        raise NotChangeable("The taxes of the order are not those of today.")
    off = in_places(free.items * rate)
    rules = replace(rules, promotions=(Promotion(id=0, name="", kind="fixed", value=off, automatic=True),))
    [found] = totals(lines=lines, destination=place, method="", coupons=(), rules=rules, at=order.order_date).lines
    new.unit_price, new.discount, new.tax = found.unit_price, found.discount, found.tax
    new.tax_rate, new.tax_name = found.tax_rate, found.tax_name


def add_line(order: Order, new: OrderItem, actor: Actor) -> Decimal:
    """Write a new line of a locked order and its revision, and answer what it costs."""
    new.save(force_insert=True)
    costs = order.cost_of(new.subtotal, new.discount, new.tax)
    write_columns(
        order,
        total_amount=F("total_amount") + costs,
        discount_total=F("discount_total") + new.discount,
        tax_total=F("tax_total") + new.tax,
    )
    OrderRevision.objects.create(
        order=order,
        actor=str(actor),
        kind="line_added",
        order_item_id=new.pk,
        sku=new.sku,
        quantity_after=new.quantity,
        after=figures_of(new, new.quantity, new.discount, new.tax),
        owed=-costs,
    )
    return costs


def exchange_stock(order: Order, actor: Actor) -> None:
    """Let an order hold just what is still to leave of its lines, under one lock on stock.

    What the buyer picks up comes from the place where the buyer picks it up. Refuses InsufficientStock.
    """
    try:
        inventory_services.replace_hold(
            reference=order.reference,
            quantities=by_item(order, open_units(order)),
            actor=actor,
            expires_at=None,
            warehouse_id=pickup_of(order),
        )
    except inventory.exceptions.InsufficientStock as short:
        lines = {line.variant.stock_item_id: line for line in order.order_items.select_related("variant")}
        raise InsufficientStock(stock_issues(lines, short.shortages), "Nothing was changed.") from short


def pickup_of(order: Order) -> int | None:
    """The id of the warehouse where the buyer picks the order up; None where it is sent."""
    codes = set(order.charges.filter(kind=Charge.Kind.SHIPPING).values_list("code", flat=True))
    methods = (method for method in current_rules().methods if method.code in codes)
    return next((method.pickup_warehouse_id for method in methods), None)
