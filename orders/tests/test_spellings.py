"""An order, its search and a shortfall know an article by its SKU in whatever case and form."""

from typing import Any

import pytest
from django.db import connection

from orders import services
from orders.models import Order
from orders.services.statements import NAMED_BY, RESOLVE
from orders.tests.clients import ORDERS, basket, client_of, line
from orders.tests.factories import STAFF, make_article, make_user, place, stock_of

pytestmark = pytest.mark.django_db
SPELLINGS = ("CAFE\u0301-1", "caf\u00e9-1", "cafe\u0301-1")


@pytest.mark.parametrize("sku", SPELLINGS)
def test_a_line_may_name_its_article_in_any_spelling(sku: str) -> None:
    mug = make_article(stock=5, sku="Caf\u00e9-1")
    answer = client_of(make_user()).post(ORDERS, basket({"sku": sku, "quantity": 2}, line(mug)))
    assert answer.status_code == 201, answer.content
    assert [(item["sku"], item["quantity"]) for item in answer.json()["order_items"]] == [("Caf\u00e9-1", 3)]


@pytest.mark.parametrize("sku", SPELLINGS)
def test_orders_are_found_and_shortfalls_recorded_in_any_spelling(sku: str) -> None:
    mug = make_article(stock=2, sku="Caf\u00e9-1")
    placed = place(make_user(), {mug: 2})
    assert [order.pk for order in Order.objects.search(sku)] == [placed.id]
    assert services.record_shortfall(sku=sku, warehouse="main", missing=1, actor=STAFF).order_ids == [placed.id]
    assert stock_of(mug) == (1, 0)


def test_an_article_is_found_by_the_index_of_spellings() -> None:
    params: Any = {name: [None, None] for name in ("product_ids", "variant_ids")}
    params |= {"skus": ["WH-1", "wh-2"], "most": 1000, "user_id": 1}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            with product as (
                insert into catalog_product (name, slug, description, price, status, attributes, version)
                select 'Mug ' || n, 'mug-' || n, '', 1, 'active', '{}', 1 from generate_series(1, 3000) n
                returning id, slug
            ), item as (
                insert into inventory_stockitem (sku, name, barcode, in_stock, version)
                select slug, slug, '', false, 1 from product returning id, sku
            )
            insert into catalog_variant (product_id, stock_item_id, name, options, position, version)
            select product.id, item.id, '', '{}', 1, 1 from product join item on sku = slug
            """
        )
        cursor.execute("analyze catalog_product, inventory_stockitem, catalog_variant")
        cursor.execute("explain " + RESOLVE.format(named=NAMED_BY["sku"]), params)
        plan = str(cursor.fetchall())
    assert "stockitem_sku_key_unique" in plan
    assert "Seq Scan on inventory_stockitem" not in plan
