"""Trials of goods that come back: buyers and staff ask for the same units at once, and several take them in."""

import random
from collections import Counter

from inventory.invariants import Violation
from tests.faults import client
from tests.faults.checks import Result, begin, expect, no_deadlock, verdict
from tests.faults.client import Answer, Web, Wish, together
from tests.faults.stage import Stage

AS_TOLD = "each return is there as was told, and no other one"
ONCE = "goods are taken in once, and what they are worth is proposed once"
UNITS = 4
THERE = """
select r.id, r.state, sum(l.quantity)::int, r.refund_items::text
from orders_return r join orders_returnline l on l.of_id = r.id where r.order_id = %s group by r.id
"""


async def shipped(stage: Stage, web: Web, token: str, sku: str) -> Wish:
    """An order of a customer that has left."""
    wish = client.order(token, stage.key(), [(sku, UNITS)])
    if not await wish.ask_until_known(web) or wish.outcome != "ok":
        raise AssertionError(f"{wish.answers}")
    for status in ("confirmed", "shipped"):
        path = f"/orders/{wish.result['order_id']}/status"
        if not (moved := await web.send("PUT", path, stage.admin, {"status": status})).ok:
            raise AssertionError(f"{moved}")
    return wish


def returns(stage: Stage, orders: int = 3, people: int = 6, clerks: int = 3) -> Result:
    """Of each order more is asked back at once than has left, and several people take in each return at once."""
    sku = stage.article(UNITS * orders)
    watch = begin(stage)
    wishes: list[Wish] = []
    answers: list[Answer] = []
    violations: list[Violation] = []
    told: Counter[str] = Counter()

    async def ask(web: Web, token: str, order: Wish) -> Answer:
        number, [line] = order.result["order_id"], order.result["order_items"]
        if random.random() < 0.3:
            return await web.send("POST", f"/orders/{number}/withdrawal", token, {})
        units = {"order_item_id": line["order_item_id"], "quantity": random.randint(1, 2)}
        return await web.send("POST", f"/orders/{number}/returns", token, {"lines": [units]})

    async def take_in(web: Web, path: str) -> Answer:
        return await web.send("POST", path, stage.admin, {}, X_Fault="before_commit pause 0.3")

    async def one_after_the_other(web: Web) -> None:
        for token in stage.buyers[:orders]:
            order = await shipped(stage, web, token, sku)
            wishes.append(order)
            number = order.result["order_id"]
            asked = await together(ask(web, random.choice((token, stage.admin)), order) for _ in range(people))
            documents = [answer.document for answer in asked if answer.ok]
            answers.extend(asked)
            for document in documents:
                path = f"/orders/{number}/returns/{document['return_id']}/receive"
                taken = await together(take_in(web, path) for _ in range(clerks))
                answers.extend(taken)
                told["taken in"] += sum(answer.ok for answer in taken)
                outcomes = sorted(answer.code or "ok" for answer in taken)
                right = ["ok", *["return_closed"] * (clerks - 1)]
                violations.extend(expect(ONCE, outcomes == right, f"return {document['return_id']}: {outcomes}"))
            compare(number, order, documents)

    def compare(number: int, order: Wish, documents: list[dict[str, object]]) -> None:
        """What was told of the returns of an order beside what is there, and what they are worth together."""
        rows = stage.query(THERE, [number])
        units = {
            document["return_id"]: sum(line["quantity"] for line in document["lines"])  # type: ignore[attr-defined]
            for document in documents
        }
        there = {return_id: quantity for return_id, _, quantity, _ in rows}
        violations.extend(expect(AS_TOLD, there == units, f"order {number}: told {units}, there {there}"))
        worth = sum(float(refund) for *_, refund in rows)
        fits = worth <= float(order.result["total_amount"])
        violations.extend(expect(ONCE, fits, f"order {number}: {worth} of {order.result['total_amount']}"))

    stage.run(one_after_the_other)
    violations += verdict(watch, wishes, answers) + no_deadlock(watch)
    return Result(orders, 0, len(answers), violations, dict(told), wishes)
