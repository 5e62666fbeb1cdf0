"""Pictures of products. Files are written before the row and removed after it, so that no row lacks its files.

A crash in between leaves files that no row names, which does no harm. An error of the connection leaves them too, since
nobody knows then whether the row was written.
"""

import secrets
from functools import partial
from typing import IO, Any, TypedDict, Unpack

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, models, transaction

from catalog.exceptions import TooManyImages, UnknownVariant, found
from catalog.models import MAX_IMAGES, RENDITIONS, Image, Product, file_of
from catalog.pictures import Picture, read_picture
from catalog.services.positions import move_to
from catalog.services.variants import locked_product
from database.refusals import Expected, check_version, refused_write
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import apply_changes
from events.services import publish


class ImageChanges(TypedDict, total=False):
    """What may be changed of a picture. `position` is its place among the pictures, from 1."""

    alt: str
    position: int
    variant_id: int | None


def add_image(*, product_id: int, file: IO[bytes], actor: Actor, alt: str = "", variant_id: int | None = None) -> Image:
    """Add a picture to a product, after the others, of one of its variants or of all.

    Refuses NotFound, InvalidImage, UnknownVariant, TooManyImages, Busy, StorageFull.

    Files are decoded and written without a lock. The unit of work begins after that, and locks the product.
    """
    refuse_early(product_id)
    picture = read_picture(file)
    stem = f"{product_id}-{secrets.token_hex(8)}"
    try:
        for size, content in picture.renditions.items():
            default_storage.save(file_of(stem, size), ContentFile(content))
        return record_image(
            product_id=product_id, stem=stem, picture=picture, alt=alt, variant_id=variant_id, actor=actor
        )
    except (OperationalError, InterfaceError):
        raise
    except BaseException as error:
        remove_files(stem)
        if refusal := refused_write(error):
            raise refusal from error
        raise


@unit_of_work
def update_image(
    *,
    product_id: int,
    image_id: int,
    actor: Actor,
    expected_version: Expected = None,
    **changes: Unpack[ImageChanges],
) -> Image:
    """Change what is said about a picture, or its place. The values that it has already change nothing.

    Refuses NotFound, VersionMismatch, UnknownVariant. Locks the product.
    """
    product = locked_product(product_id)
    image = found(product.images.filter(pk=image_id).first(), "image")
    check_version(image.version, expected_version)
    if "variant_id" in changes:
        refuse_unknown(product, changes["variant_id"])
    columns = apply_changes(image, {name: changes[name] for name in ("alt", "variant_id") if name in changes})
    edited = dict(columns)
    if "position" in changes:
        edited |= move_to(image, changes["position"], product.images.all())
    if edited:
        image.version += 1
        image.full_clean(validate_unique=False, exclude=["product", "variant"])
        image.save(update_fields=[*columns, "version"])
        tell("image_updated", image, actor, changes=edited)
    return image


@unit_of_work
def delete_image(*, product_id: int, image_id: int, actor: Actor) -> None:
    """Remove a picture, and its files after the commit. Refuses NotFound. Locks the product."""
    image = found(locked_product(product_id).images.filter(pk=image_id).first(), "image")
    tell("image_deleted", image, actor)
    transaction.on_commit(partial(remove_files, image.stem), robust=True)
    image.delete()


@unit_of_work
def record_image(
    *, product_id: int, stem: str, picture: Picture, alt: str, actor: Actor, variant_id: int | None = None
) -> Image:
    """Write the row of a picture whose files are there.

    Refuses NotFound, UnknownVariant, TooManyImages. Locks the product.
    """
    product = locked_product(product_id)
    if product.images.count() >= MAX_IMAGES:
        raise TooManyImages(f"A product has at most {MAX_IMAGES} images.")
    refuse_unknown(product, variant_id)
    last = product.images.aggregate(last=models.Max("position"))["last"] or 0
    image = Image(product=product, stem=stem, alt=alt, width=picture.width, height=picture.height, position=last + 1)
    image.variant_id = variant_id
    image.full_clean(validate_unique=False, exclude=["product", "variant"])
    image.save(force_insert=True)
    tell("image_added", image, actor)
    return image


def refuse_unknown(product: Product, variant_id: int | None) -> None:
    """Refuse a variant that the product does not have now (UnknownVariant)."""
    if variant_id is not None and not product.variants.live().filter(pk=variant_id).exists():
        raise UnknownVariant


def refuse_early(product_id: int) -> None:
    """Refuse NotFound and TooManyImages before decoding. The unit of work checks both again."""
    product = found(Product.objects.filter(pk=product_id).first(), "product")
    if product.images.count() >= MAX_IMAGES:
        raise TooManyImages(f"A product has at most {MAX_IMAGES} images.")


def remove_files(stem: str) -> None:
    """Remove the files of a picture, as far as they are there."""
    for size in RENDITIONS:
        default_storage.delete(file_of(stem, size))


def tell(what: str, image: Image, actor: Actor, **extra: Any) -> None:
    """Publish what happened to a picture of a product."""
    payload = {"product_id": image.product_id, "image_id": image.pk, **extra}
    publish(f"product.{what}", payload, subject=f"product:{image.product_id}", actor=actor)
