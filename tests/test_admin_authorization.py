"""Who may do what in the admin: every page, verb and look-up, asked for by each kind of person.

The pages come from the URL resolver and the verbs from the registry. One without a row here fails, and so does a row
without a page. Refused means that nothing was written.
"""

from copy import copy
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Field
from django.test import Client

from config.tests.test_admin_lookups import NAMED, columns
from events.models import Event
from orders.models import Order
from tests.admin_pages import (
    ADD,
    ADMINS,
    CHANGE,
    DELETE,
    HISTORY,
    LIST,
    TO_CHANGE,
    Counter,
    all_actions,
    all_pages,
    own_pages,
    page_of,
    visitors,
    written,
)

# The kinds of staff, each with its letter. A reader has all permissions to view and no other one, a manager is of the
# group "administrator", and an administrator is a superuser.
STAFF = {
    "n": "new",
    "r": "reader",
    "s": "stock keeper",
    "o": "order desk",
    "c": "catalog editor",
    "p": "picker",
    "m": "manager",
    "a": "administrator",
}
# Everybody else is sent to the log-in, whatever the page.
OUTSIDE = ("nobody", "customer", "disabled", "second factor pending")

MODELS = {
    #                                sees      adds    changes  deletes
    "accounts.user":                ("roma",   "ma",   "ma",    ""),
    "accounts.apikey":              ("rma",    "",     "",      ""),
    "auth.group":                   ("a",      "a",    "a",     "a"),
    "catalog.category":             ("rsocma", "cma",  "cma",   "cma"),
    "catalog.product":              ("rsocma", "cma",  "cma",   ""),
    "checkout.cart":                ("roma",   "",     "",      ""),
    "events.event":                 ("rma",    "",     "",      ""),
    "events.sentmail":              ("rma",    "",     "",      ""),
    "events.webhookendpoint":       ("rma",    "",     "",      ""),
    "inventory.stockalert":         ("rsocma", "",     "",      ""),
    "inventory.stockitem":          ("rsocma", "",     "sma",   ""),
    "inventory.stockmovement":      ("rsocma", "",     "",      ""),
    "inventory.warehouse":          ("rsocma", "sma",  "sma",   ""),
    "invoicing.invoice":            ("roma",   "",     "",      ""),
    "orders.fulfilment":            ("ropma",  "",     "",      ""),
    "orders.order":                 ("roma",   "",     "",      ""),
    "orders.return":                ("roma",   "",     "",      ""),
    "otp_static.staticdevice":      ("a",      "a",    "a",     "a"),
    "otp_totp.totpdevice":          ("a",      "a",    "a",     "a"),
    "payments.payment":             ("roma",   "",     "",      ""),
    "pricing.promotion":            ("rocma",  "cma",  "cma",   "cma"),
    "pricing.shippingmethod":       ("rocma",  "ma",   "ma",    "ma"),
    "pricing.taxclass":             ("rocma",  "ma",   "ma",    "ma"),
    "pricing.taxrate":              ("rocma",  "ma",   "ma",    "ma"),
    "pricing.zone":                 ("rocma",  "ma",   "ma",    "ma"),
    "procrastinate.procrastinatejob": ("ra",   "",     "",      ""),
}  # fmt: skip
# The verbs of lists. Django's own, `delete_selected`, is for those who delete.
ACTIONS = {
    "catalog.product archive": "cma",
    "catalog.product publish": "cma",
    "orders.order cancel": "oma",
    "orders.order confirm": "oma",
    "orders.order deliver": "oma",
    "orders.order packing_slips": "roma",
    "orders.order pick_list": "roma",
    "orders.order ship": "oma",
    "procrastinate.procrastinatejob abort": "a",
    "procrastinate.procrastinatejob cancel": "a",
    "procrastinate.procrastinatejob retry": "a",
}
# The verbs that write nothing: they lead to papers.
PRINTING = {"orders.order packing_slips", "orders.order pick_list"}
# All other pages, each with what GET and POST without a form answer to whoever may open it.
EVERYBODY = "nrsocpma"
PAGES = {
    "":                                           (EVERYBODY, 200, 200),
    "<section>/":                                 ("ropma",   302, 302),
    "<anything else>":                            (EVERYBODY, 404, 404),
    "autocomplete/":                              (EVERYBODY, 403, 405),
    "jsi18n/":                                    (EVERYBODY, 200, 405),
    "login/":                                     (EVERYBODY, 302, 200),
    "logout/":                                    (EVERYBODY, 405, 200),
    "password_change/":                           (EVERYBODY, 200, 200),
    "password_change/done/":                      (EVERYBODY, 200, 405),
    "reference/<path:reference>":                 (EVERYBODY, 302, 302),
    "sessions/":                                  (EVERYBODY, 200, 302),
    "subject/<path:subject>":                     ("rsocma",  302, 302),
    "accounts/apikey/<int:key_id>/revoke/":       ("ma",      405, 200),
    "accounts/apikey/new/":                       ("ma",      200, 200),
    "accounts/user/<int:user_id>/anonymise/":     ("ma",      200, 200),
    "accounts/user/<int:user_id>/note/":          ("oma",     200, 200),
    "accounts/user/<int:user_id>/password/":      ("ma",      200, 200),
    "accounts/user/<int:user_id>/restore/":       ("ma",      405, 302),
    "accounts/user/<int:user_id>/sessions/<uuid:session_id>/end/": ("ma", 405, 302),
    "catalog/product/<int:product_id>/images/":   ("cma",     405, 302),
    "catalog/product/<int:product_id>/images/<int:image_id>/": ("cma", 405, 302),
    "catalog/product/<int:product_id>/images/<int:image_id>/change/": ("cma", 405, 302),
    "catalog/product/<int:product_id>/status/":   ("cma",     405, 404),
    "catalog/product/<int:product_id>/variants/<int:variant_id>/prices/": ("cma", 200, 200),
    "catalog/product/<int:product_id>/variants/<int:variant_id>/prices/<int:planned_price_id>/remove/": (
        "cma", 405, 302
    ),
    "catalog/product/<int:product_id>/variants/<int:variant_id>/prices/plan/": ("cma", 405, 200),
    "catalog/product/<int:product_id>/variants/<int:variant_id>/rename/": ("cma", 405, 302),
    "catalog/product/<int:product_id>/variants/<int:variant_id>/restore/": ("cma", 405, 302),
    "checkout/cart/<uuid:cart_id>/address-book/": ("oma",     405, 302),
    "checkout/cart/<uuid:cart_id>/billing-address/": ("oma",  200, 200),
    "checkout/cart/<uuid:cart_id>/contact/":      ("oma",     200, 302),
    "checkout/cart/<uuid:cart_id>/coupons/":      ("oma",     405, 302),
    "checkout/cart/<uuid:cart_id>/lines/":        ("oma",     405, 302),
    "checkout/cart/<uuid:cart_id>/method/":       ("oma",     405, 302),
    "checkout/cart/<uuid:cart_id>/place/":        ("oma",     405, 302),
    "checkout/cart/<uuid:cart_id>/quantity/":     ("oma",     405, 302),
    "checkout/cart/<uuid:cart_id>/remove/":       ("oma",     405, 302),
    "checkout/cart/<uuid:cart_id>/remove-coupon/": ("oma",    405, 302),
    "checkout/cart/<uuid:cart_id>/same-address/": ("oma",     405, 302),
    "checkout/cart/<uuid:cart_id>/shipping-address/": ("oma", 200, 200),
    "checkout/cart/phone/":                       ("oma",     200, 200),
    "events/webhookendpoint/<int:webhook_id>/deliveries/<int:delivery_id>/resend/": ("ma", 405, 302),
    "events/webhookendpoint/<int:webhook_id>/edit/": ("ma",   405, 200),
    "events/webhookendpoint/<int:webhook_id>/pause/": ("ma",  405, 302),
    "events/webhookendpoint/<int:webhook_id>/remove/": ("ma", 405, 302),
    "events/webhookendpoint/<int:webhook_id>/replay/": ("ma", 405, 200),
    "events/webhookendpoint/<int:webhook_id>/resume/": ("ma", 405, 302),
    "events/webhookendpoint/<int:webhook_id>/rotate-secret/": ("ma", 405, 302),
    "events/webhookendpoint/<int:webhook_id>/test/": ("ma",   405, 302),
    "events/webhookendpoint/new/":                ("ma",      200, 200),
    "inventory/stockitem/<int:item_id>/backorder/": ("sma",   200, 200),
    "inventory/stockitem/<int:item_id>/why/":     ("rsocma",  200, 405),
    "inventory/stockitem/adjust/":                ("sma",     200, 200),
    "inventory/stockitem/count/":                 ("sma",     200, 200),
    "inventory/stockitem/grid/":                  ("sma",     200, 200),
    "inventory/stockitem/receive/":               ("sma",     200, 200),
    "inventory/stockitem/transfer/":              ("sma",     200, 200),
    "events/sentmail/previews/":                 ("rma",     200, 405),
    "events/sentmail/previews/<str:mail_kind>/":  ("rma",    200, 405),
    "events/sentmail/previews/<str:mail_kind>/<int:mail>/": ("rma", 200, 405),
    "invoicing/invoice/<int:invoice_id>/pdf/":    ("roma",    200, 405),
    "invoicing/invoice/table/":                   ("roma",    200, 405),
    "orders/fulfilment/papers/":                  ("ropma",   200, 405),
    "orders/fulfilment/scan/":                    ("opma",    200, 405),
    "orders/fulfilment/scan/<int:packed_id>/":    ("opma",    200, 200),
    "orders/fulfilment/to-pack/":                 ("ropma",   200, 405),
    "orders/order/<int:order_id>/address/":       ("oma",     200, 200),
    "orders/order/<int:order_id>/articles/<int:order_item_id>/": ("oma", 200, 200),
    "orders/order/<int:order_id>/articles/<int:order_item_id>/replace/": ("oma", 200, 200),
    "orders/order/<int:order_id>/cancel/":        ("oma",     200, 200),
    "orders/order/<int:order_id>/note/":          ("oma",     200, 200),
    "orders/order/<int:order_id>/parcels/<int:parcel_id>/": ("oma", 200, 200),
    "orders/order/<int:order_id>/parcels/<int:parcel_id>/take-back/": ("oma", 200, 200),
    "orders/order/<int:order_id>/ship/":          ("oma",     200, 200),
    "orders/order/<int:order_id>/slip/":          ("roma",    200, 405),
    "orders/order/<int:order_id>/status/":        ("oma",     405, 302),
    "orders/order/shortfall/":                    ("sma",     200, 200),
    "orders/return/<int:return_id>/approve/":    ("oma",     405, 200),
    "orders/return/<int:return_id>/receive/":    ("oma",     405, 200),
    "orders/return/<int:return_id>/refuse/":     ("oma",     405, 200),
    "payments/payment/<int:payment_id>/cancel/": ("oma",     405, 200),
    "payments/payment/<int:payment_id>/capture/": ("oma",    405, 200),
    "payments/payment/<int:payment_id>/refresh/": ("roma",   405, 302),
    "payments/payment/<int:payment_id>/refund/": ("oma",     405, 200),
    "payments/payment/payouts/":                  ("roma",   200, 405),
    "pricing/promotion/tryout/":                  ("rocma",   200, 405),
    "pricing/taxrate/import/":                    ("ma",      200, 200),
    # Of a device of one's own alone (config/tests/test_devices.py).
    "otp_static/staticdevice/<int:pk>/confirm/":  ("",        404, 404),
    "otp_totp/totpdevice/<int:pk>/confirm/":      ("",        404, 404),
    "otp_totp/totpdevice/<int:pk>/config/":       ("a",       200, 200),
    "otp_totp/totpdevice/<int:pk>/qrcode/":       ("a",       200, 200),
}  # fmt: skip
# What these answer to whom they do not let in; all others answer 403.
REFUSALS = {
    "<section>/": 404,
    "subject/<path:subject>": 404,
    "otp_static/staticdevice/<int:pk>/confirm/": 404,
    "otp_totp/totpdevice/<int:pk>/confirm/": 404,
}
# What POST answers on the account of a colleague: to administrators, and to managers, who may do it with customers.
OF_COLLEAGUES = {
    "accounts/user/<path:object_id>/change/": (200, 403),
    "accounts/user/<int:user_id>/anonymise/": (200, 404),
    "accounts/user/<int:user_id>/password/": (200, 404),
    "accounts/user/<int:user_id>/restore/": (302, 404),
    "accounts/user/<int:user_id>/sessions/<uuid:session_id>/end/": (302, 404),
}
TO_LOG_IN = "log-in"


@pytest.fixture(scope="module")
def made(rows_of_module: None) -> Counter:
    return Counter()


@pytest.fixture
def counter(rows: None, made: Counter) -> Counter:
    return made


@pytest.fixture
def people(rows: None) -> dict[str, Client]:
    """Signed in just now: once a minute a session notes that it is used, which is no effect of a page."""
    return visitors()


def letters_of(row: str) -> set[str]:
    return {STAFF[letter] for letter in row}


def ask(client: Client, method: str, address: str, data: dict[str, Any] | None = None) -> tuple[int | str, bool]:
    """The status, and whether a POST has written more than the trail of a refusal. All is undone, a log-out too."""
    if method == "GET":
        return status_of(client.get(address, data)), False
    cookies, start = copy(client.cookies), transaction.savepoint()
    before, trail = written(), trail_of(client)
    status = status_of(client.post(address, data))
    wrote = written() - before > trail_of(client) - trail
    transaction.savepoint_rollback(start)
    client.cookies = cookies
    return status, wrote


def trail_of(client: Client) -> int:
    """The rows that refusals have written: what the journal tells of them, and the ends of sessions of whoever asks."""
    own = f"user:{getattr(client, 'user', AnonymousUser()).pk}"
    ended = Event.objects.filter(kind="user.session_ended", subject=own).count()  # the session, and the event
    return 2 * ended + Event.objects.filter(kind="user.refused").count()


def status_of(answer: Any) -> int | str:
    to_log_in = answer.status_code == 302 and answer.headers["Location"].startswith("/admin/login/")
    return TO_LOG_IN if to_log_in else int(answer.status_code)


def check(
    people: dict[str, Client], method: str, address: str, admitted: str, statuses: set[int], refusal: int = 403
) -> None:
    """Every kind of person gets what the row says, and nothing is written for those whom it does not admit."""
    may = letters_of(admitted)
    for kind, client in people.items():
        status, wrote = ask(client, method, address)
        right: set[Any] = {TO_LOG_IN} if kind in OUTSIDE else statuses if kind in may else {refusal}
        assert status in right, f"{method} {address} as {kind} is answered {status}, and the row says {right}"
        assert kind in may or not wrote, f"{method} {address} as {kind} is refused and writes"


def test_every_page_and_every_verb_has_a_row_and_every_row_a_page() -> None:
    verbs = {action for action in all_actions() if not action.endswith(" delete_selected")}
    missing = {
        "No row of MODELS says who sees, adds, changes and deletes": {*ADMINS} - {*MODELS},
        "No row of PAGES says who may open": own_pages() - {*PAGES},
        "No row of ACTIONS says who may use": verbs - {*ACTIONS},
        "MODELS speaks of a model that has no pages": {*MODELS} - {*ADMINS},
        "PAGES speaks of a page that is not there": {*PAGES} - own_pages(),
        "ACTIONS speaks of a verb that is not there": {*ACTIONS} - verbs,
    }
    for sentence, names in missing.items():
        assert not names, f"{sentence}: {', '.join(sorted(names))}"


@pytest.mark.parametrize("label", sorted(MODELS))
def test_a_model_admits_whom_its_row_names(label: str, counter: Counter, people: dict[str, Client]) -> None:
    sees, adds, changes, deletes = MODELS[label]
    for method, end, admitted, statuses in (
        ("GET", LIST, sees, {200}),
        ("GET", ADD, adds, {200}),
        ("POST", ADD, adds, {200}),
        ("GET", CHANGE, sees, {200}),
        ("POST", CHANGE, changes, {200, 302}),
        ("GET", DELETE, deletes, {200}),
        ("POST", DELETE, deletes, {200}),
        ("GET", HISTORY, sees, {200, 302}),
        ("GET", TO_CHANGE, EVERYBODY, {302}),
    ):
        check(people, method, counter.address(page_of(label, end)), admitted, statuses)
    for action in sorted(all_actions()):
        if action.startswith(f"{label} "):
            check_verb(people, action, counter)
    check_lookups(people, label, counter)


def check_verb(people: dict[str, Client], action: str, counter: Counter) -> None:
    """A verb of a list, used on all rows, writes for those whom its row admits, and does nothing for all others."""
    label, _, name = action.partition(" ")
    sees, _, _, deletes = MODELS[label]
    may = letters_of(ACTIONS.get(action, deletes))
    rows = apps.get_model(label)._default_manager.values_list("pk", flat=True)
    form = {"action": name, "index": "0", "post": "yes", "sure": "on", "reason": "", "_selected_action": [*rows]}
    for kind, client in people.items():
        if label == "orders.order":  # as the page of a cancellation shows them
            form["versions"] = " ".join(f"{pk}:{version}" for pk, version in Order.objects.values_list("pk", "version"))
        status, wrote = ask(client, "POST", counter.address(page_of(label)), form)
        right: set[Any] = {TO_LOG_IN} if kind in OUTSIDE else {200, 302} if kind in letters_of(sees) else {403}
        assert status in right, f"{action} as {kind} is answered {status}, and the row says {right}"
        right_to_write = kind in may and action not in PRINTING
        assert wrote == right_to_write, f"{action} as {kind} {'writes' if wrote else 'does nothing'}"


def check_lookups(people: dict[str, Client], label: str, counter: Counter) -> None:
    """What nobody names is refused to all, and what a list names is looked up for a reader.

    All roles have the same filters, columns and searches, and NAMED has been tried out in full for administrators.
    """
    address, sees = counter.address(page_of(label)), letters_of(MODELS[label][0])
    fields = (name for name, _ in columns(apps.get_model(label)))
    unnamed = next(f"{name}__regex" for name in fields if f"{name}__regex" not in NAMED[label])
    for kind, client in people.items():
        for lookup in (unnamed, "_to_field"):
            status, _ = ask(client, "GET", address, {lookup: "x"})
            right = TO_LOG_IN if kind in OUTSIDE else 400 if kind in sees else 403
            assert status == right, f"{address}?{lookup}=x as {kind} is answered {status}"
    for lookup in ("q", "o", "p", "_popup", *NAMED[label].split()):
        status, _ = ask(people["reader"], "GET", address, {lookup: "todo" if "status" in lookup else "1"})
        assert status in ({200, 302} if "reader" in sees else {403}), f"{address}?{lookup}= is answered {status}"


def offered(model_admin: Any, request: Any) -> list[Any]:
    """What a list offers to search, filter and sort by, and to be shown."""
    asked = ("get_list_filter", "get_search_fields", "get_sortable_by", "get_list_display", "get_ordering")
    return [list(getattr(model_admin, name)(request)) for name in asked] + [model_admin.date_hierarchy]


def test_a_list_offers_the_same_to_all_who_see_it(rf: Any, people: dict[str, Client]) -> None:
    request = rf.get("/")
    for label, (sees, *_) in MODELS.items():
        offers = []
        for kind in letters_of(sees):
            request.user = people[kind].user  # type: ignore[attr-defined]
            offers.append(offered(ADMINS[label], request))
        assert all(mine == offers[0] for mine in offers), label


@pytest.mark.parametrize("section", sorted({page.partition("/")[0] for page in PAGES} - {"login", "logout"}))
def test_pages_of_their_own_admit_whom_their_rows_name(
    section: str, counter: Counter, people: dict[str, Client]
) -> None:
    for page, (admitted, got, posted) in PAGES.items():
        if page.partition("/")[0] == section:
            for method, status in (("GET", got), ("POST", posted)):
                check(people, method, counter.address(page), admitted, {status}, REFUSALS.get(page, 403))


def test_everybody_may_log_in_and_out(people: dict[str, Client]) -> None:
    for page, outside in (("login/", (200, 200)), ("logout/", (302, 302))):
        for kind, client in people.items():
            answers = tuple(ask(client, method, f"/admin/{page}")[0] for method in ("GET", "POST"))
            assert answers == (outside if kind in OUTSIDE else PAGES[page][1:]), kind


def test_accounts_of_colleagues_are_for_administrators(counter: Counter, people: dict[str, Client]) -> None:
    theirs = {"user_id": counter.colleague.pk, "object_id": counter.colleague.pk, "session_id": counter.their_session}
    for page, (status, to_managers) in OF_COLLEAGUES.items():
        for kind, client in people.items():
            answered, wrote = ask(client, "POST", counter.address(page, **theirs))
            right = {"administrator": status, "manager": to_managers} | dict.fromkeys(OUTSIDE, TO_LOG_IN)
            assert answered == right.get(kind, 403), f"{page} as {kind}"
            assert kind == "administrator" or not wrote, f"{page} as {kind} is refused and writes"


def test_suggestions_show_rows_to_those_who_see_their_list(people: dict[str, Client]) -> None:
    tried = set()
    for model in apps.get_models():
        for field in model._meta.get_fields():
            related = getattr(field.related_model, "_meta", None)
            label = related.label_lower if related else ""
            forward = isinstance(field, Field) and bool(label)
            if (label, forward) in tried:
                continue
            tried.add((label, forward))
            sees = letters_of(MODELS[label][0]) if label in MODELS else set()
            query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field.name}
            for kind, client in people.items():
                status, _ = ask(client, "GET", "/admin/autocomplete/", query | {"term": "a"})
                # A list without a search has no suggestions (404).
                shown = 200 if forward and sees and ADMINS[label].search_fields else 404
                right: set[Any] = {shown} if forward and kind in sees else {403, 404}
                assert status in ({TO_LOG_IN} if kind in OUTSIDE else right), f"{query} as {kind}: {status}"
    assert len(tried) > 20


def test_a_row_that_is_not_there_is_no_error(counter: Counter, people: dict[str, Client]) -> None:
    client = people["administrator"]
    for number in ("\u00b2", "9" * 30):
        arguments = dict.fromkeys((*counter.arguments, "object_id"), number)
        for page in all_pages():
            kinds = ("user:", "order:", "sku:", "warehouse:", "") if "<path:subject>" in page else ("",)
            for address in (counter.address(page, **arguments | {"subject": kind + number}) for kind in kinds):
                if "<" in page:
                    assert ask(client, "GET", address)[0] in (302, 403, 404, 405), address


def test_a_reference_leads_to_its_order_for_those_who_see_orders_alone(
    counter: Counter, people: dict[str, Client]
) -> None:
    sees = letters_of(MODELS["orders.order"][0])
    order, nothing = counter.address("reference/<path:reference>"), "/admin/reference/order:999999999"
    for kind in STAFF.values():
        there, gone = (people[kind].get(address).headers["Location"] for address in (order, nothing))
        assert ("/orders/order/" in there) == (kind in sees), kind
        assert "/inventory/stockmovement/?q=" in gone, kind


def test_no_address_tells_which_rows_there_are(counter: Counter, people: dict[str, Client]) -> None:
    assert people["administrator"].get("/admin/r/1/1/").status_code == 404
    for label in ADMINS:
        for row in (counter.row_of(label).pk, 0):
            address = counter.address(page_of(label, HISTORY), object_id=row)
            assert people["new"].get(address).status_code == 403, address
