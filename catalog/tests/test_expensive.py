"""Lists whose first statement gives up early, and expensive work: where it is done, how long, and what it costs."""

import threading
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from api import cache
from catalog.listing import conditions, search
from catalog.tests.factories import make_category, make_product
from database import expensive
from database.expensive import MoveToLane, expensive_work
from database.refusals import Busy

pytestmark = pytest.mark.django_db

URL = "/api/v1/products"
QUERIES = (
    *("in_stock=true", "in_stock=false", "in_stock=true&ordering=price", "in_stock=true&ordering=-name"),
    *("in_stock=true&category=top", "in_stock=false&category=left&category=right&ordering=-price"),
    *("in_stock=true&category=top&ordering=name", "in_stock=true&price_min=2&category=top", "search=lantern"),
    *(
        "search=lantern&in_stock=true",
        "search=lantern&ordering=price",
        "search=lanterm&in_stock=true",
        "category=top&ordering=name",
    ),
)
EXPENSIVE = (
    *("/facets", "/facets?search=-zzz", "?count=exact", "?search=lantrmm", "?search=lantern&in_stock=true"),
    *("?search=lantern&ordering=price", "?category=top&ordering=name"),
)


@pytest.fixture
def shop() -> None:
    """Products whose stock comes and goes along every order, in two categories below one."""
    make_category("Top")
    make_category("Left", parent="top")
    make_category("Right", parent="top")
    for number in range(14):
        category = ("left", "right", "top")[number % 3]
        stock = 3 if number in (0, 1, 5, 12) else 0
        make_product(f"Lantern {number % 5} {number}", price=f"{number % 7 + 1}.00", category=category, stock=stock)


def walked(query: str) -> list[str]:
    """The names of all pages, forwards and then backwards."""
    client, names = APIClient(), []
    page = client.get(f"{URL}?{query}&page_size=2").json()
    while True:
        names += [row["name"] for row in page["results"]]
        if page["next"] is None:
            break
        page = client.get(page["next"]).json()
    while page["previous"] is not None:
        page = client.get(page["previous"]).json()
        names += [row["name"] for row in page["results"]]
    return names


@pytest.mark.parametrize("query", QUERIES)
def test_a_list_is_the_same_wherever_its_first_statement_gives_up(
    shop: None, query: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMITS = False
    whole = walked(query)
    assert len(whole) >= 3
    for most in (0, 1, 2, 5, 13):
        monkeypatch.setattr(conditions, "MOST_PASSED", most)
        monkeypatch.setattr(search, "MOST_MET", most)
        assert walked(query) == whole, most


@pytest.fixture
def lane(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane of this process, of which the test's thread is none."""
    monkeypatch.setattr(expensive, "_lane", None)
    expensive.open_lane()


@pytest.mark.parametrize("path", EXPENSIVE)
def test_what_is_expensive_moves_to_the_lane_and_is_answered_there(shop: None, lane: None, path: str) -> None:
    with pytest.raises(MoveToLane):
        APIClient().get(f"{URL}{path}")
    assert connection.in_atomic_block is True  # that of the test alone
    expensive.join_lane()
    assert APIClient().get(f"{URL}{path}").status_code == 200


@pytest.mark.parametrize(
    "path", ["", "?ordering=price", "?search=lantern", "?in_stock=true", "?category=top", "/lantern-0-0"]
)
def test_what_is_cheap_never_does(shop: None, lane: None, path: str) -> None:
    assert APIClient().get(f"{URL}{path}").status_code == 200


def test_what_is_sold_out_in_a_row_is_expensive_to_pass_by(
    shop: None, lane: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "MOST_PASSED", 5)
    with pytest.raises(MoveToLane):
        APIClient().get(f"{URL}?in_stock=true&page_size=3")


def test_other_threads_of_the_lane_are_none_of_this_one(lane: None) -> None:
    other = threading.Thread(target=expensive.join_lane)
    other.start()
    other.join()
    with pytest.raises(MoveToLane), expensive_work():
        pass


def test_an_expensive_statement_has_little_time(settings: Any) -> None:
    settings.EXPENSIVE_STATEMENT_TIMEOUT_MS = 10
    with pytest.raises(Busy), expensive_work(), connection.cursor() as cursor:
        cursor.execute("select pg_sleep(5)")
    with connection.cursor() as cursor:
        cursor.execute("select pg_sleep(0.05)")


def test_expensive_work_costs_more_of_the_limit(shop: None, settings: Any) -> None:
    cache.ask(lambda redis: redis.flushdb())
    settings.RATE_LIMIT_ANONYMOUS, settings.EXPENSIVE_REQUEST_COST = (11, 60), 5
    statuses = [APIClient().get(f"{URL}{path}").status_code for path in ("/facets", "?count=exact", "", "", "/facets")]
    assert statuses == [200, 200, 200, 429, 429]


def test_an_answer_that_was_kept_costs_nothing_more(shop: None, settings: Any) -> None:
    cache.ask(lambda redis: redis.flushdb())
    settings.LIST_CACHE_SECONDS = 1.0
    settings.RATE_LIMIT_ANONYMOUS, settings.EXPENSIVE_REQUEST_COST = (8, 60), 5
    assert [APIClient().get(f"{URL}/facets").status_code for _ in range(4)] == [200] * 4
