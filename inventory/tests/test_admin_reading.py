"""The stock keeper's pages that explain a number, and the lists. Staff without the permission move nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from events.actors import COMMAND
from inventory import admin as inventory_admin
from inventory import services
from inventory.models import StockItem
from inventory.tests.factories import StockItemFactory
from staff.lists import StaffPaginator
from staff.tests.pages import form_on, send

pytestmark = pytest.mark.django_db
STOCK = "/admin/inventory/stockitem/"
ITEM = {"lines-0-sku": "MUG"}


def test_why_a_number_is_what_it_is(keeper: Any, mug: StockItem) -> None:
    services.reserve(reference="order:100", quantities={mug.pk: 2}, actor=COMMAND)
    services.adjust_stock(reason="broken", lines=[services.AdjustmentLine("MUG", delta=-1)], actor=COMMAND)

    page = keeper.get(f"{STOCK}{mug.pk}/why/")

    balances = [(row.movement.kind, row.on_hand, row.reserved) for row in page.context_data["rows"]]
    assert balances == [("adjusted", 4, 2), ("reserved", 5, 2), ("received", 5, 0)]
    text = page.content.decode()
    assert "Why it is 4" in text
    assert "/admin/reference/order:100" in text
    assert "<svg" in text


def test_a_page_that_leaves_promises_out_says_how_many(
    keeper: Any, mug: StockItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory_admin, "MOST_PROMISES", 2)
    texts = []
    for reference in ("order:100", "order:101", "order:102"):
        services.reserve(reference=reference, quantities={mug.pk: 1}, actor=COMMAND)
        texts.append(keeper.get(f"{STOCK}{mug.pk}/why/").content.decode())

    assert ["The oldest 2; 1 more" in text for text in texts] == [False, False, True]


def test_what_is_not_for_sale_says_so_and_its_page_moves_it(keeper: Any) -> None:
    item = StockItemFactory(sku="OLD", stock=3, is_sold=False)

    page = keeper.get(f"{STOCK}{item.pk}/why/").content.decode()

    assert "Not for sale" in page
    assert f"{STOCK}transfer/?sku=OLD" in page
    found = [
        [row.sku for row in keeper.get(f"{STOCK}?is_sold__exact={value}").context_data["cl"].result_list]
        for value in (0, 1)
    ]
    assert found == [["OLD"], []]


def test_the_timeline_goes_on_where_the_page_ends(keeper: Any, mug: StockItem) -> None:
    for _ in range(60):
        services.adjust_stock(reason="one more", lines=[services.AdjustmentLine("MUG", delta=1)], actor=COMMAND)

    first = keeper.get(f"{STOCK}{mug.pk}/why/")
    second = keeper.get(f"{STOCK}{mug.pk}/why/?{first.context_data['more']}")

    balances = [row.on_hand for page in (first, second) for row in page.context_data["rows"]]
    assert balances == list(range(65, 4, -1))
    assert second.context_data["more"] == ""


def test_stock_at_a_moment_of_the_past(keeper: Any, mug: StockItem) -> None:
    before = timezone.now() - timedelta(days=1)

    page = keeper.get(f"{STOCK}{mug.pk}/why/", {"at": f"{before:%Y-%m-%dT%H:%M}"})
    nonsense = keeper.get(f"{STOCK}{mug.pk}/why/", {"at": "yesterday"})

    assert [level.on_hand for level in page.context_data["then"]] == [0]
    assert nonsense.context_data["then"] is None
    assert keeper.get(f"{STOCK}{mug.pk + 1}/why/").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"MUG", "CUP", "HAT"}),
        ("?q=MUG", {"MUG"}),
        ("?q=4006381", {"MUG"}),
        ("?q=ha", {"HAT"}),
        ("?band=out_of_stock", {"HAT"}),
        ("?band=critical", {"MUG"}),
        ("?band=high", {"CUP"}),
        ("?warehouse=main", {"MUG", "CUP"}),
        ("?o=-3", {"MUG", "CUP", "HAT"}),
    ],
)
def test_items_are_found(keeper: Any, mug: StockItem, query: str, found: set[str]) -> None:
    StockItemFactory(sku="CUP", name="Cup", stock=80)
    StockItemFactory(sku="HAT", name="Hat")

    rows = keeper.get(STOCK + query).context_data["cl"].result_list

    assert {row.sku for row in rows} == found


@pytest.mark.parametrize(("query", "count"), [("MUG", 1), ("4006381", 1), ("opening", 2), ("system", 2), ("else", 0)])
def test_the_ledger_is_searched(keeper: Any, mug: StockItem, query: str, count: int) -> None:
    StockItemFactory(sku="CUP", stock=8)

    rows = keeper.get("/admin/inventory/stockmovement/", {"q": query}).context_data["cl"].result_list

    assert len(rows) == count


def test_alerts_are_listed_with_their_items(keeper: Any, mug: StockItem) -> None:
    services.adjust_stock(reason="broken", lines=[services.AdjustmentLine("MUG", delta=-5)], actor=COMMAND)

    page = keeper.get("/admin/inventory/stockalert/?closed_at__isempty=1").content.decode()

    assert "Out of stock" in page
    assert f"{STOCK}{mug.pk}/why/" in page


def test_the_details_of_an_item_are_edited_and_its_history_is_the_journal(keeper: Any, mug: StockItem) -> None:
    send(keeper, f"{STOCK}{mug.pk}/change/", "barcode", reorder_point="7", unit_cost="2.25")

    mug.refresh_from_db()
    assert (mug.reorder_point, str(mug.unit_cost), mug.version) == (7, "2.25", 2)
    assert keeper.get(f"{STOCK}{mug.pk}/history/").headers["Location"] == "/admin/events/event/?q=sku%3AMUG"


def test_quantities_are_no_fields_of_any_form(keeper: Any, mug: StockItem) -> None:
    form = form_on(keeper, f"{STOCK}{mug.pk}/change/", "barcode")

    assert not {"on_hand", "reserved", "in_stock", "sku", "available"} & set(form)


@pytest.mark.parametrize("path", ["receive/", "adjust/", "transfer/", "{id}/backorder/"])
def test_who_may_only_look_moves_nothing(staff_pages: Callable[..., Any], mug: StockItem, path: str) -> None:
    desk = staff_pages("order desk")

    assert desk.get(STOCK + path.format(id=mug.pk)).status_code == 403
    assert desk.post(STOCK + path.format(id=mug.pk)).status_code == 403
    assert desk.get(f"{STOCK}{mug.pk}/why/").status_code == 200


@pytest.mark.parametrize(
    "path", ["orders/order/", "accounts/user/", "events/event/", "auth/group/", "orders/order/1/change/"]
)
def test_a_stock_keeper_sees_no_customers(keeper: Any, path: str) -> None:
    assert keeper.get(f"/admin/{path}").status_code == 403


def test_no_page_of_stock_names_a_customer(keeper: Any, mug: StockItem) -> None:
    from accounts.tests.factories import make_user

    customer = make_user(email="secret@example.com")
    line = services.AdjustmentLine("MUG", delta=-1)
    services.adjust_stock(reason="x", lines=[line], actor=COMMAND)
    services.reserve(reference="r", quantities={mug.pk: 1}, actor=customer_actor(customer.pk))

    for path in ("/admin/", f"{STOCK}{mug.pk}/why/", "/admin/inventory/stockmovement/", STOCK):
        assert b"secret@example.com" not in keeper.get(path).content


def customer_actor(user_id: int) -> Any:
    from events.actors import Actor

    return Actor(user_id, "api")


def test_a_large_list_is_estimated_and_a_search_in_it_counted_up_to_a_limit(
    keeper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(7):
        StockItemFactory(name="Mug")
    StockItemFactory(name="Cup")
    with connection.cursor() as cursor:
        cursor.execute("analyze inventory_stockitem")
    StockItemFactory(name="Mug")
    monkeypatch.setattr(StaffPaginator, "MOST", 5)

    def counted(query: str) -> int:
        return int(keeper.get(f"{STOCK}{query}").context_data["cl"].result_count)

    # The estimate does not know the ninth; what is searched ends at the limit, and below it is exact.
    assert counted("") == 8
    assert counted("?q=Mug") == 5
    assert counted("?q=Cup") == 1


def test_items_stand_in_the_sequence_of_their_skus(keeper: Any) -> None:
    for sku in ("C", "A", "B"):
        StockItemFactory(sku=sku)

    rows = keeper.get(STOCK).context_data["cl"].result_list

    assert [row.sku for row in rows] == ["A", "B", "C"]
