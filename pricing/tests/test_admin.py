"""What is charged, written by staff: taxes, shipping and promotions, and the page that tries a basket out."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from catalog.services import plan_price
from catalog.tests.factories import make_category, make_product, variant_of
from events.actors import COMMAND
from pricing import services
from pricing.models import Promotion, ShippingMethod, TaxClass, TaxRate, Zone
from pricing.tests.factories import make_method, make_promotion, make_zone, use
from staff.tests.pages import form_on, messages_of, send

pytestmark = pytest.mark.django_db
PAGES = "/admin/pricing/"


@pytest.fixture
def keeper(staff_pages: Callable[..., Any]) -> Any:
    """A shop keeper."""
    return staff_pages("administrator")


def test_a_tax_class_is_made_renamed_and_kept_while_it_is_used(keeper: Any) -> None:
    send(keeper, f"{PAGES}taxclass/add/", "name", name="Books", code="books")
    books = TaxClass.objects.get()
    send(keeper, f"{PAGES}taxclass/{books.pk}/change/", "name", name="Books and maps")
    books.refresh_from_db()
    assert (books.code, books.name, books.version) == ("books", "Books and maps", 2)
    services.create_tax_rate(name="VAT", rate=Decimal(7), country="DE", tax_class="books", actor=COMMAND)
    keeper.post(f"{PAGES}taxclass/{books.pk}/delete/", {"post": "yes"})
    assert TaxClass.objects.exists()
    make_product(tax_class="books")
    page = keeper.get(f"{PAGES}taxclass/").content.decode()
    assert '<td class="field-rates">1</td><td class="field-products">1</td>' in page


def test_a_tax_rate_is_made_and_ends(keeper: Any) -> None:
    send(keeper, f"{PAGES}taxrate/add/", "name", name="VAT", rate="19", country="de")
    rate = TaxRate.objects.get()
    assert (rate.country, rate.rate, rate.valid.lower, rate.valid.upper) == ("DE", Decimal(19), None, None)
    send(keeper, f"{PAGES}taxrate/{rate.pk}/change/", "name", valid_until="2027-01-01")
    rate.refresh_from_db()
    assert (rate.valid.lower, str(rate.valid.upper)) == (None, "2027-01-01")
    answer = send(keeper, f"{PAGES}taxrate/add/", "name", name="VAT", rate="20", country="DE")
    assert answer.status_code == 200
    assert TaxRate.objects.count() == 1


def test_a_table_of_rates_is_checked_and_then_imported(keeper: Any) -> None:
    def post(table: str, **ticked: str) -> Any:
        file = SimpleUploadedFile("rates.csv", table.encode())
        return keeper.post(f"{PAGES}taxrate/import/", {"file": file, **ticked})

    table = "country,name,rate\nDE,VAT,19\nAT,VAT,20\n"
    checked = post(table, only_check="on").content.decode()
    assert "2 rates can be imported. Nothing was written yet." in checked
    assert not TaxRate.objects.exists()
    wrong = post(f"{table}FR,VAT,much\n")
    assert [(error.line, error.message[:4]) for error in wrong.context_data["wrong"].errors] == [(4, "rate")]
    assert not TaxRate.objects.exists()
    assert messages_of(post(table)) == ["2 rates imported."]
    assert TaxRate.objects.count() == 2


def test_a_zone_and_a_method_with_its_rates_are_made_and_changed(keeper: Any) -> None:
    send(keeper, f"{PAGES}zone/add/", "name", name="Alps", countries="AT, CH", regions="DE-BY")
    zone = Zone.objects.get()
    assert (zone.countries, zone.regions) == (["AT", "CH"], ["DE-BY"])
    rates = {"rates-0-from_value": "0", "rates-0-price": "4.90", "rates-1-from_value": "5000", "rates-1-price": "9.90"}
    address = f"{PAGES}shippingmethod/add/"
    send(keeper, address, "code", code="post", name="Post", zone=str(zone.pk), basis="weight", **rates)
    method = ShippingMethod.objects.get()
    assert (method.zone, [str(rate) for rate in method.rates.all()]) == (zone, ["from 0: 4.90", "from 5000: 9.90"])
    page = f"{PAGES}shippingmethod/{method.pk}/change/"
    send(keeper, page, "name", **{"name": "Parcel", "rates-1-price": ""})
    method.refresh_from_db()
    assert (method.name, method.version) == ("Parcel", 2)
    assert [str(rate) for rate in method.rates.all()] == ["from 0: 4.90", "from 5000: not offered"]
    assert "4.90 from 0 g, not offered from 5000 g" in keeper.get(f"{PAGES}shippingmethod/").content.decode()


def test_a_method_that_somebody_else_has_changed_is_not_overwritten(keeper: Any) -> None:
    method = services.create_shipping_method(code="post", name="Post", steps=[(Decimal(0), Decimal(5))], actor=COMMAND)
    send(keeper, f"{PAGES}shippingmethod/{method.pk}/change/", "name", seen_version="7", name="Parcel")
    method.refresh_from_db()
    assert method.name == "Post"


def test_a_promotion_is_made_with_its_coupons_articles_and_categories(keeper: Any) -> None:
    chairs = make_category("Chairs")
    product = make_product(sku="STOOL")
    send(
        keeper,
        f"{PAGES}promotion/add/",
        "codes",
        name="Ten off",
        kind="percent",
        value="10",
        codes="ten\nTEN\n\nzehn",
        products="stool",
        categories=[str(chairs.pk)],
        total_limit="50",
    )
    promotion = Promotion.objects.get()
    assert (promotion.product_ids, promotion.category_ids) == ([product.pk], [chairs.pk])
    assert sorted(promotion.coupons.values_list("code", flat=True)) == ["TEN", "ZEHN"]
    listed = keeper.get(f"{PAGES}promotion/").content.decode()
    for said in ("10 % off", "TEN, ZEHN", "0 of 50", "counts"):
        assert said in listed
    page = f"{PAGES}promotion/{promotion.pk}/change/"
    assert form_on(keeper, page, "codes")["products"] == ["STOOL"]
    send(keeper, page, "codes", value="15", is_active=[])
    promotion.refresh_from_db()
    assert (promotion.value, promotion.is_active, promotion.version) == (Decimal(15), False, 2)
    answer = send(keeper, page, "codes", products="no-such-sku")
    assert answer.context_data["adminform"].form.errors["products"] == ["No article has the SKU no-such-sku."]


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"kind": "percent", "value": "0"}, {"value": ["A percentage is above 0 and at most 100."]}),
        ({"kind": "fixed", "value": "0"}, {"value": ["An amount is above 0."]}),
        ({"kind": "buy_x_get_y", "value": "100", "buy": "2"}, {"get": ["What one gets is at least one unit."]}),
        ({"kind": "buy_x_get_y", "value": "100", "get": "1"}, {"buy": ["What is bought is at least one unit."]}),
    ],
    ids=["percent", "fixed", "get", "buy"],
)
def test_the_one_rule_that_a_promotion_breaks_is_said_on_its_field(
    keeper: Any, typed: dict[str, str], errors: dict[str, list[str]]
) -> None:
    answer = send(keeper, f"{PAGES}promotion/add/", "codes", name="Ten off", codes="TEN", **typed)
    assert answer.context_data["adminform"].form.errors == errors
    assert not Promotion.objects.exists()


def test_what_cannot_be_meant_is_said_on_the_page(keeper: Any) -> None:
    answer = send(keeper, f"{PAGES}promotion/add/", "codes", name="Ten off", kind="percent", value="10")
    assert answer.context_data["adminform"].form.errors == {"codes": ["Without a code nobody can use it."]}
    rates = {"rates-0-from_value": "0", "rates-0-price": "4.90", "rates-1-from_value": "0", "rates-1-price": "9.90"}
    answer = send(keeper, f"{PAGES}shippingmethod/add/", "code", code="post", name="Post", **rates)
    assert answer.status_code == 200
    assert not Promotion.objects.exists()
    assert not ShippingMethod.objects.exists()


@pytest.fixture
def shop(settings: Any) -> None:
    """Prices without tax, one tax, one method, one coupon, one article."""
    settings.PRICES_INCLUDE_TAX, settings.TAX_ROUNDING, settings.SHOP_COUNTRY = False, "line", "DE"
    services.create_tax_rate(name="VAT", rate=Decimal(20), country="AT", actor=COMMAND)
    zone = services.create_zone(name="Alps", countries=["AT"], actor=COMMAND)
    services.create_shipping_method(
        code="post", name="Post", zone_id=zone.pk, steps=[(Decimal(0), Decimal("5.00"))], actor=COMMAND
    )
    services.create_promotion(name="Ten off", kind="percent", value=Decimal(10), codes=["TEN"], actor=COMMAND)
    make_product("Stool", price="20.00", sku="STOOL")


def tried(keeper: Any, **fields: str) -> Any:
    """The page with these fields filled in."""
    lines = {"lines-TOTAL_FORMS": "4", "lines-INITIAL_FORMS": "0", "lines-0-sku": "stool", "lines-0-quantity": "2"}
    return keeper.get(f"{PAGES}promotion/tryout/", lines | fields)


def test_a_basket_is_tried_out_with_shipping_tax_and_a_coupon(keeper: Any, shop: None) -> None:
    page = tried(keeper, country="at", method="post", codes="ten, none").context_data
    totals = page["result"].totals
    assert (totals.items, totals.discount, totals.shipping, totals.tax, totals.total) == (
        Decimal("40.00"), Decimal("4.00"), Decimal("5.00"), Decimal("8.20"), Decimal("49.20")
    )  # fmt: skip
    assert page["refused"] == [("NONE", "There is no such coupon.")]
    assert [(offer.code, offer.price) for offer in page["result"].offers] == [("post", Decimal("5.00"))]
    html = tried(keeper, country="at", method="post", codes="ten").content.decode()
    for said in ("It costs 49.20 USD", "Ten off (TEN)", "VAT 20 %", "Post"):
        assert said in html


def test_a_vat_id_reverses_the_charge_and_a_wrong_one_is_said(keeper: Any, shop: None) -> None:
    right = tried(keeper, country="AT", vat_id="ATU13585627").context_data
    assert (right["result"].totals.reverse_charge, right["result"].totals.tax) == (True, Decimal("0.00"))
    wrong = tried(keeper, country="AT", vat_id="ATU13585628").context_data
    assert (wrong["result"].totals.reverse_charge, list(wrong["form"].errors)) == (False, ["vat_id"])


def test_a_moment_to_come_has_its_planned_prices_promotions_and_rates(keeper: Any, shop: None) -> None:
    variant = variant_of(make_product("Chair", price="50.00", sku="CHAIR"))
    start = timezone.now() + timedelta(days=2)
    plan_price(
        product_id=variant.product_id, variant_id=variant.pk, price=Decimal("40.00"), starts_at=start, actor=COMMAND
    )
    services.create_promotion(
        name="Later", kind="fixed", value=Decimal(1), automatic=True, starts_at=start, actor=COMMAND
    )

    def total(moment: str) -> Any:
        page = tried(keeper, **{"lines-0-sku": "CHAIR", "lines-0-quantity": "1", "at": moment}).context_data
        return page["result"].totals.total

    later = timezone.localtime(start + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    assert (total(""), total(later)) == (Decimal("50.00"), Decimal("39.00"))
    variant.refresh_from_db()
    assert variant.price is None, "nothing was written"


def test_what_a_basket_lacks_is_said(keeper: Any, shop: None) -> None:
    page = tried(keeper, country="DE", method="post").context_data
    assert page["form"].errors == {
        "method": ["Post does not lead there."],
        "country": ["There is no tax rate for this place."],
    }
    assert page["result"].totals.total == Decimal("40.00")
    page = tried(keeper, **{"lines-0-sku": "", "lines-0-quantity": ""}).context_data
    assert page["form"].non_field_errors() == ["Name an article: without one there is nothing to calculate."]
    assert page["result"] is None
    page = tried(keeper, country="Austria").context_data
    assert page["form"].errors == {"country": ["AUSTRIA is no country code. Write AT."]}


def test_an_article_is_named_with_its_variant(keeper: Any, shop: None) -> None:
    variant = variant_of(make_product("Chair", sku="CHAIR"))
    type(variant).objects.filter(pk=variant.pk).update(name="red")
    [line] = tried(keeper, **{"lines-0-sku": "CHAIR"}).context_data["result"].lines
    assert line.article.name == "Chair (red)"


def test_a_place_that_does_not_exist_is_said_in_one_sentence(keeper: Any) -> None:
    answer = send(keeper, f"{PAGES}zone/add/", "name", name="Alps", countries="AT, Switzerland")
    assert answer.context_data["adminform"].form.errors == {"countries": ["SWITZERLAND is no country code. Write CH."]}
    answer = send(keeper, f"{PAGES}zone/add/", "name", name="Alps")
    assert answer.context_data["adminform"].form.errors == {"countries": ["Name a country or a region."]}
    answer = send(keeper, f"{PAGES}taxrate/add/", "name", name="VAT", rate="19", country="QQ")
    assert answer.context_data["adminform"].form.errors == {"country": ["QQ is no country code."]}
    assert not Zone.objects.exists()
    assert not TaxRate.objects.exists()


def test_what_is_used_is_not_deleted_and_says_why(keeper: Any) -> None:
    promotion, zone = make_promotion(), make_zone()
    use(promotion, "one")
    make_method(zone_id=zone.pk)
    for page, said in (
        (f"{PAGES}promotion/{promotion.pk}/", "It was used. Switch it off instead."),
        (f"{PAGES}zone/{zone.pk}/", "It is still used by methods of shipping."),
    ):
        answer = keeper.post(f"{page}delete/", {"post": "yes"})
        assert (answer.status_code, messages_of(answer)[-1]) == (302, said)
    assert (Promotion.objects.count(), Zone.objects.count()) == (1, 1)


def test_an_article_that_is_not_there_is_said_on_its_line(keeper: Any, shop: None) -> None:
    page = tried(keeper, **{"lines-1-sku": "NONE"}).context_data
    assert page["result"] is None
    assert page["lines"].forms[1].errors == {"sku": ["No article has this SKU."]}


def test_an_editor_of_the_catalog_edits_promotions_and_reads_taxes(staff_pages: Callable[..., Any]) -> None:
    editor = staff_pages("catalog editor")
    assert editor.get(f"{PAGES}promotion/add/").status_code == 200
    assert editor.get(f"{PAGES}taxrate/").status_code == 200
    assert editor.get(f"{PAGES}taxrate/add/").status_code == 403
    assert editor.get(f"{PAGES}taxrate/import/").status_code == 403
