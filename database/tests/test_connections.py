"""What becomes of a request whose connection to the database cannot go on, and of the request after it."""

import select
from typing import Any

import psycopg
import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.tests.factories import client_of, make_user
from database.rows import fetch_rows
from orders.services import placing
from orders.tests.factories import ADDRESS, make_article

pytestmark = pytest.mark.django_db(transaction=True)
MY_ORDERS = "/api/v1/orders/my-orders"
WIDEN = "alter table sales.accounts_user alter column city type varchar({})"


@pytest.fixture
def client() -> APIClient:
    return client_of(make_user())


def unavailable(answer: Any) -> bool:
    return answer.status_code == 503 and answer.json()["code"] == "database_unavailable" and "Retry-After" in answer


def test_a_statement_from_before_a_migration_costs_one_request(client: APIClient) -> None:
    for _ in range(4):
        assert client.get(MY_ORDERS).status_code == 200
    raw = connection.connection
    with psycopg.connect(raw.info.dsn, password=raw.info.password, autocommit=True) as operator:
        try:
            operator.execute(WIDEN.format(120))
            assert unavailable(client.get(MY_ORDERS))
            assert client.get(MY_ORDERS).status_code == 200
        finally:
            operator.execute(WIDEN.format(100))
            connection.close()


def test_a_server_that_takes_no_writes_is_not_an_error_of_ours(client: APIClient) -> None:
    body = {"order_items": [{"variant_id": make_article(stock=5).pk, "quantity": 1}], **ADDRESS}
    with connection.cursor() as cursor:
        cursor.execute("set default_transaction_read_only = on")
        assert unavailable(client.post("/api/v1/orders/", body, format="json"))
        cursor.execute("set default_transaction_read_only = off")
    assert client.post("/api/v1/orders/", body, format="json").status_code == 201


def test_a_process_that_was_frozen_in_a_transaction_is_told_to_try_again(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends such a transaction after the time that prepare_database has set for the role."""
    resolve = placing.resolve

    def resolve_after_a_long_time(*args: Any) -> Any:
        fetch_rows("select set_config('idle_in_transaction_session_timeout', %(after)s::text, true)", {"after": "1ms"})
        end = select.poll()
        end.register(connection.connection.fileno(), select.POLLIN)
        assert end.poll(10_000)
        return resolve(*args)

    body = {"order_items": [{"variant_id": make_article(stock=5).pk, "quantity": 1}], **ADDRESS}
    with monkeypatch.context() as patch:
        patch.setattr(placing, "resolve", resolve_after_a_long_time)
        assert unavailable(client.post("/api/v1/orders/", body, format="json"))
    assert client.post("/api/v1/orders/", body, format="json").status_code == 201
