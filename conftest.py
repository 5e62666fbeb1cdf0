"""The real servers under every test: one embedded PostgreSQL and Valkey for the run, a database for each worker.

With DATABASE_URL set, the tests run on that server instead; its role must be allowed to create databases.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest

# What migrations have put into tables, kept beside them.
KEEP_ROWS_OF_MIGRATIONS = """
create schema of_migrations;
do $$
declare name text; is_there boolean;
begin
    for name in select tablename from pg_tables where schemaname = current_schema() loop
        execute format('select exists (select from %I)', name) into is_there;
        if is_there then execute format('create table of_migrations.%I as table %I', name, name); end if;
    end loop;
end $$;
"""
# After a test with real commits. Deleting the few rows of a test takes a tenth of the time of truncating all tables.
# Foreign keys are looked at in the end. What is append-only refuses to be deleted: its triggers sleep meanwhile.
PUT_BACK = """
do $$
declare name text; columns text; guarded text[];
begin
    select array_agg(distinct relname) into guarded from pg_trigger join pg_class on pg_class.oid = tgrelid
    where not tgisinternal and relnamespace = current_schema()::regnamespace and relkind = 'r';
    foreach name in array guarded loop execute format('alter table %I disable trigger user', name); end loop;
    -- Keys of a library are looked at with each statement: what refers to others goes before them.
    for name in
        select relname from pg_class c
        left join lateral (
            select bool_or(conrelid = c.oid) as refers, bool_or(confrelid = c.oid) as is_referred_to
            from pg_constraint
            where contype = 'f' and not condeferrable and conrelid <> confrelid and c.oid in (conrelid, confrelid)
        ) k on true
        where relkind = 'r' and relnamespace = current_schema()::regnamespace
        order by case when not coalesce(is_referred_to, false) then 0 when refers then 1 else 2 end
    loop
        execute format('delete from %I', name);
    end loop;
    for name in select tablename from pg_tables where schemaname = 'of_migrations' loop
        select string_agg(quote_ident(column_name), ', ') into columns from information_schema.columns
        where table_schema = current_schema() and table_name = name and is_generated = 'NEVER';
        execute format('insert into %I (%s) select %s from of_migrations.%I', name, columns, columns, name);
    end loop;
    -- A table whose keys are still to be looked at cannot be altered.
    set constraints all immediate;
    foreach name in array guarded loop execute format('alter table %I enable trigger user', name); end loop;
end $$;
"""
LONGEST = (
    *("tests/faults/", "tests/test_browser", "tests/test_schemathesis", "tests/test_run", "tests/test_clients"),
    *("tests/test_admin_authorization", "tests/test_authorization", "tests/test_posted_twice", "tests/test_roles"),
)
_folder: Path | None = None
_servers: Any = None


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers before the settings are read; xdist's workers inherit their addresses."""
    global _servers, _folder
    # No test fails because the machine is slow. The fixtures beside examples are those of a whole test.
    check = hypothesis.HealthCheck
    hypothesis.settings.register_profile(
        "unhurried", deadline=None, suppress_health_check=[check.too_slow, check.function_scoped_fixture]
    )
    hypothesis.settings.load_profile("unhurried")
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
    from django.conf import settings
    from django.test.signals import setting_changed

    from api.filters import checked

    # Files of the admin are looked for when one is asked for. Each client of a test makes the middleware anew, and to
    # find all files would take half of the time of a short test.
    settings.WHITENOISE_AUTOREFRESH = True
    # A process reads a value of a query string once and keeps it: settings change under tests alone.
    setting_changed.connect(lambda **_: checked.cache_clear(), weak=False)
    # xdist's workers inherit the environment. With this in it, pytest-django would read the settings in them before
    # they come here, and all of them would share, and empty, one cache.
    del os.environ["DJANGO_SETTINGS_MODULE"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that no process waits for them in the end. pytest-django puts them there."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_unconfigure(config: pytest.Config) -> None:
    if _servers is not None and _folder is not None:
        _servers.stop()
        shutil.rmtree(_folder)


def put_back(test_case: Any) -> None:
    """Empty all tables after a test with real commits, and put back what migrations had put there."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(PUT_BACK)


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
    from django.test import TransactionTestCase
    from django.test.utils import setup_databases, teardown_databases

    from database.prepare import prepare

    def prepare_test_database(using: str, **kwargs: Any) -> None:
        prepare(using)

    with django_db_blocker.unblock():
        pre_migrate.connect(prepare_test_database)
        databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
        pre_migrate.disconnect(prepare_test_database)
        with connection.cursor() as cursor:
            cursor.execute(KEEP_ROWS_OF_MIGRATIONS)
        connection.close()  # the next one starts with what was set on the role
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", put_back)
        yield
    with django_db_blocker.unblock():
        teardown_databases(databases, verbosity=0)


@contextmanager
def undone() -> Iterator[None]:
    """All that is written meanwhile is undone in the end. Units of work may begin inside, as in Django's TestCase."""
    from django.db import transaction

    whole = transaction.atomic()
    whole._from_testcase = True  # type: ignore[attr-defined]
    with whole:
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def rows_of_module(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """What a fixture of a module makes on this is there for all tests of the module, and made once."""
    from django.test import override_settings

    media = str(tmp_path_factory.mktemp("media"))
    with django_db_blocker.unblock(), override_settings(RATE_LIMITS=False, MEDIA_ROOT=media), undone():
        yield


@pytest.fixture
def rows(rows_of_module: None) -> Iterator[None]:
    """The rows of the module, and none of those that another test has made. Takes the place of `db`."""
    with undone():
        yield


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


@pytest.fixture(autouse=True, scope="session")
def declared_payloads() -> Any:
    """An event whose payload is not as its kind declares fails the test that has published it."""
    import jsonschema
    from django.db.models.signals import post_save

    from events.kinds import KINDS
    from events.models import Event

    validators = {name: jsonschema.Draft202012Validator(kind.payload) for name, kind in KINDS.items()}

    def check(instance: Event, created: bool, **_: Any) -> None:
        if created and instance.kind in validators and "events/tests" not in os.environ.get("PYTEST_CURRENT_TEST", ""):
            validators[instance.kind].validate(instance.payload)

    post_save.connect(check, sender=Event, weak=False)
    try:
        yield
    finally:
        post_save.disconnect(check, sender=Event)


@pytest.fixture(autouse=True)
def fresh_cache() -> Any:
    """Rate limits and cached pages of one test are not those of the next."""
    from api import cache

    cache.close_breaker()
    try:
        cache.ask(lambda redis: redis.flushdb())
    except cache.CacheUnavailable:
        return
