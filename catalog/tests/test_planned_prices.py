"""Planned prices: what a variant costs when their time comes, and what is left when it is over."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from catalog import services
from catalog.exceptions import PlannedPriceBegun, PlannedPricesOverlap, PlannedTimeInvalid
from catalog.models import PlannedPrice, PriceHistory, Product
from catalog.tasks import settle_planned_prices
from catalog.tests.asking import get
from catalog.tests.factories import make_product, variant_of
from events.actors import COMMAND
from events.models import Event

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
Clock = Callable[[datetime], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let the services take a moment for now."""

    def move(moment: datetime) -> None:
        monkeypatch.setattr("catalog.services.planned.timezone.now", lambda: moment)

    return move


def plan(
    product: Product, price: str, starts_at: datetime, ends_at: datetime | None = None, **more: Any
) -> PlannedPrice:
    variant_id = variant_of(product).pk
    return services.plan_price(
        product_id=product.pk,
        variant_id=variant_id,
        price=Decimal(price),
        starts_at=starts_at,
        ends_at=ends_at,
        actor=COMMAND,
        **more,
    )


def which(product: Product, planned: PlannedPrice) -> dict[str, Any]:
    return {
        "product_id": product.pk,
        "variant_id": variant_of(product).pk,
        "planned_price_id": planned.pk,
        "actor": COMMAND,
    }


def charged(api: APIClient, product: Product) -> tuple[str, str | None]:
    """The price and what it is reduced from, on which lists, product and variant agree."""
    document = get(api, f"/products/{product.pk}")
    [row] = get(api, "/products")["results"]
    [variant] = document["variants"]
    assert row["price_from"] == document["price_from"] == variant["price"]
    assert row["compare_at_price"] == document["compare_at_price"] == variant["compare_at_price"]
    return variant["price"], variant["compare_at_price"]


def test_a_planned_price_is_charged_from_its_start_to_its_end(api: APIClient, at: Clock) -> None:
    now = timezone.now()
    product = make_product(price="20.00")
    planned = plan(product, "15.00", now + HOUR, now + 3 * HOUR, compare_at_price=Decimal("20.00"))
    settle_planned_prices(0)
    assert charged(api, product) == ("20.00", None)
    at(now + HOUR)
    settle_planned_prices(0)
    assert charged(api, product) == ("15.00", "20.00")
    assert get(api, f"/products/{product.pk}")["lowest_price_30d"] == "20.00"
    at(now + 3 * HOUR)
    settle_planned_prices(0)
    assert charged(api, product) == ("20.00", None)
    assert variant_of(product).price is None, "the product's own price again"
    planned.refresh_from_db()
    assert planned.state == "over"
    assert [(row.price_before, row.price) for row in PriceHistory.objects.order_by("id")][1:] == [
        (Decimal("20.00"), Decimal("15.00")),
        (Decimal("15.00"), Decimal("20.00")),
    ]
    told = Event.objects.filter(kind="product.variant_updated").order_by("id").first()
    assert told is not None
    assert told.payload["changes"] == {"price": [None, "15.00"], "compare_at_price": [None, "20.00"]}
    assert told.payload["planned_price_ids"] == [planned.pk]


def test_a_repeated_job_changes_nothing(at: Clock) -> None:
    now = timezone.now()
    product = make_product(price="20.00")
    plan(product, "15.00", now + HOUR)
    at(now + 2 * HOUR)
    settle_planned_prices(0)
    version, events = variant_of(product).version, Event.objects.count()
    settle_planned_prices(0)
    assert (variant_of(product).version, Event.objects.count()) == (version, events)


def test_a_price_that_has_begun_is_charged_at_once(api: APIClient) -> None:
    product = make_product(price="20.00")
    planned = plan(product, "15.00", timezone.now() - HOUR)
    assert (planned.state, charged(api, product)) == ("running", ("15.00", None))


def test_one_price_follows_another_also_when_the_job_was_late(api: APIClient, at: Clock) -> None:
    now = timezone.now()
    product = make_product(price="20.00")
    plan(product, "15.00", now + HOUR, now + 2 * HOUR)
    plan(product, "14.00", now + 2 * HOUR, now + 3 * HOUR)
    plan(product, "13.00", now + 3 * HOUR, now + 4 * HOUR)
    at(now + HOUR)
    settle_planned_prices(0)
    at(now + 3 * HOUR)
    settle_planned_prices(0)
    assert charged(api, product) == ("13.00", None)
    at(now + 5 * HOUR)
    settle_planned_prices(0)
    assert charged(api, product) == ("20.00", None)
    prices = PriceHistory.objects.order_by("id").values_list("price", flat=True)
    assert [str(price) for price in prices] == ["20.00", "15.00", "13.00", "20.00"]
    assert set(PlannedPrice.objects.values_list("state", flat=True)) == {"over"}


def test_what_staff_write_meanwhile_stays(api: APIClient, at: Clock) -> None:
    now = timezone.now()
    product = make_product(price="20.00")
    plan(product, "15.00", now - HOUR, now + HOUR, compare_at_price=Decimal("20.00"))
    services.update_variant(
        product_id=product.pk, variant_id=variant_of(product).pk, price=Decimal("12.00"), actor=COMMAND
    )
    at(now + HOUR)
    settle_planned_prices(0)
    assert charged(api, product) == ("12.00", None)


def test_two_planned_prices_of_a_variant_do_not_overlap() -> None:
    now = timezone.now()
    product, other = make_product(), make_product()
    plan(product, "5.00", now + HOUR, now + 3 * HOUR)
    with pytest.raises(PlannedPricesOverlap):
        plan(product, "4.00", now + 2 * HOUR)
    plan(product, "4.00", now + 3 * HOUR)
    plan(other, "4.00", now + 2 * HOUR)
    assert PlannedPrice.objects.count() == 3
    with pytest.raises(IntegrityError, match="plannedprice_overlap"), transaction.atomic():
        PlannedPrice.objects.create(variant=variant_of(product), price=1, starts_at=now, ends_at=now + 2 * HOUR)


def test_a_planned_price_ends_after_its_start_and_in_the_future() -> None:
    now = timezone.now()
    product = make_product()
    for starts_at, ends_at in ((now + HOUR, now + HOUR), (now - 2 * HOUR, now - HOUR)):
        with pytest.raises(PlannedTimeInvalid):
            plan(product, "5.00", starts_at, ends_at)
    assert not PlannedPrice.objects.exists()


def test_of_a_running_price_the_end_alone_is_changed_and_of_one_that_is_over_nothing(api: APIClient, at: Clock) -> None:
    now = timezone.now()
    product = make_product(price="20.00")
    planned = plan(product, "15.00", now - HOUR, now + HOUR)
    with pytest.raises(PlannedPriceBegun):
        services.update_planned_price(**which(product, planned), price=Decimal("14.00"))
    changed = services.update_planned_price(**which(product, planned), ends_at=now + 2 * HOUR)
    assert (changed.version, changed.ends_at) == (2, now + 2 * HOUR)
    at(now + 3 * HOUR)
    settle_planned_prices(0)
    with pytest.raises(PlannedPriceBegun):
        services.update_planned_price(**which(product, planned), ends_at=None)
    assert charged(api, product) == ("20.00", None)


def test_a_running_price_that_is_removed_ends_now(api: APIClient) -> None:
    now = timezone.now()
    product = make_product(price="20.00")
    running, coming = plan(product, "15.00", now - HOUR, now + HOUR), plan(product, "14.00", now + HOUR)
    for _ in range(2):
        services.remove_planned_price(**which(product, running))
    services.remove_planned_price(**which(product, coming))
    assert charged(api, product) == ("20.00", None)
    left = PlannedPrice.objects.get()
    assert left.state == "over"
    assert left.ends_at is not None
    assert left.ends_at < now + HOUR


def test_staff_plan_read_change_and_drop_prices(api: APIClient, as_admin: APIClient) -> None:
    product = make_product(price="20.00")
    path = f"/api/v1/products/{product.pk}/variants/{variant_of(product).pk}/planned-prices"
    start = (timezone.now() + HOUR).replace(microsecond=0)
    body = {"price": "15.00", "compare_at_price": "20.00", "starts_at": start.isoformat()}
    made = as_admin.post(path, body, format="json")
    document = made.json()
    assert made.status_code == 201
    assert (document["state"], document["version"], document["ends_at"]) == ("planned", 1, None)
    assert as_admin.get(path).json()["results"] == [document]
    one = f"{path}/{document['planned_price_id']}"
    assert as_admin.get(one).json() == document
    changed = as_admin.patch(one, {"price": "14.00"}, format="json", headers={"If-Match": '"1.x"'}).json()
    assert (changed["price"], changed["version"]) == ("14.00", 2)
    stale = as_admin.patch(one, {"price": "13.00"}, format="json", headers={"If-Match": '"1.x"'})
    assert stale.status_code == 412
    overlapping = as_admin.post(path, body, format="json")
    assert (overlapping.status_code, overlapping.json()["code"]) == (409, "planned_prices_overlap")
    refused = as_admin.post(path, {**body, "compare_at_price": "15.00"}, format="json")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "compare_at_price")
    assert as_admin.delete(one).status_code == 204
    assert (as_admin.delete(one).status_code, as_admin.get(path).json()["results"]) == (404, [])
    kinds = Event.objects.filter(kind__startswith="product.").order_by("id").values_list("kind", flat=True)
    assert [*kinds][1:] == ["product.price_planned", "product.planned_price_updated", "product.planned_price_removed"]


def test_the_history_is_for_staff_and_of_one_variant(api: APIClient, as_admin: APIClient) -> None:
    product, other = make_product(price="20.00"), make_product()
    plan(product, "15.00", timezone.now() - HOUR)
    path = f"/api/v1/products/{product.pk}/variants/{variant_of(product).pk}/price-history"
    assert api.get(path).status_code == 401
    rows = as_admin.get(path).json()["results"]
    assert [(row["price_before"], row["price"], row["actor"]) for row in rows] == [
        ("20.00", "15.00", "system"),
        (None, "20.00", "system"),
    ]
    elsewhere = f"/api/v1/products/{other.pk}/variants/{variant_of(product).pk}/price-history"
    assert as_admin.get(elsewhere).status_code == 404
