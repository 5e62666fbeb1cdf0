"""What an address may ask of a list: what the list's own filters and columns name, and nothing else.

Every admin of the site is asked, those of libraries too, for each column of its model and of each model one hop away.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.models import Group
from django.db import DataError, transaction
from django.db.models import Model
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.tests.factories import PASSWORD, make_user
from orders.models import Order
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db
ADMINS = {model._meta.label_lower: model_admin for model, model_admin in admin.site._registry.items()}
TRIED = ("", "__exact", "__startswith", "__regex", "__gte", "__isnull")
# What the filters of each list ask for, of what is tried here. Nothing else is looked up.
DEVICE = "created_at__gte created_at__isnull last_used_at__gte last_used_at__isnull confirmed__exact confirmed__isnull"
NAMED = {
    "accounts.user": "is_staff__exact is_staff__isnull is_active__exact is_active__isnull"
    " groups__id__exact groups__isnull",
    "accounts.apikey": "kind__exact kind__isnull",
    "auth.group": "",
    "catalog.category": "",
    "catalog.product": "status__exact status__isnull category__id__exact category__isnull",
    "checkout.cart": "state__exact state__isnull",
    "events.event": "channel",
    "events.sentmail": "",
    "events.webhookendpoint": "state__exact state__isnull",
    "inventory.stockalert": "band",
    "inventory.stockitem": "is_sold__exact is_sold__isnull",
    "inventory.stockmovement": "kind__exact kind__isnull level__warehouse__isnull at__gte",
    "inventory.warehouse": "",
    "invoicing.invoice": "kind__exact kind__isnull year",
    "orders.fulfilment": "state__exact state__isnull",
    "orders.order": "status__exact status__isnull order_date__gte user payment_status",
    "orders.return": "state kind__exact kind__isnull requested_at__gte",
    "otp_static.staticdevice": DEVICE,
    "otp_totp.totpdevice": DEVICE,
    "payments.payment": "state__exact state__isnull provider created_at__gte",
    "pricing.promotion": "is_active__exact is_active__isnull automatic__exact automatic__isnull"
    " kind__exact kind__isnull",
    "pricing.shippingmethod": "is_active__exact is_active__isnull zone__id__exact zone__isnull",
    "pricing.taxclass": "",
    "pricing.taxrate": "country country__isnull tax_class__id__exact tax_class__isnull",
    "pricing.zone": "",
    "procrastinate.procrastinatejob": "status__exact status__isnull queue_name queue_name__isnull"
    " task_name task_name__isnull lock lock__isnull queueing_lock queueing_lock__isnull"
    " scheduled_at__gte scheduled_at__isnull priority priority__isnull",
}


def columns(model: type[Model]) -> Iterator[tuple[str, Any]]:
    """What a look-up may call each column of a model, and each model that it points at or that points at it."""
    for field in model._meta.get_fields():
        yield field.name, field.related_model


def paths(model: type[Model]) -> Iterator[str]:
    for name, related in columns(model):
        yield name
        if related is not None:
            yield from (f"{name}__{column}" for column, _ in columns(related))


@pytest.mark.parametrize("label", sorted(ADMINS))
def test_a_list_looks_up_what_its_filters_ask_for_and_nothing_else(label: str, rf: Any) -> None:
    user, looked_up = make_user(is_staff=True, is_superuser=True), set()
    for path in paths(ADMINS[label].model):
        for lookup in (path + ending for ending in TRIED):
            request = rf.get("/", {lookup: "1"})
            request.user = user
            try:
                with transaction.atomic():
                    ADMINS[label].get_changelist_instance(request)
            except DisallowedModelAdminLookup:
                continue
            except (IncorrectLookupParameters, ValueError, DataError):
                pass  # a filter has read the parameter, and "1" means nothing to it
            looked_up.add(lookup)

    assert looked_up == set(NAMED[label].split())


@pytest.mark.parametrize(
    "query",
    [
        "password__startswith=bcrypt",
        "password__regex=^b",
        "id={user}&password__startswith=bcrypt",
        "pk={user}&is_staff__exact=1&password__gte=bcrypt",
        "_popup=1&password__startswith=bcrypt",
        "_popup=1&_to_field=id&password__startswith=bcrypt",
        "q=ada&o=1&p=1&all=&password__startswith=bcrypt",
        "_to_field=password",
        "sessions__refresh_jti__startswith=a",
        "groups__user__password__startswith=bcrypt",
        "totpdevice__key__startswith=a",
        "is_active__exact__regex=1",
        "is_staff__regex=t",
        "email__startswith=a",
        "city=Oslo",
        "nothing=1",
    ],
)
def test_what_a_list_does_not_name_is_refused_as_an_address_that_means_nothing(
    staff_pages: Callable[..., Any], query: str
) -> None:
    user = make_user(password=PASSWORD, city="Oslo")

    answer = staff_pages("order desk").get("/admin/accounts/user/?" + query.format(user=user.pk))

    assert answer.status_code == 400
    page = answer.content.decode()
    assert "This address means nothing" in page
    assert user.email not in page
    assert "password" not in page


def test_keys_of_devices_and_rights_are_not_looked_up_either(staff_pages: Callable[..., Any]) -> None:
    pages = staff_pages()
    colleague = make_user(is_staff=True)
    device = TOTPDevice.objects.create(user=colleague, name="phone")
    paper = StaticDevice.objects.create(user=colleague, name="paper")
    paper.token_set.create(token="abcdef")
    Group.objects.get(name="order desk").user_set.add(pages.user)

    for query in (
        f"otp_totp/totpdevice/?key__startswith={device.key[:8]}",
        "otp_totp/totpdevice/?user__password__regex=^b",
        "otp_static/staticdevice/?token_set__token__startswith=a",
        "auth/group/?user__password__startswith=b",
        "auth/group/?permissions__codename=view_user",
        "procrastinate/procrastinatejob/?args__contains=a",
        "events/event/?payload__user_id=1",
        "inventory/stockmovement/?at__year=2026",
        "inventory/stockmovement/?level__warehouse__code__startswith=m",
        "orders/order/?user__password__startswith=b",
    ):
        assert pages.get(f"/admin/{query}").status_code == 400, query


@pytest.mark.parametrize("order", ["2", "3.-2", "-5", "99", "password", "-password"])
def test_a_list_is_not_sorted_by_what_it_does_not_offer_to_sort_by(staff_pages: Callable[..., Any], order: str) -> None:
    pages = staff_pages()
    make_user(first_name="A", city="Bergen")
    make_user(first_name="Z", city="Arendal")

    usual, asked = (pages.get(f"/admin/accounts/user/{query}") for query in ("", f"?o={order}"))

    assert list(asked.context_data["cl"].queryset) == list(usual.context_data["cl"].queryset)


def test_a_list_is_sorted_by_the_columns_that_offer_it(staff_pages: Callable[..., Any]) -> None:
    pages = staff_pages()
    for email in ("a@example.com", "b@example.com"):
        make_user(email=email)

    found = pages.get("/admin/accounts/user/?o=0").context_data["cl"].queryset

    assert [user.email for user in found][:2] == ["a@example.com", "b@example.com"]


def test_suggestions_of_a_form_are_narrowed_by_nothing_but_their_search(staff_pages: Callable[..., Any]) -> None:
    customer = make_user(password=PASSWORD, email="zoe@example.com")
    make_order(customer)
    url = "/admin/autocomplete/?app_label=orders&model_name=order&field_name=user&term=zoe"

    plain, narrowed = (
        staff_pages("order desk").get(url + more)
        for more in ("", "&password__startswith=nothing&id=0&_to_field=password")
    )

    assert Order.objects.count() == 1
    assert plain.json()["results"] == narrowed.json()["results"] == [{"id": str(customer.pk), "text": customer.email}]


def test_the_orders_of_a_customer_say_whose_they_are(staff_pages: Callable[..., Any]) -> None:
    desk, zoe = staff_pages("order desk"), make_user(email="zoe@example.com")
    order = make_order(zoe)
    make_order()

    page = desk.get(f"/admin/orders/order/?user={zoe.pk}")
    nonsense = desk.get("/admin/orders/order/?user=nonsense")

    changelist = page.context_data["cl"]
    assert list(changelist.result_list) == [order]
    [customer] = [spec for spec in changelist.filter_specs if spec.title == "customer"]
    assert [(choice["display"], choice["selected"]) for choice in customer.choices(changelist)] == [
        ("All", False),
        ("zoe@example.com", True),
    ]
    assert nonsense.headers["Location"] == "/admin/orders/order/?e=1"
