"""Taking a warehouse out of sale: it asks about what lies there, and the last one stays."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from events.actors import COMMAND
from inventory import services
from inventory.exceptions import LastWarehouse
from inventory.models import Reservation, Warehouse
from inventory.services import records
from inventory.tests.factories import StockItemFactory, WarehouseFactory, hold, level_of, reserve
from inventory.tests.races import kinds
from staff.tests.pages import errors_of, form_on
from tests.threads import at_once


def close(code: str) -> Warehouse:
    return services.update_warehouse(code=code, is_active=False, actor=COMMAND)


@pytest.mark.django_db
def test_the_last_active_warehouse_stays(as_admin: Any, staff_pages: Callable[..., Any]) -> None:
    WarehouseFactory(code="north", is_active=False)
    main = Warehouse.objects.get(code="main")
    url = f"/admin/inventory/warehouse/{main.pk}/change/"
    pages = staff_pages()
    form = form_on(pages, url, "name")
    del form["is_active"]

    with pytest.raises(LastWarehouse):
        close("main")
    answer = as_admin.patch("/api/v1/inventory/warehouses/main", {"is_active": False})
    page = pages.post(url, form)

    assert (answer.status_code, answer.json()["code"]) == (409, "last_warehouse")
    assert "the shop would have nothing for sale" in errors_of(page)
    assert Warehouse.objects.get(code="main").is_active
    assert close("north").is_active is False


@pytest.mark.django_db(transaction=True)
def test_of_the_last_two_that_close_at_the_same_moment_one_stays() -> None:
    WarehouseFactory(code="north")

    outcomes = at_once([partial(close, "main"), partial(close, "north")])

    assert kinds(outcomes) == {"LastWarehouse": 1, "Warehouse": 1}
    assert Warehouse.objects.filter(is_active=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_on_all_the_last_two_close(monkeypatch: pytest.MonkeyPatch) -> None:
    WarehouseFactory(code="north")
    both_have_looked = threading.Barrier(2)
    others_active = records.others_active

    def look_and_meet(warehouse: Warehouse) -> bool:
        found = others_active(warehouse)
        both_have_looked.wait(10)
        return found

    monkeypatch.setattr(records, "lock_warehouses", lambda: None)
    monkeypatch.setattr(records, "others_active", look_and_meet)
    outcomes = at_once([partial(close, "main"), partial(close, "north")])

    assert kinds(outcomes) == {"Warehouse": 2}
    assert not Warehouse.objects.filter(is_active=True).exists()


@pytest.mark.django_db
def test_the_page_says_what_lies_there_and_asks(staff_pages: Callable[..., Any]) -> None:
    pages = staff_pages()
    WarehouseFactory(code="north")
    item = StockItemFactory(stock=9)
    reserve("order:1", {item: 2})
    reserve("order:2", {item: 1})
    hold("cart:1", item, 4)
    main = Warehouse.objects.get(code="main")
    url = f"/admin/inventory/warehouse/{main.pk}/change/"
    form = form_on(pages, url, "name")
    del form["is_active"]

    asked = pages.post(url, form)

    assert (
        "9 units lie here, and 7 are promised, in 3 promises to 2 orders and 1 holds of carts. "
        "Nothing of it will be for sale. What is promised stays promised, and is shipped from here."
    ) in errors_of(asked)
    assert Warehouse.objects.get(code="main").is_active

    assert pages.post(url, form | {"sure": "on"}).status_code == 302

    assert not Warehouse.objects.get(code="main").is_active
    # What is promised stays promised, and can be shipped.
    assert set(Reservation.objects.values_list("state", flat=True)) == {"open"}
    assert level_of(item).reserved == 7


@pytest.mark.django_db
def test_an_empty_warehouse_goes_out_of_sale_without_a_question(staff_pages: Callable[..., Any]) -> None:
    north = WarehouseFactory(code="north")
    pages = staff_pages()
    url = f"/admin/inventory/warehouse/{north.pk}/change/"
    form = form_on(pages, url, "name")
    del form["is_active"]

    assert pages.post(url, form).status_code == 302
    assert not Warehouse.objects.get(code="north").is_active


@pytest.mark.django_db
def test_rows_of_an_inactive_warehouse_are_marked(staff_pages: Callable[..., Any]) -> None:
    pages = staff_pages()
    WarehouseFactory(code="north", name="North")
    item = StockItemFactory(stock={"north": 5})
    reserve("order:1", {item: 1})
    stock = "/admin/inventory/stockitem/"
    marked = {
        f"{stock}{item.pk}/why/": '<span class="badge archived">inactive</span>',
        "/admin/inventory/stockmovement/": '<span class="badge archived">inactive</span>',
        f"{stock}count/": "North (inactive: not for sale)",
        f"{stock}grid/": "North (inactive: not for sale)",
        f"{stock}receive/": "North (inactive: not for sale)",
        stock: "North (inactive: not for sale)",
    }
    assert [mark in pages.get(url).content.decode() for url, mark in marked.items()] == [False] * len(marked)

    close("north")

    assert [mark in pages.get(url).content.decode() for url, mark in marked.items()] == [True] * len(marked)
