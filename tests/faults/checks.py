"""What must be true after a trial: all invariants, and what clients were told against what the database says."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orders.invariants
from inventory.invariants import INVARIANTS, Violation
from tests.faults.client import TRIES, Answer, Wish, together
from tests.faults.stage import Stage

ANSWERS = "clients see only 2xx, 4xx, or 503 with Retry-After"
SAFETY_NET = "nothing is caught by the safety net"
CONVERGES = "the same key converges within three tries"
SAME_ANSWER = "a key has one answer"
AS_ASKED = "what was answered is there once, as it was asked for"
ALL_OR_NOTHING = "a lost answer leaves all or nothing"
REFUSED = "what was refused is not there"
INVENTED = "nothing is there that nobody asked for"
SOLD = "exactly what came in is sold"
DEADLOCKS = "there is no deadlock"
ALL_INVARIANTS = {**INVARIANTS, **orders.invariants.INVARIANTS}

# What the database knows of wishes, by their keys: (kind, key, id, lines as "sku*quantity", how many stored answers).
FOUND = """
with stored as (select key, path, count(*) as n from api_idempotencykey where id > %(key)s group by key, path),
posted as (
    select m.id, case m.kind when 'received' then 'receipt' else 'adjustment' end as kind, i.sku,
           m.on_hand_delta as delta, case m.kind when 'received' then m.reference else m.reason end as key
    from inventory_stockmovement m
    join inventory_stocklevel l on l.id = m.level_id join inventory_stockitem i on i.id = l.item_id
    where m.kind in ('received', 'adjusted') and m.id > %(movement)s
),
found as (
    select 'order' as kind, o.shipping_address_line2 as key, o.id,
           array_agg(l.sku || '*' || l.quantity order by l.sku) as lines
    from orders_order o join orders_orderitem l on l.order_id = o.id where o.id > %(order)s group by o.id
    union all
    select kind, key, 0, array_agg(sku || '*' || delta order by sku) from posted group by kind, key
)
select found.*, coalesce(stored.n, 0) from found left join stored using (key)
union all
select 'cancellation', coalesce(stored.key, 'nobody'), e.order_id, array[]::text[], coalesce(stored.n, 0)
from orders_orderevent e left join stored on stored.path = format('/api/v1/orders/%%s/cancel', e.order_id)
where e.event = 'cancelled' and e.note <> 'Not confirmed in time.' and e.id > %(step)s
"""
LAST = """
select (select coalesce(max(id), 0) from orders_order), (select coalesce(max(id), 0) from inventory_stockmovement),
       (select coalesce(max(id), 0) from orders_orderevent), (select coalesce(max(id), 0) from api_idempotencykey)
"""
# Per SKU: what came in, and what live orders and kept promises have of it.
BALANCE = """
select i.sku,
       (select coalesce(sum(m.on_hand_delta), 0) from inventory_stockmovement m
        join inventory_stocklevel l on l.id = m.level_id where l.item_id = i.id and m.kind <> 'shipped'),
       (select coalesce(sum(l.quantity), 0) from orders_orderitem l join orders_order o on o.id = l.order_id
        where l.sku = i.sku and o.status <> 'cancelled' and o.deleted_at is null)
       + (select coalesce(sum(r.quantity), 0) from inventory_reservation r
          join inventory_stocklevel l on l.id = r.level_id
          where l.item_id = i.id and r.state = 'open' and r.reference like 'kept:%%')
from inventory_stockitem i where i.sku = any(%s)
"""


@dataclass
class Result:
    """What some trials have shown. Results of one kind add up; of figures the worst counts."""

    trials: int = 0
    faults: int = 0
    requests: int = 0
    violations: list[Violation] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)

    def add(self, other: "Result") -> None:
        self.trials += other.trials
        self.faults += other.faults
        self.requests += other.requests
        self.violations += other.violations
        for name, figure in other.figures.items():
            self.figures[name] = max(figure, self.figures.get(name, figure))
        self.wishes += other.wishes


@dataclass
class Watch:
    """A trial's beginning, against which its end is compared."""

    stage: Stage
    order: int
    movement: int
    step: int
    key: int
    log: int
    deadlocks: int


def begin(stage: Stage) -> Watch:
    order, movement, step, key = stage.query(LAST)[0]
    return Watch(stage, order, movement, step, key, stage.log_size(), deadlocks(stage))


def deadlocks(stage: Stage) -> int:
    return int(stage.query("select deadlocks from pg_stat_database where datname = current_database()")[0][0])


def settle(stage: Stage, wishes: Sequence[Wish]) -> Iterator[Violation]:
    """Compare lost answers with the database as they are, then ask again with the same keys, with the faults over."""
    lost = [wish for wish in wishes if wish.outcome == "unknown"]
    known = stage.run(lambda web: together(wish.ask_until_known(web) for wish in lost))
    for wish, converged in zip(lost, known, strict=True):
        if not converged:
            yield Violation(CONVERGES, f"{wish.kind} {wish.key}: {[a.status for a in wish.answers[-TRIES:]]}")


def verdict(watch: Watch, wishes: Sequence[Wish], others: Iterable[Answer] = ()) -> list[Violation]:
    """Everything that is wrong after a trial."""
    stage = watch.stage
    violations = list(compare(watch, wishes))
    violations += settle(stage, wishes)
    violations += compare(watch, wishes)
    violations += answers(wishes, others)
    if not stage.is_checked_later:
        end_overdue(stage)
        violations += invariants(stage)
    with (stage.shop.data_dir / "web.log").open("rb") as log:
        log.seek(watch.log)
        caught = [line.decode(errors="replace")[:300] for line in log if b"safety net caught" in line]
    violations += [Violation(SAFETY_NET, line) for line in caught]
    return violations


def end_overdue(stage: Stage) -> None:
    """End holds that are overdue, as the worker does each minute. Most trials have no worker, and some leave holds."""
    while stage.call("POST", "/faults/sweeps", stage.admin, {})["holds"]:
        continue


def invariants(stage: Stage, only: Mapping[str, str] = ALL_INVARIANTS) -> list[Violation]:
    """`manage.py verify_stock`, without starting a process for it."""
    return [Violation(name, row) for name, statement in only.items() for (row,) in stage.query(statement)]


def answers(wishes: Sequence[Wish], others: Iterable[Answer]) -> Iterator[Violation]:
    seen = [answer for wish in wishes for answer in wish.answers] + list(others)
    for answer in seen:
        allowed = answer.ok or 400 <= answer.status < 500 or (answer.status == 503 and answer.retry_after)
        if answer.status and not allowed:
            yield Violation(ANSWERS, f"{answer.status} after {answer.seconds:.2f} s: {answer.body[:300]!r}")
    for wish in wishes:
        if len({answer.body for answer in wish.answers if answer.ok}) > 1:
            yield Violation(SAME_ANSWER, f"{wish.kind} {wish.key}: {[a.body for a in wish.answers if a.ok]}")


def compare(watch: Watch, wishes: Sequence[Wish]) -> Iterator[Violation]:
    """Every yes is there exactly once, every no is not, and what nobody knows is there once or not at all."""
    names = ("order", "movement", "step", "key")
    rows = watch.stage.query(FOUND, {name: getattr(watch, name) for name in names})
    found: dict[tuple[str, str], list[tuple[int, list[str], int]]] = defaultdict(list)
    for kind, key, id, lines, stored in rows:
        found[kind, key].append((id, lines, stored))
    for wish in wishes:
        there = found.pop((wish.kind, wish.key), [])
        whole = len(there) == 1 and there[0][1:] == (lines_of(wish), 1)
        if wish.outcome == "ok" and wish.kind == "order":
            whole = whole and wish.result["order_id"] == there[0][0]
        if wish.outcome == "ok" and not whole:
            # Cancelling what is cancelled already is a success that leaves no second step.
            if wish.kind != "cancellation" or wish.result["status"] != "cancelled":
                yield Violation(AS_ASKED, f"{wish.kind} {wish.key} {lines_of(wish)}: {there}")
        elif wish.outcome == "refused" and there:
            yield Violation(REFUSED, f"{wish.kind} {wish.key}: {there}")
        elif wish.outcome == "unknown" and there and not whole:
            yield Violation(ALL_OR_NOTHING, f"{wish.kind} {wish.key} {lines_of(wish)}: {there}")
    for (kind, key), there in found.items():
        yield Violation(INVENTED, f"{kind} {key}: {there}")


def lines_of(wish: Wish) -> list[str]:
    """The lines of a wish as FOUND names them: each SKU once."""
    total: Counter[str] = Counter()
    for sku, quantity in wish.basket:
        total[sku] += quantity
    for line in wish.body.get("order_items") or wish.body.get("lines") or ():
        total[line["sku"]] += line.get("quantity") or line["delta"]
    return [f"{sku}*{quantity}" for sku, quantity in sorted(total.items())]


def sold_out(stage: Stage, skus: Sequence[str]) -> list[Violation]:
    """All that came in of these SKUs has been sold, and not one unit more."""
    return [
        Violation(SOLD, f"{sku}: {came_in} came in, {sold} are sold")
        for sku, came_in, sold in stage.query(BALANCE, [list(skus)])
        if came_in != sold
    ]


def no_deadlock(watch: Watch) -> list[Violation]:
    count = deadlocks(watch.stage) - watch.deadlocks
    return [Violation(DEADLOCKS, f"{count} deadlocks")] if count else []


def expect(name: str, holds: bool, row: Any) -> list[Violation]:
    return [] if holds else [Violation(name, str(row))]
