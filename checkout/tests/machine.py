"""Rules that run each verb of carts beside a small model of what the verb means: dicts of quantities."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from accounts.models import User
from catalog.models import Variant
from checkout import services
from checkout.callers import Caller
from checkout.exceptions import CartNotOpen, NotEnoughToHold, RequirementsMissing
from checkout.models import Cart, CartLine
from checkout.tests.factories import customer, guest_of, make_cart
from database.refusals import NotFound, Refusal
from inventory.models import Reservation
from orders.tests.factories import make_article, make_user

STOCK = (1, 3, 6)
which, few = st.integers(0, len(STOCK) - 1), st.integers(1, 4)
whose = st.sampled_from(["guest", "own"])


@dataclass
class Basket:
    """A cart as the model has it: how much of each article, and what of it is held, None without a hold."""

    id: Any
    lines: dict[int, int] = field(default_factory=dict)
    held: dict[int, int] | None = None
    is_merged: bool = False


class Carts(RuleBasedStateMachine):
    """A guest's cart and a customer's, over three articles of few units each."""

    user: User
    articles: list[Variant]
    baskets: dict[str, Basket]

    @initialize()
    def begin(self) -> None:
        self.savepoint = transaction.savepoint()
        self.user = make_user()
        self.articles = [make_article(stock=units) for units in STOCK]
        self.baskets = {"guest": Basket(make_cart().pk), "own": Basket(make_cart(user=self.user).pk)}

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            transaction.savepoint_rollback(self.savepoint)

    def caller(self, name: str) -> Caller:
        return customer(self.user) if name == "own" else guest_of(self.baskets["guest"].id)

    def free(self, article: int, name: str) -> int:
        """The units that a cart could hold: those that no other cart holds."""
        others = [basket.held for other, basket in self.baskets.items() if other != name and basket.held]
        return STOCK[article] - sum(held.get(article, 0) for held in others)

    def expect(self, refusal: type[Refusal] | None, verb: Any, **arguments: Any) -> Any:
        """Run a verb, which must refuse so, or not at all. What a refused one has done is undone."""
        outcome, refused = None, None
        try:
            outcome = verb(**arguments)
        except Refusal as error:
            refused = type(error)
        assert refused is refusal, f"{verb.__name__} refuses with {refused}, expected {refusal}"
        return outcome

    def fits(self, name: str, lines: dict[int, int]) -> bool:
        return all(units <= self.free(article, name) for article, units in lines.items())

    def change(self, name: str, lines: dict[int, int], verb: Any, **arguments: Any) -> None:
        """A change of lines: refused for a merged cart, and for a held one that there is no stock for."""
        basket = self.baskets[name]
        refusal: type[Refusal] | None = None
        if basket.is_merged:
            refusal = CartNotOpen
        elif basket.held is not None and not self.fits(name, lines):
            refusal = NotEnoughToHold
        self.expect(refusal, verb, cart_id=basket.id, caller=self.caller(name), **arguments)
        if refusal is None:
            basket.lines = lines
            if basket.held is not None:
                basket.held = dict(lines) or None

    @rule(name=whose, article=which, quantity=few)
    def add(self, name: str, article: int, quantity: int) -> None:
        lines = self.baskets[name].lines
        after = lines | {article: lines.get(article, 0) + quantity}
        variant = self.articles[article]
        self.change(name, after, services.add_line, named_by="variant_id", article=variant.pk, quantity=quantity)

    @rule(name=whose, article=which, quantity=few)
    def set(self, name: str, article: int, quantity: int) -> None:
        line = CartLine.objects.filter(cart=self.baskets[name].id, variant=self.articles[article]).first()
        if line is not None:
            after = self.baskets[name].lines | {article: quantity}
            self.change(name, after, services.set_quantity, line_id=line.pk, quantity=quantity)

    @rule(name=whose, article=which)
    def remove(self, name: str, article: int) -> None:
        line = CartLine.objects.filter(cart=self.baskets[name].id, variant=self.articles[article]).first()
        if line is not None:
            after = {other: units for other, units in self.baskets[name].lines.items() if other != article}
            self.change(name, after, services.remove_line, line_id=line.pk)

    @rule(name=whose)
    def hold(self, name: str) -> None:
        basket = self.baskets[name]
        refusal: type[Refusal] | None = None
        if basket.is_merged:
            refusal = CartNotOpen
        elif not basket.lines:
            refusal = RequirementsMissing
        elif not self.fits(name, basket.lines):
            refusal = NotEnoughToHold
        self.expect(refusal, services.hold_cart, cart_id=basket.id, caller=self.caller(name))
        if refusal is None:
            basket.held = dict(basket.lines)

    @rule(name=whose)
    def let_the_hold_end(self, name: str) -> None:
        basket = self.baskets[name]
        past = Now() - timedelta(minutes=1)
        cart = Cart.objects.get(pk=basket.id)
        if cart.held_until is not None:
            Reservation.objects.filter(reference=cart.reference, state="open").update(expires_at=past)
            Cart.objects.filter(pk=cart.pk).update(held_until=past)
            basket.held = None

    @rule()
    def claim(self) -> None:
        guest, own = self.baskets["guest"], self.baskets["own"]
        caller = customer(self.user).with_token_of(guest.id)
        found = self.expect(None, services.claim_cart, cart_id=guest.id, caller=caller)
        assert found.id == own.id
        if guest.is_merged:
            return
        both = {*guest.lines, *own.lines}
        merged = {article: max(guest.lines.get(article, 0), own.lines.get(article, 0)) for article in both}
        is_held = guest.held is not None or own.held is not None
        own.lines, guest.held, guest.is_merged = merged, None, True
        own.held = dict(merged) if is_held and merged and self.fits("own", merged) else None

    @rule(name=whose)
    def come_as_a_stranger(self, name: str) -> None:
        self.expect(NotFound, services.hold_cart, cart_id=self.baskets[name].id, caller=customer(make_user()))

    @invariant()
    def carts_and_holds_are_those_of_the_model(self) -> None:
        for basket in self.baskets.values() if hasattr(self, "baskets") else ():
            places = {article.pk: place for place, article in enumerate(self.articles)}
            rows = CartLine.objects.filter(cart=basket.id).values_list("variant_id", "quantity")
            assert {places[variant]: units for variant, units in rows} == basket.lines
            items = {article.stock_item_id: place for place, article in enumerate(self.articles)}
            parts = Reservation.objects.filter(
                reference=f"cart:{basket.id}", state="open", expires_at__gt=Now()
            ).values_list("level__item_id", "quantity")
            held: dict[int, int] = {}
            for item_id, units in parts:
                held[items[item_id]] = held.get(items[item_id], 0) + units
            assert held == (basket.held or {})
            cart = Cart.objects.get(pk=basket.id)
            assert (cart.state == "merged") == basket.is_merged
