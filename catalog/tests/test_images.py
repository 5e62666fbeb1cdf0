"""Pictures: what is taken, what is made of it, and what is refused."""

import struct
import time
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from PIL import Image as Pillow
from rest_framework.test import APIClient

from catalog import pictures, services
from catalog.exceptions import InvalidImage
from catalog.models import MAX_IMAGES, Image
from catalog.tests.factories import make_product, snapshot
from catalog.tests.pictures import add_picture, files_in, picture, upload
from catalog.tests.refusals import URL
from database.backend.base import DatabaseWrapper
from events.actors import COMMAND
from events.models import Event

pytestmark = pytest.mark.django_db


def opened(media: Path, address: str) -> Pillow.Image:
    return Pillow.open(media / address.partition("/media/")[2])


@pytest.mark.parametrize(
    ("format", "mode"),
    [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "I;16"), ("WEBP", "RGB")],
)
def test_a_picture_is_made_anew_in_three_sizes(as_admin: APIClient, media: Path, format: str, mode: str) -> None:
    product = make_product("Mug")
    response = upload(as_admin, product.pk, picture(format, (2000, 1000), mode), alt="Front")
    assert response.status_code == 201, response.content
    document = response.json()
    image = Image.objects.get()
    assert document == {
        "image_id": image.pk,
        "url": f"http://testserver/media/products/{image.stem}-large.webp",
        "alt": "Front",
        "position": 1,
        "variant_id": None,
        "width": 1600,
        "height": 800,
        "renditions": {
            size: f"http://testserver/media/products/{image.stem}-{size}.webp" for size in ("small", "medium", "large")
        },
        "version": 1,
    }
    sizes = {size: opened(media, address).size for size, address in document["renditions"].items()}
    assert sizes == {"small": (320, 160), "medium": (800, 400), "large": (1600, 800)}
    assert all(opened(media, address).format == "WEBP" for address in document["renditions"].values())
    assert as_admin.get(f"{URL}/{product.pk}").json()["images"] == [document]
    assert as_admin.get(f"{URL}/{product.pk}/images").json()["results"] == [document]
    assert Event.objects.filter(kind="product.image_added").count() == 1


def test_a_small_picture_is_not_enlarged(media: Path) -> None:
    image = add_picture(make_product("Mug"))
    assert (image.width, image.height) == (4, 3)
    assert {opened(media, f"/media/{name}").size for name in image.files.values()} == {(4, 3)}


def test_transparency_stays(media: Path) -> None:
    image = services.add_image(product_id=make_product().pk, file=picture("PNG", mode="RGBA"), actor=COMMAND)
    assert opened(media, f"/media/{image.files['large']}").mode == "RGBA"


def test_a_picture_is_turned_upright_and_loses_its_metadata(media: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010E] = "secret place"
    file = picture("JPEG", (40, 20), exif=exif, comment=b"secret place")
    image = services.add_image(product_id=make_product().pk, file=file, actor=COMMAND)
    assert (image.width, image.height) == (20, 40)
    for name in image.files.values():
        made = opened(media, f"/media/{name}")
        assert not made.getexif()
        assert b"secret" not in (media / name).read_bytes()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def text_chunk(text: bytes) -> bytes:
    return chunk(b"zTXt", b"Comment\0\0" + zlib.compress(text))


def png_of(width: int, height: int, data: bytes, *others: bytes) -> bytes:
    """A PNG that says it has this size, whatever its data is."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), *others, chunk(b"IDAT", data), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def many_passes(side: int, passes: int) -> bytes:
    """A progressive JPEG that draws its second pass again and again."""
    whole = picture("JPEG", (side, side), "L", progressive=True).getvalue()
    first = whole.index(b"\xff\xda")
    start = whole.index(b"\xff\xda", first + 2)
    end = min(place for mark in (b"\xff\xc4", b"\xff\xda") if (place := whole.find(mark, start + 2)) > 0)
    return whole[:end] + whole[start:end] * passes + whole[end:]


ATTACKS = {
    "nothing": b" ",
    "text": b"hello",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "html": b"<html></html>",
    "gif": picture("GIF", mode="P").getvalue(),
    "bmp": picture("BMP").getvalue(),
    "tiff": picture("TIFF").getvalue(),
    "truncated png": picture("PNG", (400, 400)).getvalue()[:-60],
    "truncated jpeg": picture("JPEG", (400, 400)).getvalue()[:-100],
    "truncated webp": picture("WEBP", (400, 400)).getvalue()[:-40],
    "header alone": picture("JPEG").getvalue()[:20],
    "bomb by its header": png_of(50_000, 50_000, b""),
    "bomb with data": png_of(20_000, 20_000, zlib.compress(bytes(60_001) * 2_000)),
    "no pixels": png_of(0, 0, b""),
    "one pixel wide": png_of(1, 30_000, zlib.compress(bytes(4) * 30_000)),
    "one pixel high": picture("JPEG", (65_500, 1)).getvalue(),
    "many small texts": png_of(1, 1, b"", *(text_chunk(bytes(900_000)) for _ in range(80))),
    "broken stream": png_of(10, 10, b"not zlib"),
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_no_whole_picture_is_refused(as_admin: APIClient, media: Path, attack: str) -> None:
    product = make_product("Mug")
    before = snapshot()
    response = upload(as_admin, product.pk, SimpleUploadedFile("a.png", ATTACKS[attack], "image/png"))
    assert (response.status_code, response.json()["code"]) == (400, "invalid_image"), response.content
    assert response.json()["errors"][0]["field"] == "file"
    assert snapshot() == before
    assert files_in(media) == []


def test_pixels_have_a_limit(settings: Any) -> None:
    settings.MAX_IMAGE_PIXELS = 12
    product = make_product("Mug")
    services.add_image(product_id=product.pk, file=picture(size=(4, 3)), actor=COMMAND)
    with pytest.raises(InvalidImage, match="at most 12 pixels"):
        services.add_image(product_id=product.pk, file=picture(size=(13, 1)), actor=COMMAND)


def test_sides_have_a_limit(settings: Any) -> None:
    settings.MAX_IMAGE_SIDE = 12
    product = make_product("Mug")
    services.add_image(product_id=product.pk, file=picture(size=(1, 12)), actor=COMMAND)
    for size in ((13, 1), (1, 13)):
        with pytest.raises(InvalidImage, match="at most 12 pixels wide and high"):
            services.add_image(product_id=product.pk, file=picture(size=size), actor=COMMAND)


def test_a_picture_that_takes_too_long_is_refused_and_the_next_one_is_not(
    as_admin: APIClient, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = make_product("Mug")
    monkeypatch.setattr(pictures, "DECODE_SECONDS", 0.5)
    bomb = many_passes(2000, 20_000)  # it would take several seconds
    began = time.thread_time()
    response = upload(as_admin, product.pk, SimpleUploadedFile("a.jpg", bomb))
    assert time.thread_time() - began < 2
    assert (response.status_code, response.json()["code"]) == (400, "invalid_image")
    assert "too long" in response.json()["detail"]
    assert files_in(media) == []
    assert upload(as_admin, product.pk, picture()).status_code == 201


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_of_a_picture_that_moves_the_first_moment_is_kept(as_admin: APIClient, media: Path, format: str) -> None:
    product = make_product("Mug")
    others = [Pillow.new("RGB", (2, 2), (number % 256, number // 256, 9)) for number in range(2000)]
    file = picture(format, (2, 2), save_all=True, append_images=others)
    assert upload(as_admin, product.pk, file).status_code == 201
    made = [opened(media, f"/media/{name}") for name in Image.objects.get().files.values()]
    assert [getattr(one, "n_frames", 1) for one in made] == [1] * 3


def test_bytes_have_a_limit(as_admin: APIClient, settings: Any, media: Path) -> None:
    product = make_product("Mug")
    settings.MAX_IMAGE_BYTES = 1000
    for size in (1001, 200_000):
        response = upload(as_admin, product.pk, SimpleUploadedFile("a.png", b"x" * size))
        assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert (Image.objects.count(), files_in(media)) == (0, [])


def test_the_form_has_a_file_and_an_alt_and_nothing_else(as_admin: APIClient, media: Path) -> None:
    product = make_product("Mug")
    path = f"{URL}/{product.pk}/images"
    for form, field in (
        ({}, "file"),
        ({"alt": "x"}, "file"),
        ({"file": "a text"}, "file"),
        ({"file": picture(), "alt": "x" * 256}, "alt"),
        ({"file": picture(), "alt": "a\x00b"}, "alt"),
        ({"file": picture(), "position": "3"}, "position"),
        ({"file": [picture(), picture()]}, "file"),
        ({"file": picture(), "alt": ["a", "b"]}, "alt"),
        ({"file": picture(), "alt": picture()}, "alt"),
        ({"file": SimpleUploadedFile("a.png", b"")}, "file"),
    ):
        response = as_admin.post(path, form, format="multipart")
        assert response.status_code == 400, (form, response.content)
        assert [error["field"] for error in response.json()["errors"]] == [field]
    assert (Image.objects.count(), files_in(media)) == (0, [])


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"x", "image/png", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"garbage", "multipart/form-data", 400),
        (b"garbage", "multipart/form-data; boundary=x", 400),
    ],
)
def test_a_body_that_is_no_form_is_refused(as_admin: APIClient, body: bytes, content_type: str, status: int) -> None:
    product = make_product("Mug")
    response = as_admin.post(f"{URL}/{product.pk}/images", body, content_type=content_type)
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.django_db(transaction=True)
def test_a_deleted_image_takes_its_files_along(as_admin: APIClient, media: Path) -> None:
    product = make_product("Mug")
    image, other = add_picture(product), add_picture(product)
    path = f"{URL}/{product.pk}/images/{image.pk}"
    assert as_admin.delete(path).status_code == 204
    assert files_in(media) == sorted(Path(name).name for name in other.files.values())
    assert [row["image_id"] for row in as_admin.get(f"{URL}/{product.pk}").json()["images"]] == [other.pk]
    assert as_admin.delete(path).status_code == 404


def test_a_picture_that_is_refused_after_its_files_were_written_leaves_none(media: Path) -> None:
    product = make_product("Mug")
    with pytest.raises(ValidationError):
        services.add_image(product_id=product.pk, file=picture(), alt="x" * 256, actor=COMMAND)
    assert (Image.objects.count(), files_in(media)) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_a_picture_whose_commit_was_not_answered_keeps_its_files(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    product, commit = make_product("Mug"), DatabaseWrapper._commit

    def commit_unheard(connection: DatabaseWrapper) -> None:
        commit(connection)
        raise OperationalError("The connection is lost.")

    with monkeypatch.context() as patch:
        patch.setattr(DatabaseWrapper, "_commit", commit_unheard)
        with pytest.raises(OperationalError):
            add_picture(product)
    assert [name.rpartition("-")[0] for name in files_in(media)] == [Image.objects.get().stem] * 3


def test_a_product_has_so_many_images_and_no_more(as_admin: APIClient, media: Path) -> None:
    product = make_product("Mug")
    for _ in range(MAX_IMAGES):
        add_picture(product)
    kept = files_in(media)
    response = upload(as_admin, product.pk, picture())
    assert (response.status_code, response.json()["code"]) == (409, "too_many_images")
    assert files_in(media) == kept


def test_images_belong_to_their_product(as_admin: APIClient) -> None:
    product, other = make_product("Mug"), make_product("Cup")
    image = add_picture(other)
    assert as_admin.delete(f"{URL}/{product.pk}/images/{image.pk}").status_code == 404
    assert upload(as_admin, 999_999_999, picture()).status_code == 404
    assert Image.objects.count() == 1


def test_only_staff_with_the_permission_write_images(api: APIClient, as_customer: APIClient, as_staff: Any) -> None:
    product = make_product("Mug")
    image = add_picture(product)
    for client, status in ((api, 401), (as_customer, 403), (as_staff("order desk"), 403)):
        assert upload(client, product.pk, picture()).status_code == status
        assert client.delete(f"{URL}/{product.pk}/images/{image.pk}").status_code == status
    assert Image.objects.count() == 1


def test_a_worker_decodes_one_picture_at_a_time(as_admin: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    product = make_product("Mug")
    monkeypatch.setattr(pictures, "PATIENCE_SECONDS", 0.01)
    with pictures._one_at_a_time:
        response = upload(as_admin, product.pk, BytesIO(picture().getvalue()))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert upload(as_admin, product.pk, picture()).status_code == 201
