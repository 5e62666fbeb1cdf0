"""The admin as a whole: the home page, the navigation, one's own password, and the pages behind references."""

from collections.abc import Iterable, Sequence
from functools import wraps
from typing import Any, cast
from urllib.parse import quote

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.views import PasswordChangeView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Field, Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from accounts.models import ApiKey, User
from accounts.names import name_actors
from accounts.notes import notes_for
from checkout.models import Cart
from config.admin.login import LoginForm, PasswordForm, remember_device
from config.admin.own_sessions import own_sessions
from config.admin.places import LISTS, SECTIONS, SUBJECTS
from database.money import places_of
from database.refusals import Busy
from events.models import Event, WebhookEndpoint
from inventory.bands import Band
from inventory.models import StockItem
from orders import desk, figures
from orders.models import Order
from orders.worklist import worklist
from payments.attention import attention
from staff.bulk import delete_selected
from staff.frame import NUMBER, StaffAdmin
from staff.lists import GuardedAdmin
from staff.once import OneUnit, once, page_before
from staff.templatetags.charts import Bar, Part


class OwnPasswordView(PasswordChangeView):
    """The page of one's own password. Its form counts the guesses of the old one."""

    form_class = PasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Django's own, with the request that a guess comes with."""
        return super().get_form_kwargs() | {"request": self.request}


class SuggestionsView(AutocompleteJsonView):
    """Django's suggestions for a field that names a row of another model."""

    def process_request(self, request: HttpRequest) -> Any:
        """Django's own, which fails on the far end of a relation. No form has a field for that end: it is 403."""
        asked = super().process_request(request)
        if not isinstance(asked[2], Field):
            raise PermissionDenied
        return asked


class ShopAdminSite(AdminSite):
    """The admin: home page, navigation, and the way from a reference to a page."""

    site_title = site_header = settings.SHOP_NAME
    index_title = "Today"
    site_url = None
    login_form = LoginForm
    password_change_done_template = "admin/password_changed.html"  # noqa: S105  # a path

    def __init__(self, name: str = "admin") -> None:
        """A site whose lists delete row by row, as the page of a single row does."""
        super().__init__(name)
        self.add_action(delete_selected)

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: "type[ModelAdmin[Any]] | None" = None,
        **options: Any,
    ) -> None:
        """Django's own, with GuardedAdmin mixed in before each admin, so that no admin has to remember the guard."""
        own = admin_class or ModelAdmin
        bases = (GuardedAdmin, own) if issubclass(own, StaffAdmin) else (GuardedAdmin, OneUnit, own)
        guarded = type(own.__name__, bases, {"__module__": own.__module__, "__doc__": own.__doc__})
        super().register(model_or_iterable, guarded, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the user is staff, and with ADMIN_REQUIRE_OTP has shown a second factor."""
        if not super().has_permission(request):
            return False
        return not settings.ADMIN_REQUIRE_OTP or bool(request.user.is_verified())  # type: ignore[union-attr]  # OTPMiddleware

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Django's own, for whoever may come in. What is posted takes effect once.

        Whoever has to log in first comes back to the page that the form was on: some addresses take posts alone.
        """
        admitted = super().admin_view(once(view), cacheable)

        @wraps(admitted)
        def guard(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.method != "POST" or self.has_permission(request) or request.path == reverse("admin:logout"):
                return admitted(request, *args, **kwargs)
            return redirect_to_login(page_before(request, request.get_full_path()), reverse("admin:login"))

        return guard

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Django's own. Whoever comes in gets the cookie of a known device."""
        response = super().login(request, extra_context)
        if request.method == "POST" and response.status_code == 302:
            remember_device(request, response)
        return response

    def get_urls(self) -> list[Any]:
        """Django's own addresses, after those of one's own sessions, references and subjects.

        Django's address that leads to the page of any row of any model in the storefront is left out. There are no such
        pages, and the address would tell all staff which rows exist.
        """
        own: list[URLPattern] = [
            path("sessions/", self.admin_view(own_sessions), name="own_sessions"),
            path("reference/<path:reference>", self.admin_view(self.reference_view), name="reference"),
            path("subject/<path:subject>", self.admin_view(self.subject_view), name="subject"),
        ]
        return own + [address for address in super().get_urls() if getattr(address, "name", "") != "view_on_site"]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The home page: the work of the day, as far as the user's permissions reach."""
        return super().index(request, home(request) | (extra_context or {}))

    def app_index(self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None) -> Any:
        """A redirect from a section in the breadcrumbs to the first place of the section."""
        for section in self.get_app_list(request, app_label):
            for place in section["places"]:
                return HttpResponseRedirect(place["url"])
        raise Http404("There is nothing here that you may see.")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The sections in the sequence of the day's work. The navigation shows their `places`: lists, then verbs."""
        apps = self._build_app_dict(request, app_label)
        sections = sorted(apps.values(), key=lambda app: SECTIONS.get(app["app_label"], (len(SECTIONS), "")))
        for section in sections:
            section["name"] = SECTIONS.get(section["app_label"], (0, section["name"]))[1]
            section["places"] = [
                {"name": LISTS.get(model["object_name"], model["name"]), "url": model["admin_url"]}
                for model in section["models"]
                if model["admin_url"]
            ] + self.verbs(request, section["app_label"])
        places = [place for section in sections for place in section["places"]]
        here = [place for place in places if request.path.startswith(place["url"])]
        if here:
            max(here, key=lambda place: len(place["url"]))["current"] = True
        return sections

    def verbs(self, request: HttpRequest, app_label: str) -> list[dict[str, Any]]:
        """The pages of verbs in a section that the user may open, for the navigation."""
        return [
            {"name": page.menu, "url": model_admin.url(page.name), "verb": True}
            for model, model_admin in self._registry.items()
            if isinstance(model_admin, StaffAdmin)
            for page in model_admin.pages
            if page.menu and app_label == (page.section or model._meta.app_label)
            if model_admin.may(request, page.permission)
        ]

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Django's own page with our form, whose service ends sessions and tells the journal."""
        view = OwnPasswordView.as_view(
            success_url=reverse("admin:password_change_done"),
            template_name="admin/password_change.html",
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        try:
            return view(request)
        except Busy as busy:
            messages.error(request, busy.detail)
            return HttpResponseRedirect(reverse("admin:password_change"))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Django's own, by our view."""
        return cast(HttpResponse, SuggestionsView.as_view(admin_site=self)(request))

    def reference_view(self, request: HttpRequest, reference: str) -> HttpResponse:
        """A redirect from a reservation's or a movement's reference: to the order, else to the movements with it.

        Inventory does not know orders, so references are resolved here. Staff who may not see orders are not told
        whether there is one with this number.
        """
        kind, _, number = reference.partition(":")
        order = None
        if kind == "order" and self.shows(request, Order):
            order = Order.objects.filter(number=number).values_list("pk", flat=True).first()
        if order is None:
            return HttpResponseRedirect(f"{reverse('admin:inventory_stockmovement_changelist')}?q={quote(reference)}")
        return HttpResponseRedirect(reverse("admin:orders_order_change", args=[order]))

    def subject_view(self, request: HttpRequest, subject: str) -> HttpResponse:
        """A redirect from the subject of an event to the page that shows the subject."""
        kind, _, name = subject.partition(":")
        if kind in SUBJECTS and NUMBER.fullmatch(name):
            return HttpResponseRedirect(reverse(f"admin:{SUBJECTS[kind]}", args=[name]))
        if kind == "cart" and self.shows(request, Cart):
            return HttpResponseRedirect(reverse("admin:checkout_cart_change", args=[name]))
        if kind == "sku" and self.shows(request, StockItem):
            item = StockItem.objects.with_skus(name).values_list("pk", flat=True).first()
            if item is not None:
                return HttpResponseRedirect(reverse("admin:inventory_stockitem_why", args=[item]))
        if kind == "stock":
            return HttpResponseRedirect(f"{reverse('admin:inventory_stockmovement_changelist')}?q={quote(name)}")
        if kind == "warehouse":
            return HttpResponseRedirect(f"{reverse('admin:inventory_warehouse_changelist')}?q={quote(name)}")
        raise Http404("No page shows this.")

    def shows(self, request: HttpRequest, model: type[Model]) -> bool:
        """Whether the user may see the rows of a model."""
        return self.get_model_admin(model).has_view_permission(request)


def home(request: HttpRequest) -> dict[str, Any]:
    """The parts of the home page that this member of staff may see. Each part is one or two statements."""
    parts: dict[str, Any] = {}
    sees_orders = request.user.has_perm("orders.view_order")
    sees_stock = request.user.has_perm("inventory.view_stockitem")
    if sees_orders or sees_stock:
        report = figures.report()
        parts |= {"figures_at": report.at, "currency": settings.CURRENCY, "places": f"{places_of()}g"}
    if sees_orders:
        days = desk.days(report)
        parts |= {
            "waiting": desk.waiting(),
            "ending": desk.about_to_end(),
            "returns": desk.open_returns(),
            "days": days,
            "orders_chart": bars(days.days, "count"),
            "revenue_chart": bars(days.days, "amount"),
            "best_chart": [
                Part(best.sku, best.units, f"{best.units:,}", best.name, why_url(best.item_id)) for best in report.best
            ],
        }
    if request.user.has_perm("payments.view_payment"):
        parts["money"] = attention()
    if sees_stock:
        parts |= {
            "worklist": worklist(),
            "may_move": request.user.has_perm("inventory.change_stocklevel"),
            "may_edit": request.user.has_perm("inventory.change_stockitem"),
            "stock_value": sum(share.value for share in report.bands),
            "bands_chart": [
                Part(
                    Band(share.name).label.lower().capitalize(),
                    float(share.value),
                    f"{share.value:,.0f}",
                    f"{share.items:,} SKUs, {share.units:,} units",
                    f"{reverse('admin:inventory_stockitem_changelist')}?band={share.name}",
                    share.name,
                )
                for share in report.bands
            ],
            "ages_chart": [
                Part(share.name, float(share.value), f"{share.value:,.0f}", f"{share.units:,} units")
                for share in report.ages
            ],
        }
    if request.user.has_perm("accounts.view_apikey"):
        parts["ending_keys"] = list(ApiKey.objects.ending())
    if request.user.has_perm("events.view_webhookendpoint"):
        parts["webhooks"] = list(WebhookEndpoint.objects.unwell())
    if isinstance(request.user, User):
        parts["notes"] = notes_for(request.user)
    if request.user.has_perm("events.view_event"):
        parts["journal"] = list(Event.objects.order_by("-id")[:10])
        name_actors(request, parts["journal"])
    return parts


def why_url(item_id: int) -> str:
    """The address of the page that explains an item's stock."""
    return reverse("admin:inventory_stockitem_why", args=[item_id])


def bars(days: Sequence[figures.Day], what: str) -> list[Bar]:
    """A column for each day. Every fifth column has its date below. `what` is "count" or "amount"."""
    unit = "orders" if what == "count" else settings.CURRENCY
    return [
        Bar(
            float(getattr(day, what)),
            f"{day.date:%d %b}: {getattr(day, what):,} {unit}",
            f"{day.date:%d %b}" if not place % 5 else "",
        )
        for place, day in enumerate(days)
    ]
