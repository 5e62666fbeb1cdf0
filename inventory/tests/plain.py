"""The plain way of reserving: what the engine must agree with, row by row.

Textbook Django: lock with `select_for_update`, decide by trying every split, save row by row. Slow, and easy to
believe. `lock=False` takes the protection away, for the tests that show what it protects from.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import Any

from django.db.models import F, Sum
from django.utils import timezone

from database.refusals import Invalid
from events.actors import Actor
from events.services import publish
from inventory.bands import ALERTING, band_of
from inventory.exceptions import AlreadyReserved, InsufficientStock, Shortage
from inventory.models import ClockTimestamp, Reservation, StockAlert, StockItem, StockLevel, StockMovement

Share = tuple[StockLevel, int]


def nothing() -> None:
    """What happens between deciding and writing, unless a test wants something to happen there."""


def reserve(
    *,
    reference: str,
    quantities: Mapping[int, int],
    actor: Actor,
    expires_at: datetime | None = None,
    lock: bool = True,
    between: Callable[[], object] = nothing,
) -> None:
    if not quantities:
        raise Invalid
    levels = list(read_levels(quantities, lock=lock))
    held = Reservation.objects.filter(reference=reference, state="open")
    if held.exists():
        sums = held.values("level__item_id").annotate(total=Sum("quantity")).values_list("level__item_id", "total")
        if dict(sums) != dict(quantities):
            raise AlreadyReserved
        return
    shares, short = split_all(levels, quantities)
    if short:
        expire_overdue([level for level in levels if level.item_id in short], actor)
        shares, short = split_all(levels, quantities)
    if short:
        skus = dict(StockItem.objects.filter(pk__in=short).values_list("pk", "sku"))
        raise InsufficientStock([Shortage(id, skus[id], quantities[id], left) for id, left in short.items()])
    between()
    before = totals_of(quantities)
    for level, quantity in shares:
        Reservation.objects.create(level=level, quantity=quantity, reference=reference, expires_at=expires_at)
        move(level, "reserved", quantity, reference, actor)
    settle(before, actor)


def read_levels(item_ids: Iterable[int], *, lock: bool) -> Iterable[StockLevel]:
    levels = StockLevel.objects.select_related("warehouse")
    if lock:
        return levels.locked(list(item_ids))
    return levels.filter(item_id__in=list(item_ids)).order_by("item_id", "warehouse_id")


def split_all(levels: Sequence[StockLevel], quantities: Mapping[int, int]) -> tuple[list[Share], dict[int, int]]:
    shares: list[Share] = []
    short = {}
    for item_id, quantity in quantities.items():
        active = [level for level in levels if level.item_id == item_id and level.warehouse.is_active]
        found = split(active, quantity)
        shares += found
        if not found:
            short[item_id] = sum(level.available for level in active)
    return shares, short


def split(levels: Sequence[StockLevel], quantity: int) -> list[Share]:
    """Goods that are there before goods to come; then the fewest warehouses; then those of better priority."""
    levels = sorted(levels, key=lambda level: (level.warehouse.priority, level.warehouse_id))
    for free in (lambda level: level.on_hand - level.reserved, lambda level: level.available):
        candidates = [level for level in levels if free(level) > 0]
        for number in range(1, len(candidates) + 1):
            for chosen in combinations(candidates, number):  # in the sequence of priority
                if sum(map(free, chosen)) >= quantity:
                    shares, left = [], quantity
                    for level in chosen:
                        shares.append((level, min(free(level), left)))
                        left -= shares[-1][1]
                    return shares
    return []


def expire_overdue(levels: Sequence[StockLevel], actor: Actor) -> None:
    by_id = {level.pk: level for level in levels}
    overdue = list(
        Reservation.objects.select_for_update()
        .filter(state="open", expires_at__lte=timezone.now(), level__in=levels)
        .order_by("id")
    )
    if not overdue:
        return
    before = totals_of({by_id[hold.level_id].item_id for hold in overdue})
    for hold in overdue:
        hold.state, hold.resolved_at = Reservation.State.EXPIRED, timezone.now()
        hold.save()
        move(by_id[hold.level_id], "expired", -hold.quantity, hold.reference, actor)
    settle(before, actor)
    references = sorted({hold.reference for hold in overdue})
    publish("stock.holds_expired", {"references": references}, subject="stock:holds", actor=actor)


def move(level: StockLevel, kind: str, reserved: int, reference: str, actor: Actor, **fields: Any) -> None:
    level.reserved += reserved
    level.save(update_fields=["reserved"])
    StockMovement.objects.create(
        level=level,
        kind=kind,
        on_hand_delta=0,
        reserved_delta=reserved,
        on_hand_after=level.on_hand,
        reserved_after=level.reserved,
        reference=reference,
        actor=str(actor),
        **fields,
    )


def totals_of(item_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """What lies unsold, and what can still be promised."""
    unsold, ahead = F("on_hand") - F("reserved"), F("backorder_limit")
    return {
        item_id: tuple(
            StockLevel.objects.filter(item_id=item_id, warehouse__is_active=True)
            .aggregate(unsold=Sum(unsold, default=0), available=Sum(unsold + ahead, default=0))
            .values()
        )
        for item_id in item_ids
    }


def settle(before: Mapping[int, tuple[int, int]], actor: Actor, *, between: Callable[[], object] = nothing) -> None:
    """Bring `in_stock` and the alerts of these items in line, if their band has changed."""
    after = totals_of(before)
    between()
    events = []
    for item in StockItem.objects.filter(pk__in=before).order_by("id"):
        (was, _), (left, available) = before[item.pk], after[item.pk]
        item.in_stock = available > 0
        item.save(update_fields=["in_stock"])
        band = band_of(left, item.reorder_point)
        if not item.is_sold or band == band_of(was, item.reorder_point):
            continue
        alert = StockAlert.objects.filter(item=item, closed_at=None).first()
        kind = ""
        if band in ALERTING and alert is None:
            alert, kind = StockAlert(item=item, band=band, available=available), "stock.alert_opened"
        elif band in ALERTING and alert and ALERTING.index(band) < ALERTING.index(alert.band):
            alert.band, alert.available, kind = band, available, "stock.alert_worsened"
        elif band in ALERTING and alert and band == alert.band == "out_of_stock":
            kind = "stock.alert_worsened"  # it was better meanwhile
        elif alert and band not in ALERTING:
            alert.closed_at, kind = ClockTimestamp(), "stock.alert_closed"
        if alert and kind != "stock.alert_closed":
            alert.out_since = (alert.out_since or ClockTimestamp()) if band == "out_of_stock" else None
        if alert:
            alert.save()
        if alert and kind:
            payload = {"alert_id": alert.pk, "sku": item.sku, "band": band, "available": available}
            events.append((kind, payload, f"sku:{item.sku}"))
    for kind, payload, subject in events:
        publish(kind, payload, subject=subject, actor=actor)
