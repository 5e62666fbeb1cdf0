"""The plain way of making product answers: what catalog.listing and the serializers must agree with."""

import unicodedata
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers

from api.renderers import dumps
from catalog.image_serializers import ImageSerializer
from catalog.models import Category, Image, Product, Variant
from catalog.serializers import ProductSerializer
from catalog.serializers_facets import FacetsSerializer

ORDER_BY = {
    "newest": ["-created_at", "-id"],
    "price": ["price_from", "id"],
    "-price": ["-price_from", "-id"],
    "name": ["sort_name", "id"],
    "-name": ["-sort_name", "-id"],
}
ORIGIN = "http://testserver"


class PlainImage(ImageSerializer):
    """A picture, shown by DRF from what the fields say."""

    image_id = serializers.IntegerField(source="id")
    url: Any = serializers.SerializerMethodField()
    renditions: Any = serializers.SerializerMethodField()

    def to_representation(self, image: Image, origin: str = "") -> dict[str, Any]:
        return serializers.Serializer.to_representation(self, image)

    def get_url(self, image: Image) -> str:
        url: str = self.get_renditions(image)["large"]
        return url

    def get_renditions(self, image: Image) -> dict[str, str]:
        return {size: self.context["address"](name) for size, name in image.files.items()}


class PlainProduct(ProductSerializer):
    """A row of Product.objects.with_details(), shown by DRF from what the fields say."""

    sku: Any = serializers.SerializerMethodField()
    currency: Any = serializers.SerializerMethodField()
    stock_quantity: Any = serializers.SerializerMethodField()
    in_stock: Any = serializers.SerializerMethodField()
    price_from: Any = serializers.SerializerMethodField()
    price_to: Any = serializers.SerializerMethodField()
    compare_at_price: Any = serializers.SerializerMethodField()
    lowest_price_30d: Any = serializers.SerializerMethodField()
    unit_price: Any = serializers.SerializerMethodField()
    images = PlainImage(many=True)

    def to_representation(self, product: Any, *args: Any) -> dict[str, Any]:
        document = serializers.Serializer.to_representation(self, product)
        del document["tax_class"]  # editors alone see it
        return document

    def get_sku(self, product: Product) -> str:
        return product.variants.all()[0].stock_item.sku

    def get_currency(self, product: Product) -> str:
        return "USD"

    def get_price_from(self, product: Product) -> str:
        return str(min(variant.effective_price for variant in product.variants.all()))

    def get_price_to(self, product: Product) -> str:
        return str(max(variant.effective_price for variant in product.variants.all()))

    def cheapest(self, product: Product) -> Variant:
        return min(product.variants.all(), key=lambda variant: variant.effective_price)

    def get_compare_at_price(self, product: Product) -> str | None:
        before = self.cheapest(product).reduced_from
        return None if before is None else str(before)

    def get_lowest_price_30d(self, product: Product) -> str | None:
        before = self.cheapest(product).lowest_before
        return None if before is None else str(before)

    def get_unit_price(self, product: Product) -> dict[str, str] | None:
        return self.cheapest(product).unit_price

    def get_stock_quantity(self, product: Product) -> int:
        return sum(variant.stock_quantity for variant in product.variants.all())

    def get_in_stock(self, product: Product) -> bool:
        return any(variant.stock_item.in_stock for variant in product.variants.all())


class PlainFacets(FacetsSerializer):
    """Facets, shown by DRF from what the fields say."""

    def to_representation(self, facets: Any) -> dict[str, Any]:
        return serializers.Serializer.to_representation(self, facets)


def plain_products(filters: dict[str, Any]) -> QuerySet[Product]:
    """The products for sale that the filters of a query string mean; all but the search."""
    products = Product.objects.on_sale()
    if "category" in filters:
        products = products.filter(category__in=[id for slug in filters["category"] for id in subtree(slug)])
    if "price_min" in filters:
        products = products.filter(price_from__gte=filters["price_min"])
    if "price_max" in filters:
        products = products.filter(price_from__lte=filters["price_max"])
    if "in_stock" in filters:
        there = Q(pk__in=Variant.objects.live().filter(stock_item__in_stock=True).values("product"))
        products = products.filter(there if filters["in_stock"] == "true" else ~there)
    if "attributes.color" in filters:
        either = [Q(attributes__contains={"color": color}) for color in filters["attributes.color"]]
        products = products.filter(reduce(or_, either))
    if "attributes.n" in filters:
        products = products.filter(attributes__contains={"n": int(filters["attributes.n"])})
    options = {name: filters[f"options.{name}"] for name in ("colour", "Size") if f"options.{name}" in filters}
    if options:
        products = products.filter(pk__in=[v.product_id for v in Variant.objects.live() if has_options(v, options)])
    return products.order_by(*ORDER_BY[filters.get("ordering", "newest")])


def has_options(variant: Variant, options: dict[str, list[str]]) -> bool:
    """Whether a variant has one of the values of each option, without regard to case and accents."""
    had = {plain_text(name): plain_text(value) for name, value in variant.options.items()}
    return all(had.get(plain_text(name), "") in [*map(plain_text, values)] for name, values in options.items())


def plain_text(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text).casefold()
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def subtree(slug: str) -> list[int]:
    """The ids of a category and of all that lies below it."""
    found = list(Category.objects.filter(slug=slug).values_list("pk", flat=True))
    for category_id in found:
        found += Category.objects.filter(parent=category_id).values_list("pk", flat=True)
    return found


def plain_documents(products: QuerySet[Product], *, in_list: bool = True) -> list[dict[str, Any]]:
    context = {"address": lambda name: f"{ORIGIN}/media/{name}"}
    documents = list(PlainProduct(products.with_details(), many=True, context=context).data)  # type: ignore[attr-defined]  # a ProductQuerySet
    if in_list:
        for document in documents:
            document["description"] = document["description"][:240]
    return documents


def plain_bytes(products: QuerySet[Product], *, in_list: bool = True) -> bytes:
    return dumps(plain_documents(products, in_list=in_list))
