"""Who sees which products, and who may write their stock."""

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from catalog.models import Product
from database.refusals import NotFound


def edits_products(request: Request) -> bool:
    """Whether the caller sees what is not for sale too."""
    return request.user.is_authenticated and request.user.is_staff and request.user.has_perm("catalog.change_product")


def shown_product(request: Request, product_id: int) -> Product:
    """The product, for a caller who may see it."""
    products = Product.objects.all() if edits_products(request) else Product.objects.on_sale()
    product = products.filter(pk=product_id).first()
    if product is None:
        raise NotFound("There is no such product.")
    return product


def refuse_stock(request: Request, body: dict[str, Any]) -> None:
    """Whoever writes quantities must be allowed to change stock, wherever in the body they are."""
    bodies = [body, *body.get("variants", [])]
    if any("stock_quantity" in part for part in bodies) and not request.user.has_perm("inventory.change_stocklevel"):
        raise PermissionDenied("Writing stock needs the permission to change stock.")
