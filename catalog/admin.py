"""What is sold, for those who describe it: products with variants and pictures, and the tree of categories.

Everything is written by catalog.services. Quantities are not here: they lead to the page of the SKU in stock.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.files.storage import default_storage
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.html import format_html

from catalog import services
from catalog.admin_forms import (
    CategoryForm,
    ImageForm,
    NewProductForm,
    ProductForm,
    VariantForm,
    VariantInline,
    with_path,
)
from catalog.models import Category, Product, Variant
from database.refusals import Refusal
from events.actors import admin_actor
from inventory.admin import StockItemAdmin
from staff.frame import Page, StaffAdmin
from staff.lists import RelatedFilter

CHANGE = "catalog.change_product"
Status = Product.Status
MOST_AT_ONCE = 500
STALE = "Somebody else has changed it since you opened it. Look at it again."
VERBS = {Status.ACTIVE: "Publish", Status.DRAFT: "Back to draft", Status.ARCHIVED: "Archive"}


@admin.register(Product)
class ProductAdmin(StaffAdmin[Product]):
    form = ProductForm
    change_form_template = "admin/catalog/product_form.html"
    list_display = ("picture", "name", "sku", "category", "price", "stock", "status_badge")
    list_display_links = ("picture", "name")
    list_select_related = ("category",)
    list_filter = ("status", ("category", RelatedFilter))
    search_fields = ("name", "slug")
    search_help_text = "SKU, or a part of the name"
    ordering = ("-created_at", "-id")
    sortable_by = ("name", "price")
    actions = ("publish", "archive")
    pages = (
        Page("<int:product_id>/status/", "status", "status_page", CHANGE, methods=("POST",)),
        Page("<int:product_id>/images/", "add_image", "add_image_page", "catalog.add_image", methods=("POST",)),
        Page(
            "<int:product_id>/images/<int:image_id>/",
            "delete_image",
            "delete_image_page",
            "catalog.delete_image",
            methods=("POST",),
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        variants = Variant.objects.live().with_stock()
        return super().get_queryset(request).prefetch_related(Prefetch("variants", variants, to_attr="live"), "images")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        term = search_term.strip()
        with_sku = list(Variant.objects.filter(stock_item__sku=term).values_list("product", flat=True)) if term else []
        return (
            (queryset.filter(pk__in=with_sku), False)
            if with_sku
            else super().get_search_results(request, queryset, term)
        )

    def get_form(self, request: HttpRequest, obj: Product | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=ProductForm if obj else NewProductForm, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Product | None = None) -> Any:
        fields = ("name", "slug", *(() if obj else ("sku",)), "category", "price", "description", "attributes")
        return ((None, {"fields": fields}),)

    def get_inlines(self, request: HttpRequest, obj: Product | None) -> Any:
        """A new product has one variant, which is enough for most; further ones are added once it is there."""
        return [VariantInline] if obj else []

    def create(self, request: HttpRequest, data: Mapping[str, Any]) -> Product:
        """New products are drafts: pictures and stock come before customers."""
        details = {**data, "category": slug_of(data["category"]), "status": Status.DRAFT}
        return services.create_product(**details, actor=admin_actor(request))

    def change(self, request: HttpRequest, row: Product, changes: dict[str, Any], version: int | None) -> None:
        if "category" in changes:
            changes["category"] = slug_of(changes["category"])
        services.update_product(product_id=row.pk, actor=admin_actor(request), expected_version=version, **changes)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Variants, in the unit of work of the product's form."""
        actor, product_id = admin_actor(request), form.instance.pk
        for line in formset.forms:
            if line in formset.deleted_forms:
                if line.instance.pk:
                    services.archive_variant(product_id=product_id, variant_id=line.instance.pk, actor=actor)
            elif line.has_changed():
                self.save_variant(product_id, line, actor)

    def save_variant(self, product_id: int, line: VariantForm, actor: Any) -> None:
        details = {name: line.cleaned_data[name] for name in ("sku", "name", "options", "price")}
        if line.instance.pk is None:
            services.add_variant(product_id=product_id, actor=actor, **details)
            return
        services.update_variant(
            product_id=product_id,
            variant_id=line.instance.pk,
            actor=actor,
            expected_version=line.cleaned_data["seen_version"],
            **{name: value for name, value in details.items() if name in line.changed_data},
        )

    @admin.display(description="")
    def picture(self, row: Product) -> str:
        pictures = list(row.images.all())
        if not pictures:
            return format_html('<span class="{}"></span>', "no-picture")
        url = default_storage.url(pictures[0].files["small"])
        return format_html('<img class="thumbnail" src="{}" alt="{}" loading="lazy">', url, pictures[0].alt)

    @admin.display(description="SKU")
    def sku(self, row: Any) -> str:
        first, *others = row.live or [None]
        return f"{first.stock_item.sku} +{len(others)}" if others else first.stock_item.sku if first else ""

    @admin.display(description="stock")
    def stock(self, row: Any) -> int:
        return sum(variant.stock_quantity for variant in row.live)

    @admin.display(description="status", ordering="status")
    def status_badge(self, row: Product) -> str:
        return format_html('<span class="badge {}">{}</span>', row.status, row.get_status_display())

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self.each(request, queryset, Status.ACTIVE)

    @admin.action(description="Archive", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self.each(request, queryset, Status.ARCHIVED)

    def each(self, request: HttpRequest, queryset: QuerySet[Product], status: Status) -> None:
        chosen = list(queryset.values_list("pk", flat=True)[:MOST_AT_ONCE])
        for product_id in chosen:
            services.update_product(product_id=product_id, status=status, actor=admin_actor(request))
        messages.success(request, f"{len(chosen)} now {Status(status).label.lower()}.")

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, obj: Product | None = None, **kwargs: Any
    ) -> Any:
        if obj is not None:
            may_change = self.has_change_permission(request, obj)
            context["verbs"] = [verb for verb in VERBS.items() if verb[0] != obj.status] if may_change else []
            context["pictures"] = [(image, default_storage.url(image.files["small"])) for image in obj.images.all()]
            context["image_form"] = ImageForm() if self.may(request, "catalog.add_image") else None
            context["may_delete_images"] = self.may(request, "catalog.delete_image")
        kwargs["obj"] = obj
        return super().render_change_form(request, context, *args, **kwargs)

    def status_page(self, request: HttpRequest, product_id: int) -> HttpResponseBase:
        """Publish, archive or take back, if the product is still as the page showed it."""
        status, version = request.POST.get("status", ""), request.POST.get("version", "")
        if status not in VERBS or not version.isdigit():
            raise Http404("There is no such status.")
        return self.carry_out(
            request,
            product_id,
            f"The product is {Status(status).label.lower()} now.",
            lambda: services.update_product(
                product_id=product_id, status=status, actor=admin_actor(request), expected_version=int(version)
            ),
        )

    def add_image_page(self, request: HttpRequest, product_id: int) -> HttpResponseBase:
        """A further picture. It is read and drawn in its sizes before the unit of work begins."""
        form = ImageForm(request.POST, request.FILES)
        if not form.is_valid():
            messages.error(request, "Choose a picture.")
            return HttpResponseRedirect(self.url("change", product_id))
        file, alt = form.cleaned_data["file"], form.cleaned_data["alt"]
        return self.carry_out(
            request,
            product_id,
            "The picture is there.",
            lambda: services.add_image(product_id=product_id, file=file, alt=alt, actor=admin_actor(request)),
        )

    def delete_image_page(self, request: HttpRequest, product_id: int, image_id: int) -> HttpResponseBase:
        return self.carry_out(
            request,
            product_id,
            "The picture is gone.",
            lambda: services.delete_image(product_id=product_id, image_id=image_id, actor=admin_actor(request)),
        )

    def carry_out(
        self, request: HttpRequest, product_id: int, done: str, verb: Callable[[], object]
    ) -> HttpResponseBase:
        """Call a service and go back to the product with its answer."""
        try:
            verb()
        except Refusal as refusal:
            messages.error(request, STALE if refusal.status == 412 else refusal.detail)
        else:
            messages.success(request, done)
        return HttpResponseRedirect(self.url("change", product_id))


@admin.register(Category)
class CategoryAdmin(StaffAdmin[Category]):
    form = CategoryForm
    list_display = ("path", "slug", "products")
    list_per_page = 200
    search_fields = ("name", "slug")
    ordering = ()
    sortable_by = ()
    fields = ("name", "slug", "parent")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        # Counted by itself: in a join each product would bring its category's path with it.
        counted = Product.objects.filter(category=OuterRef("pk")).order_by().values("category").annotate(n=Count("pk"))
        return with_path().annotate(product_count=Coalesce(Subquery(counted.values("n")), 0))

    @admin.display(description="category")
    def path(self, row: Any) -> str:
        *above, name = row.path.split(" > ")
        return format_html('<span class="above">{}</span>{}', "".join(f"{step} > " for step in above), name)

    @admin.display(description="products")
    def products(self, row: Any) -> int:
        return int(row.product_count)

    def create(self, request: HttpRequest, data: Mapping[str, Any]) -> Category:
        return services.create_category(
            name=data["name"], slug=data["slug"], parent=slug_of(data["parent"]), actor=admin_actor(request)
        )

    def change(self, request: HttpRequest, row: Category, changes: dict[str, Any], version: int | None) -> None:
        if "parent" in changes:
            changes["parent"] = slug_of(changes["parent"])
        services.update_category(category_id=row.pk, actor=admin_actor(request), expected_version=version, **changes)

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        services.delete_category(category_id=obj.pk, actor=admin_actor(request))


class CategoryFilter(admin.SimpleListFilter):
    """Stock items that are sold in a category or anywhere below it, whether or not they are for sale now."""

    title = "category"
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        tree: QuerySet[Any] = with_path()
        return [(category.slug, indented(category.path)) for category in tree]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        slug = self.value()
        if not slug:
            return queryset
        sold = Variant.objects.filter(product__category__in=Category.objects.below(slug))
        return queryset.filter(pk__in=sold.values("stock_item"))


# Stock knows nothing of categories, so its list is narrowed by them from here.
StockItemAdmin.list_filter.append(CategoryFilter)


def indented(path: str) -> str:
    """The name of a category, as far from the margin as it lies below the top. Ordinary spaces would be folded."""
    *above, name = path.split(" > ")
    return "\N{EM SPACE}" * len(above) + name


def slug_of(category: Category | None) -> str | None:
    return category.slug if category else None
