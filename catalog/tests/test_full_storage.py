"""Pictures for which there is no room: on a disk that is really full, and beyond a limit of the system."""

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Pillow
from rest_framework.test import APIClient

from catalog.models import Image
from catalog.tests.factories import make_product, snapshot
from catalog.tests.pictures import files_in, picture, upload
from staff.tests.pages import messages_of

pytestmark = pytest.mark.django_db


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """No file of this process can become larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(params=["a full disk", "a limit of the size of files"])
def no_room(request: pytest.FixtureRequest, media: Path) -> Iterator[Path]:
    """A folder for pictures that has no room for a large one."""
    if request.param == "a full disk":
        media.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(media)]
        if not shutil.which("mount") or subprocess.run(mount, check=False).returncode:  # noqa: S603
            pytest.skip("A disk of its own needs the rights of root.")
        yield media
        subprocess.run(["umount", "-l", str(media)], check=True)  # noqa: S603, S607
    else:
        with files_end_at(8 * 1024):
            yield media


def noise() -> BytesIO:
    """A picture whose largest rendition has some hundred kilobytes."""
    file = BytesIO()
    Pillow.effect_noise((1600, 400), 90).save(file, "JPEG")
    file.seek(0)
    return file


def test_where_there_is_no_room_nothing_is_left_behind(as_admin: APIClient, no_room: Path) -> None:
    product = make_product("Mug")
    before = snapshot()
    response = upload(as_admin, product.pk, noise())
    assert (response.status_code, response.json()["code"]) == (503, "storage_full"), response.content
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Content-Type"] == "application/problem+json"
    assert snapshot() == before
    assert files_in(no_room) == []
    assert upload(as_admin, product.pk, picture()).status_code == 201  # for which there is


def test_an_upload_for_which_there_is_no_temporary_room_is_refused(as_admin: APIClient) -> None:
    product = make_product("Mug")
    with files_end_at(1024 * 1024):
        response = upload(as_admin, product.pk, SimpleUploadedFile("a.png", bytes(3 * 1024 * 1024)))
    assert (response.status_code, response.json()["code"]) == (503, "storage_full"), response.content


@pytest.fixture
def editor(staff_pages: Any) -> Any:
    client = staff_pages("catalog editor")
    client.raise_request_exception = False
    return client


def test_staff_are_told_that_there_is_no_room(editor: Any, no_room: Path) -> None:
    product = make_product("Mug")
    answer = editor.post(f"/admin/catalog/product/{product.pk}/images/", {"file": noise(), "alt": ""})
    assert messages_of(answer) == ["The shop has no room for the file at the moment."]
    assert (Image.objects.count(), files_in(no_room)) == (0, [])


def test_a_form_for_which_there_is_no_temporary_room_is_refused(editor: Any) -> None:
    product = make_product("Mug")
    with files_end_at(1024 * 1024):
        file = SimpleUploadedFile("a.png", bytes(3 * 1024 * 1024))
        answer = editor.post(f"/admin/catalog/product/{product.pk}/images/", {"file": file, "alt": ""})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "The shop has no room for the file at the moment." in answer.content.decode()
