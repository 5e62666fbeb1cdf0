"""Every page of the admin as the URL resolver knows it, on a shop with a row of everything, and who may ask for it."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import override_settings
from django.urls import URLResolver

from accounts.models import ApiKey, Session, User
from accounts.sessions import start_session
from accounts.tests.factories import give_paper, give_phone, make_user
from catalog.models import Product
from catalog.tests.factories import make_category, make_product
from events.models import SentMail
from inventory.models import StockAlert
from orders.tests.factories import make_order
from pricing.tests.factories import make_rules
from tests.operations import World

ADMINS = {model._meta.label_lower: model_admin for model, model_admin in admin.site._registry.items()}
# What Django gives every model, by the end of its address.
LIST, ADD, CHANGE = "", "add/", "<path:object_id>/change/"
DELETE, HISTORY, TO_CHANGE = "<path:object_id>/delete/", "<path:object_id>/history/", "<path:object_id>/"
ARGUMENT = re.compile(r"<(?:\w+:)?([\w ]+)>")


def all_pages(patterns: Sequence[Any] | None = None, before: str = "") -> Iterator[str]:
    """The addresses below /admin/, as routes: "orders/order/<int:order_id>/slip/"."""
    for pattern in admin.site.get_urls() if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from all_pages(pattern.url_patterns, route)
        else:
            named = {"app_list": "<section>/"}.get(pattern.name or "")
            yield named or route.replace("(?P<url>.*)$", "<anything else>")


def page_of(label: str, end: str = LIST) -> str:
    """A page that Django gives a model."""
    return f"{label.replace('.', '/')}/{end}"


def own_pages() -> set[str]:
    """The pages that Django does not give every model."""
    ends = (LIST, ADD, CHANGE, DELETE, HISTORY, TO_CHANGE)
    return set(all_pages()) - {page_of(label, end) for label in ADMINS for end in ends}


def all_actions() -> set[str]:
    """The verbs of the lists, whoever may use them: "orders.order confirm"."""
    lists: dict[str, Any] = ADMINS
    return {f"{label} {name}" for label, of_list in lists.items() for _, name, _ in of_list._get_base_actions()}


def written() -> int:
    """How many rows this transaction has written so far, those that were undone included; sessions do not count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_xact_user_tables"
            " where relname <> 'django_session'"
        )
        return int(cursor.fetchone()[0])


class Counter:
    """A shop with a row of everything, to be asked for pages."""

    def __init__(self) -> None:
        shop = World()
        make_category("Empty")
        make_product("Draft", status=Product.Status.DRAFT)
        make_order(status="shipped")
        to_pack = make_order(status="confirmed")
        make_rules()
        self.customer = shop.stranger
        self.colleague = make_user(is_staff=True, groups=("order desk",))
        self.item = shop.article.stock_item
        StockAlert.objects.get_or_create(item=self.item, closed_at=None, defaults={"band": "low", "available": 1})
        SentMail.objects.create(key="order.placed:1", message_id="<1@example.com>")
        give_paper(self.colleague, "abcdef")
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into procrastinate_jobs (queue_name, task_name, priority, args, status, attempts)"
                " values ('default', 'nothing', 0, '{}', 'todo', 0), ('default', 'nothing', 0, '{}', 'failed', 1)"
            )
        for user in (self.customer, self.colleague):
            start_session(user_id=user.pk)
        self.their_session = Session.objects.get(user=self.colleague).pk
        self.sent = shop.sent.pk
        self.paid = shop.paid.pk
        self.arguments = {
            "order_id": shop.order.pk,
            "packed_id": to_pack.pk,
            "return_id": shop.asked_back,
            "invoice_id": shop.invoice.pk,
            "parcel_id": shop.parcel,
            "payment_id": shop.payment.pk,
            "order_item_id": shop.order.order_items.get().pk,
            "cart_id": shop.cart.pk,
            "product_id": shop.article.product_id,
            "image_id": shop.image.pk,
            "variant_id": shop.spare.pk,
            "planned_price_id": shop.planned_price.pk,
            "item_id": self.item.pk,
            "user_id": self.customer.pk,
            "session_id": Session.objects.get(user=self.customer).pk,
            "pk": give_phone(self.colleague).pk,
            "reference": shop.order.reference,
            "key_id": ApiKey.objects.get().pk,
            "webhook_id": shop.webhook.pk,
            "delivery_id": shop.delivery.pk,
            "subject": f"sku:{self.item.sku}",
            "anything else": "nowhere/",
            "section": "orders",
            "mail_kind": "order.placed",
            "mail": 0,
        }

    def address(self, page: str, **arguments: object) -> str:
        """The address of a page, of a row of ours or of another one."""
        known = self.arguments | arguments
        if "order_id" not in arguments and ("/parcels/" in page or "/ship/" in page):
            known["order_id"] = self.sent
        if "payment_id" not in arguments and page.endswith("/refund/"):
            known["payment_id"] = self.paid
        if "object_id" not in known and "<path:object_id>" in page:
            app, model = page.split("/")[:2]
            known["object_id"] = self.row_of(f"{app}.{model}").pk
        return "/admin/" + ARGUMENT.sub(lambda name: str(known[name[1]]), page)

    def row_of(self, label: str) -> Any:
        """A row of a model: for people, a customer."""
        if label == "accounts.user":
            return self.customer
        return apps.get_model(label)._default_manager.order_by("pk").first()


class PendingClient(Client):
    """The browser of staff who have not shown a second factor, in a shop that requires one."""

    def request(self, **request: Any) -> Any:
        with override_settings(ADMIN_REQUIRE_OTP=True):
            return super().request(**request)


def visitors() -> dict[str, Client]:
    """One of each kind of person who may come to the admin, signed in where that is possible."""

    def browser(of: type[Client] = Client, **fields: Any) -> Any:
        client: Any = of()
        client.user = make_user(**fields)
        client.force_login(client.user)
        return client

    reader = browser(is_staff=True)
    reader.user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    disabled = browser(is_staff=True, is_superuser=True)
    User.objects.filter(pk=disabled.user.pk).update(is_active=False)
    return {
        "nobody": Client(),
        "customer": browser(),
        "disabled": disabled,
        "second factor pending": browser(PendingClient, is_staff=True, is_superuser=True),
        "new": browser(is_staff=True),
        "reader": reader,
        "stock keeper": browser(is_staff=True, groups=("stock keeper",)),
        "order desk": browser(is_staff=True, groups=("order desk",)),
        "catalog editor": browser(is_staff=True, groups=("catalog editor",)),
        "picker": browser(is_staff=True, groups=("picker",)),
        "manager": browser(is_staff=True, groups=("administrator",)),
        "administrator": browser(is_staff=True, is_superuser=True),
    }
