"""What the lists of the admin have in common: filters in the words of staff, and links that choose among them."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.tests.factories import make_user
from events.actors import COMMAND
from events.models import Event
from inventory import services
from inventory.tests.factories import StockItemFactory
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


def filters_of(page: Any) -> dict[str, list[tuple[str, bool]]]:
    """What each filter of a list is called, with its choices and whether they are chosen."""
    changelist = page.context_data["cl"]
    return {
        str(spec.title): [(str(choice["display"]), choice["selected"]) for choice in spec.choices(changelist)]
        for spec in changelist.filter_specs
    }


@pytest.mark.parametrize(
    ("path", "title", "words"),
    [
        ("orders/order/?deleted_at__isempty=1", "orders", ["All", "[Not deleted]", "Deleted"]),
        ("orders/order/?deleted_at__isempty=0", "orders", ["All", "Not deleted", "[Deleted]"]),
        ("inventory/stockalert/?closed_at__isempty=1", "alerts", ["All", "[Open]", "Closed"]),
        ("inventory/stockalert/", "alerts", ["[All]", "Open", "Closed"]),
        ("events/sentmail/?sent_at__isempty=0", "mails", ["All", "Not sent yet", "[Sent]"]),
    ],
)
def test_filters_say_what_has_happened_as_staff_say_it(
    staff_pages: Callable[..., Any], path: str, title: str, words: list[str]
) -> None:
    page = staff_pages().get(f"/admin/{path}")

    assert [f"[{word}]" if chosen else word for word, chosen in filters_of(page)[title]] == words
    assert f"<summary> {title.capitalize()} </summary>" in page.content.decode()


@pytest.mark.parametrize("label", sorted(model._meta.label_lower for model in admin.site._registry))
def test_no_filter_speaks_of_fields_that_are_empty(staff_pages: Callable[..., Any], label: str) -> None:
    page = staff_pages().get(f"/admin/{label.replace('.', '/')}/")

    assert not {word for choices in filters_of(page).values() for word, _ in choices} & {"Empty", "Not empty"}


def test_what_home_links_to_is_a_choice_of_the_lists_filter(staff_pages: Callable[..., Any]) -> None:
    pages = staff_pages()
    make_order()
    StockItemFactory(sku="MUG", stock=1)
    services.adjust_stock(reason="broken", lines=[services.AdjustmentLine("MUG", delta=-1)], actor=COMMAND)

    links = [
        unescape(link) for link in re.findall(r'href="([^"]+__isempty=[^"]*)"', pages.get("/admin/").content.decode())
    ]

    chosen = [
        {word for choices in filters_of(pages.get(link)).values() for word, selected in choices if selected}
        - {"All", "Any date"}
        for link in links
    ]
    assert chosen == [{"Pending", "Not deleted"}, {"Confirmed", "Not deleted"}, {"Open"}]


@pytest.mark.parametrize("path", ["", "events/event/", "events/event/{event}/change/"])
def test_the_journal_says_who_to_whom_may_see_people_and_nobodys_name_to_others(
    staff_pages: Callable[..., Any], path: str
) -> None:
    buyer = make_user(first_name="Zoe", last_name="Quill")
    event = Event.objects.create(kind="order.looked_at", subject="order:1", actor=f"customer:{buyer.pk}", channel="api")
    auditor = staff_pages("stock keeper")
    auditor.user.user_permissions.add(Permission.objects.get(codename="view_event"))
    url = f"/admin/{path.format(event=event.pk)}"

    named, unnamed = (client.get(url).content.decode() for client in (staff_pages("administrator"), auditor))

    assert f'<a href="/admin/accounts/user/{buyer.pk}/change/">Zoe Quill</a>' in named
    assert f"customer:{buyer.pk}" in unnamed
    assert "Zoe" not in unnamed


@pytest.mark.parametrize(
    "query",
    [
        "orders/order/?order_date__gte=nonsense",
        "orders/order/?user=nonsense",
        "inventory/stockmovement/?at__lt=nonsense",
        "inventory/stockalert/?closed_at__isempty=nonsense",
    ],
)
def test_a_filter_that_means_nothing_is_left_out(staff_pages: Callable[..., Any], query: str) -> None:
    page = staff_pages().get("/admin/" + query, follow=True)
    assert page.redirect_chain[0][0].endswith("?e=1")
    assert page.status_code == 200


@pytest.mark.parametrize(
    "query",
    ["orders/order/?status__exact=%00", "inventory/stockitem/?band=%00", "inventory/stockitem/receive/?sku=%00"],
)
def test_no_address_takes_nul_to_the_database(client: Client, query: str) -> None:
    assert client.get("/admin/" + query).status_code == 400


@pytest.mark.django_db(transaction=True)  # an error of the database ends a transaction
@pytest.mark.parametrize("label", sorted(model._meta.label_lower for model in admin.site._registry))
def test_a_filter_whose_value_means_nothing_is_left_out_in_every_list(
    staff_pages: Callable[..., Any], label: str
) -> None:
    staff, path = staff_pages(), f"/admin/{label.replace('.', '/')}/"
    filters = [spec for spec in staff.get(path).context_data["cl"].filter_specs if spec.expected_parameters()]
    for spec in filters:
        for name in spec.expected_parameters():
            assert staff.get(path, {name: "9" * 30}).status_code in (200, 302), name
            assert staff.get(path, {name: "\u00b2"}).status_code in (200, 302), name


@pytest.mark.parametrize("page", ["config", "qrcode"])
def test_a_device_that_is_gone_has_no_page(staff_pages: Callable[..., Any], page: str) -> None:
    assert staff_pages().get(f"/admin/otp_totp/totpdevice/999/{page}/").status_code == 404
