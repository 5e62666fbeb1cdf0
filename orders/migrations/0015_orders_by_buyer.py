"""Guests' open orders are found by their email, and staff find orders by email, company and note.

Indexes are built beside the shop's work, which takes a minute or two for a million orders. The ones that they replace
go afterwards.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

COLUMNS = [
    "recipient_name",
    "phone",
    "shipping_address_line1",
    "shipping_address_line2",
    "shipping_city",
    "shipping_state",
    "shipping_postal_code",
    "shipping_country",
    "email",
    "company",
    "note",
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("orders", "0014_orders_of_the_past_have_figures")]

    operations = [
        AddIndexConcurrently(
            "order",
            models.Index(
                condition=models.Q(("deleted_at", None), ("status__in", ["pending", "confirmed"])),
                fields=["user", "email", "status"],
                name="order_open_of_buyer",
            ),
        ),
        AddIndexConcurrently(
            "order",
            GinIndex(fields=COLUMNS, name="order_search_words", opclasses=["gin_trgm_ops"] * len(COLUMNS)),
        ),
        RemoveIndexConcurrently("order", "order_open_of_user"),
        RemoveIndexConcurrently("order", "order_search"),
    ]
