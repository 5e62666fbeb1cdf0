"""POST /orders over HTTP."""

import json
from decimal import Decimal
from functools import partial
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from api.fields import Amount
from api.models import IdempotencyKey
from api.problems import safety_net
from api.renderers import dumps
from catalog.models import Product, Variant
from orders.models import Order, OrderItem
from orders.serializers.bodies import MAX_LINE_QUANTITY, MAX_LINES, PlaceOrderBody
from orders.tests.clients import ORDERS, basket, client_of, line
from orders.tests.factories import ADDRESS, everything, make_article, make_user, place, receive, stock_of
from orders.tests.plain import PlainOrderSerializer

pytestmark = pytest.mark.django_db


def test_the_answer_is_the_order_byte_for_byte() -> None:
    user, mug, pot = make_user(), make_article(stock=5, price="12.50"), make_article(stock=5, price="0.01")
    answer = client_of(user).post(ORDERS, basket(line(mug, 2), line(pot, 3)))
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.content == dumps(PlainOrderSerializer(Order.objects.get()).data)
    body = answer.json()
    assert body["total_amount"] == "25.03"
    assert body["order_date"].endswith("Z")
    assert body["status"] == "pending"
    assert [item["subtotal"] for item in body["order_items"]] == ["25.00", "0.03"]


@pytest.mark.parametrize("path", [ORDERS, f"{ORDERS}/"])
def test_both_spellings_of_the_path_answer(path: Any) -> None:
    assert client_of(make_user()).post(path, basket(line(make_article(stock=1)))).status_code == 201


def test_nobody_orders_without_signing_in(client: Any) -> None:
    mug = make_article(stock=5)
    before = everything()
    answer = client.post(ORDERS, orjson.dumps(basket(line(mug))), content_type="application/json")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"]
    assert everything() == before


@pytest.mark.parametrize("field", ["unit_price", "price", "subtotal", "product_name", "discount"])
def test_prices_come_from_the_catalog_only(field: Any) -> None:
    mug = make_article(stock=5, price="12.50")
    before = everything()
    answer = client_of(make_user()).post(ORDERS, basket(line(mug) | {field: "0.01"}))
    assert answer.status_code == 400
    assert answer.json()["errors"][0] | {"message": ""} == {
        "field": f"order_items.0.{field}",
        "code": "unknown_field",
        "message": "",
    }
    assert everything() == before


@pytest.mark.parametrize(
    "field",
    [field.name for field in Order._meta.fields if field.name not in PlaceOrderBody().fields]
    + ["id", "order_id", "user_id", "role", "is_staff", "total", "price"],
)
def test_no_other_field_of_an_order_can_be_sent(field: Any) -> None:
    mug = make_article(stock=5)
    before = everything()
    answer = client_of(make_user()).post(ORDERS, basket(line(mug), **{field: 1}))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "unknown_field")
    assert everything() == before


def test_lines_keep_name_sku_and_price_when_the_catalog_changes() -> None:
    user, mug = make_user(), make_article(stock=5, price="10.00", name="Mug", sku="MUG")
    placed = client_of(user).post(ORDERS, basket(line(mug))).json()
    Product.objects.update(name="Cup", price=Decimal("99.00"), status="archived")
    Variant.objects.update(price=Decimal("98.00"), archived_at="2026-01-01T00:00:00Z")
    type(mug.stock_item).objects.update(sku="CUP", name="Cup")
    assert client_of(user).get(f"{ORDERS}/{placed['order_id']}").json() == placed


def test_short_lines_are_all_reported_as_the_contract_says() -> None:
    mug, pot = make_article(stock=1, name="Mug", sku="MUG"), make_article(stock=0, name="Pot", sku="POT")
    before = everything()
    answer = client_of(make_user()).post(ORDERS, basket(line(mug, 2), line(pot, 1)))
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "insufficient_stock"
    assert body["stock_issues"] == [
        {"product_id": mug.product_id, "sku": "MUG", "product_name": "Mug", "requested": 2, "available": 1},
        {"product_id": pot.product_id, "sku": "POT", "product_name": "Pot", "requested": 1, "available": 0},
    ]
    assert everything() == before


def test_an_unknown_article_is_named_by_its_place() -> None:
    mug = make_article(stock=5)
    lines = [line(mug), {"sku": "NOTHING", "quantity": 1}, {"product_id": 2**62, "quantity": 1}]
    answer = client_of(make_user()).post(ORDERS, basket(*lines))
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_article")
    fields = [(error["field"], error["code"]) for error in answer.json()["errors"]]
    assert fields == [("order_items.1.sku", "unknown_article"), ("order_items.2.product_id", "unknown_article")]


def test_a_product_with_several_variants_needs_the_variant() -> None:
    small = make_article(stock=5)
    large = make_article(stock=5, product=small.product, price="12.00")
    shopper = client_of(make_user())
    answer = shopper.post(ORDERS, basket(line(small)))
    assert (answer.status_code, answer.json()["code"]) == (400, "variant_required")
    assert answer.json()["errors"][0]["field"] == "order_items.0.product_id"
    answer = shopper.post(ORDERS, basket({"variant_id": large.pk, "quantity": 1}))
    assert answer.json()["order_items"][0]["unit_price"] == "12.00"


def test_too_many_pending_orders_are_a_conflict(settings: Settings) -> None:
    settings.MAX_PENDING_ORDERS_PER_CUSTOMER = 1
    user, mug = make_user(), make_article(stock=5)
    place(user, {mug: 1})
    answer = client_of(user).post(ORDERS, basket(line(mug)))
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_pending_orders")


LINE = {"product_id": 1, "quantity": 1}
BAD_LINES: list[Any] = [
    None,
    [],
    {},
    "1",
    [[]],
    [None],
    [1],
    [{}],
    [LINE | {"quantity": 0}],
    [LINE | {"quantity": -1}],
    [LINE | {"quantity": MAX_LINE_QUANTITY + 1}],
    [LINE | {"quantity": 10**30}],
    [LINE | {"quantity": 1.0}],
    [LINE | {"quantity": "1"}],
    [LINE | {"quantity": True}],
    [LINE | {"quantity": None}],
    [{"product_id": 1}],
    [{"quantity": 1}],
    [{"product_id": 0, "quantity": 1}],
    [{"product_id": -1, "quantity": 1}],
    [{"product_id": 2**63, "quantity": 1}],
    [{"product_id": "1", "quantity": 1}],
    [{"product_id": None, "quantity": 1}],
    [{"variant_id": "x", "quantity": 1}],
    [{"sku": 1, "quantity": 1}],
    [{"sku": "", "quantity": 1}],
    [{"sku": " ", "quantity": 1}],
    [{"sku": "x" * 65, "quantity": 1}],
    [{"product_id": 1, "sku": "MUG", "quantity": 1}],
    [{"product_id": 1, "variant_id": 1, "quantity": 1}],
    [LINE] * (MAX_LINES + 1),
]


@pytest.mark.parametrize("lines", BAD_LINES, ids=lambda lines: repr(lines)[:60])
def test_bad_lines_are_refused(lines: Any) -> None:
    before = everything()
    body = json.dumps(basket(order_items=lines))
    answer = client_of(make_user()).post(ORDERS, body, content_type="application/json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert everything() == before
    assert not safety_net


@pytest.mark.parametrize("name", ADDRESS)
@pytest.mark.parametrize("value", [None, 1, [], {}, "x" * 1000, "\x00", " "])
def test_bad_addresses_are_refused(name: Any, value: Any) -> None:
    mug = make_article(stock=5)
    before = everything()
    answer = client_of(make_user()).post(ORDERS, basket(line(mug), **{name: value}))
    if value is None and name in ("recipient_name", "phone", "shipping_address_line2"):
        assert answer.status_code == 201  # as if it were left out
    elif (name, value) in [("shipping_address_line2", " "), ("phone", " ")]:
        assert (answer.status_code, answer.json()[name]) == (201, "")
    else:
        assert answer.status_code == 400
        assert everything() == before


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b"\xff", b'{"order_items":[],"order_items":[]}', b'{"a":' * 40 + b"1" + b"}" * 40],
)
def test_bad_bodies_are_refused(body: Any) -> None:
    answer = client_of(make_user()).post(ORDERS, body, content_type="application/json")
    assert answer.status_code == 400
    assert Order.objects.count() == 0


def test_a_required_address_field_cannot_be_left_out() -> None:
    for name in set(ADDRESS) - {"shipping_address_line2", "recipient_name", "phone"}:
        body = basket(line(make_article(stock=1)))
        del body[name]
        answer = client_of(make_user()).post(ORDERS, body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, name)


def test_no_basket_can_outgrow_the_total(settings: Settings) -> None:
    settings.MAX_UNITS_PER_CUSTOMER = 0
    biggest = MAX_LINES * MAX_LINE_QUANTITY * Decimal("9999999.99")
    assert Amount().to_internal_value(str(biggest)) == biggest  # filters of totals take as many digits
    mugs = [make_article(stock=MAX_LINE_QUANTITY, price="9999999.99") for _ in range(2)]
    answer = client_of(make_user()).post(ORDERS, basket(*(line(mug, MAX_LINE_QUANTITY) for mug in mugs)))
    assert answer.json()["total_amount"] == "199999999800.00"


def statements(user: Any, body: dict[str, Any], **headers: str) -> int:
    client = client_of(user)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        client.post(ORDERS, body, headers=headers)
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE", "ROLLBACK TO")) for query in captured)


@pytest.mark.parametrize("lines", [1, 20])
def test_an_order_is_five_statements_whatever_its_size(lines: Any) -> None:
    """The session, what the lines mean, the order, the lock, the posting."""
    user, mugs = make_user(), [make_article(stock=5) for _ in range(lines)]
    assert statements(user, basket(*map(line, mugs))) == 5
    # The key's lock with the look for a first answer; the answer is kept beside the order.
    assert statements(user, basket(*map(line, mugs)), **{"Idempotency-Key": "a"}) == 6


def test_a_refusal_after_a_sell_out_is_three_statements() -> None:
    assert statements(make_user(), basket(line(make_article()))) == 3
    assert Order.objects.count() == 0


def test_the_same_key_replays_the_first_answer_byte_for_byte() -> None:
    user, mug = make_user(), make_article(stock=5)
    client = client_of(user)
    send = partial(client.post, ORDERS, basket(line(mug)), headers={"Idempotency-Key": "k1"})
    first, again = send(), send()
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert Order.objects.count() == 1
    assert stock_of(mug) == (5, 1)


def test_a_key_is_good_for_one_body_only() -> None:
    user, mug = make_user(), make_article(stock=5)
    client = client_of(user)
    client.post(ORDERS, basket(line(mug)), headers={"Idempotency-Key": "k1"})
    answer = client.post(ORDERS, basket(line(mug, 2)), headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Order.objects.count() == 1
    other = client_of(make_user()).post(ORDERS, basket(line(mug, 2)), headers={"Idempotency-Key": "k1"})
    assert other.status_code == 201


def test_after_a_refusal_the_key_may_be_tried_again() -> None:
    user, mug = make_user(), make_article()
    send = partial(client_of(user).post, ORDERS, basket(line(mug)), headers={"Idempotency-Key": "k1"})
    assert send().status_code == 409
    assert IdempotencyKey.objects.count() == 0
    receive(mug, 1)
    assert send().status_code == 201


def test_lines_are_kept_in_the_order_of_the_basket() -> None:
    mugs = [make_article(stock=1) for _ in range(30)][::-1]
    body = client_of(make_user()).post(ORDERS, basket(*map(line, mugs))).json()
    wanted = [mug.pk for mug in mugs]
    assert [item["variant_id"] for item in body["order_items"]] == wanted
    assert list(OrderItem.objects.order_by("id").values_list("variant_id", flat=True)) == wanted
