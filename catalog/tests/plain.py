"""The plain way of making product answers: what catalog.listing and the serializers must agree with."""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers

from api.renderers import dumps
from catalog.image_serializers import ImageSerializer
from catalog.models import Category, Image, Product, Variant
from catalog.serializers import FacetsSerializer, ProductSerializer

ORDER_BY = {
    "newest": ["-created_at", "-id"],
    "price": ["price", "id"],
    "-price": ["-price", "-id"],
    "name": ["name", "id"],
    "-name": ["-name", "-id"],
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
    images = PlainImage(many=True)

    def to_representation(self, product: Any, origin: str = "") -> dict[str, Any]:
        return serializers.Serializer.to_representation(self, product)

    def get_sku(self, product: Product) -> str:
        return product.variants.all()[0].stock_item.sku

    def get_currency(self, product: Product) -> str:
        return "USD"

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
        products = products.filter(price__gte=filters["price_min"])
    if "price_max" in filters:
        products = products.filter(price__lte=filters["price_max"])
    if "in_stock" in filters:
        there = Q(pk__in=Variant.objects.live().filter(stock_item__in_stock=True).values("product"))
        products = products.filter(there if filters["in_stock"] == "true" else ~there)
    if "attributes.color" in filters:
        either = [Q(attributes__contains={"color": color}) for color in filters["attributes.color"]]
        products = products.filter(reduce(or_, either))
    return products.order_by(*ORDER_BY[filters.get("ordering", "newest")])


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
