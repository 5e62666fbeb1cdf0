"""Pictures of products. Files are written before the row and removed after it, so that no row lacks its files.

A crash in between leaves files that no row names, which does no harm. An error of the connection leaves them too, since
nobody knows then whether the row was written.
"""

import secrets
from functools import partial
from typing import IO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, models, transaction

from catalog.exceptions import TooManyImages, found
from catalog.models import MAX_IMAGES, RENDITIONS, Image, Product, file_of
from catalog.pictures import Picture, read_picture
from catalog.services.variants import locked_product
from database.refusals import refused_write
from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish


def add_image(*, product_id: int, file: IO[bytes], actor: Actor, alt: str = "") -> Image:
    """Add a picture to a product, after the others. Refuses NotFound, InvalidImage, TooManyImages, Busy, StorageFull.

    Files are decoded and written without a lock. The unit of work begins after that, and locks the product.
    """
    refuse_early(product_id)
    picture = read_picture(file)
    stem = f"{product_id}-{secrets.token_hex(8)}"
    try:
        for size, content in picture.renditions.items():
            default_storage.save(file_of(stem, size), ContentFile(content))
        return record_image(product_id=product_id, stem=stem, picture=picture, alt=alt, actor=actor)
    except (OperationalError, InterfaceError):
        raise
    except BaseException as error:
        remove_files(stem)
        if refusal := refused_write(error):
            raise refusal from error
        raise


@unit_of_work
def delete_image(*, product_id: int, image_id: int, actor: Actor) -> None:
    """Remove a picture, and its files after the commit. Refuses NotFound. Locks the product."""
    image = found(locked_product(product_id).images.filter(pk=image_id).first(), "image")
    tell("image_deleted", image, actor)
    transaction.on_commit(partial(remove_files, image.stem), robust=True)
    image.delete()


@unit_of_work
def record_image(*, product_id: int, stem: str, picture: Picture, alt: str, actor: Actor) -> Image:
    """Write the row of a picture whose files are there. Refuses NotFound, TooManyImages. Locks the product."""
    product = locked_product(product_id)
    if product.images.count() >= MAX_IMAGES:
        raise TooManyImages(f"A product has at most {MAX_IMAGES} images.")
    last = product.images.aggregate(last=models.Max("position"))["last"] or 0
    image = Image(product=product, stem=stem, alt=alt, width=picture.width, height=picture.height, position=last + 1)
    image.full_clean(validate_unique=False, exclude=["product"])
    image.save(force_insert=True)
    tell("image_added", image, actor)
    return image


def refuse_early(product_id: int) -> None:
    """Refuse NotFound and TooManyImages before decoding. The unit of work checks both again."""
    product = found(Product.objects.filter(pk=product_id).first(), "product")
    if product.images.count() >= MAX_IMAGES:
        raise TooManyImages(f"A product has at most {MAX_IMAGES} images.")


def remove_files(stem: str) -> None:
    """Remove the files of a picture, as far as they are there."""
    for size in RENDITIONS:
        default_storage.delete(file_of(stem, size))


def tell(what: str, image: Image, actor: Actor) -> None:
    """Publish what happened to a picture of a product."""
    payload = {"product_id": image.product_id, "image_id": image.pk}
    publish(f"product.{what}", payload, subject=f"product:{image.product_id}", actor=actor)
