"""History cannot be rewritten: the database itself refuses it, for each table that tells what was."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from database.rows import fetch_rows
from orders.models import Charge, OrderDiscount
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

# Invoices may be deleted after the end of their year of keeping, and revisions lose what they say of a person who is
# forgotten: their triggers have conditions, which the tests of their apps try.
HISTORIES = [
    "catalog_pricehistory",
    "inventory_stockmovement",
    "invoicing_invoice",
    "invoicing_invoicefile",
    "orders_charge",
    "orders_orderdiscount",
    "orders_orderevent",
    "orders_orderrevision",
    "payments_entry",
]
# Bits of pg_trigger.tgtype: delete, update, truncate.
GUARDED = """
select relname, bit_or(tgtype::int & (8 | 16 | 32)) = (8 | 16 | 32)
from pg_trigger join pg_class on pg_class.oid = tgrelid
where not tgisinternal and tgenabled = 'O' and relnamespace = current_schema()::regnamespace
group by relname
"""


def test_each_history_has_triggers_against_update_delete_and_truncate() -> None:
    guarded = dict(fetch_rows(GUARDED, {}))
    assert [name for name in HISTORIES if not guarded.get(name)] == []


@pytest.mark.parametrize("statement", ["update {} set amount = amount + 1", "delete from {}", "truncate {}"])
@pytest.mark.parametrize("table", ["orders_charge", "orders_orderdiscount"])
def test_what_an_order_cost_cannot_be_rewritten(table: str, statement: str) -> None:
    order = make_order()
    order.charges.create(kind=Charge.Kind.SHIPPING, code="parcel", name="Parcel", amount=Decimal("4.90"))
    order.discounts.create(promotion_id=1, name="Ten percent", amount=Decimal("1.00"))
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")  # a table whose keys are still to be looked at is not truncated
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement.format(table))
    assert Charge.objects.values_list("amount", flat=True).get() == Decimal("4.90")
    assert OrderDiscount.objects.values_list("amount", flat=True).get() == Decimal("1.00")
