"""The audit: the journal of all that was done through any channel, and the mails that followed.

These pages are not in `events`, since that package imports none of ours, not even the frame of staff pages.
"""

import json
from collections.abc import Sequence
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, Model, QuerySet
from django.db.models.expressions import RawSQL
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.views.decorators.clickjacking import xframe_options_sameorigin

from accounts.models import ApiKey, User
from accounts.names import name_actors
from catalog.models import Category, Product
from checkout.admin_forms import cart_id_of
from checkout.models import Cart
from config.admin.mails import SEES, kinds, mailing, newest, previews_of
from events.models import Event, SentMail, WebhookEndpoint
from inventory.models import FormerName, StockItem, Warehouse
from orders.models import Order
from pricing.models import Promotion, ShippingMethod, TaxClass, TaxRate, Zone
from staff.frame import NUMBER, Page, ReadOnly, StaffAdmin
from staff.lists import by_moment

# A mail brings its own styles. Nothing else of it is loaded but the shop's picture, and nothing runs.
PICTURES = settings.SHOP_LOGO_URL or "'none'"
MAIL_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; img-src {PICTURES}; frame-ancestors 'self'; sandbox"
AREAS = ("order", "cart", "stock", "product", "category", "pricing", "user", "group", "api_key", "webhook")


class KindFilter(admin.SimpleListFilter):
    """A filter by area, the first word of an event's kind. Asking the table for its areas would read all rows."""

    title = "area"
    parameter_name = "area"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The areas to choose from."""
        return [(area, area) for area in AREAS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The events of the chosen area."""
        return queryset.filter(kind__startswith=f"{self.value()}.") if self.value() else queryset


SELDOM_CHANNEL = "events_event.channel <> 'api'"


class ChannelFilter(admin.SimpleListFilter):
    """A filter by the channel through which something was done."""

    title = "channel"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The channels to choose from."""
        return [(channel, channel) for channel in ("api", "admin", "command", "worker", "backfill")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The events of the chosen channel."""
        if not self.value():
            return queryset
        found = queryset.filter(channel=self.value())
        # Most events came through the API. All others are in an index with a condition, and a prepared statement uses
        # the index only if the statement repeats that condition.
        return found if self.value() == "api" else found.filter(RawSQL(SELDOM_CHANNEL, [], BooleanField()))  # noqa: S611


@admin.register(Event)
class EventAdmin(ReadOnly, StaffAdmin[Event]):
    """The journal: events, newest first."""

    list_display = ("at", "kind", "about", "who", "channel", "changed", "details")
    list_display_links = ("at",)
    list_filter = (KindFilter, ChannelFilter)
    search_fields = ("subject",)
    search_help_text = (
        "Subject (order:17), actor (staff:3), email of a member of staff, or kind (order.shipped), in full"
    )
    ordering = ("-id",)
    sortable_by = ()

    fields = ("at", "kind", "about", "who", "channel", "position", "everything")
    readonly_fields = fields

    def has_view_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        """Who may read the journal; and who may edit a thing, for the list of the events about that thing alone."""
        if super().has_view_permission(request, obj):
            return True
        return obj is None and may_edit(request, request.GET.get("q", "").strip())

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        """Links to the pages of single events, for those who may read the journal."""
        return self.list_display_links if super().has_view_permission(request) else None

    def look_up(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """The names of the actors."""
        name_actors(request, rows)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Event | None:
        """One event, with the name of its actor."""
        event = super().get_object(request, object_id, from_field)
        if event is not None:
            self.look_up(request, [event])
        return event

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """The events that match every word. A word is compared whole, with the indexed column that it can belong to.

        A subject whose name has blanks in it, as a SKU may have, is one word.
        """
        whole = search_term.strip()
        for word in [whole] if thing_of(whole) else whole.split():
            queryset = queryset.filter(**meaning(word))
        return queryset, False

    @admin.display(description="about")
    def about(self, row: Event) -> str:
        """The subject, as a link to the page of what the event is about."""
        return format_html('<a href="{}">{}</a>', reverse("admin:subject", args=[row.subject]), row.subject)

    @admin.display(description="who")
    def who(self, row: Any) -> str:
        """The name of the actor."""
        return str(row.who)

    @admin.display(description="changed")
    def changed(self, row: Event) -> str:
        """The fields that were changed, each with its value before and after."""
        changes = row.payload.get("changes", {})
        lines = ((field, shown(before), shown(after)) for field, (before, after) in changes.items())
        return format_html_join(mark_safe("<br>"), "{}: {} → {}", lines)

    @admin.display(description="details")
    def details(self, row: Event) -> str:
        """The payload in one line, cut to 120 characters."""
        text = json.dumps(row.payload, ensure_ascii=False)
        return format_html('<code class="payload">{}</code>', text if len(text) <= 120 else f"{text[:119]}…")

    @admin.display(description="details")
    def everything(self, row: Event) -> str:
        """The whole payload."""
        return format_html('<pre class="payload">{}</pre>', json.dumps(row.payload, ensure_ascii=False, indent=2))


EDITED: dict[str, type[Model]] = {
    "order": Order,
    "product": Product,
    "category": Category,
    "user": User,
    "group": Group,
    "api_key": ApiKey,
    "item": StockItem,
    "tax_class": TaxClass,
    "tax_rate": TaxRate,
    "zone": Zone,
    "shipping_method": ShippingMethod,
    "promotion": Promotion,
    "webhook": WebhookEndpoint,
}


def shown(value: Any) -> str:
    """A value of a field in a few words."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "empty" if value in ("", None) else text if len(text) <= 60 else f"{text[:59]}…"


def thing_of(subject: str) -> Model | None:
    """The row that a subject of the journal is about; None where it is about none, or where the row is gone."""
    kind, _, name = subject.partition(":")
    rows: QuerySet[Any]
    if kind == "sku":
        rows = StockItem.objects.filter(sku=name)
    elif kind == "warehouse":
        rows = Warehouse.objects.filter(code=name)
    elif kind == "cart" and (cart_id := cart_id_of(name)):
        rows = Cart.objects.filter(pk=cart_id)
    elif kind in EDITED and NUMBER.fullmatch(name):
        rows = EDITED[kind]._default_manager.filter(pk=name)
    else:
        return None
    return rows.first()


def may_edit(request: HttpRequest, subject: str) -> bool:
    """Whether the user may edit what a subject is about, by a form or, as with an order, by verbs."""
    row = thing_of(subject)
    if row is None or not request.user.has_perm(f"{row._meta.app_label}.change_{row._meta.model_name}"):
        return False
    pages = admin.site.get_model_admin(type(row))
    return isinstance(pages, ReadOnly) or pages.has_change_permission(request, row)


def subjects_of(subject: str) -> list[str]:
    """The subjects under which the journal keeps a thing: an item also by its id, and by the SKUs that it had."""
    row = thing_of(subject)
    if not isinstance(row, StockItem):
        return [subject]
    former = FormerName.objects.filter(item=row).values_list("name", flat=True)
    return [f"item:{row.pk}", f"sku:{row.sku}", *(f"sku:{name}" for name in former)]


def meaning(word: str) -> dict[str, Any]:
    """The filter that a word of a search stands for."""
    if "@" in word:
        user = User.objects.with_email(word).first()
        return {"actor__in": [f"staff:{user.pk}", f"customer:{user.pk}"] if user else []}
    if word in ("system", "visitor") or word.startswith(("staff:", "customer:")):
        return {"actor": word}
    if ":" in word:
        return {"subject__in": subjects_of(word)}
    return {"kind": word}


@admin.register(SentMail)
class SentMailAdmin(ReadOnly, StaffAdmin[SentMail]):
    """Mails that were claimed or sent, newest first."""

    list_display = ("key", "sent_at", "claimed_at", "message_id")
    list_filter = (("sent_at", by_moment("mails", still="Not sent yet", done="Sent")),)
    search_fields = ("key__startswith",)
    search_help_text = "The beginning of the key (order.placed)"
    ordering = ("-id",)
    fields = readonly_fields = ("key", "message_id", "claimed_at", "sent_at")
    pages = (
        Page("previews/", "previews", "previews_page", SEES[0], menu="Previews of mails", methods=("GET",)),
        Page("previews/<str:mail_kind>/", "preview", "preview_page", SEES[0], methods=("GET",)),
        Page("previews/<str:mail_kind>/<int:mail>/", "preview_body", "preview_body_page", SEES[0], methods=("GET",)),
    )

    def previews_page(self, request: HttpRequest) -> HttpResponseBase:
        """The kinds of events that mails follow from, with the newest event of each."""
        return self.show(request, "admin/mail_previews.html", "Previews of mails", kinds=kinds())

    @method_decorator(csp_update({"frame-src": [SELF]}))
    def preview_page(self, request: HttpRequest, mail_kind: str) -> HttpResponseBase:
        """The mails that the newest event of a kind would be followed by now."""
        event = self.previewed(request, mail_kind)
        title = f"Mail: {mail_kind}"
        return self.show(request, "admin/mail_preview.html", title, event=event, previews=previews_of(event))

    @method_decorator(xframe_options_sameorigin)
    def preview_body_page(self, request: HttpRequest, mail_kind: str, mail: int) -> HttpResponseBase:
        """The HTML of one of them, for the frame of its page."""
        previews = previews_of(self.previewed(request, mail_kind), upto=mail)
        if mail >= len(previews):
            raise Http404("There is no such mail.")
        return HttpResponse(previews[mail].html, headers={"Content-Security-Policy": MAIL_POLICY})

    def previewed(self, request: HttpRequest, mail_kind: str) -> Event:
        """The newest event of a kind that mails follow from. Raises Http404, and PermissionDenied."""
        if not request.user.has_perms(SEES):
            raise PermissionDenied
        event = newest(mail_kind) if mailing(mail_kind) else None
        if event is None:
            raise Http404("There is no such event yet.")
        return event
