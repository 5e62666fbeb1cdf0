"""Trials of carts: coupons of which there are few, last units, holds that end, tabs, merges, and prices that change."""

import asyncio
import random
from collections.abc import Sequence

from inventory.invariants import Violation
from tests.faults import client
from tests.faults.checks import Result, begin, expect, sold_out, verdict
from tests.faults.client import Answer, Web, Wish, together
from tests.faults.crowds import ONE_RESOLUTION
from tests.faults.shoppers import Coupon, Shopper, coupon, fill_cart, fill_carts
from tests.faults.stage import Stage

EXACT = "a coupon is used exactly as often as it may be"
ONE_HOLDER = "the last unit is held by one cart"
ONE_ORDER = "a cart becomes one order"
NOTHING_LOST = "what was put into a cart is there after a merge, or in its order"
AS_SEEN = "nobody pays another total than the one that was seen"
# How often a promotion is used, what is left of it, and how many live orders are reduced by it.
USES = """
select (select count(*) from pricing_redemption where promotion_id = %(id)s and given_back_at is null),
       (select count(*) from pricing_slot where promotion_id = %(id)s),
       (select count(*) from orders_orderdiscount d join orders_order o on o.id = d.order_id
        where d.promotion_id = %(id)s and o.status <> 'cancelled' and o.deleted_at is null and o.discount_total > 0)
"""
END_HOLD = """
with cart as (
    update checkout_cart set held_until = clock_timestamp() + %(seconds)s * interval '1 second'
    where id = %(cart)s::uuid returning id, held_until
)
update inventory_reservation r set expires_at = cart.held_until
from cart where r.reference = 'cart:' || cart.id and r.state = 'open'
"""
OPEN_HOLDS = """
select reference, quantity from inventory_reservation where state = 'open' and reference = any(%s)
"""
ORDERS = "select id, total_amount::text from orders_order where shipping_address_line2 = %s"


def limited_coupon(stage: Stage, shoppers: int = 500, uses: int = 100) -> Result:
    """Everybody places a cart with the same coupon; then some cancel, and everybody who was refused tries again."""
    sku = stage.article(2 * shoppers)
    violations: list[Violation] = []
    with coupon(stage, total_limit=uses) as some:
        carts = fill_carts(stage, [[(sku, 1)]] * shoppers, code=some.code)
        watch = begin(stage)
        wishes = [cart.placing() for cart in carts]
        place_all(stage, wishes)
        violations += used_up(stage, some, wishes, uses, uses)
        happy = [wish for wish in wishes if wish.outcome == "ok"][: uses // 4]
        cancelled = [client.cancellation(stage.admin, stage.key(), wish.result["order_id"]) for wish in happy]
        stage.run(lambda web: together(wish.ask_until_known(web) for wish in cancelled))
        place_all(stage, [wish for wish in wishes if wish.outcome != "ok"])
        violations += used_up(stage, some, wishes, uses, uses + len(happy))
        violations += verdict(watch, wishes + cancelled)
    return Result(1, 0, len(wishes), violations, wishes=wishes)


def place_all(stage: Stage, wishes: Sequence[Wish]) -> None:
    stage.run(lambda web: together(wish.ask_until_known(web) for wish in wishes))


def used_up(stage: Stage, some: Coupon, wishes: Sequence[Wish], uses: int, placed: int) -> list[Violation]:
    """All uses of the coupon are orders that live, none is left, and so many were told that they have it."""
    ((used, left, reduced),) = stage.query(USES, {"id": some.id})
    told = sum(wish.outcome == "ok" for wish in wishes)
    seen = f"{used} of {uses} uses, {left} left, {reduced} orders that live, {told} of {placed} told"
    return expect(EXACT, used == reduced == uses and left == 0 and told == placed, seen)


def coupon_of_one_customer(stage: Stage, tabs: int = 16, uses: int = 2) -> Result:
    """One customer places many carts at once with a coupon that each may use a few times."""
    sku = stage.article(tabs)
    with coupon(stage, per_customer=uses) as some:
        carts = fill_carts(stage, [[(sku, 1)]] * tabs, code=some.code, email=f"{stage.key()}@example.com")
        watch = begin(stage)
        wishes = [cart.placing() for cart in carts]
        place_all(stage, wishes)
        ((used, _, reduced),) = stage.query(USES, {"id": some.id})
        told = sum(wish.outcome == "ok" for wish in wishes)
        violations = expect(EXACT, used == reduced == told == uses, f"{used} uses, {reduced} orders, {told} told")
        violations += verdict(watch, wishes)
    return Result(1, 0, tabs, violations, wishes=wishes)


def last_unit(stage: Stage, carts: int = 16) -> Result:
    """Many carts want to hold the last unit, and then to place it."""
    sku = stage.article(1)
    shoppers = fill_carts(stage, [[(sku, 1)]] * carts)
    watch = begin(stage)
    answers = stage.run(lambda web: together(cart.send(web, "POST", "/hold") for cart in shoppers))
    held = stage.query(OPEN_HOLDS, [[f"cart:{cart.cart_id}" for cart in shoppers]])
    told = [cart.cart_id for cart, answer in zip(shoppers, answers, strict=True) if answer.ok]
    violations = expect(ONE_HOLDER, [f"cart:{id}" for id in told] == [name for name, _ in held], f"{told}: {held}")
    wishes = [cart.placing() for cart in shoppers]
    place_all(stage, wishes)
    bought = [cart.cart_id for cart, wish in zip(shoppers, wishes, strict=True) if wish.outcome == "ok"]
    violations += expect(ONE_HOLDER, bought == told and len(told) == 1, f"held by {told}, bought by {bought}")
    violations += verdict(watch, wishes, answers) + sold_out(stage, [sku])
    return Result(1, 0, 2 * carts, violations, wishes=wishes)


def expiring_carts(stage: Stage, carts: int = 20) -> Result:
    """A cart holds the last unit and is placed at the moment when its hold ends, while another cart is placed too."""
    skus = [stage.article(1) for _ in range(carts)]
    pairs = [fill_carts(stage, [[(sku, 1)]] * 2) for sku in skus]
    watch = begin(stage)
    others: list[Answer] = []
    wishes: list[Wish] = []
    violations: list[Violation] = []

    async def race(web: Web) -> None:
        for holder, rival in pairs:
            others.append(await holder.send(web, "POST", "/hold"))
            both = holder.placing(), rival.placing()
            stage.query(END_HOLD, {"cart": holder.cart_id, "seconds": 0.05})
            await asyncio.sleep(0.05 + random.uniform(-0.01, 0.01))
            works = [wish.ask_until_known(web) for wish in both]
            works += [sweep(web), sweep(web)]
            random.shuffle(works)
            await together(works)
            wishes.extend(both)
            violations.extend(resolved_once(stage, (holder, rival), both))

    async def sweep(web: Web) -> bool:
        others.append(await web.send("POST", "/faults/sweeps", stage.admin, {}))
        return others[-1].ok

    stage.run(race)
    kept = sum(wish.outcome == "ok" for wish in wishes[::2])
    violations += verdict(watch, wishes, others) + sold_out(stage, skus)
    return Result(carts, 0, 5 * carts, violations, {"carts that were placed in time": kept}, wishes)


def resolved_once(stage: Stage, carts: Sequence[Shopper], wishes: Sequence[Wish]) -> list[Violation]:
    """One of the carts has become an order, and neither holds anything any more."""
    outcomes = [wish.outcome for wish in wishes]
    holds = stage.query(OPEN_HOLDS, [[f"cart:{cart.cart_id}" for cart in carts]])
    fits = sorted(outcomes) == ["ok", "refused"] and not holds
    return expect(ONE_RESOLUTION, fits, f"cart {carts[0].cart_id}: {outcomes}, {holds}")


def several_tabs(stage: Stage, carts: int = 20, tabs: int = 5) -> Result:
    """One cart is placed in several tabs at once, each with a key of its own."""
    sku = stage.article(carts * tabs)
    shoppers = fill_carts(stage, [[(sku, 1)]] * carts)
    watch = begin(stage)
    wishes = [cart.placing() for cart in shoppers]
    seen: list[Answer] = []
    violations: list[Violation] = []

    async def place(web: Web, cart: Shopper, wish: Wish) -> None:
        more = [cart.placing() for _ in range(tabs - 1)]
        for tab in more:
            tab.key = stage.key()
        await together(tab.ask_until_known(web) for tab in random.sample([wish, *more], k=tabs))
        seen.extend(answer for tab in more for answer in tab.answers)
        told = {tab.result["order_id"] for tab in (wish, *more) if tab.outcome == "ok"}
        there = {id for id, _ in stage.query(ORDERS, [cart.key])}
        everybody = all(tab.outcome == "ok" for tab in (wish, *more))
        fits = everybody and told == there and len(there) == 1
        violations.extend(expect(ONE_ORDER, fits, f"cart {cart.cart_id}: told {told}, there {there}"))

    async def all_of_them(web: Web) -> None:
        for pair in zip(shoppers, wishes, strict=True):
            await place(web, *pair)

    stage.run(all_of_them)
    violations += verdict(watch, wishes, seen)
    return Result(carts, 0, tabs * carts, violations, wishes=wishes)


def merges(stage: Stage, customers: int = 8, claims: int = 5) -> Result:
    """Customers log in: each guest's cart is claimed in several tabs, while a line is added and, for every second one,
    the guest's cart is placed."""
    skus = [stage.article(100 * customers), stage.article(100 * customers)]
    watch = begin(stage)
    others: list[Answer] = []
    wishes: list[Wish] = []
    violations: list[Violation] = []

    async def log_in(web: Web, token: str, number: int) -> None:
        own = (await web.send("POST", "/carts/", token, {})).document["cart_id"]
        others.append(await web.send("POST", f"/carts/{own}/lines", token, {"sku": skus[0], "quantity": 2}))
        guest = await fill_cart(web, stage.key(), [(skus[0], 3), (skus[1], 1)])
        others.append(await guest.send(web, "POST", "/hold"))
        # It has the line and waits with its commit, so that a claim comes in between.
        add = guest.send(web, "POST", "/lines", {"sku": skus[1], "quantity": 1}, X_Fault="before_commit pause 0.05")
        works = [guest.send(web, "POST", "/claim", token=token) for _ in range(claims)]
        placing = guest.placing()
        if number % 2:
            wishes.append(placing)
            await together([*works[:2], placing.ask_until_known(web), *works[2:]])
            add.close()
            added = Answer(409)
        else:
            random.shuffle(works)
            added, *claimed = await together([add, *works])
            others.extend([added, *claimed])
        violations.extend(await after(web, token, own, guest, placing, added))
        others.append(await web.send("DELETE", f"/carts/{own}", token))

    async def after(web: Web, token: str, own: str, guest: Shopper, placing: Wish, added: Answer) -> list[Violation]:
        ((state,),) = stage.query("select state from checkout_cart where id = %s::uuid", [guest.cart_id])
        lines = (await web.send("GET", f"/carts/{own}", token)).document["lines"]
        units = {line["sku"]: line["quantity"] for line in lines}
        merged = {skus[0]: 3, skus[1]: 1 + added.ok}
        wanted = {skus[0]: 2} if placing.outcome == "ok" else merged
        fits = units == wanted and state == ("placed" if placing.outcome == "ok" else "merged")
        return expect(NOTHING_LOST, fits, f"cart {guest.cart_id} is {state}: {units} for {wanted}")

    async def all_of_them(web: Web) -> None:
        people = random.sample(stage.buyers, k=min(customers, len(stage.buyers)))
        await together(log_in(web, token, number) for number, token in enumerate(people))

    stage.run(all_of_them)
    violations += verdict(watch, wishes, others)
    return Result(customers, 0, (claims + 2) * customers, violations, wishes=wishes)


def changing_prices(stage: Stage, carts: int = 16) -> Result:
    """Carts are placed at the total that was seen, while staff change the price to and fro."""
    sku = stage.article(2 * carts)
    product = stage.call("GET", f"/products/{sku}")["product_id"]
    shoppers = fill_carts(stage, [[(sku, 2)]] * carts)
    watch = begin(stage)
    wishes = [cart.placing() for cart in shoppers]
    others: list[Answer] = []

    async def change(web: Web) -> None:
        for price in ("19.90", "9.90") * 4:
            answer = await web.send("PATCH", f"/products/{product}", stage.admin, {"price": price})
            others.append(answer)

    async def place(web: Web, wish: Wish) -> None:
        await asyncio.sleep(random.uniform(0, 0.2))
        await wish.ask_until_known(web)

    stage.run(lambda web: together([change(web), *(place(web, wish) for wish in wishes)]))
    violations: list[Violation] = []
    for cart, wish in zip(shoppers, wishes, strict=True):
        paid = [total for _, total in stage.query(ORDERS, [cart.key])]
        told = [wish.result["total_amount"]] if wish.outcome == "ok" else []
        violations += expect(AS_SEEN, paid == told and set(paid) <= {cart.total}, f"{cart.total} seen, {paid} paid")
    violations += verdict(watch, wishes, others)
    refused = sum(wish.outcome == "refused" for wish in wishes)
    return Result(1, 0, carts + len(others), violations, {"carts that had changed": refused}, wishes)
