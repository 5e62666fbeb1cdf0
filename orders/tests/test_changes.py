"""Changes of orders before they leave: whom and where they go to, and lines that become fewer or go."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from accounts.leaving import anonymise_user
from config.subscriptions import SUBSCRIPTIONS
from database.refusals import Invalid, NotFound, VersionMismatch
from events.actors import COMMAND
from events.models import Event
from orders import services
from orders.exceptions import (
    LastLine,
    MoreThanOpen,
    NotChangeable,
    OtherTotal,
)
from orders.models import Order, OrderRevision
from orders.services import Terms, Wanted
from orders.tests.factories import (
    STAFF,
    assert_sound,
    buyer_of,
    customer,
    everything,
    make_article,
    make_order,
    make_user,
    place,
    stock_of,
)
from orders.tests.test_terms import amounts, figures, order_of
from pricing.models import ShippingMethod
from pricing.services import delete_shipping_method
from pricing.tests.factories import make_method, make_promotion, make_tax_rate, make_zone

pytestmark = pytest.mark.django_db
HAMBURG = {"shipping_address_line1": "2 Harbour", "shipping_city": "Hamburg", "shipping_postal_code": "20095"}
VIENNA = {
    "shipping_city": "Vienna",
    "shipping_postal_code": "1010",
    "shipping_country": "Austria",
    "country_code": "AT",
}


def change(order: Order, changes: Mapping[str, str], **who: Any) -> bool:
    return services.change_order(order_id=order.pk, changes=changes, **{"actor": STAFF} | who)


def change_line(order: Order, quantity: int, line: int = 0, **who: Any) -> bool:
    return services.change_line(
        order_id=order.pk, line_id=ids(order)[line], quantity=quantity, **{"actor": STAFF} | who
    )


def replace(order: Order, wanted: Wanted, line: int = 0, **options: Any) -> int:
    return services.replace_line(
        order_id=order.pk, line_id=ids(order)[line], wanted=wanted, **{"actor": STAFF} | options
    )


def ids(order: Order) -> list[int]:
    return list(order.order_items.values_list("pk", flat=True))


def lines(order: Order) -> list[tuple[Any, ...]]:
    return list(order.order_items.values_list("sku", "quantity", "subtotal"))


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def taxed(**article: Any) -> Order:
    """A German order of 2 and 3 units with a tenth off, shipping and 19 % tax."""
    make_tax_rate()
    make_method()
    make_promotion()
    mug = make_article(stock=5, price="12.50", sku="MUG", **article)
    pot = make_article(stock=9, price="3.99", sku="POT")
    placed = order_of(make_user(), {mug: 2, pot: 3}, Terms(method="parcel", coupons=("ten",)))
    return Order.objects.get(pk=placed.id)


def test_an_address_changes_with_its_revision_its_step_and_its_event() -> None:
    order = make_order()

    assert change(order, HAMBURG | {"phone": "+49 40 1", "note": "Ring"})
    assert not change(order, HAMBURG)

    changed = fresh(order)
    assert (changed.shipping_city, changed.phone, changed.note, changed.version) == ("Hamburg", "+49 40 1", "Ring", 2)
    revision = OrderRevision.objects.get()
    assert (revision.kind, revision.actor, revision.owed) == ("changed", "staff:1000000", 0)
    assert (revision.before["shipping_city"], revision.after["shipping_city"]) == ("Springfield", "Hamburg")
    step = order.history.last()
    assert step is not None
    assert (step.event, step.to_status, step.note) == ("changed", "pending", "Changed: phone, address, note.")
    payload = Event.objects.get(kind="order.changed").payload
    assert payload == {"order_id": order.pk, "changed": ["phone", "address", "note"]}
    assert_sound()


def test_an_order_is_found_by_its_new_words() -> None:
    order = make_order()
    change(order, {"recipient_name": "Jos\u00e9 Mu\u00f1oz"})
    assert list(Order.objects.search("munoz")) == [order]
    change(order, {"recipient_name": "Ann Smith"})
    assert (list(Order.objects.search("munoz")), fresh(order).folded_words) == ([], "")


@pytest.mark.parametrize(
    ("status", "who"),
    [
        ("confirmed", "owner"),
        ("confirmed", "guest"),
        ("shipped", "staff"),
        ("delivered", "staff"),
        ("cancelled", "staff"),
    ],
)
def test_what_has_gone_too_far_is_not_changed(status: str, who: str) -> None:
    order = make_order(status=status)
    by: dict[str, Any] = {"owner_id": order.user_id} if who == "owner" else {"by_guest": who == "guest"}
    verbs = [lambda: change(order, HAMBURG, **by), lambda: change_line(order, 1, **by)]
    verbs += [lambda: replace(order, Wanted(1, sku="NONE")) > 0] if who == "staff" else []
    before = everything()
    for verb in verbs:
        with pytest.raises(NotChangeable):
            verb()
    assert everything() == before


def test_nobody_changes_the_order_of_somebody_else() -> None:
    order, other, stranger = make_order(), make_order(), make_user()
    before = everything()
    for verb in (
        lambda: change(order, HAMBURG, owner_id=stranger.pk),
        lambda: change_line(order, 1, owner_id=stranger.pk),
        lambda: services.change_line(order_id=order.pk, line_id=ids(other)[0], quantity=1, actor=STAFF),
    ):
        with pytest.raises(NotFound):
            verb()
    assert everything() == before


def test_an_edit_of_an_older_version_is_refused() -> None:
    order = make_order()
    change(order, {"note": "Ring"}, expected_version=1)
    before = everything()
    for verb in (
        lambda: change(order, HAMBURG, expected_version=1),
        lambda: change_line(order, 1, expected_version=1),
        lambda: replace(order, Wanted(1, sku="NONE"), expected_version=1),
    ):
        with pytest.raises(VersionMismatch):
            verb()
    assert everything() == before


def test_the_address_of_what_has_left_in_part_stays() -> None:
    order = make_order(status="confirmed")
    services.ship_parcel(order_id=order.pk, lines={ids(order)[0]: 1}, actor=STAFF)
    before = everything()
    with pytest.raises(NotChangeable):
        change(order, HAMBURG)
    assert everything() == before


def test_within_a_country_of_one_tax_an_address_changes() -> None:
    order = taxed()
    before = figures(order)
    assert change(order, HAMBURG)
    assert figures(fresh(order)) == before
    assert_sound()


@pytest.mark.parametrize("reason", ["tax", "price", "zone", "gone"])
def test_a_place_of_another_total_is_refused(reason: str) -> None:
    if reason == "tax":
        order = taxed()
    else:
        make_method(zone_id=None if reason == "price" else make_zone(countries=["DE"]).pk)
        order = Order.objects.get(pk=order_of(make_user(), {make_article(stock=3): 1}, Terms(method="parcel")).id)
        if reason == "price":
            make_tax_rate(country="AT", rate=Decimal(20))
        elif reason == "gone":
            make_tax_rate(country="FR")
            delete_shipping_method(method_id=ShippingMethod.objects.get().pk, actor=STAFF)
    before = everything()
    with pytest.raises(OtherTotal):
        change(order, VIENNA)
    assert everything() == before


def test_a_place_that_nobody_knows_has_no_taxes_to_compare() -> None:
    order = taxed()
    before = everything()
    with pytest.raises(Invalid):
        change(order, {"shipping_country": "Atlantis", "country_code": ""})
    assert everything() == before


def test_a_line_becomes_fewer_and_its_figures_follow() -> None:
    order = taxed()
    assert figures(order) == amounts("36.97", "3.70", "4.90", "7.26", "45.43")

    assert change_line(order, 1)
    assert not change_line(order, 1)

    line = order.order_items.first()
    assert line is not None
    assert (line.subtotal, line.discount, line.tax) == amounts("12.50", "1.25", "2.14")
    assert figures(fresh(order)) == amounts("24.47", "2.45", "4.90", "5.12", "32.04")
    revision = OrderRevision.objects.get()
    assert (revision.kind, revision.sku, revision.quantity_before, revision.quantity_after, revision.owed) == (
        *("line_changed", "MUG", 2, 1),
        Decimal("13.39"),
    )
    assert stock_of(line.variant) == (5, 1)
    step = order.history.last()
    assert step is not None
    assert (step.event, step.note) == ("line_changed", "1 x MUG instead of 2.")
    assert Event.objects.get(kind="order.line_changed").payload == {
        "order_id": order.pk,
        "line": {"product_name": line.product_name, "sku": "MUG", "before": 2, "after": 1},
        "owed": "13.39",
        "message": "",
    }
    assert_sound()


def test_a_line_goes_and_the_last_one_does_not() -> None:
    order = taxed()
    mug = order.order_items.first()
    assert mug is not None

    assert change_line(order, 0, reason="called", message="As you wished.")

    assert (lines(order), stock_of(mug.variant)) == ([("POT", 3, Decimal("11.97"))], (5, 0))
    step = order.history.last()
    assert step is not None
    assert (step.note, step.reason) == ("MUG is off the order. As you wished.", "called")
    before = everything()
    with pytest.raises(LastLine):
        change_line(order, 0)
    assert everything() == before
    assert_sound()


def test_lines_do_not_become_more() -> None:
    order = make_order()
    before = everything()
    with pytest.raises(Invalid) as refusal:
        change_line(order, 3)
    assert refusal.value.code == "more_than_ordered"
    assert everything() == before


def test_what_has_left_stays_on_its_line_and_an_order_is_shipped_when_the_rest_is_off() -> None:
    mug, pot = make_article(stock=5, sku="MUG"), make_article(stock=5, sku="POT")
    placed = place(make_user(), {mug: 3, pot: 1})
    services.confirm_order(order_id=placed.id, actor=STAFF)
    order = Order.objects.get(pk=placed.id)
    services.ship_parcel(order_id=order.pk, lines={ids(order)[0]: 2}, actor=STAFF)
    before = everything()
    for quantity in (0, 1):
        with pytest.raises(MoreThanOpen):
            change_line(order, quantity)
    assert everything() == before

    change_line(order, 2)
    assert fresh(order).fulfilment_status == "partial"
    change_line(order, 0, line=1)

    assert (fresh(order).status, fresh(order).fulfilment_status) == ("shipped", "complete")
    assert (stock_of(mug), stock_of(pot)) == ((3, 0), (5, 0))
    assert_sound()


def test_owners_and_guests_change_lines_of_pending_orders() -> None:
    order = taxed()
    buyer = buyer_of(order)
    change_line(order, 1, actor=customer(buyer), owner_id=buyer.pk, reason="Too many")
    change_line(order, 2, line=1, by_guest=True)
    assert [quantity for _, quantity, _ in lines(order)] == [1, 2]
    notes = list(order.history.filter(event="line_changed").values_list("note", "reason"))
    assert notes == [("1 x MUG instead of 2. Too many", ""), ("2 x POT instead of 3.", "")]
    assert [event.payload["message"] for event in Event.objects.filter(kind="order.line_changed")] == ["", ""]
    assert_sound()


def test_a_forgotten_customer_leaves_no_words_in_revisions_and_else_they_stay() -> None:
    order = make_order()
    change(order, {"recipient_name": "Somebody Else"})
    services.cancel_order(order_id=order.pk, actor=STAFF)
    for wrong in ({"before": {"a": 1}, "after": {}}, {"kind": "other"}, {"before": {}, "after": {}, "owed": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            OrderRevision.objects.update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderRevision.objects.all().delete()
    assert order.user_id is not None

    anonymise_user(user_id=order.user_id, actor=COMMAND)

    assert list(OrderRevision.objects.values_list("kind", "before", "after")) == [("changed", {}, {})]


def run_jobs(kind: str) -> Any:
    """The mail that follows from the last event of a kind."""
    event = Event.objects.filter(kind=kind).latest("id")
    for task in SUBSCRIPTIONS[kind]:
        task(event_id=event.pk, kind=kind, payload=event.payload)
    return mail.outbox[-1]


def test_customers_read_what_has_changed_and_nothing_that_was_typed() -> None:
    order = taxed()
    change(order, HAMBURG | {"recipient_name": "Typed Name"})
    sent = run_jobs("order.changed")
    assert sent.subject == f"Your order {order.number} was changed"
    assert "We have changed this on your order: recipient, address." in sent.body
    assert "Typed" not in sent.body
    assert "Hamburg" not in sent.body

    change_line(order, 1, message="One was cracked.")
    text = run_jobs("order.line_changed").body
    assert f"1 x {order.order_items.all()[0].product_name} (MUG) instead of 2. One was cracked." in text
    assert f"13.39 {order.currency} come off your order." in text


def test_customers_read_what_a_line_was_replaced_by() -> None:
    order = taxed()
    name = order.order_items.all()[0].product_name
    bowl = make_article(stock=4, price="20.00", sku="BOWL")
    replace(order, Wanted(2, sku="BOWL"))
    text = run_jobs("order.line_changed").body
    assert f"2 x {bowl.product.name} (BOWL) instead of 2 x {name} (MUG)." in text
    assert f"Your order costs 16.06 {order.currency} more." in text
    change_line(order, 0)
    assert "(POT) is off your order." in run_jobs("order.line_changed").body
