"""The admin as a whole: every list opens, every form is posted, and what is refused is said on the form."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_user
from catalog.models import Category, Product
from catalog.tests.factories import make_category, make_product
from events.models import Event, SentMail
from inventory.models import StockItem, Warehouse
from orders.tests.factories import make_order
from staff.tests.pages import errors_of, form_on, send

pytestmark = pytest.mark.django_db
ADMINS = {model._meta.label_lower: model_admin for model, model_admin in admin.site._registry.items()}
# For every form of the admin: (a field that only it has, what makes it valid when new, a change, a bad value).
FORMS: dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "accounts.user": (
        "first_name",
        {"email": "new@example.com", "password": "long enough 42", "first_name": "New", "last_name": "Person"},
        {"first_name": "Other"},
        {"email": "nonsense"},
    ),
    "auth.group": ("name", {"name": "interns"}, {"name": "guests"}, {"name": ""}),
    "inventory.warehouse": ("priority", {"code": "south", "name": "South"}, {"priority": "7"}, {"priority": "-1"}),
    "inventory.stockitem": ("barcode", {}, {"reorder_point": "12"}, {"reorder_point": "-1"}),
    "catalog.product": ("price", {"name": "Lamp", "price": "12.50"}, {"price": "13.00"}, {"price": "0"}),
    "catalog.category": ("slug", {"name": "Lamps"}, {"name": "Lights"}, {"slug": "42"}),
    "pricing.promotion": (
        "codes",
        {"name": "Ten off", "kind": "percent", "value": "10", "codes": "TENTH"},
        {"name": "A tenth off"},
        {"value": "-1"},
    ),
    "pricing.shippingmethod": (
        "rates-0-price",
        {"name": "Express", "code": "express", "rates-0-from_value": "0", "rates-0-price": "4.90"},
        {"name": "Parcel"},
        {"name": ""},
    ),
    "pricing.taxclass": ("name", {"name": "Maps", "code": "maps"}, {"name": "Charts"}, {"name": ""}),
    "pricing.taxrate": ("rate", {"name": "VAT", "rate": "21", "country": "NL"}, {"name": "Tax"}, {"rate": "-1"}),
    "pricing.zone": ("countries", {"name": "Alps", "countries": "AT, CH"}, {"name": "The Alps"}, {"countries": "1"}),
    "otp_totp.totpdevice": ("key", {"user": "{user}", "name": "phone"}, {"name": "tablet"}, {"digits": "7"}),
    "otp_static.staticdevice": ("name", {"user": "{user}", "name": "paper"}, {"name": "safe"}, {"name": ""}),
}


@pytest.fixture
def pages(staff_pages: Callable[..., Any]) -> Any:
    """A superuser, in a shop with a row of everything."""
    make_product("Lantern", category=make_category(), stock=5)
    make_order()
    SentMail.objects.create(key="order.placed:1", message_id="<1@example.com>")
    return staff_pages()


def url_of(label: str, *rest: object) -> str:
    return "/".join(["/admin", label.replace(".", "/"), *map(str, rest)]) + "/"


def filled(client: Any, values: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value).format(user=client.user.pk) for name, value in values.items()}


@pytest.mark.parametrize("label", sorted(ADMINS))
def test_every_list_and_every_first_row_opens(pages: Any, label: str) -> None:
    assert pages.get(url_of(label)).status_code == 200
    row = ADMINS[label].model._default_manager.first()
    if row is not None:
        assert pages.get(url_of(label, row.pk, "change")).status_code == 200


def test_every_form_of_the_admin_is_posted_here(pages: Any, rf: Any) -> None:
    request = rf.get("/")
    request.user = pages.user
    editable = {
        label
        for label, model_admin in ADMINS.items()
        if model_admin.has_add_permission(request) or model_admin.has_change_permission(request)
    }

    assert editable == set(FORMS)


@pytest.mark.parametrize("label", sorted(FORMS))
def test_a_new_row_is_made_through_its_form(pages: Any, label: str) -> None:
    field, valid, _, bad = FORMS[label]
    model = ADMINS[label].model
    if not valid:
        assert pages.get(url_of(label, "add")).status_code == 403
        return
    before = model._default_manager.count()

    refused = send(pages, url_of(label, "add"), field, **filled(pages, valid | bad))
    made = send(pages, url_of(label, "add"), field, **filled(pages, valid))

    assert errors_of(refused)
    assert made.status_code == 302, errors_of(made)
    assert model._default_manager.count() == before + 1


@pytest.mark.parametrize("label", sorted(FORMS))
def test_a_row_is_changed_through_its_form(pages: Any, label: str) -> None:
    field, valid, change, bad = FORMS[label]
    if valid:
        send(pages, url_of(label, "add"), field, **filled(pages, valid))
    row = ADMINS[label].model._default_manager.latest("pk")
    [(name, value)] = change.items()

    refused = send(pages, url_of(label, row.pk, "change"), field, **bad)
    unchanged = send(pages, url_of(label, row.pk, "change"), field)
    changed = send(pages, url_of(label, row.pk, "change"), field, **change)

    assert errors_of(refused)
    assert (unchanged.status_code, changed.status_code) == (302, 302)
    row.refresh_from_db()
    assert str(getattr(row, name)) == value


STALE = {
    "accounts.user": lambda: make_user(),
    "inventory.warehouse": lambda: Warehouse.objects.get(code="main"),
    "inventory.stockitem": lambda: StockItem.objects.latest("pk"),
    "catalog.product": lambda: Product.objects.latest("pk"),
    "catalog.category": lambda: Category.objects.latest("pk"),
}


@pytest.mark.parametrize("label", sorted(STALE))
def test_whoever_saves_second_is_told_and_changes_nothing(pages: Any, label: str) -> None:
    field, _, change, _ = FORMS[label]
    row = STALE[label]()
    url = url_of(label, row.pk, "change")
    form = form_on(pages, url, field)
    type(row)._default_manager.filter(pk=row.pk).update(version=F("version") + 1)
    events = Event.objects.count()

    late = pages.post(url, form | change)

    assert "Somebody else has changed this" in errors_of(late)
    [(name, value)] = change.items()
    row.refresh_from_db()
    assert str(getattr(row, name)) != value
    assert Event.objects.count() == events


def test_what_staff_change_is_in_the_journal_with_their_name(pages: Any) -> None:
    product = Product.objects.latest("pk")

    send(pages, url_of("catalog.product", product.pk, "change"), "price", price="99.00")

    event = Event.objects.latest("pk")
    assert (event.kind, event.actor, event.channel) == ("product.updated", f"staff:{pages.user.pk}", "admin")
    assert f"staff:{pages.user.pk}".encode() not in pages.get(url_of("events.event")).content
    assert pages.user.email.encode() in pages.get(url_of("events.event")).content


def test_nothing_can_be_deleted_but_categories_groups_devices_and_rules_of_prices(pages: Any, rf: Any) -> None:
    request = rf.get("/")
    request.user = pages.user

    deletable = {label for label, model_admin in ADMINS.items() if model_admin.has_delete_permission(request)}

    of_prices = {f"pricing.{name}" for name in ("promotion", "shippingmethod", "taxclass", "taxrate", "zone")}
    assert deletable == of_prices | {
        *("auth.group", "catalog.category", "otp_totp.totpdevice", "otp_static.staticdevice"),
    }


@pytest.mark.parametrize("path", ["", *sorted(url_of(label) for label in ADMINS)])
def test_pages_have_no_inline_script_and_no_inline_style(pages: Any, path: str) -> None:
    page = pages.get(path or "/admin/")

    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    text = page.content.decode()
    assert " style=" not in text
    assert "<style" not in text
    assert "<script>" not in text
    assert " onclick=" not in text


def more_rows() -> None:
    for number in range(19):
        make_product(f"Lantern {number}", category=make_category(), stock=number + 1)
        make_order(make_user(is_staff=True, groups=("order desk",)))


@pytest.mark.parametrize("label", sorted({*ADMINS} - {"procrastinate.procrastinatejob"}))
def test_a_list_asks_as_often_for_twenty_rows_as_for_one(pages: Any, label: str) -> None:
    url = url_of(label)
    pages.get(url)
    with CaptureQueriesContext(connection) as few:
        pages.get(url)
    more_rows()

    with CaptureQueriesContext(connection) as many:
        page = pages.get(url)

    # Where there are several pages, the rows of one are found by their keys first, in a statement of its own.
    assert len(many) == len(few) + page.context["cl"].multi_page


def test_the_address_without_its_slash_leads_to_the_pages(client: Any) -> None:
    assert client.get("/admin").headers["Location"] == "/admin/"


def test_groups_are_told_to_the_journal(pages: Any) -> None:
    send(pages, url_of("auth.group", "add"), "name", name="interns")
    group = Group.objects.get(name="interns")

    pages.post(url_of("auth.group", group.pk, "delete"), {"post": "yes"})

    assert not Group.objects.filter(name="interns").exists()
    kinds = list(Event.objects.filter(subject=f"group:{group.pk}").order_by("pk").values_list("kind", flat=True))
    assert kinds == ["group.created", "group.deleted"]


def test_a_customer_does_not_come_in(client: Any) -> None:
    client.force_login(User.objects.get(pk=make_user().pk))

    assert client.get("/admin/").status_code == 302
