"""Verbs of lists say what became of each row that was chosen, and take all rows or none."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.tests.factories import give_paper, make_user
from catalog.models import Category, Product
from catalog.tests.factories import make_category, make_product
from events.models import Event
from orders.models import Order
from orders.tests.factories import make_order
from staff.tests.pages import messages_of
from tests.admin_pages import Counter

pytestmark = pytest.mark.django_db
NOT_ALL = "Choose at most 1 at once. Nothing was done."


@pytest.fixture
def pages(staff_pages: Any) -> Any:
    return staff_pages()


def act(pages: Any, label: str, action: str, *rows: Any, **more: str) -> list[str]:
    """What the list says after a verb on these rows."""
    pages.cookies.pop("messages", None)  # those of the verb before
    form = {"action": action, "index": "0", "post": "yes", "_selected_action": [row.pk for row in rows]}
    answer = pages.post(f"/admin/{label}/", form | more)
    assert answer.status_code == 302
    return messages_of(answer)


def test_orders_that_were_so_already_and_those_that_are_refused_are_told_apart(pages: Any) -> None:
    orders = [make_order(status=status) for status in ("confirmed", "pending", "pending", "shipped")]

    said = act(pages, "orders/order", "confirm", *orders)

    assert said[0] == "2 confirmed, 1 was confirmed already, 1 refused:"
    assert said[1].startswith(f"{orders[3].number}: ")


@pytest.mark.parametrize(
    ("action", "status", "done"),
    [("deliver", "delivered", "delivered"), ("ship", "shipped", "shipped"), ("cancel", "cancelled", "cancelled")],
)
def test_what_is_so_already_is_not_called_done(pages: Any, action: str, status: str, done: str) -> None:
    orders = [make_order(status=status), make_order(status=status)]
    last = Event.objects.latest("pk").pk

    assert act(pages, "orders/order", action, *orders, sure="on") == [f"0 {done}, 2 were {done} already."]
    assert Event.objects.latest("pk").pk == last


def test_products_that_were_so_already_are_told_apart(pages: Any) -> None:
    products = [make_product("A"), make_product("B", status="draft"), make_product("C", status="archived")]

    assert act(pages, "catalog/product", "publish", *products) == ["2 published, 1 was published already."]
    assert act(pages, "catalog/product", "archive", products[0]) == ["1 archived."]
    assert act(pages, "catalog/product", "archive", *products[:2]) == ["1 archived, 1 was archived already."]


def test_jobs_are_told_apart_by_what_fits_them(pages: Any) -> None:
    Counter()  # a job that waits and one that has failed
    jobs = list(ProcrastinateJob.objects.filter(task_name="nothing").order_by("pk"))
    job = "procrastinate/procrastinatejob"

    assert act(pages, job, "retry", *jobs) == ["1 queued again, 1 refused:", f"Job {jobs[0].pk}: It is todo."]
    assert act(pages, job, "cancel", *jobs) == ["2 cancelled."]
    assert act(pages, job, "abort", jobs[0]) == ["0 aborted, 1 refused:", f"Job {jobs[0].pk}: It is cancelled."]


def test_categories_are_deleted_as_on_their_own_page(pages: Any) -> None:
    full, above = make_category("Full"), make_category("Above")
    below = Category.objects.create(name="Below", slug="below", parent=above)
    make_product("Lamp", category=full)
    last = Event.objects.latest("pk").pk

    said = act(pages, "catalog/category", "delete_selected", full, above, below)

    assert said[0] == "2 deleted, 1 refused:"
    assert list(Category.objects.filter(pk__in=[full.pk, above.pk, below.pk])) == [full]
    told = Event.objects.filter(pk__gt=last, kind="category.deleted", actor=f"staff:{pages.user.pk}")
    assert set(told.values_list("subject", flat=True)) == {f"category:{above.pk}", f"category:{below.pk}"}


def test_groups_and_devices_are_deleted_with_a_word_in_the_journal(pages: Any) -> None:
    group, device = Group.objects.create(name="interns"), give_paper(make_user(is_staff=True), "abcdef")

    assert act(pages, "auth/group", "delete_selected", group) == ["1 deleted."]
    assert act(pages, "otp_static/staticdevice", "delete_selected", device) == ["1 deleted."]

    assert Event.objects.filter(kind="group.deleted", subject=f"group:{group.pk}").count() == 1
    assert Event.objects.filter(kind="user.device_removed").count() == 1


def test_more_than_a_verb_takes_is_refused_whole(pages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("staff.bulk.MOST_AT_ONCE", 1)
    products = [make_product("A"), make_product("B")]
    orders = [make_order(), make_order()]
    categories = [make_category("A"), make_category("B")]

    assert act(pages, "catalog/product", "archive", *products, select_across="1") == [NOT_ALL]
    assert act(pages, "orders/order", "cancel", *orders, select_across="1") == [NOT_ALL]
    assert act(pages, "catalog/category", "delete_selected", *categories) == [NOT_ALL]

    assert not Product.objects.filter(status="archived").exists()
    assert not Order.objects.filter(status="cancelled").exists()
    assert Category.objects.filter(pk__in=[row.pk for row in categories]).count() == 2


@pytest.mark.parametrize("key", ["²", "abc", ""])
def test_a_ticked_row_that_is_none_is_refused_and_nothing_is_done(pages: Any, key: str) -> None:
    order, product, category, group = make_order(), make_product(), make_category(), Group.objects.create(name="g")
    rows = {"orders/order": order, "catalog/product": product, "catalog/category": category, "auth/group": group}

    for label, row in rows.items():
        action = {"orders/order": "confirm", "catalog/product": "archive"}.get(label, "delete_selected")
        form = {"action": action, "index": "0", "post": "yes", "_selected_action": [row.pk, key]}
        answer = pages.post(f"/admin/{label}/", form)
        assert answer.status_code == 302
        assert messages_of(answer)[-1:] == ["The list has no such row. Nothing was done."]
        row.refresh_from_db()
    order.refresh_from_db()
    product.refresh_from_db()
    assert (order.status, product.status) == ("pending", "active")
