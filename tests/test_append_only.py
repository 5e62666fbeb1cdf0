"""History cannot be rewritten: the database itself refuses it, for each table that tells what was.

Each table of the shop stands in one of the two lists here, so a new one must decide what it is.
"""

from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from accounts.leaving import anonymise_user
from accounts.tests.factories import make_user
from database.rows import fetch_rows
from events.actors import COMMAND
from orders import services
from orders.models import Charge, Order, OrderDiscount, OrderItem, OrderRevision
from orders.tests.factories import STAFF, make_article, make_order, place
from payments.models import Operation, Payment
from tests.test_architecture import OURS

pytestmark = pytest.mark.django_db

# What the triggers of each history let through; nothing where it is empty.
HISTORIES = {
    "catalog.PriceHistory": "",
    "events.Event": "its position, once: the dispatcher gives it",
    "events.Seal": "",
    "inventory.StockMovement": "",
    "invoicing.Invoice": "being deleted after its year of keeping",
    "invoicing.InvoiceFile": "being deleted after its year of keeping",
    "orders.Charge": "",
    "orders.OrderDiscount": "",
    "orders.OrderEvent": "",
    "orders.OrderItem": "becoming less, or going, as a revision tells",
    "orders.OrderRevision": "losing what it says of a person who is forgotten",
    "payments.Entry": "",
    "payments.Operation": "what the provider answered, and when it is asked",
}
# What may change, and where it is told how it came to what it says.
CHANGING = {
    "accounts.Address": "told by the journal, erased with the person",
    "accounts.ApiKey": "told by the journal",
    "accounts.FormerEmail": "deleted after a week",
    "accounts.Session": "ended, and purged",
    "accounts.StaffNote": "told by the journal; deleted with the person",
    "accounts.User": "told by the journal, erased when they leave",
    "api.IdempotencyKey": "purged",
    "catalog.Category": "told by the journal",
    "catalog.Image": "told by the journal",
    "catalog.OldSlug": "goes when the slug is used again",
    "catalog.PlannedPrice": "told by the journal; what came of it by the history of prices",
    "catalog.Product": "told by the journal",
    "catalog.Variant": "told by the journal",
    "catalog.Word": "follows from products",
    "catalog.WordKey": "follows from products",
    "catalog.WordRules": "follows from the code",
    "checkout.Cart": "purged",
    "checkout.CartLine": "purged",
    "events.SentMail": "a claim, purged",
    "events.WebhookAttempt": "a log, purged",
    "events.WebhookDelivery": "a queue, purged",
    "events.WebhookEndpoint": "told by the journal",
    "inventory.FormerName": "erased when nothing has the name",
    "inventory.Reservation": "told by the ledger",
    "inventory.StockAlert": "told by the journal",
    "inventory.StockItem": "told by the journal",
    "inventory.StockLevel": "told by the ledger",
    "inventory.Warehouse": "told by the journal",
    "invoicing.Counter": "counts up",
    "orders.Figures": "added up anew",
    "orders.Fulfilment": "told by the order's events",
    "orders.FulfilmentLine": "told by the order's events; goes with a line of which nothing left",
    "orders.Order": "told by the order's events; loses the person who is forgotten",
    "orders.Return": "told by the order's events; loses what a person said who is forgotten",
    "orders.ReturnLine": "told by the order's events; loses what a person said who is forgotten",
    "payments.Dispute": "the provider's, told by the journal",
    "payments.Notification": "an inbox",
    "payments.Payment": "told by its entries and operations",
    "pricing.Coupon": "told by the journal",
    "pricing.Promotion": "told by the journal",
    "pricing.Redemption": "given back when its order is cancelled",
    "pricing.Revision": "one number",
    "pricing.ShippingMethod": "told by the journal",
    "pricing.ShippingRate": "told by the journal",
    "pricing.Slot": "taken and given back",
    "pricing.TaxClass": "told by the journal",
    "pricing.TaxRate": "told by the journal",
    "pricing.Zone": "told by the journal",
    "staff.PostedForm": "purged",
}
# What the triggers of each table are called for, and whether any of them asks for a condition or for certain columns.
# Bits of pg_trigger.tgtype: before, delete, update, truncate.
GUARDS = """
select relname, bit_or(tgtype::int & (8 | 16 | 32)), bool_or(tgqual is not null or tgattr <> ''::int2vector)
from pg_trigger join pg_class on pg_class.oid = tgrelid join pg_proc on pg_proc.oid = tgfoid
where not tgisinternal and tgenabled = 'O' and tgtype::int & 2 = 2 and prosrc like '%%is append-only%%'
and relnamespace = current_schema()::regnamespace
group by relname
"""
ALL = 8 | 16 | 32
LINE, OPERATION = "update orders_orderitem set {}", "update payments_operation set {}"


def tables() -> dict[str, type[models.Model]]:
    """The tables of our apps, by the names of their models."""
    return {
        model._meta.label: model
        for model in apps.get_models()
        if model._meta.app_config is not None
        and model._meta.app_config.name in OURS
        and model._meta.managed
        and not model._meta.proxy
    }


def guards() -> dict[str, tuple[int, bool]]:
    """What is refused for each table that refuses anything, and whether under a condition."""
    return {name: (what, conditional) for name, what, conditional in fetch_rows(GUARDS, {})}


def test_each_table_is_a_history_or_says_why_it_may_change() -> None:
    assert set(tables()) == set(HISTORIES) | set(CHANGING)
    assert not set(HISTORIES) & set(CHANGING)


def test_histories_and_no_other_tables_refuse_update_delete_and_truncate() -> None:
    found = guards()
    refusing = {label for label, model in tables().items() if model._meta.db_table in found}
    assert refusing == set(HISTORIES)
    open_ones = [label for label in HISTORIES if found[tables()[label]._meta.db_table][0] != ALL]
    assert open_ones == []


def test_what_has_no_exception_has_no_condition_either() -> None:
    found = guards()
    lenient = [
        label for label, exception in HISTORIES.items() if not exception and found[tables()[label]._meta.db_table][1]
    ]
    assert lenient == []


def refused(statement: str) -> None:
    """Run a statement, which the database must refuse for being against what is append-only."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")  # a table whose keys are still to be looked at is not truncated
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement)


@pytest.mark.parametrize("statement", ["update {} set amount = amount + 1", "delete from {}", "truncate {}"])
@pytest.mark.parametrize("table", ["orders_charge", "orders_orderdiscount"])
def test_what_an_order_cost_cannot_be_rewritten(table: str, statement: str) -> None:
    order = make_order()
    order.charges.create(kind=Charge.Kind.SHIPPING, code="parcel", name="Parcel", amount=Decimal("4.90"))
    order.discounts.create(promotion_id=1, name="Ten percent", amount=Decimal("1.00"))
    refused(statement.format(table))
    assert Charge.objects.values_list("amount", flat=True).get() == Decimal("4.90")
    assert OrderDiscount.objects.values_list("amount", flat=True).get() == Decimal("1.00")


@pytest.mark.parametrize(
    "change",
    [
        *("sku = 'OTHER'", "product_name = 'Other'", "unit_price = 1, subtotal = quantity", "tax_rate = 7"),
        *("discount = 1", "tax = 1", "quantity = 3, subtotal = 3 * unit_price"),
        *("quantity = 1, subtotal = unit_price", "product_id = product_id + 1"),
    ],
)
def test_a_line_of_an_order_says_nothing_that_no_revision_tells(change: str) -> None:
    order = Order.objects.get(pk=place(make_user(), {make_article(stock=9): 2}).id)
    refused(LINE.format(change))
    refused("delete from orders_orderitem")
    assert OrderItem.objects.get(order=order).quantity == 2


def test_a_line_becomes_less_as_a_revision_tells_and_once() -> None:
    order = Order.objects.get(pk=place(make_user(), {make_article(stock=9): 3, make_article(stock=9): 1}).id)
    kept, gone = order.order_items.all()
    services.confirm_order(order_id=order.pk, actor=STAFF)
    services.change_line(order_id=order.pk, line_id=kept.pk, quantity=2, actor=STAFF)
    services.change_line(order_id=order.pk, line_id=gone.pk, quantity=0, actor=STAFF)

    assert [line.quantity for line in order.order_items.all()] == [2]
    assert OrderRevision.objects.filter(order=order).count() == 2
    # What a revision told of the units of then does not let today's go.
    refused("update orders_orderitem set quantity = 1, subtotal = unit_price")
    refused("delete from orders_orderitem")


@pytest.mark.parametrize(
    "change",
    ["amount = 1", "kind = 'refund'", "actor = 'staff:9'", "reason = 'x'", "goodwill = 1", "lines = '{\"1\": 1}'"],
)
def test_what_a_provider_was_asked_for_cannot_be_rewritten(change: str) -> None:
    payment = Payment.objects.create(order=make_order(), provider="stripe", amount=Decimal(9), currency="EUR")
    operation = payment.operations.create(kind="create", amount=Decimal(9), actor="system")
    Operation.objects.filter(pk=operation.pk).update(state="done", resolved_at="2026-12-01T00:00Z", provider_ref="pi_1")
    for statement in (OPERATION.format(change), "delete from payments_operation"):
        refused(statement)
    refused("truncate payments_operation")
    refused("update payments_operation set state = 'intended', resolved_at = null")


def test_a_person_can_be_erased_whose_orders_are_histories() -> None:
    user: Any = make_user()
    order = Order.objects.get(pk=place(user, {make_article(stock=9): 2}).id)
    services.confirm_order(order_id=order.pk, actor=STAFF)
    services.change_order(order_id=order.pk, changes={"recipient_name": "Somebody Else"}, actor=STAFF)
    services.cancel_order(order_id=order.pk, actor=STAFF)
    assert OrderRevision.objects.get(order=order).after["recipient_name"] == "Somebody Else"

    anonymise_user(user_id=user.pk, actor=COMMAND)

    assert OrderRevision.objects.get(order=order).after == {}
    assert Order.objects.get(pk=order.pk).recipient_name == ""
