"""Pictures of products. Files are written before the row and removed after it, so that no row lacks its files.

A crash in between leaves a file that nothing names, which does no harm. So does an error of the connection, after which
nobody knows whether the row is there.
"""

import secrets
from functools import partial
from typing import IO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, models, transaction

from catalog.exceptions import TooManyImages
from catalog.models import MAX_IMAGES, RENDITIONS, Image, Product, file_of
from catalog.pictures import Picture, read_picture
from catalog.services.variants import locked_product
from database.refusals import NotFound
from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish


def add_image(*, product_id: int, file: IO[bytes], actor: Actor, alt: str = "") -> Image:
    """A further picture of a product, after the others. Refuses NotFound, InvalidImage, TooManyImages.

    Decoding and writing files hold no lock; the unit of work begins after them and locks the product.
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
    except BaseException:
        remove_files(stem)
        raise


@unit_of_work
def delete_image(*, product_id: int, image_id: int, actor: Actor) -> None:
    """Remove a picture, and its files once that is certain. Refuses NotFound. Locks the product."""
    product = locked_product(product_id)
    image = product.images.filter(pk=image_id).first()
    if image is None:
        raise NotFound("There is no such image.")
    tell("image_deleted", image, actor)
    transaction.on_commit(partial(remove_files, image.stem), robust=True)
    image.delete()


@unit_of_work
def record_image(*, product_id: int, stem: str, picture: Picture, alt: str, actor: Actor) -> Image:
    """The row of a picture whose files are there."""
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
    """Say at once what the unit of work would say after all the decoding."""
    product = Product.objects.filter(pk=product_id).first()
    if product is None:
        raise NotFound("There is no such product.")
    if product.images.count() >= MAX_IMAGES:
        raise TooManyImages(f"A product has at most {MAX_IMAGES} images.")


def remove_files(stem: str) -> None:
    for size in RENDITIONS:
        default_storage.delete(file_of(stem, size))


def tell(what: str, image: Image, actor: Actor) -> None:
    payload = {"product_id": image.product_id, "image_id": image.pk}
    publish(f"product.{what}", payload, subject=f"product:{image.product_id}", actor=actor)
