"""Fixtures of the tests that belong to no single app."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import Watch, open_browser, sign_in, watched_page
from tests.shop import Shop, running_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running_shop(tmp_path_factory.mktemp("shop"), BCRYPT_ROUNDS="4") as running:
        yield running


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser(chromium) as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, shop: Shop) -> Iterator[tuple[Page, Watch]]:
    with watched_page(browser, shop.url) as visit:
        yield visit


@pytest.fixture
def staff(visit: tuple[Page, Watch]) -> Page:
    """The page of an administrator who has signed in."""
    sign_in(visit[0])
    return visit[0]


@pytest.fixture(scope="module")
def made(rows_of_module: None) -> tuple[Any, dict[str, Any]]:
    """A shop with something for every operation of the API, and one of each kind of client."""
    from tests.operations import World, clients

    world = World()
    return world, clients(world)


@pytest.fixture
def world(rows: None, made: tuple[Any, dict[str, Any]]) -> Any:
    return made[0]


@pytest.fixture
def people(rows: None, made: tuple[Any, dict[str, Any]]) -> dict[str, Any]:
    return made[1]


@pytest.fixture(scope="module")
def made_programs(made: tuple[Any, dict[str, Any]]) -> dict[str, Any]:
    from tests.operations import programs

    return programs()


@pytest.fixture
def programs(rows: None, made_programs: dict[str, Any]) -> dict[str, Any]:
    """A program for each scope of keys, and one with a publishable key."""
    return made_programs
