"""Random histories of a shop, by its services alone: a seed makes one, and the same seed makes the same one.

What a service refuses is a part of life: nothing happens then.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from catalog import services as catalog
from catalog.models import Category, Product, Variant
from checkout import services as checkout
from checkout.tests.factories import ADDRESS as CART_ADDRESS
from checkout.tests.factories import customer as caller_of
from checkout.tests.factories import make_cart
from database.refusals import Refusal
from inventory import services as inventory
from inventory.models import StockItem, StockLevel, Warehouse
from orders import services as orders
from orders.models import Fulfilment, Order, OrderItem, Return
from orders.services import Asked, Buyer, Received, Wanted
from orders.tests.factories import ADDRESS, STAFF, customer, make_user
from payments import services as payments
from payments.models import Operation, Payment
from payments.providers.snapshot import Captured, Disputed, Snapshot
from payments.tests.factories import carried_out, said


class Life:
    """A shop with two warehouses, in which anything may happen next."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311  # dice of a test
        self.users = [make_user() for _ in range(3)]
        inventory.create_warehouse(code=f"north-{seed}", name="North", priority=20, actor=STAFF)
        catalog.create_category(name=f"Cups {seed}", actor=STAFF)
        for _ in range(3):
            self.make_product()
        # What happens often stands here more than once.
        self.verbs: list[Callable[[], Any]] = [
            *[self.place, self.place, self.place_cart, self.advance, self.advance, self.advance, self.cancel],
            *[self.send_part, self.send_part, self.take_back, self.track, self.fewer, self.replace_line],
            *[self.ask_return, self.ask_return, self.answer_return, self.answer_return, self.delete],
            *[self.pay, self.pay, self.hear, self.hear, self.refund, self.dispute, self.cancel_payment],
            *[self.receive, self.receive, self.lose, self.transfer, self.count, self.backorder, self.edit_item],
            *[self.make_product, self.edit_product, self.edit_product, self.edit_variant, self.edit_variant],
            *[self.add_variant, self.archive, self.archive_variant, self.plan, self.edit_category, self.hold],
            *[self.edit_warehouse, self.remove_category, self.rename],
        ]

    def go_on(self, steps: int) -> None:
        """So many things happen, or are refused."""
        for _ in range(steps):
            with suppress(Refusal):
                self.dice.choice(self.verbs)()

    def surely(self, *verbs: Callable[[], Any]) -> None:
        """Each of these happens, if not at first then later."""
        for verb in verbs:
            for _ in range(50):
                with suppress(Refusal):
                    verb()
                    break
            else:
                raise AssertionError(f"{verb.__name__} is always refused.")

    def begin(self) -> None:
        """Something of everything happens, in a sequence in which it can."""
        self.surely(*[self.place] * 6, *[self.advance] * 2, self.pay, self.hear, self.refund, self.dispute, self.cancel)
        self.surely(*[self.place] * 6, *[self.advance] * 4, *[self.send_part] * 3, self.track, self.take_back)
        self.surely(*[self.advance] * 4, *[self.ask_return] * 2, self.answer_return, *[self.pay] * 2)
        self.surely(self.fewer, self.replace_line, self.place_cart, self.hold, self.edit_item, self.edit_product)
        self.surely(self.edit_variant, self.archive_variant, self.transfer, self.lose, self.backorder, self.place)

    def one(self, rows: Any) -> Any:
        """Any of these rows. Refuses where there is none, as a service would."""
        found = list(rows.order_by("pk"))
        if not found:
            raise Refusal("There is none.")
        return self.dice.choice(found)

    def price(self) -> Decimal:
        return Decimal(self.dice.randint(100, 9_999)) / 100

    def variant(self) -> Variant:
        found: Variant = self.one(Variant.objects.live())
        return found

    def order(self, *status: str) -> Order:
        found: Order = self.one(Order.objects.visible().filter(status__in=status or Order.Status.values))
        return found

    def make_product(self) -> None:
        number = Product.objects.count()
        sizes: list[Any] = [
            {"options": {"size": size}, "price": self.dice.choice([None, self.price()]), "stock_quantity": 20}
            for size in ("S", "M", "L")[: self.dice.randint(2, 3)]
        ]
        several: dict[str, Any] = {"variants": sizes} if self.dice.random() < 0.5 else {"stock_quantity": 30}
        category = self.dice.choice([None, *Category.objects.order_by("pk").values_list("slug", flat=True)])
        catalog.create_product(name=f"Mug {number}", price=self.price(), category=category, actor=STAFF, **several)

    def edit_product(self) -> None:
        edits: list[dict[str, Any]] = [
            {"price": self.price()},
            {"name": f"Cup {self.dice.randint(1, 99)}", "description": "Holds tea."},
            {"status": self.dice.choice(["draft", "active"])},
            {"attributes": {"colour": self.dice.choice(["red", "blue"]), "litres": 0.5}},
            {"stock_quantity": self.dice.randint(0, 20)},
            {"category": None, "brand": "Clay"},
        ]
        catalog.update_product(product_id=self.one(Product.objects.all()).pk, actor=STAFF, **self.dice.choice(edits))

    def edit_variant(self) -> None:
        variant = self.variant()
        edits: list[dict[str, Any]] = [
            {"price": self.dice.choice([None, self.price()])},
            {"sku": f"NEW-{self.dice.randint(1, 10_000)}"},
            {"weight_g": self.dice.randint(1, 900), "max_per_customer": 50},
            {"position": 1},
            {"options": {"size": f"{self.dice.randint(1, 60)}"}},
            {"compare_at_price": Decimal(500)},
        ]
        which: dict[str, Any] = {"product_id": variant.product_id, "variant_id": variant.pk, "actor": STAFF}
        catalog.update_variant(**which, **self.dice.choice(edits))

    def add_variant(self) -> None:
        product = self.one(Product.objects.all())
        options = {"size": f"X{self.dice.randint(1, 60)}"}
        catalog.add_variant(product_id=product.pk, actor=STAFF, options=options, price=self.price(), stock_quantity=7)

    def archive(self) -> None:
        catalog.archive_product(product_id=self.one(Product.objects.all()).pk, actor=STAFF)

    def archive_variant(self) -> None:
        variant = self.one(Variant.objects.all())
        verb = catalog.archive_variant if variant.archived_at is None else catalog.restore_variant
        verb(product_id=variant.product_id, variant_id=variant.pk, actor=STAFF)

    def plan(self) -> None:
        variant, now = self.variant(), timezone.now()
        which: dict[str, Any] = {"product_id": variant.product_id, "variant_id": variant.pk, "actor": STAFF}
        catalog.plan_price(**which, price=self.price(), starts_at=now - timedelta(hours=1))

    def edit_category(self) -> None:
        category = self.one(Category.objects.all())
        catalog.update_category(category_id=category.pk, actor=STAFF, name=f"Cups {self.dice.randint(1, 99)}")
        catalog.create_category(name="Below", parent=category.slug, actor=STAFF)

    def remove_category(self) -> None:
        catalog.delete_category(category_id=self.one(Category.objects.all()).pk, actor=STAFF)

    def warehouse(self) -> str:
        code: str = self.one(Warehouse.objects.all()).code
        return code

    def edit_warehouse(self) -> None:
        edits: list[dict[str, Any]] = [{"is_active": self.dice.random() < 0.7}, {"name": "South", "priority": 30}]
        inventory.update_warehouse(code=self.warehouse(), actor=STAFF, **self.dice.choice(edits))

    def receive(self) -> None:
        sku, place = self.variant().stock_item.sku, self.warehouse()
        lines = [inventory.ReceiptLine(sku, self.dice.randint(1, 30), place, Decimal("2.50"))]
        inventory.receive_stock(reference="delivery", lines=lines, actor=STAFF, again=True)

    def lose(self) -> None:
        level = self.one(StockLevel.objects.filter(on_hand__gt=0).select_related("item", "warehouse"))
        missing = self.dice.randint(1, level.on_hand)
        orders.record_shortfall(sku=level.item.sku, warehouse=level.warehouse.code, missing=missing, actor=STAFF)

    def transfer(self) -> None:
        level = self.one(StockLevel.objects.filter(on_hand__gt=0).select_related("item", "warehouse"))
        lines = [inventory.TransferLine(level.item.sku, self.dice.randint(1, level.on_hand))]
        inventory.transfer_stock(source=level.warehouse.code, target=self.warehouse(), lines=lines, actor=STAFF)

    def count(self) -> None:
        lines = [inventory.CountLine(self.variant().stock_item.sku, self.dice.randint(0, 30), self.warehouse())]
        inventory.count_stock(lines=lines, actor=STAFF)

    def backorder(self) -> None:
        level = self.one(StockLevel.objects.all())
        limit = self.dice.choice([0, 5, 10])
        which = {"item_id": level.item_id, "warehouse_id": level.warehouse_id}
        inventory.set_backorder_limit(**which, limit=limit, actor=STAFF)

    def edit_item(self) -> None:
        edits: Any = {"reorder_point": self.dice.choice([None, 5]), "unit_cost": self.price(), "barcode": "4006381"}
        inventory.update_item(sku=self.variant().stock_item.sku, actor=STAFF, **edits)

    def rename(self) -> None:
        item = self.one(StockItem.objects.all())
        inventory.change_sku(item_id=item.pk, sku=f"SKU-{self.dice.randint(1, 10_000)}", actor=STAFF)

    def place(self) -> None:
        user = self.dice.choice(self.users)
        chosen = {self.variant().pk: self.dice.randint(1, 4) for _ in range(self.dice.randint(1, 3))}
        lines = [Wanted(quantity, variant_id=variant_id) for variant_id, quantity in chosen.items()]
        buyer = Buyer(user.pk) if self.dice.random() < 0.8 else Buyer(None, email="guest@example.com")
        orders.place_order(buyer=buyer, lines=lines, shipping=ADDRESS, actor=customer(user))

    def cart(self) -> Any:
        user = make_user()  # one has one cart
        cart = make_cart({self.variant(): self.dice.randint(1, 4)}, user=user)
        checkout.hold_cart(cart_id=cart.pk, caller=caller_of(user))
        return user, cart

    def hold(self) -> None:
        self.cart()

    def place_cart(self) -> None:
        user, cart = self.cart()
        checkout.change_cart(cart_id=cart.pk, caller=caller_of(user), changes={"shipping_address": CART_ADDRESS})
        total = sum(line.seen_price * line.quantity for line in cart.lines.all())
        checkout.place_cart(cart_id=cart.pk, caller=caller_of(user), expected_total=total)

    def advance(self) -> None:
        order = self.order("pending", "confirmed", "shipped")
        orders.set_status(order_id=order.pk, status=order.allowed[0], actor=STAFF)

    def cancel(self) -> None:
        orders.cancel_order(order_id=self.order("pending", "confirmed").pk, actor=STAFF)

    def delete(self) -> None:
        if self.dice.random() < 0.3:
            orders.delete_order(order_id=self.order("pending", "cancelled").pk, actor=STAFF)

    def line(self, *status: str) -> OrderItem:
        order = self.order(*status)
        found: OrderItem = self.one(order.order_items.all())
        return found

    def send_part(self) -> None:
        line = self.line("confirmed")
        orders.ship_parcel(order_id=line.order_id, lines={line.pk: self.dice.randint(1, line.quantity)}, actor=STAFF)

    def parcel(self) -> Fulfilment:
        found: Fulfilment = self.one(Fulfilment.objects.all())
        return found

    def take_back(self) -> None:
        parcel = self.parcel()
        orders.cancel_parcel(order_id=parcel.order_id, parcel_id=parcel.pk, actor=STAFF)

    def track(self) -> None:
        parcel = self.parcel()
        number = f"{self.dice.randint(1, 10**9)}"
        orders.track_parcel(order_id=parcel.order_id, parcel_id=parcel.pk, tracking_number=number, actor=STAFF)

    def fewer(self) -> None:
        line = self.line("pending", "confirmed")
        quantity = self.dice.randint(0, line.quantity)
        orders.change_line(order_id=line.order_id, line_id=line.pk, quantity=quantity, actor=STAFF)

    def replace_line(self) -> None:
        line = self.line("pending", "confirmed")
        wanted = Wanted(self.dice.randint(1, line.quantity), variant_id=self.variant().pk)
        orders.replace_line(order_id=line.order_id, line_id=line.pk, wanted=wanted, actor=STAFF)

    def ask_return(self) -> None:
        line = self.line("shipped", "delivered")
        wishes = {line.pk: Asked(self.dice.randint(1, line.quantity))}
        verb = orders.withdraw if self.dice.random() < 0.3 else orders.ask_return
        verb(order_id=line.order_id, lines=wishes, actor=STAFF)

    def answer_return(self) -> None:
        asked = self.one(Return.objects.filter(state__in=Return.OPEN))
        which: dict[str, Any] = {"order_id": asked.order_id, "return_id": asked.pk, "actor": STAFF}
        answer = self.dice.choice(["approve", "receive", "receive", "refuse"])
        if answer == "approve":
            orders.approve_return(**which)
        elif answer == "refuse":
            orders.refuse_return(**which, answer="Used.")
        else:
            condition = self.dice.choice([inventory.Condition.RESTOCK, inventory.Condition.DAMAGED])
            came = {row.order_item_id: Received(row.quantity, condition) for row in asked.lines.all()}
            orders.receive_return(**which, lines=came)

    def payment(self, *states: str) -> Payment:
        found: Payment = self.one(Payment.objects.filter(state__in=states or Payment.State.values))
        return found

    def pay(self) -> None:
        order = self.order("pending", "confirmed")
        payments.carry_on(payments.begin_payment(order_id=order.pk, provider="manual", actor=STAFF).operations)

    def hear(self) -> None:
        payment = self.payment("open")
        which: dict[str, Any] = {"order_id": payment.order_id, "payment_id": payment.pk, "actor": STAFF}
        payments.carry_on(payments.capture_payment(**which))
        carried_out()

    def refund(self) -> None:
        payment = self.payment("paid")
        which: dict[str, Any] = {"order_id": payment.order_id, "payment_id": payment.pk, "actor": STAFF}
        payments.carry_on(payments.refund_payment(**which, amount=Decimal(self.dice.randint(1, 2_000)) / 100))

    def dispute(self) -> None:
        """The bank takes money back, or has decided: with what is known of the payment already."""
        payment = self.payment("paid")
        taken = payment.entries.filter(kind="captured").values_list("provider_ref", "amount")
        known: Snapshot = replace(said(payment), captures=tuple(Captured(*one) for one in taken))
        status = self.dice.choice(["open", "open", "won", "lost"])
        disputes = (Disputed(f"dispute-{payment.pk}", status, payment.captured),)  # type: ignore[arg-type]
        payments.carry_on(payments.apply(payment.pk, replace(known, disputes=disputes)))

    def cancel_payment(self) -> None:
        payment = self.payment("open", "authorized")
        payments.carry_on(payments.cancel_payment(order_id=payment.order_id, payment_id=payment.pk, actor=STAFF))


def unknown_operations() -> int:
    """The operations of which nobody knows the end."""
    return Operation.objects.unknown().count()
