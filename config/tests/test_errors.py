"""What a person sees when a page could not be made."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home(staff_pages: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Any]:
    """Asks for the home page over a new connection, one of whose settings is another."""

    def ask(name: str, value: str) -> Any:
        client: Client = staff_pages()
        client.raise_request_exception = False
        connection.close()
        monkeypatch.setitem(connection.settings_dict, name, value)
        return client.get("/admin/")

    return ask


def test_a_page_without_a_database_asks_for_another_try(
    home: Callable[[str, str], Any], caplog: pytest.LogCaptureFixture
) -> None:
    answer = home("HOST", "/nowhere")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert "The database is not available at the moment; try again." in answer.content.decode()
    (line,) = [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    assert line.startswith("database unavailable: OperationalError, without SQLSTATE: ")


def test_any_other_error_is_ours(home: Callable[[str, str], Any]) -> None:
    answer = home("NAME", "")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.content.decode()
