"""Every edit stands in the journal with before and after, and whoever may edit a thing reads its history."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from django.utils.html import strip_tags

from accounts import services as accounts
from accounts.addresses import update_address
from accounts.tests.factories import make_address, make_user
from catalog import services as catalog
from catalog.models import Category, Product
from catalog.tests.pictures import add_picture
from checkout import services as checkout
from checkout.callers import Caller
from events.actors import Actor
from events.models import Event
from inventory import services as inventory
from inventory.models import StockItem, Warehouse
from orders.tests.factories import make_article, make_order
from pricing import services as pricing
from pricing.models import Promotion
from staff.tests.pages import send

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent.parent
BOSS = Actor(1_000_000, "admin", is_staff=True)


def product() -> Product:
    return catalog.create_product(name="Mug", price=Decimal("5.00"), sku="MUG", actor=BOSS)


def edit_product() -> None:
    made = product()
    catalog.create_category(name="Cups", actor=BOSS)
    catalog.update_product(
        product_id=made.pk,
        actor=BOSS,
        name="Cup",
        price=Decimal("6.00"),
        category="cups",
        attributes={"colour": "red"},
        sku="CUP",
        stock_quantity=3,
        status="active",
    )


def edit_variant() -> None:
    made = product()
    [variant] = made.variants.all()
    catalog.update_variant(
        product_id=made.pk,
        variant_id=variant.pk,
        actor=BOSS,
        price=Decimal("7.50"),
        options={"size": "M"},
        max_per_customer=4,
    )


def edit_planned_price() -> None:
    made = product()
    which: dict[str, Any] = {"product_id": made.pk, "variant_id": made.variants.get().pk, "actor": BOSS}
    start = timezone.now() + timedelta(days=1)
    plan = catalog.plan_price(**which, price=Decimal("5.00"), starts_at=start)
    catalog.update_planned_price(**which, planned_price_id=plan.pk, price=Decimal("4.00"))


def edit_image() -> None:
    made = product()
    image = add_picture(made, alt="Front")
    catalog.update_image(product_id=made.pk, image_id=image.pk, actor=BOSS, alt="Back")


def archive_product() -> None:
    catalog.archive_product(product_id=product().pk, actor=BOSS)


def edit_category() -> None:
    made = catalog.create_category(name="Cups", actor=BOSS)
    catalog.update_category(category_id=made.pk, actor=BOSS, name="Mugs")


def edit_item() -> None:
    product()
    inventory.update_item(sku="MUG", actor=BOSS, reorder_point=7, unit_cost=Decimal("2.25"), barcode="123")


def rename_sku() -> None:
    product()
    inventory.change_sku(item_id=StockItem.objects.get(sku="MUG").pk, sku="CUP", actor=BOSS)


def allow_backorders() -> None:
    level = make_article(stock=1).stock_item.levels.get()
    inventory.set_backorder_limit(item_id=level.item_id, warehouse_id=level.warehouse_id, limit=5, actor=BOSS)


def switch_warehouse() -> None:
    inventory.create_warehouse(code="north", name="North", is_active=False, actor=BOSS)
    inventory.update_warehouse(code="north", actor=BOSS, is_active=True, priority=3)


def change_access() -> None:
    group = Group.objects.get(name="order desk")
    user = make_user()
    admin = Actor(make_user(is_staff=True, is_superuser=True).pk, "admin", is_staff=True)
    accounts.set_access(
        user_id=user.pk, actor=admin, is_active=True, is_staff=True, is_superuser=False, groups=[group.pk]
    )


def change_profile() -> None:
    user = make_user(city="Lisbon")
    accounts.update_user(user_id=user.pk, changes={"city": "Zq7canary"}, actor=Actor(user.pk, "api"))


def change_address() -> None:
    user = make_user()
    address = make_address(user)
    changes = {"city": "Zq7canary"}
    update_address(user_id=user.pk, address_id=address.pk, changes=changes, actor=Actor(user.pk, "api"))


def edit_tax_class() -> None:
    made = pricing.create_tax_class(code="books", name="Books", actor=BOSS)
    pricing.update_tax_class(tax_class_id=made.pk, name="Printed books", actor=BOSS)


def edit_tax_rate() -> None:
    made = pricing.create_tax_rate(name="VAT", rate=Decimal(19), country="DE", actor=BOSS)
    pricing.update_tax_rate(tax_rate_id=made.pk, rate=Decimal(16), actor=BOSS)


def edit_shipping_method() -> None:
    made = pricing.create_shipping_method(code="post", name="Post", steps=[(Decimal(0), Decimal(5))], actor=BOSS)
    pricing.update_shipping_method(method_id=made.pk, name="Parcel post", days_to=3, actor=BOSS)


def edit_zone() -> None:
    zone = pricing.create_zone(name="Alps", countries=["AT"], actor=BOSS)
    pricing.update_zone(zone_id=zone.pk, countries=["AT", "CH"], actor=BOSS)


def edit_promotion() -> None:
    made = pricing.create_promotion(name="Ten", kind="percent", value=Decimal(10), codes=["TEN"], actor=BOSS)
    pricing.update_promotion(promotion_id=made.pk, value=Decimal(15), codes=["TEN", "ZEHN"], actor=BOSS)


EDITS: list[tuple[Callable[[], None], str, dict[str, Any]]] = [
    (
        edit_product,
        "product.updated",
        {
            "name": ["Mug", "Cup"],
            "price": ["5.00", "6.00"],
            "category_id": [None, "the category"],
            "attributes": [{}, {"colour": "red"}],
            "sku": ["MUG", "CUP"],
            "stock_quantity": [0, 3],
        },
    ),
    (archive_product, "product.archived", {"status": ["active", "archived"]}),
    (
        edit_variant,
        "product.variant_updated",
        {"price": [None, "7.50"], "options": [{}, {"size": "M"}], "max_per_customer": [None, 4]},
    ),
    (edit_planned_price, "product.planned_price_updated", {"price": ["5.00", "4.00"]}),
    (edit_tax_class, "pricing.tax_class_updated", {"name": ["Books", "Printed books"]}),
    (edit_tax_rate, "pricing.tax_rate_updated", {"rate": ["19.0000", "16"]}),
    (
        edit_shipping_method,
        "pricing.shipping_method_updated",
        {"name": ["Post", "Parcel post"], "days_to": [None, 3]},
    ),
    (edit_zone, "pricing.zone_updated", {"countries": [["AT"], ["AT", "CH"]]}),
    (edit_promotion, "pricing.promotion_updated", {"value": ["10.0000", "15"], "codes": [["TEN"], ["TEN", "ZEHN"]]}),
    (edit_image, "product.image_updated", {"alt": ["Front", "Back"]}),
    (edit_category, "category.updated", {"name": ["Cups", "Mugs"]}),
    (
        edit_item,
        "stock.item_updated",
        {"reorder_point": [None, 7], "unit_cost": [None, "2.25"], "barcode": ["", "123"]},
    ),
    (rename_sku, "stock.sku_changed", {"sku": ["MUG", "CUP"]}),
    (allow_backorders, "stock.backorder_limit_set", {"backorder_limit": [0, 5]}),
    (switch_warehouse, "stock.warehouse_updated", {"is_active": [False, True], "priority": [100, 3]}),
    (change_access, "user.access_changed", {"is_staff": [False, True], "groups": [[], ["order desk"]]}),
]


@pytest.mark.parametrize(("edit", "kind", "changes"), EDITS)
def test_an_edit_is_told_with_before_and_after(edit: Callable[[], None], kind: str, changes: dict[str, Any]) -> None:
    edit()

    told = Event.objects.get(kind=kind).payload["changes"]
    if "category_id" in told:
        assert told["category_id"] == [None, Category.objects.get().pk]
        told["category_id"] = [None, "the category"]
    assert told == changes


@pytest.mark.parametrize(("edit", "kind"), [(change_profile, "user.updated"), (change_address, "user.address_changed")])
def test_of_a_profile_the_names_of_the_fields_alone_are_told(edit: Callable[[], None], kind: str) -> None:
    edit()

    event = Event.objects.get(kind=kind)
    assert event.payload["fields"] == ["city"]
    assert "Zq7canary" not in json.dumps(event.payload)


def short(kind: str) -> str:
    """The name of an event as the code writes it: what is beneath a product, and rules, have the rest put before."""
    return re.sub("^(product[.](?=variant_|image_|planned_price_)|pricing[.][a-z_]+_(?=updated))", "", kind)


def test_every_edit_that_is_published_is_tried_here() -> None:
    """An event that is called updated, changed or set has `changes`, or is about what no journal may hold."""
    published = set()
    for pattern in ("services/*.py", "services.py", "addresses.py", "admin.py"):
        texts = [file.read_text() for file in ROOT.glob(f"*/{pattern}")]
        published |= set(re.findall(r"\"((?:[a-z]+\.)?[a-z_]*(?:updated|changed|_set))\"", "".join(texts)))
    tried = {kind for _, kind, _ in EDITS} | {"group.changed"}
    names_alone = {"user.updated", "user.address_changed", "user.email_changed", "user.password_changed"}
    # What an order said before is in its revisions, which forget a customer. Its services leave out the "order.".
    names_alone |= {"changed", "line_changed"}
    # What a provider has decided is no edit. That each of them is told is what the replay proves.
    names_alone |= {"payment.changed", "payment.dispute_changed"}

    # Reasons for which sessions end, and what happens to a variant or a picture beneath its product.
    assert (
        published - {"access_changed", "password_changed"}
        == {short(kind) for kind in tried} - {"product.archived"} | names_alone
    )
    # Rules put the name of what was edited before the rest, so the verbs say which there are.
    verbs = {name.removeprefix("update_") for name in dir(pricing) if name.startswith("update_")}
    assert {kind for kind in tried if kind.startswith("pricing.")} == {f"pricing.{verb}_updated" for verb in verbs}


def test_a_group_is_told_with_its_rights_before_and_after(staff_pages: Callable[..., Any]) -> None:
    boss = staff_pages()
    group = Group.objects.create(name="packers")
    before = Permission.objects.get(codename="view_order")
    group.permissions.add(before)
    after = Permission.objects.get(codename="view_product")

    send(boss, f"/admin/auth/group/{group.pk}/change/", "name", name="pickers", permissions=[str(after.pk)])

    assert Event.objects.get(kind="group.changed").payload["changes"] == {
        "name": ["packers", "pickers"],
        "permissions": [["view_order"], ["view_product"]],
    }


@pytest.mark.parametrize(
    ("role", "readable"),
    [
        ("stock keeper", {"sku", "warehouse"}),
        ("catalog editor", {"product", "category", "promotion"}),
        ("order desk", {"order", "cart"}),
        ("administrator", {"sku", "warehouse", "product", "category", "order", "cart", "user", "promotion"}),
    ],
)
def test_whoever_may_edit_a_thing_reads_its_history(
    staff_pages: Callable[..., Any], role: str, readable: set[str]
) -> None:
    article = make_article(stock=1, sku="POT 1")
    inventory.update_item(sku="POT 1", actor=BOSS, reorder_point=7)
    inventory.update_item(sku="POT 1", actor=BOSS, name="Pot")
    category = catalog.create_category(name="Cups", actor=BOSS)
    warehouse = Warehouse.objects.get(code="main")
    priority = warehouse.priority
    inventory.update_warehouse(code="main", actor=BOSS, priority=7)
    catalog.update_product(product_id=article.product_id, actor=BOSS, price=Decimal("9.99"))
    order = make_order()
    edit_promotion()
    cart = checkout.open_for_guest(email="guest@example.com", caller=Caller(BOSS, serves=True))
    pages = {
        "promotion": f"pricing/promotion/{Promotion.objects.get().pk}",
        "sku": f"inventory/stockitem/{article.stock_item_id}",
        "warehouse": f"inventory/warehouse/{warehouse.pk}",
        "product": f"catalog/product/{article.product_id}",
        "category": f"catalog/category/{category.pk}",
        "order": f"orders/order/{order.pk}",
        "cart": f"checkout/cart/{cart.id}",
        "user": f"accounts/user/{order.user_id}",
    }
    client = staff_pages(role)
    read = {}
    for name, page in pages.items():
        answer = client.get(f"/admin/{page}/history/")
        if answer.status_code == 302:
            answer = client.get(answer.headers["Location"])
        if answer.status_code == 200:
            read[name] = strip_tags(answer.content.decode())

    assert set(read) == readable
    shown = {
        "sku": "reorder_point: empty → 7",
        "warehouse": f"priority: {priority} → 7",
        "product": "price: 10.00 → 9.99",
    }
    for name, text in shown.items():
        assert name not in read or text in read[name]


def test_who_may_not_read_the_journal_reads_the_history_of_one_thing_alone(staff_pages: Callable[..., Any]) -> None:
    keeper = staff_pages("stock keeper")
    make_article(stock=1, sku="POT")
    inventory.update_item(sku="POT", actor=BOSS, reorder_point=7)
    [event] = Event.objects.filter(kind="stock.item_updated")
    other = make_user()
    accounts.update_user(user_id=other.pk, changes={"city": "Lisbon"}, actor=Actor(other.pk, "api"))
    foreign = Event.objects.get(kind="user.updated")
    journal = "/admin/events/event/"

    assert keeper.get(f"{journal}{event.pk}/change/").status_code == 403
    assert f"{journal}{event.pk}/change/" not in keeper.get(f"{journal}?q=sku:POT").content.decode()
    assert keeper.get(f"{journal}?q=sku:POT").status_code == 200
    for path in ("", "?q=", "?q=stock.item_updated", f"?q=user:{other.pk}", "?q=sku:NONE", "?area=user"):
        assert keeper.get(journal + path).status_code == 403
    assert keeper.get(f"{journal}{foreign.pk}/change/").status_code in (302, 403)
    assert keeper.get(f"{journal}?q=sku:POT&area=user").context_data["cl"].result_list == []


def test_the_history_of_a_renamed_item_goes_on(staff_pages: Callable[..., Any]) -> None:
    keeper = staff_pages("stock keeper")
    article = make_article(stock=1, sku="OLD")
    inventory.update_item(sku="OLD", actor=BOSS, reorder_point=7)
    inventory.change_sku(item_id=article.stock_item_id, sku="NEW", actor=BOSS)

    kinds = {row.kind for row in keeper.get("/admin/events/event/?q=sku:NEW").context_data["cl"].result_list}

    assert {"stock.item_created", "stock.item_updated", "stock.sku_changed"} <= kinds


@pytest.mark.parametrize("page", ["orders/order", "catalog/product", "inventory/stockitem", "accounts/user"])
def test_the_history_of_what_is_not_there_is_not_found(staff_pages: Callable[..., Any], page: str) -> None:
    assert staff_pages("administrator").get(f"/admin/{page}/999999/history/").status_code == 404
    assert staff_pages().get(f"/admin/{page}/x/history/").status_code in (403, 404)


def test_the_members_of_a_deleted_group_have_it_in_their_history(staff_pages: Callable[..., Any]) -> None:
    group, kept = Group.objects.create(name="Sorters"), Group.objects.create(name="Keepers")
    member = make_user(is_staff=True)
    member.groups.set([group, kept])

    staff_pages().post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})

    event = Event.objects.filter(kind="user.access_changed", subject=f"user:{member.pk}").latest("pk")
    assert event.payload["changes"] == {"groups": [["Keepers", "Sorters"], ["Keepers"]]}
