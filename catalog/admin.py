"""What is sold, for those who describe it: products with their variants and pictures.

Everything is written by catalog.services. Quantities are only shown here, as links to the page of the SKU in stock.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.core.files.storage import default_storage
from django.db.models import Prefetch, QuerySet
from django.db.models.expressions import RawSQL
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.html import format_html

from catalog import services
from catalog.admin_categories import slug_of
from catalog.admin_forms import (
    ImageChangeForm,
    ImageForm,
    NewProductForm,
    ProductForm,
    VariantForm,
    VariantInline,
)
from catalog.admin_parts import CHANGE, CHANGE_IMAGE, PARTS
from catalog.admin_prices import PAGES as PRICES
from catalog.admin_prices import PricesPages
from catalog.listing.query import read_query
from catalog.models import Product, Variant
from events.actors import admin_actor
from inventory.models import StockItem
from staff.bulk import carry_out
from staff.frame import NUMBER, Page
from staff.lists import RelatedFilter

Status = Product.Status
# What the words of a search mean (catalog/listing/query.py).
MEANT = "select id from catalog_product where search_vector @@ %s::tsquery"
VERBS = {Status.ACTIVE: "Publish", Status.DRAFT: "Back to draft", Status.ARCHIVED: "Archive"}


@admin.register(Product)
class ProductAdmin(PricesPages):
    """Products. Their status, variants and pictures are written on the page of the product too."""

    form = ProductForm
    change_form_template = "admin/catalog/product_form.html"
    list_display = ("picture", "name", "sku", "category", "price", "stock", "status_badge")
    list_display_links = ("picture", "name")
    list_select_related = ("category",)
    list_filter = ("status", ("category", RelatedFilter))
    search_fields = ("name", "slug")
    search_help_text = "SKU, barcode, or words of name, options, category and attributes"
    ordering = ("-created_at", "-id")
    sortable_by = ("name", "price")
    actions = ("publish", "archive")
    pages = (
        Page("<int:product_id>/status/", "status", "status_page", CHANGE, methods=("POST",)),
        *PARTS,
        *PRICES,
    )

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        """Never: products are archived, since orders may name them."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        """Products with their pictures, and in `live` with the variants that they have now."""
        variants = Variant.objects.live().with_stock()
        return super().get_queryset(request).prefetch_related(Prefetch("variants", variants, to_attr="live"), "images")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        """The product with this SKU, or else those that the words mean, as in the shop, or that have them as a part."""
        term = search_term.strip()
        skus = StockItem.objects.with_skus(term)
        with_sku = list(Variant.objects.filter(stock_item__in=skus).values_list("product", flat=True)) if term else []
        if with_sku:
            return queryset.filter(pk__in=with_sku), False
        found, duplicates = super().get_search_results(request, queryset, term)
        if term:
            meant = RawSQL(MEANT, [read_query(term).match])  # noqa: S611  # the query travels as a parameter
            found = found | queryset.filter(pk__in=meant)
        return found, duplicates

    def get_form(self, request: HttpRequest, obj: Product | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form of a product; a new one may be given the SKU of its only variant."""
        return super().get_form(request, obj, change, form=ProductForm if obj else NewProductForm, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Product | None = None) -> Any:
        """The fields of the form; the SKU of a new product stands after its slug."""
        fields = [*ProductForm.Meta.fields]
        if obj is None:
            fields.insert(fields.index("slug") + 1, "sku")
        return ((None, {"fields": fields}),)

    def get_inlines(self, request: HttpRequest, obj: Product | None) -> Any:
        """A new product has one variant, which is enough for most; further ones are added once it is there."""
        return [VariantInline] if obj else []

    def create(self, request: HttpRequest, data: Mapping[str, Any]) -> Product:
        """New products are drafts: pictures and stock come before customers."""
        details = {**data, "category": slug_of(data["category"]), "status": Status.DRAFT}
        return services.create_product(**details, actor=admin_actor(request))

    def change(self, request: HttpRequest, row: Product, changes: dict[str, Any], version: int | None) -> None:
        """Change what the form has changed, if the product is still as the form showed it."""
        if "category" in changes:
            changes["category"] = slug_of(changes["category"])
        services.update_product(product_id=row.pk, actor=admin_actor(request), expected_version=version, **changes)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Add, change and archive variants, in the unit of work of the product's form.

        From the first place on, so that each variant ends at the place that its line says.
        """
        actor, product_id = admin_actor(request), form.instance.pk
        for line in sorted(formset.forms, key=lambda line: line.cleaned_data.get("position") or 0):
            if line in formset.deleted_forms:
                if line.instance.pk:
                    services.archive_variant(product_id=product_id, variant_id=line.instance.pk, actor=actor)
            elif line.has_changed():
                self.save_variant(product_id, line, actor)

    def save_variant(self, product_id: int, line: VariantForm, actor: Any) -> None:
        """Add the variant of a line, or change what the line has changed."""
        details = {name: line.cleaned_data[name] for name in ("sku", *VariantForm.Meta.fields)}
        if line.instance.pk is None:
            position = details.pop("position")
            variant = services.add_variant(product_id=product_id, actor=actor, **details)
            if "position" in line.changed_data:
                services.update_variant(product_id=product_id, variant_id=variant.pk, actor=actor, position=position)
            return
        services.update_variant(
            product_id=product_id,
            variant_id=line.instance.pk,
            actor=actor,
            expected_version=line.cleaned_data["seen_version"],
            **{name: value for name, value in details.items() if name in line.changed_data},
        )

    @admin.display(description="picture")
    def picture(self, row: Product) -> str:
        """The first picture, small."""
        pictures = list(row.images.all())
        if not pictures:
            return format_html('<span class="no-picture"><span class="visually-hidden">{}</span></span>', "No picture")
        url = default_storage.url(pictures[0].files["small"])
        return format_html('<img class="thumbnail" src="{}" alt="{}" loading="lazy">', url, pictures[0].alt or row.name)

    @admin.display(description="SKU")
    def sku(self, row: Any) -> str:
        """The first SKU, and how many more there are."""
        first, *others = row.live or [None]
        return f"{first.stock_item.sku} +{len(others)}" if others else first.stock_item.sku if first else ""

    @admin.display(description="stock")
    def stock(self, row: Any) -> int:
        """Units that lie unsold, of all variants."""
        return sum(variant.stock_quantity for variant in row.live)

    @admin.display(description="status", ordering="status")
    def status_badge(self, row: Product) -> str:
        """The status, in its colour."""
        return format_html('<span class="badge {}">{}</span>', row.status, row.get_status_display())

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        """Show the chosen products to customers."""
        self.each(request, queryset, Status.ACTIVE, "published")

    @admin.action(description="Archive", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        """Take the chosen products out of the storefront."""
        self.each(request, queryset, Status.ARCHIVED, "archived")

    def each(self, request: HttpRequest, queryset: QuerySet[Product], status: Status, done: str) -> None:
        """Give each of the chosen products this status."""
        carry_out(
            request,
            queryset.prefetch_related(None),
            done,
            lambda product: services.update_product(product_id=product.pk, status=status, actor=admin_actor(request)),
        )

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, obj: Product | None = None, **kwargs: Any
    ) -> Any:
        """The page of a product, with what this member of staff may do to its status and its pictures."""
        if obj is not None:
            may_change = self.has_change_permission(request, obj)
            context["verbs"] = [verb for verb in VERBS.items() if verb[0] != obj.status] if may_change else []
            variants = obj.variants.live().select_related("stock_item") if self.may(request, CHANGE_IMAGE) else None
            context["pictures"] = [
                (image, default_storage.url(image.files["small"]), variants and ImageChangeForm(image, variants))
                for image in obj.images.all()
            ]
            context["image_form"] = ImageForm() if self.may(request, "catalog.add_image") else None
            archived = Variant.objects.filter(product=obj).exclude(archived_at=None).with_stock()
            context["live"] = obj.variants.live().select_related("stock_item", "product") if may_change else None
            context["archived"] = archived.order_by("-archived_at", "-id")
            context["may_restore"] = may_change
            context["may_delete_images"] = self.may(request, "catalog.delete_image")
        kwargs["obj"] = obj
        return super().render_change_form(request, context, *args, **kwargs)

    def status_page(self, request: HttpRequest, product_id: int) -> HttpResponseBase:
        """Publish, archive or make a draft again, if the product is still as the page showed it."""
        status, version = request.POST.get("status", ""), request.POST.get("version", "")
        if status not in VERBS or not NUMBER.fullmatch(version):
            raise Http404("There is no such status.")
        return self.carry_out(
            request,
            product_id,
            f"The product is {Status(status).label.lower()} now.",
            lambda: services.update_product(
                product_id=product_id, status=status, actor=admin_actor(request), expected_version=int(version)
            ),
        )
