"""Segments: each rule against people who fit and people who do not."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from accounts.tests.factories import make_user
from catalog.tests.factories import make_category
from events.models import Event
from marketing import services
from marketing.exceptions import BadRule, SegmentInUse, SegmentNameTaken
from marketing.models import Consent
from marketing.rules import checked_rules, in_words
from marketing.tests.factories import BOSS, PAGE, make_campaign, make_consent, make_segment
from orders.models import Order
from orders.services import cancel_order, confirm_order
from orders.tests.factories import make_article, place

pytestmark = pytest.mark.django_db


class Shop:
    """Ann has bought a mug lately, Bob a chair long ago, a guest a mug; Cy has bought nothing, Di has not agreed."""

    def __init__(self) -> None:
        self.kitchen = make_category("Kitchen")
        self.cups = make_category("Cups", parent=self.kitchen.slug)
        self.mug, self.chair = make_article(stock=99, sku="MUG"), make_article(stock=99, sku="CHAIR")
        self.mug.product.category = self.cups
        self.mug.product.save()
        self.people = {
            name: make_user(email=f"{name}@example.com", email_confirmed_at=Now())
            for name in ("ann", "bob", "cy", "di")
        }
        self.bought("ann", self.mug, 3, days=5)
        self.bought("bob", self.chair, 1, days=100, country_code="AT")
        self.bought("di", self.mug, 9, days=1)
        self.bought_by_guest()
        for name in ("ann", "bob", "cy", "guest"):
            make_consent(f"{name}@example.com")

    def bought(self, name: str, article: Any, units: int, *, days: int, **fields: Any) -> Order:
        order = Order.objects.get(pk=place(self.people[name], {article: units}).id)
        confirm_order(order_id=order.pk, actor=BOSS)
        since = Now() - timedelta(days=days)
        Order.objects.filter(pk=order.pk).update(order_date=since, **{"country_code": "DE"} | fields)
        return order

    def bought_by_guest(self) -> Order:
        order = self.bought("cy", self.mug, 1, days=2)
        Order.objects.filter(pk=order.pk).update(user=None, email="guest@example.com")
        return order


@pytest.fixture
def shop() -> Shop:
    return Shop()


def chosen(**rules: Any) -> set[str]:
    """Whom these rules choose: the recipients of a campaign that is started now."""
    segment = make_segment(f"Segment {len(rules)}", **rules)
    count = services.count_of(segment.rules)
    if not count:
        segment.delete()
        return set()
    campaign = make_campaign(segment)
    assert services.start_campaign(campaign_id=campaign.pk, actor=BOSS) == count
    emails = set(Consent.objects.filter(pk__in=campaign.recipients.values("consent")).values_list("email", flat=True))
    return {email.partition("@")[0] for email in emails}


def test_without_rules_it_is_everybody_who_wants_news(shop: Shop) -> None:
    assert chosen() == {"ann", "bob", "cy", "guest"}


def test_products(shop: Shop) -> None:
    assert chosen(products=[shop.mug.product_id]) == {"ann", "guest"}


def test_categories_with_what_lies_below(shop: Shop) -> None:
    assert chosen(categories=[shop.kitchen.pk]) == {"ann", "guest"}


def test_products_within_days(shop: Shop) -> None:
    assert chosen(products=[shop.mug.product_id], within_days=3) == {"guest"}


def test_anything_within_days(shop: Shop) -> None:
    assert checked_rules({"within_days": 10}) == {"bought_anything": True, "within_days": 10}
    assert chosen(within_days=10) == {"ann", "guest"}


def test_anything_ever(shop: Shop) -> None:
    assert chosen(bought_anything=True) == {"ann", "bob", "guest"}


def test_nothing_since(shop: Shop) -> None:
    assert chosen(not_bought_for_days=30) == {"bob", "cy"}


def test_spent(shop: Shop) -> None:
    total = Order.objects.get(user=shop.people["ann"]).total_amount
    assert chosen(spent_at_least=str(total)) == {"ann"}


def test_countries(shop: Shop) -> None:
    assert chosen(countries=["AT"]) == {"bob"}


def test_all_rules_together(shop: Shop) -> None:
    assert chosen(products=[shop.mug.product_id], not_bought_for_days=3, countries=["DE"]) == {"ann"}


def test_what_was_cancelled_was_not_bought(shop: Shop) -> None:
    cancel_order(order_id=Order.objects.get(user=shop.people["ann"]).pk, actor=BOSS)
    assert chosen(products=[shop.mug.product_id]) == {"guest"}


def test_topics_and_withdrawals_count(shop: Shop) -> None:
    ann = Consent.objects.get(email="ann@example.com")
    services.choose(consent_id=ann.pk, topics=["cart_reminders"], way=PAGE)
    services.withdraw(consent_id=Consent.objects.get(email="bob@example.com").pk, way=PAGE)
    assert chosen() == {"cy", "guest"}


@pytest.mark.parametrize(
    "rules",
    [
        {"sql": "1=1"},
        {"products": [4711]},
        {"products": ["1) or (1=1"]},
        {"products": "1"},
        {"categories": [True]},
        {"within_days": 0},
        {"within_days": "30"},
        {"within_days": True},
        {"not_bought_for_days": 10**9},
        {"spent_at_least": "NaN"},
        {"spent_at_least": "-1"},
        {"spent_at_least": "much"},
        {"countries": ["ZZ"]},
        {"countries": "DE"},
        {"bought_anything": "yes"},
    ],
)
def test_a_rule_that_says_nothing_is_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(BadRule):
        checked_rules(rules)


def test_rules_in_words(shop: Shop) -> None:
    rules = {"products": [shop.mug.product_id], "within_days": 3, "spent_at_least": "9", "countries": ["DE"]}
    said = in_words(checked_rules(rules | {"not_bought_for_days": 1, "categories": [shop.cups.pk]}))
    assert len(said) == 5
    assert said[0].endswith("in the last 3 days")


def test_a_segment_is_edited_told_and_deleted_unless_a_campaign_names_it() -> None:
    segment, other = make_segment("Lately"), make_segment("Other")
    services.update_segment(segment_id=segment.pk, changes={"rules": {"within_days": 30}}, actor=BOSS)
    with pytest.raises(SegmentNameTaken):
        services.update_segment(segment_id=segment.pk, changes={"name": "Other"}, actor=BOSS)
    make_campaign(segment)
    with pytest.raises(SegmentInUse):
        services.delete_segment(segment_id=segment.pk, actor=BOSS)
    services.delete_segment(segment_id=other.pk, actor=BOSS)
    kinds = list(Event.objects.filter(kind__startswith="segment.").order_by("id").values_list("kind", flat=True))
    assert kinds == ["segment.created", "segment.created", "segment.updated", "segment.deleted"]
