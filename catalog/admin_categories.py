"""The tree of categories, for those who describe what is sold, and as a filter of what is in stock."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html

from catalog import services
from catalog.admin_forms import CategoryForm, with_path
from catalog.models import Category, Product, Variant
from events.actors import admin_actor
from inventory.admin import StockItemAdmin
from staff.frame import StaffAdmin


@admin.register(Category)
class CategoryAdmin(StaffAdmin[Category]):
    """Categories, each below its parent."""

    form = CategoryForm
    list_display = ("path", "slug", "products")
    list_per_page = 200
    search_fields = ("name", "slug")
    ordering = ()
    sortable_by = ()
    fields = ("name", "slug", "parent")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        """Categories in the sequence of the tree, with the number of products in each."""
        # The count is a query of its own: in a join each product would bring its category's path with it.
        counted = Product.objects.filter(category=OuterRef("pk")).order_by().values("category").annotate(n=Count("pk"))
        return with_path().annotate(own_products=Coalesce(Subquery(counted.values("n")), 0))

    @admin.display(description="category")
    def path(self, row: Any) -> str:
        """The names from the top to the category, of which the last stands out."""
        *above, name = row.path.split(" > ")
        return format_html('<span class="above">{}</span>{}', "".join(f"{step} > " for step in above), name)

    @admin.display(description="products")
    def products(self, row: Any) -> int:
        """How many products are in the category itself, whatever their status."""
        return int(row.own_products)

    def create(self, request: HttpRequest, data: Mapping[str, Any]) -> Category:
        """A new category from a valid form."""
        return services.create_category(
            name=data["name"], slug=data["slug"], parent=slug_of(data["parent"]), actor=admin_actor(request)
        )

    def change(self, request: HttpRequest, row: Category, changes: dict[str, Any], version: int | None) -> None:
        """Change what the form has changed, if the category is still as the form showed it."""
        if "parent" in changes:
            changes["parent"] = slug_of(changes["parent"])
        services.update_category(category_id=row.pk, actor=admin_actor(request), expected_version=version, **changes)

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        """Delete an empty category."""
        services.delete_category(category_id=obj.pk, actor=admin_actor(request))


class CategoryFilter(admin.SimpleListFilter):
    """Stock items that are sold in a category or anywhere below it, whether or not they are for sale now."""

    title = "category"
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All categories in the sequence of the tree, those below others indented."""
        tree: QuerySet[Any] = with_path()
        return [(category.slug, indented(category.path)) for category in tree]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The items that the choice lets through."""
        slug = self.value()
        if not slug:
            return queryset
        sold = Variant.objects.filter(product__category__in=Category.objects.below(slug))
        return queryset.filter(pk__in=sold.values("stock_item"))


# Inventory knows nothing of categories, so the catalog puts the filter into the list of stock items.
StockItemAdmin.list_filter.append(CategoryFilter)


def indented(path: str) -> str:
    """The name of a category, as far from the margin as it lies below the top. Ordinary spaces would be folded."""
    *above, name = path.split(" > ")
    return "\N{EM SPACE}" * len(above) + name


def slug_of(category: Category | None) -> str | None:
    """The slug of a category that a form has chosen, or None for no category."""
    return category.slug if category else None
