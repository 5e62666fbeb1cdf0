"""Web and worker work with the rows of the shop, and can change no table (roles.sql).

The journey, the browser and the fuzzer run as that role too (tests/shop.py).
"""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from config import embedded
from tests.shop import Shop, make_roles


@pytest.fixture
def app(shop: Shop) -> Iterator[psycopg.Connection[Any]]:
    with shop.connect("app") as connection:
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "create table sales.mine (id int)",
        "create table public.mine (id int)",
        "create schema mine",
        "create function sales.mine() returns int language sql as 'select 1'",
        "alter table orders_order add column mine int",
        "alter table orders_order drop constraint orders_order_pkey",
        "alter table inventory_stockmovement disable trigger all",
        "drop trigger stockmovement_append_only on inventory_stockmovement",
        "drop table orders_order",
        "truncate orders_order cascade",
        "create index on orders_order (id)",
        "alter role shop_app superuser",
        "set role shop_owner",
        "copy orders_order to program 'cat'",
    ],
)
def test_the_role_of_web_and_worker_is_refused(app: psycopg.Connection[Any], statement: str) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject)) as caught:
        app.execute(statement)
    assert caught.value.sqlstate == "42501", caught.value


def test_its_connections_begin_as_those_of_the_embedded_servers_role(
    app: psycopg.Connection[Any],
) -> None:
    for name, value in {"search_path": "sales, public", "statement_timeout": "10s", "lock_timeout": "3s"}.items():
        assert app.execute(f"show {name}").fetchone() == (value,)


def test_it_may_do_with_each_table_and_sequence_what_the_shop_does(app: psycopg.Connection[Any]) -> None:
    """Also with those of the queue, which others have made."""
    lacking = app.execute("""
        select relname from pg_class
        where relnamespace = 'sales'::regnamespace and not case relkind
            when 'r' then has_table_privilege(oid, 'select') and has_table_privilege(oid, 'insert')
                and has_table_privilege(oid, 'update') and has_table_privilege(oid, 'delete')
            when 'S' then has_sequence_privilege(oid, 'usage')
            else true
        end
    """).fetchall()
    assert lacking == []


def test_the_commands_of_an_operator_work_as_this_role(shop: Shop) -> None:
    shop.manage("create_admin", "--email", "boss@example.com", ADMIN_PASSWORD="a long password of the boss")
    assert "0 violations" in shop.manage("verify_stock")
    assert "0 violations" in shop.manage("verify_invoices")
    shop.manage("expire_reservations")
    shop.manage("low_stock_report")
    assert "boss@example.com" in shop.manage("export_user", "--email", "boss@example.com")


def test_a_shop_whose_tables_another_role_has_made_is_taken_over(tmp_path_factory: pytest.TempPathFactory) -> None:
    """As those of a database from before there were two roles; and the script can be run again."""
    folder = tmp_path_factory.mktemp("shop")
    servers = embedded.start(folder, valkey=False)
    try:
        environment = os.environ | {"DATA_DIR": str(folder), "REDIS_URL": ""}
        shop = Shop("", folder, environment | {"DATABASE_URL": servers.database_url}, {})
        shop.manage("prepare_database")
        shop.manage("migrate", "-v0")
        for _ in range(2):
            roles = make_roles(servers, folder)
        shop.environment.pop("DATABASE_URL")
        shop.manage("prepare_database", **roles["owner"])
        shop.manage("migrate", "staff", "zero", "-v0", **roles["owner"])  # drops a table of the former role's
        shop.manage("migrate", "-v0", **roles["owner"])
        shop.manage("prepare_database", **roles["app"])
        assert "0 violations" in shop.manage("verify_stock", **roles["app"])
        shop.roles = roles
        with shop.connect("owner") as connection:
            others = connection.execute("""
                select name from (
                    select relname, relowner, relnamespace from pg_class
                    union all select proname, proowner, pronamespace from pg_proc
                    union all select typname, typowner, typnamespace from pg_type
                ) as part (name, owner, schema)
                where schema = 'sales'::regnamespace and owner <> 'shop_owner'::regrole
            """)
            assert others.fetchall() == []
    finally:
        servers.stop()
