"""Rows of catalog.queries as the documents that ProductSerializer would make of the same products."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import orjson
from django.conf import settings
from django.core.files.storage import default_storage
from rest_framework.request import Request

from api.addresses import origin_of
from catalog.models import RENDITIONS, file_of

Address = Callable[[str], str]
CURRENCY = settings.CURRENCY  # asking the settings for each row was a hundredth of a page


def addresses(request: Request) -> Address:
    """Where files of the storage are found, as whole addresses."""
    origin = origin_of(request)
    return lambda name: urljoin(origin, default_storage.url(name))


def product_document(row: Any, address: Address) -> dict[str, Any]:
    """A product; a row that was read without details has neither variants nor images."""
    (
        id, name, slug, description, sku, price, quantity, in_stock, category_slug, category_name,
        attributes, variants, images, status, version, created_at, updated_at, _,
    ) = row  # fmt: skip
    document: dict[str, Any] = {
        "product_id": id,
        "name": name,
        "slug": slug,
        "description": description,
        "sku": sku,
        "price": price,
        "currency": CURRENCY,
        "stock_quantity": quantity,
        "in_stock": in_stock,
        "category": category_slug and {"slug": category_slug, "name": category_name},
        "attributes": {} if attributes == "{}" else orjson.loads(attributes),
    }
    if variants is not None:
        document["variants"] = orjson.loads(variants)
        document["images"] = [image_document(address, *image) for image in orjson.loads(images or "[]")]
    document |= {"status": status, "version": version, "created_at": created_at, "updated_at": updated_at}
    return document


def image_document(
    address: Address, id: int, stem: str, alt: str, position: int, width: int, height: int
) -> dict[str, Any]:
    renditions = {size: address(file_of(stem, size)) for size in RENDITIONS}
    return {
        "image_id": id,
        "url": renditions["large"],
        "alt": alt,
        "position": position,
        "width": width,
        "height": height,
        "renditions": renditions,
    }
