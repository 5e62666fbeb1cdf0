"""What the order desk looks up while it fills a cart for somebody: customers, articles, and what carts are worth."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Prefetch, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from accounts.models import User
from catalog.listing.query import read_query
from catalog.models import Product, Variant
from checkout.models import CartLine
from database.money import in_places
from inventory.models import StockItem

# What one look-up shows at most; whoever wants more types more words.
MOST_FOUND = 20
MEANT = "select id from catalog_product where search_vector @@ %s::tsquery"


@dataclass(frozen=True, slots=True)
class Worth:
    """What is in a cart, at the prices of now and before any discount, tax or shipping."""

    lines: int
    units: int
    amount: Decimal


def worth_of(cart_ids: Iterable[UUID]) -> dict[UUID, Worth]:
    """What is in these carts, by cart. Empty carts are missing. One statement."""
    price = Coalesce("variant__price", "variant__product__price")
    sums = (
        CartLine.objects.filter(cart__in=list(cart_ids))
        .values("cart")
        .annotate(lines=Sum(1), units=Sum("quantity"), amount=Sum(F("quantity") * price))
    )
    return {row["cart"]: Worth(row["lines"], row["units"], in_places(row["amount"])) for row in sums}


def customers_like(words: str) -> list[User]:
    """The customers who have each word in a name or in the email, newest first, and at most MOST_FOUND."""
    customers = User.objects.filter(is_active=True, anonymised_at=None)
    for word in words.split():
        customers = customers.filter(
            Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(email__icontains=word)
        )
    return list(customers.order_by("-created_at", "-id")[:MOST_FOUND]) if words.strip() else []


def articles_like(words: str) -> list[Variant]:
    """The article with this SKU or barcode, or else those of the products that the words mean, as in the shop.

    At most MOST_FOUND, and only what is for sale.
    """
    words = words.strip()
    if not words:
        return []
    on_sale = Variant.objects.on_sale().with_stock().select_related("product", "stock_item")
    exact = list(on_sale.filter(Q(stock_item__in=StockItem.objects.with_skus(words)) | Q(stock_item__barcode=words)))
    if exact:
        return exact[:MOST_FOUND]
    meant = RawSQL(MEANT, [read_query(words).match])  # noqa: S611  # the query travels as a parameter
    products: QuerySet[Product] = Product.objects.on_sale().filter(Q(pk__in=meant) | Q(name__icontains=words))
    found = products.order_by("name", "id").prefetch_related(Prefetch("variants", on_sale, to_attr="offered"))
    return [variant for product in found[:MOST_FOUND] for variant in product.offered][:MOST_FOUND]
