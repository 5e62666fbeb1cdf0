"""The demo shop, loaded once for all tests of a class, and how the command behaves around it."""

import random
import tempfile
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any, ClassVar

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F, Sum
from django.test import TestCase, override_settings
from django.utils import timezone
from PIL import Image as Pillow

from accounts.models import User
from catalog.models import Category, Image, PriceHistory, Product, Variant
from database.money import in_places
from demo import loading
from demo.pictures import COLOURS, SHAPES
from demo.products import categories, products
from demo.selling import create_selling
from inventory.bands import ALERTING, Band, band_of
from inventory.models import Reservation, StockAlert, StockLevel
from orders.models import Order
from orders.stock_health import low_articles
from orders.worklist import worklist
from pricing.figures import Destination
from pricing.models import Promotion, ShippingMethod, TaxRate, Zone
from pricing.tryout import try_out


class TheDemoShop(TestCase):
    output: ClassVar[StringIO]

    @classmethod
    def setUpTestData(cls) -> None:
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.enterClassContext(override_settings(MEDIA_ROOT=folder))
        cls.output = StringIO()
        call_command("load_demo", stdout=cls.output)

    def test_it_has_what_the_readme_says(self) -> None:
        assert Category.objects.count() == 12
        assert Product.objects.on_sale().count() == 300
        assert Image.objects.count() == 300
        assert User.objects.filter(is_staff=False).count() == 50
        assert Order.objects.count() == 500
        assert "300 of 300 products" in self.output.getvalue()

    def test_it_sells_to_two_parts_of_the_world(self) -> None:
        assert sorted(Zone.objects.values_list("name", flat=True)) == ["European Union", "United States"]
        codes = ["express-eu", "ground-us", "pickup", "standard-eu"]
        assert sorted(ShippingMethod.objects.values_list("code", flat=True)) == codes
        assert (TaxRate.objects.filter(country="US").count(), TaxRate.objects.exclude(country="US").count()) == (11, 27)
        coupons = sorted(Promotion.objects.values_list("coupons__code", flat=True))
        assert coupons == ["SHIPFREE", "SHIRTS3FOR2", "WELCOME10"]
        assert not Variant.objects.filter(weight_g=None).exists()
        assert (
            Product.objects.filter(tax_class="clothing").count()
            == Product.objects.filter(category__slug__in=("shirts-knitwear", "shoes")).count()
        )
        reduced = Variant.objects.exclude(compare_at_price=None).select_related("product")
        assert reduced.count() >= 12
        assert all(variant.lowest_price_30d == variant.compare_at_price == variant.reduced_from for variant in reduced)

    def test_a_basket_of_it_has_shipping_tax_and_a_coupon(self) -> None:
        with override_settings(PRICES_INCLUDE_TAX=False, TAX_ROUNDING="line"):
            variant = Variant.objects.filter(product__tax_class="clothing", compare_at_price=None).first()
            assert variant is not None
            basket: dict[str, Any] = {"quantities": {variant.pk: 1}, "method": "ground-us", "at": timezone.now()}
            there = try_out(destination=Destination("US", "PA"), coupons=["WELCOME10"], **basket).totals
            taxed = try_out(destination=Destination("US", "CA"), coupons=[], **basket).totals
        assert (there.lines[0].tax, there.discount) == (Decimal(0), in_places(variant.effective_price / 10))
        assert there.shipping == Decimal("7.50")
        assert taxed.lines[0].tax_rate == Decimal("7.25")

    def test_selling_again_changes_nothing(self) -> None:
        before = (PriceHistory.objects.count(), TaxRate.objects.count(), Promotion.objects.count())
        create_selling(random.Random(1))  # noqa: S311  # a seed, no secret
        assert (PriceHistory.objects.count(), TaxRate.objects.count(), Promotion.objects.count()) == before

    def test_the_published_logins_work(self) -> None:
        admin = User.objects.get(email="admin@example.com")
        assert admin.is_superuser
        assert admin.check_password("demo-admin-password")
        assert User.objects.get(email="customer@example.com").check_password("demo-customer-password")
        for name in ("stock", "orders", "catalog"):
            assert User.objects.get(email=f"{name}@example.com").check_password("demo-staff-password")

    def test_each_group_has_a_member(self) -> None:
        groups = User.objects.filter(is_staff=True, is_superuser=False).values_list("groups__name", flat=True)
        assert sorted(groups) == ["administrator", "catalog editor", "order desk", "stock keeper"]

    def test_every_status_is_there_over_twelve_months(self) -> None:
        assert set(Order.objects.values_list("status", flat=True)) == set(Order.Status)
        now = timezone.now()
        ages = [now - placed_at for placed_at in Order.objects.values_list("order_date", flat=True)]
        for days in range(366):  # whatever day it is
            today = now + timedelta(days=days)
            assert len({f"{today - age:%Y-%m}" for age in ages}) >= 12, today

    def test_the_demo_customer_has_orders(self) -> None:
        assert Order.objects.filter(user__email="customer@example.com").count() >= 5

    def test_every_band_is_there_and_two_warehouses_hold_stock(self) -> None:
        levels = StockLevel.objects.values("item", "item__reorder_point").annotate(n=Sum(F("on_hand") - F("reserved")))
        bands = Counter(band_of(row["n"], row["item__reorder_point"]) for row in levels)
        assert set(bands) == set(Band)
        stocked = StockLevel.objects.filter(on_hand__gt=0).values_list("warehouse__code", flat=True).distinct()
        assert sorted(stocked) == ["main", "north"]

    def test_an_alert_is_open_for_each_article_that_is_low_and_none_was_for_another(self) -> None:
        low = {article.sku: article.band for article in low_articles()}
        assert {alert.item.sku: alert.band for alert in StockAlert.objects.select_related("item")} == low
        assert [row.lost > 0 for row in worklist().rows if row.lost is not None] == [True] * 8
        assert [count for _, count in worklist().counts] == [Counter(low.values())[band] for band in ALERTING]

    def test_open_promises_are_those_of_orders_that_have_not_left(self) -> None:
        waiting = Order.objects.filter(status__in=("pending", "confirmed")).aggregate(n=Sum("order_items__quantity"))
        assert Reservation.objects.filter(state="open").aggregate(n=Sum("quantity")) == waiting

    def test_a_search_with_two_typing_errors_finds_headphones(self) -> None:
        results = self.client.get("/api/v1/products/?search=wirless+headphnes").json()["results"]
        assert "Wireless Headphones" in results[0]["name"]

    def test_pictures_can_be_opened_in_every_size(self) -> None:
        image = Image.objects.order_by("?")[0]
        for name in image.files.values():
            with default_storage.open(name) as file, Pillow.open(BytesIO(file.read())) as picture:
                assert picture.width <= image.width

    def test_every_invariant_holds(self) -> None:
        output = StringIO()
        call_command("verify_stock", stdout=output)
        assert output.getvalue().startswith("0 violations")

    def test_the_planner_knows_how_full_each_table_is(self) -> None:
        """Without it a report about the fresh shop can take minutes: see database.statistics."""
        rows = {model._meta.db_table: model._default_manager.count() for model in loading.every_table()}
        filled = {table: count for table, count in rows.items() if count > 40}
        with connection.cursor() as cursor:
            cursor.execute("select relname, reltuples::bigint from pg_class where relname = any(%s)", [list(filled)])
            assert dict(cursor) == filled
        assert len(filled) >= 15

    def test_nobody_bought_what_was_not_in_the_shop_yet(self) -> None:
        assert not Order.objects.filter(order_items__product__created_at__gt=F("order_date")).exists()

    def test_some_products_come_in_sizes_and_colours(self) -> None:
        assert Variant.objects.filter(options__has_keys=["colour", "size"]).exists()
        assert Variant.objects.filter(options={}).exists()

    def test_a_second_load_is_refused_and_changes_nothing(self) -> None:
        with pytest.raises(CommandError, match="already"):
            call_command("load_demo")
        assert Product.objects.count() == 300

    def test_a_second_load_if_empty_is_quiet(self) -> None:
        output = StringIO()
        call_command("load_demo", if_empty=True, stdout=output)
        assert output.getvalue() == ""


def test_tables_name_only_shapes_and_colours_that_can_be_drawn() -> None:
    sold = list(products())
    assert {product.shape for product in sold} == set(SHAPES)
    assert {product.colour for product in sold} - {None} <= set(COLOURS)


def test_every_product_has_a_name_a_category_and_skus_of_its_own() -> None:
    sold = list(products())
    skus = [variant.sku for product in sold for variant in product.variants]
    assert len({product.name for product in sold}) == 300
    assert len(set(skus)) == len(skus)
    assert {product.category for product in sold} <= {slug for _, slug, _ in categories()}


@pytest.mark.django_db
def test_a_load_that_breaks_off_leaves_an_empty_shop(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path

    def power_cut(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, "date_products", power_cut)
    with pytest.raises(KeyboardInterrupt):
        call_command("load_demo", stdout=StringIO())
    assert loading.is_empty()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_production_must_be_forced(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="--force"):
        call_command("load_demo")
    assert loading.is_empty()
