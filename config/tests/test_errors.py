"""What a person sees when a page could not be made."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_page_without_a_database_asks_for_another_try(
    staff_pages: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client: Client = staff_pages()
    client.raise_request_exception = False
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    answer = client.get("/admin/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert "The database is not available at the moment; try again." in answer.content.decode()
    (line,) = [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    assert line.startswith("database unavailable: OperationalError, without SQLSTATE: ")


def test_any_other_error_is_ours(staff_pages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client: Client = staff_pages()
    client.raise_request_exception = False
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "NAME", "")
    answer = client.get("/admin/")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.content.decode()
