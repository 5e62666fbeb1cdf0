"""Pictures for tests, drawn on the spot."""

from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image as Pillow
from rest_framework.test import APIClient

from catalog import services
from catalog.models import Image, Product
from catalog.tests.refusals import URL
from events.actors import COMMAND


def picture(format: str = "PNG", size: tuple[int, int] = (4, 3), mode: str = "RGB", **options: Any) -> BytesIO:
    """A file of one colour."""
    file = BytesIO()
    Pillow.new(mode, size, 200 if mode in ("L", "P", "I;16") else (200, 40, 40, 128)[: len(mode)]).save(
        file, format, **options
    )
    file.seek(0)
    file.name = f"picture.{format.lower()}"
    return file


def add_picture(product: Product, **fields: Any) -> Image:
    return services.add_image(product_id=product.pk, file=picture(), actor=COMMAND, **fields)


def upload(client: APIClient, product_id: int, file: Any, **fields: Any) -> Any:
    return client.post(f"{URL}/{product_id}/images", {"file": file, **fields}, format="multipart")


def files_in(media: Path) -> list[str]:
    return sorted(path.name for path in media.rglob("*") if path.is_file())
