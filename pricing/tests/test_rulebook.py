"""The rules that totals are calculated by, as they are read from the tables."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from database.rows import fetch_rows
from events.actors import COMMAND
from pricing import rules, services
from pricing.rulebook import REVISION, current_rules, rules_of
from pricing.tests.factories import make_method, make_promotion, make_tax_rate, make_zone

pytestmark = pytest.mark.django_db


def test_nothing_is_configured_at_first() -> None:
    assert current_rules().is_empty
    assert current_rules().revision == 0


def test_rules_are_what_was_configured(settings: Any) -> None:
    settings.CURRENCY, settings.PRICES_INCLUDE_TAX, settings.SHOP_COUNTRY = "EUR", True, "DE"
    settings.TAX_ROUNDING, settings.SHOP_TIME_ZONE = "order", "Europe/Berlin"
    services.create_tax_class(code="books", name="Books", actor=COMMAND)
    make_tax_rate(tax_class="books", rate=Decimal("7"), valid_from=date(2020, 7, 1), region="BE", city="Berlin")
    zone = make_zone(countries=["AT", "DE", "AT"], regions=["US-ca"])
    make_method(zone_id=zone.pk, free_above=Decimal(50), days_from=1, days_to=3)
    make_method(code="off", is_active=False)
    made = make_promotion(codes=["ten ", "Zehn"], total_limit=3, per_customer=1, category_ids=[5, 4, 5],
                          starts_at=datetime(2026, 12, 1, tzinfo=UTC))  # fmt: skip
    make_promotion(codes=["OFF"], is_active=False)
    found = current_rules()
    assert found == rules.Rules(
        revision=found.revision,
        currency="EUR",
        prices_include_tax=True,
        tax_rounding="order",
        shop_country="DE",
        time_zone="Europe/Berlin",
        tax_rates=(
            rules.TaxRate("VAT", Decimal("7.0000"), "DE", "BE", "", "", "Berlin", "books", date(2020, 7, 1)),
        ),
        zones=(rules.Zone(zone.pk, "Near", frozenset({("DE", ""), ("AT", ""), ("US", "CA")})),),
        methods=(
            rules.Method("parcel", "Parcel", zone.pk, "total", (rules.Step(Decimal(0), Decimal("4.90")),), 1, 3,
                         free_above=Decimal(50), position=1),
        ),
        promotions=(
            rules.Promotion(made.pk, "Ten percent", "percent", Decimal(10), category_ids=frozenset({4, 5}),
                            starts_at=datetime(2026, 12, 1, tzinfo=UTC), limited=True, per_customer=1),
        ),
        coupons={"TEN": made.pk, "ZEHN": made.pk},
    )  # fmt: skip


def test_an_edit_is_seen_at_once(django_assert_num_queries: Any) -> None:
    rate = make_tax_rate()
    before = current_rules()
    services.update_tax_rate(tax_rate_id=rate.pk, rate=Decimal(16), actor=COMMAND)
    assert [each.rate for each in current_rules().tax_rates] == [16]
    assert current_rules().revision != before.revision


def test_the_revision_is_read_along_in_the_statement_of_another() -> None:
    make_tax_rate()
    [[one, revision]] = fetch_rows(f"select 1, {REVISION}", {})
    assert one == 1
    assert rules_of(revision) is rules_of(revision)
    assert [each.name for each in rules_of(revision).tax_rates] == ["VAT"]


def test_a_changed_setting_is_seen_at_once(settings: Any) -> None:
    make_tax_rate()
    assert not current_rules().prices_include_tax
    settings.PRICES_INCLUDE_TAX = True
    assert current_rules().prices_include_tax
