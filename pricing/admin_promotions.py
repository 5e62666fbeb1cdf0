"""Promotions, for the shop keeper, and the page that tries a basket out."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.timezone import localtime, now

from catalog.admin_forms import with_path
from events.actors import admin_actor
from pricing import services
from pricing.admin_forms import PromotionForm, plain, skus_of
from pricing.admin_rules import RulesAdmin
from pricing.admin_tryout import try_out_page
from pricing.models import Promotion
from staff.frame import Page

# What the form fills in by hand, so that Django shows nothing of it to those who only read.
SHOWN = ("value", "codes", "products", "categories")


@admin.register(Promotion)
class PromotionAdmin(RulesAdmin[Promotion]):
    """Something off, for everybody or with a coupon, and how often it was used."""

    form = PromotionForm
    list_display = ("name", "offer", "coupons", "period", "used", "state")
    list_filter = ("is_active", "automatic", "kind")
    search_fields = ("name", "coupons__code")
    search_help_text = "Name or coupon"
    sortable_by = ("name",)
    pages = (
        Page(
            "tryout/",
            "tryout",
            "try_out_page",
            "pricing.view_promotion",
            menu="What would this basket cost?",
            methods=("GET",),
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Promotion | None = None) -> Any:
        """The fields of the form, or what stands in them for those who only read."""
        fields: Sequence[str] = PromotionForm.Meta.fields
        if obj is not None and not self.has_change_permission(request, obj):
            fields = [f"shown_{name}" if name in SHOWN else name for name in fields]
        return ((None, {"fields": fields}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Promotion | None = None) -> list[str]:
        """What stands in the fields that are no columns, or are columns of ids, for those who only read."""
        if obj is None or self.has_change_permission(request, obj):
            return []
        return [f"shown_{name}" for name in SHOWN]

    def look_up(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """The coupons of each promotion, and how often it is used."""
        shown = Promotion.objects.filter(pk__in=[row.pk for row in rows])
        uses = dict(
            shown.annotate(count=Count("redemptions", filter=Q(redemptions__given_back_at=None))).values_list(
                "pk", "count"
            )
        )
        for row in rows:
            row.uses = uses.get(row.pk, 0)
            row.codes = list(row.coupons.order_by("code").values_list("code", flat=True)[:4])

    def create(self, request: HttpRequest, data: Mapping[str, Any]) -> Promotion:
        """A new promotion."""
        return services.create_promotion(**columns_of(data), actor=admin_actor(request))

    def change(self, request: HttpRequest, row: Promotion, changes: dict[str, Any], version: int | None) -> None:
        """Change a promotion, and all of its coupons if these were edited."""
        services.update_promotion(
            promotion_id=row.pk, actor=admin_actor(request), expected_version=version, **columns_of(changes)
        )

    def delete_model(self, request: HttpRequest, obj: Promotion) -> None:
        """Remove a promotion that was never used."""
        services.delete_promotion(promotion_id=obj.pk, actor=admin_actor(request))

    def try_out_page(self, request: HttpRequest) -> HttpResponseBase:
        """What a basket would cost."""
        return try_out_page(self, request)

    @admin.display(description="value")
    def shown_value(self, row: Promotion) -> str:
        """Percent, or an amount."""
        return plain(row.value)

    @admin.display(description="codes")
    def shown_codes(self, row: Promotion) -> str:
        """All of its coupons."""
        return ", ".join(row.coupons.order_by("code").values_list("code", flat=True)) or "for everybody"

    @admin.display(description="products")
    def shown_products(self, row: Promotion) -> str:
        """The articles whose products it is for."""
        return ", ".join(skus_of(row.product_ids)) if row.product_ids else "all"

    @admin.display(description="categories")
    def shown_categories(self, row: Promotion) -> str:
        """The categories that it is for."""
        named: Any = with_path().filter(pk__in=row.category_ids)
        return ", ".join(category.path for category in named) if row.category_ids else "all"

    @admin.display(description="offer")
    def offer(self, row: Promotion) -> str:
        """What it takes off, in words."""
        value = f"{row.value.normalize():f}"
        match row.kind:
            case Promotion.Kind.PERCENT:
                said = f"{value} % off"
            case Promotion.Kind.FIXED:
                said = f"{value} off"
            case Promotion.Kind.FREE_SHIPPING:
                said = "free shipping"
            case _:
                said = f"buy {row.buy}, get {row.get} " + ("for free" if row.value == 100 else f"{value} % off")
        return f"{said} from {row.minimum} on" if row.minimum else said

    @admin.display(description="coupons")
    def coupons(self, row: Any) -> str:
        """Its first coupons."""
        return "for everybody" if row.automatic else ", ".join(row.codes[:3]) + (" …" if len(row.codes) > 3 else "")

    @admin.display(description="period")
    def period(self, row: Promotion) -> str:
        """From when to when it counts."""
        ends = (("from", row.starts_at), ("to", row.ends_at))
        said = [f"{word} {localtime(moment):%d %b %Y %H:%M}" for word, moment in ends if moment is not None]
        return " ".join(said) or "always"

    @admin.display(description="used")
    def used(self, row: Any) -> str:
        """How often it is used, and how often it may be."""
        return f"{row.uses} of {row.total_limit}" if row.total_limit is not None else str(row.uses)

    @admin.display(description="state")
    def state(self, row: Any) -> str:
        """Whether it counts now."""
        if not row.is_active:
            return "off"
        if row.starts_at and row.starts_at > now():
            return "to come"
        if row.ends_at and row.ends_at <= now():
            return "over"
        return "used up" if row.total_limit is not None and row.uses >= row.total_limit else "counts"


def columns_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a form of a promotion says, as the service takes it."""
    names = {"products": "product_ids", "categories": "category_ids"}
    return {names.get(name, name): value for name, value in data.items()}
