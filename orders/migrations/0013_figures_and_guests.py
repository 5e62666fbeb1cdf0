"""An order keeps every figure that led to its total, may be a guest's, and has a billing address of its own.

Each step is instant, however many orders there are: a column is nullable or has a constant default, so no row is
written, and the CHECKs look at new rows alone until the next migration. Nothing is backfilled.
"""

from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q

from database.money import MoneyField
from database.text import refuse_links

ZERO = Decimal(0)


def text(max_length, **kwargs):
    """A column of text that is empty on the orders of the past."""
    return models.CharField(blank=True, db_default="", default="", max_length=max_length, **kwargs)


def amount(help_text=""):
    """A column of money that is 0 on the orders of the past."""
    return MoneyField(db_default=ZERO, default=ZERO, help_text=help_text)


def rate(**kwargs):
    """A column with a percentage."""
    return models.DecimalField(max_digits=6, decimal_places=4, default=ZERO, help_text="In percent.", **kwargs)


COLUMNS_OF_ORDER = {
    "email": models.EmailField(
        blank=True, db_default="", default="", help_text="Always there for a guest.", max_length=254
    ),
    "discount_total": amount("Of lines and of charges."),
    "shipping_total": amount("Shipping and fees."),
    "tax_total": amount(),
    "prices_include_tax": models.BooleanField(db_default=False, default=False),
    "reverse_charge": models.BooleanField(db_default=False, default=False, help_text="The buyer owes the tax."),
    "tax_rounding": text(5),
    "payment_status": models.CharField(db_default="unpaid", default="unpaid", editable=False, max_length=16),
    "country_code": text(2, help_text="ISO 3166; empty where the country is unknown."),
    "company": text(200, validators=[refuse_links]),
    "vat_id": text(32),
    "note": text(1000, help_text="The buyer's words."),
    "billing_name": text(201, validators=[refuse_links]),
    "billing_address_line1": text(200),
    "billing_address_line2": text(200),
    "billing_city": text(100),
    "billing_state": text(100),
    "billing_postal_code": text(20),
    "billing_country": text(100),
    "billing_country_code": text(2),
    "terms_version": text(64),
    "terms_accepted_at": models.DateTimeField(blank=True, null=True),
}
COLUMNS_OF_LINE = {
    "discount": amount(),
    "tax": amount("Of the subtotal less the discount."),
    "tax_rate": rate(db_default=ZERO),
    "tax_name": text(100),
}


def key_of_order(related_name):
    """The key of what belongs to an order."""
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name=related_name, to="orders.order"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0011_search_words"),
        ("orders", "0012_former_names_of_the_past"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        *(migrations.AddField("order", name, field) for name, field in COLUMNS_OF_ORDER.items()),
        *(migrations.AddField("orderitem", name, field) for name, field in COLUMNS_OF_LINE.items()),
        migrations.AlterField(
            "order",
            "user",
            models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="Empty for a guest.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="orders",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField("order", "shipping_state", models.CharField(blank=True, max_length=100)),
        migrations.AlterField("order", "shipping_postal_code", models.CharField(blank=True, max_length=20)),
        migrations.CreateModel(
            "Charge",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order", key_of_order("charges")),
                ("kind", models.CharField(choices=[("shipping", "Shipping"), ("fee", "Fee")], max_length=8)),
                ("code", models.CharField(help_text="Of the shipping method, or of the fee.", max_length=64)),
                ("name", models.CharField(max_length=200)),
                ("amount", MoneyField(help_text="Before the discount.")),
                ("discount", MoneyField(default=ZERO)),
                ("tax", MoneyField(default=ZERO, help_text="Of the amount less the discount.")),
                ("tax_rate", rate()),
                ("tax_name", models.CharField(blank=True, default="", max_length=100)),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["order", "id"], name="charge_of_order")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(amount__gte=0, discount__gte=0, discount__lte=F("amount"), tax__gte=0),
                        name="charge_figures",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            "OrderDiscount",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order", key_of_order("discounts")),
                ("promotion_id", models.BigIntegerField()),
                (
                    "code",
                    models.CharField(
                        blank=True, help_text="The coupon's; empty where none was needed.", max_length=64
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("amount", MoneyField()),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["order", "id"], name="orderdiscount_of_order")],
                "constraints": [
                    models.CheckConstraint(condition=Q(amount__gte=0), name="orderdiscount_amount_not_negative")
                ],
            },
        ),
        migrations.RemoveConstraint("order", "order_total_not_negative"),
        migrations.RemoveConstraint("orderitem", "orderitem_subtotal"),
        AddConstraintNotValid(
            "order",
            models.CheckConstraint(
                condition=Q(total_amount__gte=0, discount_total__gte=0, shipping_total__gte=0, tax_total__gte=0)
                & (
                    Q(total_amount__gte=F("shipping_total") - F("discount_total") + F("tax_total"))
                    | Q(prices_include_tax=True, total_amount__gte=F("shipping_total") - F("discount_total"))
                ),
                name="order_figures",
            ),
        ),
        AddConstraintNotValid(
            "order",
            models.CheckConstraint(condition=Q(user__isnull=False) | ~Q(email=""), name="order_of_somebody"),
        ),
        AddConstraintNotValid(
            "orderitem",
            models.CheckConstraint(
                condition=Q(
                    subtotal=F("unit_price") * F("quantity"), discount__gte=0, discount__lte=F("subtotal"), tax__gte=0
                ),
                name="orderitem_figures",
            ),
        ),
    ]
