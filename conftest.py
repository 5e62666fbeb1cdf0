"""The real servers under every test: one embedded PostgreSQL and Valkey for the run, a database for each worker.

With DATABASE_URL set, the tests run on that server instead; its role must be allowed to create databases.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest

_folder: Path | None = None
_servers: Any = None


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers before the settings are read; xdist's workers inherit their addresses."""
    global _servers, _folder
    # Named here and not in pyproject.toml: pytest-django would read the settings before the servers have addresses.
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["BCRYPT_ROUNDS"] = "4"
    os.environ["LIST_CACHE_SECONDS"] = "0"  # a test sees its own writes; that of the cache switches it on
    os.environ["MANUAL_PAYMENT_NAME"] = "Bank transfer"  # so that orders can be paid
    os.environ["MANUAL_PAYMENT_INSTRUCTIONS"] = "To DE02 1203 0000 0000 2020 51."
    # What is counted is tested here, not how fast a busy machine answers; tests of a frozen server set their own.
    os.environ["REDIS_TIMEOUT_SECONDS"] = "10"
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        address, number = os.environ["REDIS_URL"].partition("?")[0], int(worker.removeprefix("gw"))
        os.environ["REDIS_URL"] = f"{address}?db={number + 1}"
    else:
        from config import embedded

        _folder = Path(tempfile.mkdtemp(prefix="shop-test-"))
        _servers = embedded.start(
            _folder, postgres="DATABASE_URL" not in os.environ, valkey="REDIS_URL" not in os.environ, durable=False
        )
        os.environ.setdefault("DATABASE_URL", _servers.database_url)
        os.environ.setdefault("REDIS_URL", _servers.redis_url)
        os.environ["DATA_DIR"] = str(_folder)
    django.setup()
    from django.test.signals import setting_changed

    from api.filters import checked

    # A process reads a value of a query string once and keeps it: settings change under tests alone.
    setting_changed.connect(lambda **_: checked.cache_clear(), weak=False)
    # xdist's workers inherit the environment. With this in it, pytest-django would read the settings in them before
    # they come here, and all of them would share, and empty, one cache.
    del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure(config: pytest.Config) -> None:
    if _servers is not None and _folder is not None:
        _servers.stop()
        shutil.rmtree(_folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test with real commits ends with a flush; what migrations put into the tables is put back for the next one."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker is not None and marker.kwargs.get("transaction"):
            assert isinstance(item, pytest.Function)
            # Without this one the flush would recreate content types under other ids.
            item.fixturenames.insert(0, "django_db_serialized_rollback")
            item.fixturenames.insert(0, "rows_of_migrations")


@pytest.fixture
def rows_of_migrations(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Comes first, so that its end comes last: after the flush, groups and the first warehouse stand there again."""
    from django.db import connection

    yield
    with django_db_blocker.unblock():
        connection.creation.deserialize_db_from_string(connection._test_serialized_contents)  # type: ignore[attr-defined]


def chromium_path() -> str | None:
    """The Chromium of this machine, if it has one."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without a Chromium the tests that drive one are reported as not run, or fail where REQUIRE_BROWSER=1 is set."""
    if item.get_closest_marker("browser") and chromium_path() is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail("REQUIRE_BROWSER=1 is set, and there is no Chromium on the path.", pytrace=False)
        pytest.skip("needs a Chromium: apt install chromium")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium, for Playwright's `executable_path`."""
    path = chromium_path()
    assert path is not None, "mark the test with pytest.mark.browser"
    return path


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """Each worker's database, with schema, extension and role settings as `prepare_database` makes them."""
    from django.db import connection
    from django.db.models.signals import pre_migrate
    from django.test.utils import setup_databases, teardown_databases

    from database.prepare import prepare

    def prepare_test_database(using: str, **kwargs: Any) -> None:
        prepare(using)

    with django_db_blocker.unblock():
        pre_migrate.connect(prepare_test_database)
        databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=["default"])
        pre_migrate.disconnect(prepare_test_database)
        with connection.cursor() as cursor:
            # The flush between tests truncates every table; UPDATE and DELETE stay refused.
            cursor.execute("drop trigger stockmovement_no_truncate on inventory_stockmovement")
            cursor.execute("drop trigger orderevent_no_truncate on orders_orderevent")
            cursor.execute("drop trigger pricehistory_no_truncate on catalog_pricehistory")
            cursor.execute("drop trigger orderrevision_no_truncate on orders_orderrevision")
            cursor.execute("drop trigger entry_no_truncate on payments_entry")
        connection.close()  # the next one starts with what was set on the role
    yield
    with django_db_blocker.unblock():
        teardown_databases(databases, verbosity=0)


@pytest.fixture
def api() -> Any:
    """A client that is nobody."""
    from rest_framework.test import APIClient

    return APIClient()


@pytest.fixture
def as_customer(db: None) -> Any:
    from accounts.tests.factories import client_of, make_user

    return client_of(make_user())


@pytest.fixture
def as_admin(db: None) -> Any:
    from accounts.tests.factories import client_of, make_user

    return client_of(make_user(is_staff=True, is_superuser=True))


@pytest.fixture
def as_staff(db: None) -> Any:
    """`as_staff("order desk")`: a client of somebody in that group."""
    from accounts.tests.factories import client_of, make_user

    return lambda *groups: client_of(make_user(is_staff=True, groups=groups))


@pytest.fixture
def staff_pages(db: None) -> Any:
    """`staff_pages("order desk")`: a browser signed in as somebody of that group; `staff_pages()`: a superuser.

    The client's `user` is who it is.
    """
    from django.test import Client

    from accounts.tests.factories import make_user

    def sign_in(*groups: str) -> Any:
        client: Any = Client()
        client.user = make_user(is_staff=True, is_superuser=not groups, groups=groups)
        client.force_login(client.user)
        return client

    return sign_in


@pytest.fixture(autouse=True)
def fresh_cache() -> Any:
    """Rate limits and cached pages of one test are not those of the next."""
    from api import cache

    cache.close_breaker()
    try:
        cache.ask(lambda redis: redis.flushdb())
    except cache.CacheUnavailable:
        return
