"""Payments for staff: the list, the page of one, what is done there, and who may do it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.tests.factories import make_user as make_colleague
from orders.models import Order
from orders.tests.factories import STAFF, everything, make_article, make_order, make_user, place, stock_of
from payments import services
from payments.models import Operation, Payment
from payments.providers import manual
from payments.providers.snapshot import Disputed, Notice, ProviderRefused, ProviderUnknown
from payments.tests.factories import assert_money_sound, begun, figures, hear, paid
from staff.tests.pages import messages_of

pytestmark = pytest.mark.django_db
LIST = "/admin/payments/payment/"
Pages = Callable[..., Client]


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def page_of(client: Client, payment: Payment) -> str:
    return text_of(client.get(f"{LIST}{payment.pk}/change/"))


def give_back(client: Client, payment: Payment, **typed: Any) -> Any:
    """The form that gives money back, as its page has it, with what is typed."""
    payment.refresh_from_db()
    form = {"refund-version": str(payment.version), "refund-amount": "", "refund-reason": ""}
    return client.post(f"{LIST}{payment.pk}/refund/", form | {f"refund-{name}": said for name, said in typed.items()})


def all_of(payment: Payment) -> Any:
    """Everything that a refused form must leave alone."""
    operations = list(Operation.objects.order_by("id").values_list("pk", "state", "amount"))
    return figures(payment), operations, payment.version, everything()


def test_money_that_has_come_by_hand_is_written_down_and_confirms_the_order(staff_pages: Pages) -> None:
    payment = begun()
    desk = staff_pages("order desk")
    page = page_of(desk, payment)
    assert all(words in page for words in ("The money has come", "What has come, USD", "Cancel the payment"))
    assert "Ask By hand now" not in page

    address = f"{LIST}{payment.pk}/capture/"
    form = {"capture-version": "99", "capture-amount": "20.00"}
    before = all_of(payment)
    for wrong, words in (
        (form, "Somebody else has changed this"),
        (form | {"capture-version": str(payment.version), "capture-amount": "20.01"}, "20.00 can be taken."),
        (form | {"capture-amount": "1,5"}, "Write digits, and a point"),
    ):
        refused = desk.post(address, wrong)
        assert refused.status_code == 200
        assert words in text_of(refused)
        assert f'value="{wrong["capture-amount"]}"' in text_of(refused)
    assert all_of(payment) == before

    answer = desk.post(address, form | {"capture-version": str(payment.version)}, follow=True)
    assert messages_of(answer) == ["The money is taken."]
    assert figures(payment) == ("paid", "20.00", "0.00", "paid")
    assert Order.objects.get(pk=payment.order_id).status == "confirmed"
    assert Operation.objects.get(kind="capture").actor == f"staff:{desk.user.pk}"  # type: ignore[attr-defined]
    page = text_of(answer)
    assert "The money has come" not in page
    assert all(words in page for words in ("A payment of 20.00 USD was begun", "20.00 USD were taken", "Give it back"))
    assert_money_sound()


def test_an_amount_goes_back_with_a_reason_for_staff(staff_pages: Pages) -> None:
    payment, desk = paid(), staff_pages("order desk")
    before = all_of(payment)
    for typed, words in (
        ({}, "Write an amount, or units of lines."),
        ({"amount": "20.01", "reason": "Typed words"}, "20.00 can be refunded."),
        ({"amount": "0"}, "20.00 can be refunded."),
        ({"amount": "1.001"}, "no more than 2 decimal places"),
        ({"amount": "1.00", "restock": "on", "reason": "Typed words"}, "Say which units come back to stock."),
        ({"amount": "1.00", "version": "0", "reason": "Typed words"}, "Somebody else has changed this"),
    ):
        refused = give_back(desk, payment, **typed)
        assert refused.status_code == 200
        assert words in text_of(refused)
        assert typed.get("reason", "") in text_of(refused)
    assert all_of(payment) == before

    answer = give_back(desk, payment, amount="4.50", reason="It came late.")
    assert answer.status_code == 302
    assert messages_of(answer) == ["The money goes back."]
    assert figures(payment) == ("paid", "20.00", "4.50", "partly_refunded")
    page = page_of(desk, payment)
    for words in ("A refund of 4.50 USD was asked for", "For staff: It came late.", "4.50 USD of it nobody was owed"):
        assert words in page
    assert "15.50 USD" in page
    assert_money_sound()


def test_units_go_back_by_what_they_cost_with_their_goods_or_without(staff_pages: Pages) -> None:
    mug = make_article(stock=5)
    order = Order.objects.get(pk=place(make_user(), {mug: 3}).id)
    payment, line, desk = paid(order), order.order_items.get(), staff_pages("order desk")
    units = f"units_{line.pk}"

    give_back(desk, payment, **{units: "1", "restock": "on", "reason": "Not wanted"})
    assert (figures(payment)[2], stock_of(mug)) == ("10.00", (5, 2))
    give_back(desk, payment, **{units: "1"})
    assert (figures(payment)[2], stock_of(mug)) == ("20.00", (5, 2))
    page, before = page_of(desk, payment), all_of(payment)
    assert f"1 x {line.sku}" in page
    refused = give_back(desk, payment, **{units: "2"})
    assert "less than or equal to 1" in text_of(refused)
    both = give_back(desk, payment, **{units: "1", "amount": "1.00"})
    assert "Write an amount or units of lines" in text_of(both)
    assert all_of(payment) == before
    assert_money_sound()


def test_who_may_give_back_how_much(staff_pages: Pages, settings: Any) -> None:
    settings.REFUND_LIMIT = Decimal(5)
    payment = paid()
    desk, boss, keeper = staff_pages("order desk"), staff_pages("administrator"), staff_pages("stock keeper")
    before = all_of(payment)
    refused = give_back(desk, payment, amount="5.01")
    assert "You may refund up to 5 in one step." in text_of(refused)
    assert 'value="5.01"' in text_of(refused)
    assert give_back(keeper, payment, amount="1.00").status_code == 403
    assert keeper.get(LIST).status_code == 403
    assert "<h2>Payments</h2>" not in text_of(keeper.get("/admin/"))
    assert all_of(payment) == before

    give_back(desk, payment, amount="5.00")
    give_back(boss, payment, amount="5.01")
    assert figures(payment)[2] == "10.01"


def test_a_form_posted_twice_gives_back_once(staff_pages: Pages) -> None:
    payment = paid()
    client: Any = Client(enforce_csrf_checks=True)
    client.force_login(make_colleague(is_staff=True, is_superuser=True))
    page = text_of(client.get(f"{LIST}{payment.pk}/change/"))
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    for _ in range(2):
        give_back_once = {"refund-version": str(payment.version), "refund-amount": "4.00", "refund-reason": ""}
        answer = client.post(f"{LIST}{payment.pk}/refund/", give_back_once | {"csrfmiddlewaretoken": token})
        assert answer.status_code == 302
    assert figures(payment)[2] == "4.00"
    assert messages_of(answer)[-1] == "This page was posted twice. It took effect once."


def test_two_people_with_the_same_page_give_back_once(staff_pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    payment, one, other = paid(), staff_pages("order desk"), staff_pages("order desk")
    version = str(Payment.objects.get(pk=payment.pk).version)

    def silence(*_: Any) -> None:
        raise ProviderUnknown

    monkeypatch.setattr(manual, "refund", silence)
    first = give_back(one, payment, amount="4.00", version=version)
    second = give_back(other, payment, amount="4.00", version=version)
    assert messages_of(first)[0].startswith("The provider has not answered yet.")
    assert "Somebody else has changed this" in text_of(second)
    assert Operation.objects.unknown().count() == 1
    page = page_of(one, payment)
    assert "Under way for" in page
    assert "giving 4.00 USD back" in page
    assert "There is no answer yet: asked once" in page


def test_a_refusal_of_the_provider_keeps_what_was_typed_and_can_be_sent_again(
    staff_pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment, desk = paid(), staff_pages("order desk")

    def refuse(*_: Any) -> None:
        raise ProviderRefused("balance", "Your balance is too low.")

    with monkeypatch.context() as broken:
        broken.setattr(manual, "refund", refuse)
        refused = give_back(desk, payment, amount="4.00", reason="Typed words")
    page = text_of(refused)
    assert refused.status_code == 200
    for words in ("By hand says: Your balance is too low.", "Typed words", "The provider refused a refund"):
        assert words in page
    payment.refresh_from_db()
    assert f'name="refund-version" value="{payment.version}"' in page
    assert f"Payment {payment.pk}" in text_of(desk.get(f"{LIST}?needs=person"))

    give_back(desk, payment, amount="4.00", reason="Typed words")
    assert figures(payment)[2] == "4.00"
    assert Payment.objects.get(pk=payment.pk).review == ""
    assert_money_sound()


def test_a_payment_is_cancelled_once(staff_pages: Pages) -> None:
    payment, desk = begun(), staff_pages("order desk")
    address = f"{LIST}{payment.pk}/cancel/"
    assert desk.post(address, {"cancel-version": "0"}).status_code == 200
    assert figures(payment)[0] == "open"
    answer = desk.post(address, {"cancel-version": str(payment.version)})
    assert messages_of(answer) == ["It is cancelled."]
    assert figures(payment)[0] == "cancelled"
    page = page_of(desk, payment)
    assert "Cancel the payment" not in page
    assert "Cancelling the payment was asked for" in page
    late = desk.post(f"{LIST}{payment.pk}/capture/", {"capture-version": "9", "capture-amount": "20.00"})
    assert late.status_code == 200
    assert figures(payment)[0] == "cancelled"


def test_the_list_finds_what_needs_a_person(staff_pages: Pages) -> None:
    fine, odd, disputed = paid(), paid(), begun()
    Payment.objects.filter(pk=odd.pk).update(review="capture_refused")
    hear(disputed)
    due = timezone.now() + timedelta(days=7)
    hear(disputed, disputes=(Disputed("dp_1", "open", Decimal("20.00"), "fraudulent", due),))
    services.refund_payment(order_id=fine.order_id, payment_id=fine.pk, actor=STAFF)
    services.take_notice("manual", Notice("e1", "charge.dispute.created", ref=disputed.provider_ref or ""))
    desk: Any = staff_pages("order desk")

    def listed(query: str) -> list[int]:
        rows = desk.get(f"{LIST}?{query}").context_data["cl"].result_list
        return sorted(row.pk for row in rows)

    assert listed("") == sorted([fine.pk, odd.pk, disputed.pk])
    assert listed("needs=person") == sorted([odd.pk, disputed.pk])
    assert listed("needs=dispute") == [disputed.pk]
    assert listed("needs=provider") == [fine.pk]
    assert listed("provider=stripe") == []
    assert listed("state__exact=paid&provider=manual") == sorted([fine.pk, odd.pk, disputed.pk])
    for query in (Order.objects.get(pk=disputed.order_id).number, "dp_1", disputed.provider_ref):
        assert listed(f"q={query}") == [disputed.pk]
    assert listed("q=dp_") == []

    home: Any = desk.get("/admin/")
    assert home.context_data["money"] == (2, 1, due)
    assert f"to answer by {due:%d %b}" in text_of(home)
    assert all(f"{LIST}?needs={what}" in text_of(home) for what in ("person", "dispute"))
    page = page_of(desk, disputed)
    for words in (
        "Answer it at the provider by",
        "The buyer disputes 20.00 USD",
        "Reason: fraudulent",
        "notified the shop: charge.dispute.created",
        "Nobody has looked into it yet",
    ):
        assert words in page


def test_the_page_of_an_order_shows_its_payments_to_those_who_may_see_them(staff_pages: Pages) -> None:
    order = make_order()
    desk = staff_pages("order desk")
    address = f"/admin/orders/order/{order.pk}/change/"
    assert 'id="payments"' not in text_of(desk.get(address))
    payment = begun(order)
    assert "Being paid" in text_of(desk.get(address))
    hear(payment)
    hear(payment, disputes=(Disputed("dp_1", "open", Decimal("20.00")),))
    page = text_of(desk.get(address))
    for words in (
        f"{LIST}{payment.pk}/change/",
        'class="badge disputed">Disputed',
        "Nothing of this order can be shipped before its dispute is decided.",
        "Captured 20.00 USD",
        "What happened with the money",
        "took 20.00 USD back for a dispute",
    ):
        assert words in page
    orders = "/admin/orders/order/"
    assert 'class="badge disputed">Disputed' in text_of(desk.get(orders))
    assert order.number in text_of(desk.get(f"{orders}?payment_status=disputed"))
    assert order.number not in text_of(desk.get(f"{orders}?payment_status=paid"))


def test_a_shop_that_takes_no_money_shows_none(staff_pages: Pages, settings: Any) -> None:
    settings.MANUAL_PAYMENT_NAME = ""
    make_order()
    desk: Any = staff_pages("order desk")
    assert desk.get("/admin/").context_data["money"] is None
    assert "Unpaid</span>" not in text_of(desk.get("/admin/orders/order/"))


def test_whoever_sees_no_payments_sees_none_on_an_order(staff_pages: Pages) -> None:
    payment = paid()
    reader: Any = staff_pages("order desk")
    group = reader.user.groups.get()
    group.permissions.remove(*group.permissions.filter(content_type__app_label="payments"))
    page = text_of(reader.get(f"/admin/orders/order/{payment.order_id}/change/"))
    assert 'id="payments"' not in page
    assert reader.get(f"{LIST}{payment.pk}/change/").status_code == 403


def test_payouts_are_shown_and_downloaded(staff_pages: Pages) -> None:
    payment, boss = paid(), staff_pages("administrator")
    give_back(boss, payment, amount="4.00")
    page = text_of(boss.get(f"{LIST}payouts/"))
    assert all(f">{amount}</td>" in page for amount in ("20.00", "4.00", "16.00"))
    sheet = boss.get(f"{LIST}payouts/?since=2026-01-01&until=2099-12-31&csv=1")
    assert sheet.headers["Content-Disposition"] == 'attachment; filename="payouts-2026-01-01-2099-12-31.csv"'
    assert "By hand,USD,20.00,4.00,0.00,0.00,0.00,1,16.00" in text_of(sheet)
    wrong = text_of(boss.get(f"{LIST}payouts/?since=2026-02-01&until=2026-01-01&csv=1"))
    assert "The last day is before the first one." in wrong
    assert "Nothing came and nothing went." in text_of(boss.get(f"{LIST}payouts/?since=2020-01-01&until=2020-01-02"))
