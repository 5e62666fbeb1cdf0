"""The plain way of making product answers: what catalog.queries and its documents must agree with."""

from typing import Any

from django.db.models import Q, QuerySet

from api.renderers import dumps
from catalog.models import Category, Product, Variant
from catalog.serializers import ProductSerializer

ORDER_BY = {
    "newest": ["-created_at", "-id"],
    "price": ["price", "id"],
    "-price": ["-price", "-id"],
    "name": ["name", "id"],
    "-name": ["-name", "-id"],
}
ORIGIN = "http://testserver"


def plain_products(filters: dict[str, str]) -> QuerySet[Product]:
    """The products for sale that the filters of a query string mean; all but the search."""
    products = Product.objects.on_sale()
    if "category" in filters:
        products = products.filter(category__in=subtree(filters["category"]))
    if "price_min" in filters:
        products = products.filter(price__gte=filters["price_min"])
    if "price_max" in filters:
        products = products.filter(price__lte=filters["price_max"])
    if "in_stock" in filters:
        there = Q(pk__in=Variant.objects.live().filter(stock_item__in_stock=True).values("product"))
        products = products.filter(there if filters["in_stock"] == "true" else ~there)
    if "attributes.color" in filters:
        products = products.filter(attributes__contains={"color": filters["attributes.color"]})
    return products.order_by(*ORDER_BY[filters.get("ordering", "newest")])


def subtree(slug: str) -> list[int]:
    """The ids of a category and of all that lies below it."""
    found = list(Category.objects.filter(slug=slug).values_list("pk", flat=True))
    for category_id in found:
        found += Category.objects.filter(parent=category_id).values_list("pk", flat=True)
    return found


def plain_documents(products: QuerySet[Product], *, in_list: bool = True) -> list[dict[str, Any]]:
    context = {"address": lambda name: f"{ORIGIN}/media/{name}"}
    documents = list(ProductSerializer(products.with_details(), many=True, context=context).data)  # type: ignore[attr-defined]  # a ProductQuerySet
    if in_list:
        for document in documents:
            document["description"] = document["description"][:240]
    return documents


def plain_bytes(products: QuerySet[Product], *, in_list: bool = True) -> bytes:
    return dumps(plain_documents(products, in_list=in_list))
