"""Uses of promotions: each once, never more than the limits allow, and given back."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from database.transactions import Overtaken
from events.actors import COMMAND
from pricing import services
from pricing.exceptions import CouponNotValid
from pricing.limits import open_to
from pricing.models import Promotion, Redemption, Slot
from pricing.rulebook import current_rules
from pricing.tests.factories import discount_of, make_promotion, use
from pricing.totals import PricedLine, totals

pytestmark = pytest.mark.django_db


def open_uses() -> list[str]:
    return list(Redemption.objects.filter(given_back_at=None).order_by("pk").values_list("reference", flat=True))


def test_a_use_takes_a_slot_and_giving_it_back_frees_it() -> None:
    made = make_promotion(total_limit=2)
    use(made, "a")
    assert (open_uses(), Slot.objects.count()) == (["a"], 1)
    services.give_back(reference="a")
    assert (open_uses(), Slot.objects.count()) == ([], 2)


def test_using_and_giving_back_may_be_repeated() -> None:
    made = make_promotion(total_limit=2, per_customer=1)
    use(made, "a")
    use(made, "a")
    assert (open_uses(), Slot.objects.count()) == (["a"], 1)
    services.give_back(reference="a")
    services.give_back(reference="a")
    assert (open_uses(), Slot.objects.count()) == ([], 2)
    use(made, "a")
    assert (open_uses(), Slot.objects.count()) == (["a"], 1)


def test_a_promotion_that_is_used_up_is_refused() -> None:
    made = make_promotion(total_limit=1)
    use(made, "a")
    with pytest.raises(CouponNotValid) as refused:
        use(made, "b", customer="user:2")
    assert (refused.value.code, refused.value.coupon, refused.value.reason) == ("coupon_not_valid", "TEN", "used_up")
    assert refused.value.document()["detail"] == "This coupon was used as often as it may be."
    assert (open_uses(), Slot.objects.count()) == (["a"], 0)


def test_one_customer_uses_a_promotion_as_often_as_it_says() -> None:
    made = make_promotion(per_customer=2)
    use(made, "a", customer="email:Ann@example.com")
    use(made, "b", customer="email:ann@example.com ")
    with pytest.raises(CouponNotValid) as refused:
        use(made, "c", customer="email:ann@example.com")
    assert refused.value.reason == "used_by_customer"
    use(made, "d", customer="email:bob@example.com")
    assert open_uses() == ["a", "b", "d"]
    services.give_back(reference="a")
    use(made, "c", customer="email:ann@example.com")
    assert open_uses() == ["b", "d", "c"]


def test_no_address_is_kept() -> None:
    use(make_promotion(), "a", customer="email:ann@example.com")
    assert "ann" not in Redemption.objects.get().customer
    assert len(Redemption.objects.get().customer) == 64


def test_limits_are_those_of_now_and_not_of_the_basket() -> None:
    made = make_promotion()
    before = discount_of(made)
    services.update_promotion(promotion_id=made.pk, total_limit=1, actor=COMMAND)
    with transaction.atomic():
        services.redeem(reference="a", discounts=[before], customer="user:1")
    assert Slot.objects.count() == 0
    with pytest.raises(CouponNotValid), transaction.atomic():
        services.redeem(reference="b", discounts=[before], customer="user:2")
    assert open_uses() == ["a"]


def test_what_takes_nothing_off_is_no_use() -> None:
    made = make_promotion(kind="free_shipping", total_limit=1)
    with transaction.atomic():
        services.redeem(reference="a", discounts=[replace(discount_of(made), amount=Decimal(0))], customer="user:1")
    assert (open_uses(), Slot.objects.count()) == ([], 1)


def test_an_automatic_promotion_without_limits_is_not_counted() -> None:
    made = make_promotion(automatic=True, codes=[])
    with transaction.atomic():
        services.redeem(reference="a", discounts=[discount_of(made, code="")], customer="user:1")
    assert open_uses() == []


def test_several_promotions_are_used_together_or_not_at_all() -> None:
    first, second = make_promotion(total_limit=1), make_promotion(codes=["NINE"], total_limit=1)
    use(second, "a")
    with pytest.raises(CouponNotValid), transaction.atomic():
        services.redeem(reference="b", discounts=[discount_of(second, "NINE"), discount_of(first)], customer="user:2")
    assert open_uses() == ["a"]
    services.give_back(reference="a")
    with transaction.atomic():
        services.redeem(reference="b", discounts=[discount_of(second, "NINE"), discount_of(first)], customer="user:2")
    assert (open_uses(), Slot.objects.count()) == (["b", "b"], 0)


def test_a_deleted_promotion_is_unknown() -> None:
    made = make_promotion()
    discount = discount_of(made)
    services.delete_promotion(promotion_id=made.pk, actor=COMMAND)
    with pytest.raises(CouponNotValid) as refused, transaction.atomic():
        services.redeem(reference="a", discounts=[discount], customer="user:1")
    assert refused.value.reason == "unknown"
    assert not Promotion.objects.exists()


def reasons(customer: str = "") -> Mapping[int, str]:
    return open_to(current_rules(), customer).reached


def test_what_is_used_up_does_not_count_in_the_next_basket() -> None:
    gift = make_promotion(automatic=True, codes=[], total_limit=1)
    coupon = make_promotion(total_limit=1)
    once = make_promotion(codes=["ONCE"], per_customer=1)
    assert reasons("user:1") == {}
    with transaction.atomic():
        discounts = [discount_of(gift, ""), discount_of(coupon), discount_of(once, "ONCE")]
        services.redeem(reference="a", discounts=discounts, customer="user:1")
    used_up = {gift.pk: "used_up", coupon.pk: "used_up"}
    assert reasons("USER:1 ") == used_up | {once.pk: "used_by_customer"}
    assert reasons("user:2") == reasons() == used_up
    mug = PricedLine(1, 1, frozenset(), "", Decimal(10), 1, 0)
    rules = open_to(current_rules(), "user:1")
    costs = totals(lines=[mug], destination=None, method="", coupons=["TEN", "ONCE"], rules=rules, at=timezone.now())
    assert costs.discount == 0
    assert costs.discounts == ()
    assert {each.code: each.reason for each in costs.refused} == {"TEN": "used_up", "ONCE": "used_by_customer"}
    services.give_back(reference="a")
    assert reasons("user:1") == {}


def test_without_limits_nothing_is_asked(django_assert_num_queries: Any) -> None:
    make_promotion()
    rules = current_rules()
    with django_assert_num_queries(0):
        assert open_to(rules, "user:1") is rules


def test_a_promotion_without_coupon_that_is_gone_lets_the_unit_run_again() -> None:
    gift = make_promotion(automatic=True, codes=[], total_limit=1)
    with transaction.atomic():
        services.redeem(reference="a", discounts=[discount_of(gift, "")], customer="user:1")
    with pytest.raises(Overtaken), transaction.atomic():
        services.redeem(reference="b", discounts=[discount_of(gift, "")], customer="user:2")
    assert open_uses() == ["a"]


@pytest.mark.django_db(transaction=True)
def test_a_use_outside_a_transaction_is_refused() -> None:
    made = make_promotion()
    with pytest.raises(TransactionManagementError):
        services.redeem(reference="a", discounts=[discount_of(made)], customer="user:1")
    assert open_uses() == []
