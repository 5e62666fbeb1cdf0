"""What staff edit: with a version, a word in the journal that has before and after, and clear refusals."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from database.refusals import NotFound, Refusal, VersionMismatch
from events.actors import COMMAND
from events.models import Event
from pricing import services
from pricing.exceptions import (
    AlreadyUsed,
    CodeTaken,
    CouponTaken,
    LimitBelowUses,
    NameTaken,
    StillUsed,
    TaxRateOverlaps,
    UnknownTaxClass,
)
from pricing.models import Coupon, Promotion, Revision, ShippingMethod, Slot, TaxClass, TaxRate, Zone
from pricing.rulebook import current_rules
from pricing.tests.factories import make_method, make_promotion, make_tax_rate, make_zone, use

pytestmark = pytest.mark.django_db


def changes_of(kind: str) -> Any:
    """What the one event of a kind says has changed."""
    return Event.objects.get(kind=f"pricing.{kind}").payload["changes"]


def revision() -> int:
    return current_rules().revision


def test_a_rate_is_edited_with_before_and_after() -> None:
    rate = make_tax_rate()
    before = revision()
    services.update_tax_rate(
        tax_rate_id=rate.pk, rate=Decimal(16), valid_from=date(2020, 7, 1), expected_version=1, actor=COMMAND
    )
    rate.refresh_from_db()
    assert rate.rate == 16
    assert (rate.valid.lower, rate.valid.upper, rate.version) == (date(2020, 7, 1), None, 2)
    assert changes_of("tax_rate_updated") == {
        "rate": ["19.0000", "16"],
        "valid": ["(None, None)", "[2020-07-01, None)"],
    }
    assert revision() != before


def test_the_values_that_a_rate_has_change_nothing() -> None:
    rate = make_tax_rate(city="Bonn")
    services.update_tax_rate(tax_rate_id=rate.pk, rate=Decimal(19), city="Bonn ", valid_until=None, actor=COMMAND)
    assert TaxRate.objects.get().version == 1
    assert not Event.objects.filter(kind="pricing.tax_rate_updated").exists()


def test_an_edit_of_an_older_version_is_refused() -> None:
    zone = make_zone()
    services.update_zone(zone_id=zone.pk, name="Nearer", actor=COMMAND)
    before = revision()
    with pytest.raises(VersionMismatch):
        services.update_zone(zone_id=zone.pk, name="Far", expected_version=1, actor=COMMAND)
    assert Zone.objects.get().name == "Nearer"
    assert revision() == before


@pytest.mark.parametrize(
    "columns",
    [{}, {"name": "vat"}, {"valid_from": date(2020, 1, 1)}, {"rate": Decimal(7)}],
    ids=["the same", "in other case", "later", "another rate"],
)
def test_a_tax_is_valid_once_in_a_place_at_a_time(columns: dict[str, Any]) -> None:
    make_tax_rate()
    with pytest.raises(TaxRateOverlaps):
        make_tax_rate(**columns)
    assert TaxRate.objects.count() == 1


def test_a_tax_may_change_and_differ_from_place_to_place() -> None:
    services.create_tax_class(code="books", name="Books", actor=COMMAND)
    make_tax_rate(valid_until=date(2020, 7, 1))
    make_tax_rate(rate=Decimal(16), valid_from=date(2020, 7, 1), valid_until=date(2021, 1, 1))
    make_tax_rate(rate=Decimal(7), tax_class="books")
    make_tax_rate(rate=Decimal(0), region="HE")
    make_tax_rate(rate=Decimal(0), city="Busingen")
    make_tax_rate(rate=Decimal(0), postal_from="78266")
    make_tax_rate(rate=Decimal(0), postal_from="27498", postal_to="27499")
    make_tax_rate(rate=Decimal(0), name="Other")
    assert TaxRate.objects.count() == 8


@pytest.mark.parametrize(
    "columns",
    [
        {"rate": Decimal(-1)},
        {"rate": Decimal(100)},
        {"rate": Decimal("19.00001")},
        {"country": "Germany"},
        {"region": "x" * 21},
        {"name": " "},
        {"valid_from": date(2020, 1, 2), "valid_until": date(2020, 1, 1)},
        {"postal_to": "90210"},
        {"postal_from": "90211", "postal_to": "90210"},
    ],
    ids=str,
)
def test_a_rate_that_makes_no_sense_is_refused(columns: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_tax_rate(**columns)
    assert not TaxRate.objects.exists()
    assert revision() == 0


def test_many_rates_are_made_all_or_none() -> None:
    row = services.RateInput(name="CA state", rate=Decimal("7.25"), country="US", region="CA")
    with pytest.raises(TaxRateOverlaps) as refused:
        services.create_tax_rates(rates=[row, services.RateInput(**row | {"region": "NV"}), row], actor=COMMAND)
    assert refused.value.row == 3  # type: ignore[attr-defined]
    assert not TaxRate.objects.exists()


def test_a_class_that_rates_or_methods_name_stays() -> None:
    row = services.create_tax_class(code="books", name="Books", actor=COMMAND)
    make_tax_rate(tax_class="books")
    with pytest.raises(StillUsed):
        services.delete_tax_class(tax_class_id=row.pk, actor=COMMAND)
    assert TaxClass.objects.exists()
    services.delete_tax_rate(tax_rate_id=TaxRate.objects.get().pk, actor=COMMAND)
    services.delete_tax_class(tax_class_id=row.pk, actor=COMMAND)
    assert not TaxClass.objects.exists()


def test_a_method_is_edited_with_all_its_rates() -> None:
    method = make_method(basis="weight", steps=[(Decimal(0), Decimal("4.90")), (Decimal(5000), Decimal("9.90"))])
    services.update_shipping_method(
        method_id=method.pk,
        steps=[(Decimal(31500), None), (Decimal(0), Decimal("5.90"))],
        expected_version=1,
        actor=COMMAND,
    )
    method.refresh_from_db()
    assert method.version == 2
    assert [(rate.from_value, rate.price) for rate in method.rates.all()] == [
        (Decimal(0), Decimal("5.90")),
        (Decimal(31500), None),
    ]
    assert changes_of("shipping_method_updated") == {
        "steps": [["from 0: 4.90", "from 5000: 9.90"], ["from 0: 5.90", "from 31500: not offered"]]
    }


def test_rates_with_the_same_value_are_refused() -> None:
    with pytest.raises(ValidationError):
        make_method(steps=[(Decimal(5), Decimal(1)), (Decimal("5.0"), Decimal(2))])
    assert not ShippingMethod.objects.exists()


def test_a_zone_that_methods_lead_to_stays() -> None:
    zone = make_zone()
    make_method(zone_id=zone.pk)
    with pytest.raises(StillUsed):
        services.delete_zone(zone_id=zone.pk, actor=COMMAND)
    assert Zone.objects.exists()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: make_tax_rate(country="XX"), "XX is no country code."),
        (lambda: make_zone(countries=["DE", "QQ"]), "QQ is no country code."),
        (lambda: make_zone(countries=["SWITZERLAND"]), "SWITZERLAND is no country code. Write CH."),
        (lambda: make_zone(regions=["QQ-CA"]), "QQ is no country code."),
        (lambda: make_zone(regions=["CA"]), "CA is no region. Write its country and its code, such as US-CA."),
        (lambda: make_zone(countries=[]), "Name a country or a region."),
    ],
    ids=["rate", "zone", "name", "region's country", "region", "no place"],
)
def test_places_that_do_not_exist_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        make()
    assert refused.value.messages == [message]
    assert not TaxRate.objects.exists()
    assert not Zone.objects.exists()


def test_a_zone_keeps_a_place() -> None:
    zone = make_zone()
    with pytest.raises(ValidationError, match=r"Name a country or a region\."):
        services.update_zone(zone_id=zone.pk, countries=[], actor=COMMAND)
    zone.refresh_from_db()
    assert (zone.countries, zone.version) == (["AT", "DE"], 1)


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (lambda: services.create_tax_class(code="books", name="Other", actor=COMMAND), CodeTaken),
        (lambda: make_method(), CodeTaken),
        (lambda: make_zone(), NameTaken),
        (lambda: make_promotion(name="Other"), CouponTaken),
        (lambda: make_tax_rate(tax_class="wine"), UnknownTaxClass),
        (lambda: services.update_zone(zone_id=0, name="x", actor=COMMAND), NotFound),
    ],
    ids=["class", "method", "zone", "coupon", "unknown class", "unknown zone"],
)
def test_what_is_taken_or_unknown_is_refused(make: Callable[[], object], refusal: type[Refusal]) -> None:
    services.create_tax_class(code="books", name="Books", actor=COMMAND)
    make_method()
    make_zone()
    make_promotion()
    before = revision()
    with pytest.raises(refusal):
        make()
    assert revision() == before
    assert [model.objects.count() for model in (TaxClass, ShippingMethod, Zone, Promotion)] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "columns",
    [
        {"value": Decimal(0)},
        {"value": Decimal("100.01")},
        {"kind": "fixed", "value": Decimal(0)},
        {"kind": "fixed", "value": Decimal("5.005")},
        {"kind": "buy_x_get_y", "buy": 0, "get": 1},
        {"kind": "gift"},
        {"starts_at": datetime(2026, 1, 2, tzinfo=UTC), "ends_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"codes": []},
        {"codes": ["no blanks"]},
        {"automatic": True},
        {"total_limit": 0},
        {"per_customer": 0},
    ],
    ids=str,
)
def test_a_promotion_that_makes_no_sense_is_refused(columns: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_promotion(**columns)
    assert not Promotion.objects.exists()


def test_codes_are_replaced_and_told() -> None:
    made = make_promotion(codes=["ten", "zehn"])
    services.update_promotion(promotion_id=made.pk, codes=["dix", "Ten"], actor=COMMAND)
    assert list(Coupon.objects.values_list("code", flat=True)) == ["DIX", "TEN"]
    assert changes_of("promotion_updated") == {"codes": [["TEN", "ZEHN"], ["DIX", "TEN"]]}
    assert Promotion.objects.get().version == 2


def test_a_limit_is_as_many_slots_as_are_left() -> None:
    made = make_promotion()
    use(made, "one")
    use(made, "two")
    services.update_promotion(promotion_id=made.pk, total_limit=5, actor=COMMAND)
    assert Slot.objects.count() == 3
    with pytest.raises(LimitBelowUses):
        services.update_promotion(promotion_id=made.pk, total_limit=1, actor=COMMAND)
    assert Slot.objects.count() == 3
    services.update_promotion(promotion_id=made.pk, total_limit=2, actor=COMMAND)
    assert Slot.objects.count() == 0
    services.update_promotion(promotion_id=made.pk, total_limit=None, actor=COMMAND)
    assert Slot.objects.count() == 0


def test_a_promotion_that_was_used_is_not_deleted() -> None:
    made = make_promotion(total_limit=2)
    use(made, "one")
    services.give_back(reference="one")
    with pytest.raises(AlreadyUsed, match=r"It was used\. Switch it off instead\."):
        services.delete_promotion(promotion_id=made.pk, actor=COMMAND)
    assert Promotion.objects.exists()
    unused = make_promotion(codes=["OTHER"], total_limit=2)
    services.delete_promotion(promotion_id=unused.pk, actor=COMMAND)
    assert list(Promotion.objects.values_list("pk", flat=True)) == [made.pk]
    assert not Coupon.objects.filter(code="OTHER").exists()


def test_there_is_one_revision() -> None:
    make_zone()
    make_tax_rate()
    assert Revision.objects.count() == 1
