"""Every form of the admin, each posted twice at once as a double click does it: one effect, as the journal tells.

The forms come from the pages that the URL resolver knows. A form without effect fails, and so does one whose effect
is in the journal twice.
"""

import re
from collections import Counter as Counts
from collections.abc import Callable, Iterator
from copy import copy
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.sessions import start_session
from accounts.tests.factories import PASSWORD, make_user
from catalog.models import Product
from catalog.tests.pictures import picture
from checkout.tests.factories import ADDRESS
from events.models import Event
from orders.tests.factories import make_article, make_order
from staff import once
from staff.models import PostedForm
from staff.tests.pages import FormReader, messages_of
from tests.admin_pages import ADMINS, Counter, all_actions, all_pages, page_of
from tests.test_admin_authorization import PRINTING
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
NEW_PASSWORD = "another long one 42"
ORDER = "orders/order/<int:order_id>/"
STOCK = "inventory/stockitem/"
WEBHOOK = "events/webhookendpoint/<path:object_id>/change/"
CART = "checkout/cart/<path:object_id>/change/"
PRICES = "catalog/product/<int:product_id>/variants/<int:variant_id>/prices/"
# What is typed into a form. The others are posted as they are. "{user}" is who posts it.
TYPED: dict[str, dict[str, Any]] = {
    "password_change/": {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD},
    "accounts/apikey/<path:object_id>/change/ revoke": {"reason": "It leaked."},
    "accounts/apikey/new/": {"name": "Till", "scopes": "stock:read"},
    "accounts/user/add/": {"email": "n@example.com", "password": NEW_PASSWORD, "first_name": "N", "last_name": "P"},
    "accounts/user/<path:object_id>/change/": {"first_name": "Other"},
    "accounts/user/<int:user_id>/password/": {"password": NEW_PASSWORD},
    "accounts/user/<int:user_id>/anonymise/": {"sure": "on"},
    "accounts/user/<int:user_id>/note/": {"text": "Called about a parcel."},
    "accounts/user/<path:object_id>/change/ note": {"text": "Called again."},
    "auth/group/add/": {"name": "interns"},
    "auth/group/<path:object_id>/change/": {"name": "guests"},
    "catalog/category/add/": {"name": "Lamps"},
    "catalog/category/<path:object_id>/change/": {"name": "Lights"},
    "catalog/product/add/": {"name": "Lamp", "price": "12.50"},
    "catalog/product/<path:object_id>/change/": {"variants-2-name": "Large", "variants-2-options": '{"size": "L"}'},
    "catalog/product/<path:object_id>/change/ images": {"alt": "A mug"},
    PRICES: {"weight_g": "300"},
    f"{PRICES} plan": {"plan-price": "3.00", "plan-starts_at": "2099-01-01T00:00", "plan-ends_at": "2099-02-01T00:00"},
    f"{CART} lines": {"sku": "MUG", "quantity": "1"},
    f"{CART} coupons": {"code": "TEN"},
    f"{CART} method": {"method": "parcel"},
    f"{CART} quantity": {"quantity": "2"},
    "checkout/cart/<uuid:cart_id>/billing-address/": ADDRESS,
    "checkout/cart/<uuid:cart_id>/contact/": {"note": "Please ring twice."},
    "checkout/cart/<uuid:cart_id>/shipping-address/": ADDRESS,
    "checkout/cart/phone/": {"email": "guest@example.com"},
    "events/webhookendpoint/new/": {"url": "https://other.example/hook"},
    f"{WEBHOOK} edit": {"edit-description": "Ours"},
    f"{WEBHOOK} replay": {"replay-since": "2026-01-01T00:00"},
    "inventory/warehouse/add/": {"code": "south", "name": "South"},
    "inventory/warehouse/<path:object_id>/change/": {"name": "Main hall"},
    f"{STOCK}<path:object_id>/change/": {"reorder_point": "12"},
    f"{STOCK}<int:item_id>/backorder/": {"limit": "4"},
    f"{STOCK}receive/": {"reference": "DN-7", "lines-0-sku": "MUG", "lines-0-quantity": "5"},
    f"{STOCK}adjust/": {"reason": "broken", "lines-0-sku": "MUG", "lines-0-delta": "-1"},
    f"{STOCK}transfer/": {"source": "main", "target": "north", "lines-0-sku": "MUG", "lines-0-quantity": "1"},
    "orders/order/<int:order_id>/note/": {"text": "Pack it well."},
    "orders/order/<path:object_id>/change/ note": {"text": "As a gift."},
    "orders/order/<int:order_id>/parcels/<int:parcel_id>/": {"tracking_number": "JD014600"},
    f"{ORDER}address/": {"note": "Please ring twice."},
    f"{ORDER}articles/<int:order_item_id>/": {"quantity": "1"},
    f"{ORDER}articles/<int:order_item_id>/replace/": {"sku": "BOWL", "quantity": "1"},
    "orders/order/shortfall/": {
        "sku": "MUG",
        "warehouse": "main",
        "missing": "1",
        "reason": "lost",
        "sure": "1",
        "seen": "",
    },
    "orders/return/<path:object_id>/change/ refuse": {"refuse-answer": "It was worn."},
    "pricing/promotion/add/": {"name": "Ten off", "kind": "percent", "value": "10", "codes": "TENTH"},
    "pricing/promotion/<path:object_id>/change/": {"name": "A tenth off"},
    "pricing/shippingmethod/add/": {"name": "Express", "code": "express", "rates-0-from_value": "0"},
    "pricing/shippingmethod/<path:object_id>/change/": {"name": "By land"},
    "pricing/taxclass/add/": {"name": "Maps", "code": "maps"},
    "pricing/taxclass/<path:object_id>/change/": {"name": "Charts"},
    "pricing/taxrate/add/": {"name": "VAT", "rate": "21", "country": "NL"},
    "pricing/taxrate/<path:object_id>/change/": {"rate": "18.5"},
    "pricing/taxrate/import/": {"only_check": []},
    "pricing/zone/add/": {"name": "Alps", "countries": "AT, CH"},
    "pricing/zone/<path:object_id>/change/": {"name": "The Alps"},
    "otp_totp/totpdevice/add/": {"user": "{user}", "name": "phone"},
    "otp_totp/totpdevice/<path:object_id>/change/": {"name": "tablet"},
    "otp_static/staticdevice/add/": {"user": "{user}", "name": "paper"},
    "otp_static/staticdevice/<path:object_id>/change/": {"name": "safe"},
}
# The files of forms that have one, by the last word of their names.
FILES: dict[str, Callable[[], bytes]] = {
    "images": lambda: picture().read(),
    "pricing/taxrate/import/": lambda: b"country,name,rate\nFR,VAT,20\n",
}
# Forms that write nothing by themselves: each leads to a page that does, or is about the person's own log-in.
LEADING = {f"{STOCK}count/", "otp_totp/totpdevice/<int:pk>/config/"}


class Forms(FormReader):
    """The forms of a page, with where each is posted to."""

    def __init__(self) -> None:
        super().__init__()
        self.actions: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "form":
            at = dict(attrs)
            posted = at.get("method") == "post" and at.get("id") not in ("logout-form", "changelist-form")
            self.actions.append((at.get("action") or "") if posted else None)
        super().handle_starttag(tag, attrs)


def forms_of(client: Client, address: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each form of a page is posted to, and what a browser would send."""
    page = client.get(address)
    if page.status_code == 200 and "html" in page.headers["Content-Type"]:
        reader = Forms()
        reader.feed(page.content.decode())
        for action, fields in zip(reader.actions, reader.forms, strict=True):
            if action is not None:
                yield action or address, fields


def twice(client: Client, address: str, form: dict[str, Any], file: bytes = b"") -> list[Any]:
    """The answers to a form that is posted twice at once, by two windows of one browser."""

    def post(browser: Client) -> Any:
        upload = {"file": SimpleUploadedFile("mug.png", file, content_type="image/png")} if file else {}
        return browser.post(address, form | upload, HTTP_REFERER="http://testserver/admin/sessions/")

    windows = [Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)]
    for window in windows:
        window.cookies = copy(client.cookies)
    answers = at_once([partial(post, window) for window in windows])
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    client.cookies = windows[0].cookies
    return answers


def typed_into(name: str, client: Any) -> dict[str, Any]:
    """What is typed into a form. An empty list takes a tick away."""
    own = str(client.user.pk)
    return {key: value and value.replace("{user}", own) for key, value in TYPED.get(name, {}).items()}


def told_since(last: int) -> Counts[str]:
    """What the journal has since then. One edit may open or close the alerts of several variants."""
    events = Event.objects.filter(pk__gt=last).exclude(kind__startswith="stock.alert_")
    return Counts(events.values_list("kind", flat=True))


def newest() -> int:
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def sign_in() -> Any:
    client: Any = Client(enforce_csrf_checks=True)
    client.user = make_user(is_staff=True, is_superuser=True, password=PASSWORD)
    client.force_login(client.user)
    return client


@pytest.fixture
def shop(settings: Any, tmp_path: Any) -> Counter:
    settings.RATE_LIMITS = False
    settings.MEDIA_ROOT = str(tmp_path)
    return Counter()


def name_of(page: str, action: str, address: str) -> str:
    """A form by its page, and by the last word of where it is posted to, if that is another page."""
    return page if action == address else f"{page} {action.rstrip('/').rpartition('/')[2]}"


def test_each_form_of_each_page_takes_effect_once(shop: Counter) -> None:
    tried: dict[str, Counts[str]] = {}
    # Carts first: other forms change what is for sale. Then payments, before their orders are cancelled.
    first = ("checkout/", "payments/")
    turn = {page: ("delete" in page, "anonymise" in page, not page.startswith(first)) for page in all_pages()}
    for page in sorted(turn, key=lambda page: (*turn[page], page)):
        if page in ("login/", "<anything else>"):
            continue
        client = sign_in()
        for number in range(len(list(forms_of(client, shop.address(page))))):
            client = sign_in()  # some forms end the sessions of who posts them
            start_session(user_id=client.user.pk)
            found = list(forms_of(client, shop.address(page)))
            if number >= len(found):
                continue
            action, form = found[number]
            name = name_of(page, action, shop.address(page))
            typed = typed_into(name, client)
            if name == f"{STOCK}grid/":
                shelf = form["shelf"][0]
                typed = {"reason": "counted", f"shelf-{shelf}-on_hand": "40"}
            if name == "catalog/product/<path:object_id>/change/ change":
                typed = {field: "From behind" for field in form if re.fullmatch("image-[0-9]+-alt", field)}
            if name == "orders/fulfilment/scan/<int:packed_id>/":
                typed = {field: "1" for field in form if field.startswith("units-")}
            if name == f"{CART} coupons":  # its line was taken off by a form before, and nothing counts for no lines
                [(lines, line)] = [(to, fields) for to, fields in found if to.endswith("/lines/")]
                client.post(lines, line | TYPED[f"{CART} lines"], HTTP_REFERER="http://testserver/admin/sessions/")
                form = dict(forms_of(client, shop.address(page)))[action]
            last = newest()

            twice(client, action, form | typed, FILES.get(name.split(" ")[-1], bytes)())

            tried[f"{name} {number}"] = told_since(last)
    # A form can come again at another number, when a post before it has put one more on the page.
    effective = LEADING | {name.rpartition(" ")[0] for name, told in tried.items() if told}
    nothing = {name for name, told in tried.items() if not told and name.rpartition(" ")[0] not in effective}
    doubled = {name: dict(told) for name, told in tried.items() if told and max(told.values()) > 1}
    assert (nothing, doubled) == (set(), {})
    assert len(tried) > 35


def test_each_verb_of_each_list_takes_effect_once(shop: Counter) -> None:
    for action in sorted(all_actions()):
        label, _, name = action.partition(" ")
        if not ADMINS[label].has_delete_permission(sign_in_request()) and name == "delete_selected":
            continue
        if action in PRINTING:
            continue
        client, address = sign_in(), shop.address(page_of(label))
        row = rows_for(action, shop)
        form = {"action": name, "index": "0", "post": "yes", "sure": "on", "reason": "", "_selected_action": [row]}
        form["versions"] = f"{row}:1"  # as the page of a cancellation shows it
        form["csrfmiddlewaretoken"] = token_on(client, address)
        last = newest()

        answers = twice(client, address, form)

        assert {answer.status_code for answer in answers} == {302}, action
        told = told_since(last)
        assert told or label == "procrastinate.procrastinatejob", action
        assert max(told.values(), default=1) == 1, action


def sign_in_request() -> Any:
    request: Any = type("Request", (), {})()
    request.user = make_user(is_staff=True, is_superuser=True)
    return request


def token_on(client: Client, address: str) -> str:
    [(_, form), *_] = [(action, form) for action, form in forms_of(client, "/admin/sessions/")]
    return str(form["csrfmiddlewaretoken"][0])


def rows_for(action: str, shop: Counter) -> int:
    """A row on which the verb has an effect."""
    made = {
        "orders.order confirm": lambda: make_order().pk,
        "orders.order ship": lambda: make_order(status="confirmed").pk,
        "orders.order deliver": lambda: make_order(status="shipped").pk,
        "orders.order cancel": lambda: make_order().pk,
        "catalog.product publish": lambda: Product.objects.get(status="draft").pk,
        "catalog.product archive": lambda: make_article().product_id,
    }
    return int(made[action]() if action in made else shop.row_of(action.partition(" ")[0]).pk)


DOUBLED = ("catalog/product/add/", "catalog/category/add/", "otp_totp/totpdevice/add/", "orders/order/shortfall/")


@pytest.mark.parametrize("page", DOUBLED)
def test_without_the_number_of_the_page_there_are_two_effects(
    shop: Counter, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "post_of", lambda request: None)
    client = sign_in()
    [(action, form)] = forms_of(client, shop.address(page))
    typed = typed_into(page, client)
    last = newest()

    twice(client, action, form | typed)

    assert max(told_since(last).values()) == 2


def test_the_second_post_leads_to_where_the_first_has_led_and_says_so() -> None:
    client = sign_in()
    [(address, form)] = forms_of(client, "/admin/catalog/product/add/")

    first = client.post(address, form | {"name": "Lamp", "price": "12.50", "_continue": "1"})
    second = client.post(address, form | {"name": "Lamp", "price": "12.50", "_continue": "1"})

    assert first.headers["Location"] == second.headers["Location"]
    assert messages_of(second)[-1] == once.DONE
    assert Product.objects.filter(name="Lamp").count() == 1


def test_the_same_page_with_another_content_is_refused_and_keeps_what_was_typed() -> None:
    client = sign_in()
    [(address, form)] = forms_of(client, "/admin/catalog/product/add/")
    client.post(address, form | {"name": "Lamp", "price": "12.50", "_save": "1"})

    other = client.post(address, form | {"name": "Lamp", "price": "12.50", "_addanother": "1"})

    assert "This page was posted already" in other.content.decode()
    [again] = [fields for _, fields in forms_in(other) if "price" in fields]
    assert again["price"] == ["12.50"]
    assert client.post(address, again).status_code == 302
    assert Product.objects.filter(name="Lamp").count() == 2


def forms_in(page: Any) -> list[tuple[str | None, dict[str, Any]]]:
    reader = Forms()
    reader.feed(page.content.decode())
    return list(zip(reader.actions, reader.forms, strict=True))


def test_a_form_that_came_back_may_be_posted_again() -> None:
    client = sign_in()
    [(address, form)] = forms_of(client, "/admin/catalog/product/add/")

    refused = client.post(address, form | {"name": "Lamp", "price": "-1"})
    made = client.post(address, form | {"name": "Lamp", "price": "12.50"})

    assert (refused.status_code, made.status_code) == (200, 302)
    assert Product.objects.filter(name="Lamp").count() == 1


def test_after_a_crash_the_form_can_be_posted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in()
    [(address, form)] = forms_of(client, "/admin/catalog/product/add/")
    form |= {"name": "Lamp", "price": "12.50"}

    class Crash(Exception):
        pass

    def crash(*args: Any) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(ADMINS["catalog.product"], "save_related", crash)
        with pytest.raises(Crash):
            client.post(address, form)
    assert not PostedForm.objects.exists()

    assert client.post(address, form).status_code == 302
    assert Product.objects.filter(name="Lamp").count() == 1


def test_after_a_crash_behind_the_effect_the_second_post_says_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in()
    [(address, form)] = forms_of(client, "/admin/catalog/product/add/")
    form |= {"name": "Lamp", "price": "12.50"}
    client.post(address, form)
    PostedForm.objects.update(location="")
    monkeypatch.setattr(once, "PATIENCE", 0)

    second = client.post(address, form, HTTP_REFERER=f"http://testserver{address}?x=1")

    assert second.headers["Location"] == f"{address}?x=1"
    assert messages_of(second)[-1] == once.PERHAPS
    assert Product.objects.filter(name="Lamp").count() == 1
    foreign = client.post(address, form, HTTP_REFERER="http://evil.example/admin/")
    assert foreign.headers["Location"] == "/admin/"
