"""Planned prices: written into a variant when their time comes, and taken back at their end.

A price is written into the variant itself, so that lists, carts and orders agree about it at every moment. Every verb
locks the product first, as those of variants do.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from catalog.exceptions import PlannedPriceBegun, PlannedPricesOverlap, PlannedTimeInvalid, found
from catalog.models import PlannedPrice, Product, Variant
from catalog.services.derived import refresh
from catalog.services.prices import prices_kept, refuse_no_reduction
from catalog.services.variants import locked_product, tell
from database.refusals import Expected, check_version
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import Changes, apply_changes, differences

State = PlannedPrice.State
# What a running price still lets be changed.
OPEN_END = frozenset({"ends_at"})


class PlannedChanges(TypedDict, total=False):
    """What may be changed of a planned price; of one that is running, its end alone."""

    price: Decimal
    compare_at_price: Decimal | None
    starts_at: datetime
    ends_at: datetime | None


@unit_of_work
def plan_price(
    *,
    product_id: int,
    variant_id: int,
    price: Decimal,
    starts_at: datetime,
    actor: Actor,
    ends_at: datetime | None = None,
    compare_at_price: Decimal | None = None,
) -> PlannedPrice:
    """Plan a price of a variant from one moment to another. Without an end it stays.

    One that has begun by now is written at once. Refuses NotFound, NoReduction, PlannedTimeInvalid,
    PlannedPricesOverlap. Locks the product.
    """
    product, variant = locked_variant(product_id, variant_id)
    plan = PlannedPrice(
        variant=variant, price=price, compare_at_price=compare_at_price, starts_at=starts_at, ends_at=ends_at
    )
    check_and_save(plan)
    said = {name: [None, after] for name, (_, after) in differences(nothing(), told(plan)).items()}
    tell("price_planned", variant, actor, planned_price_id=plan.pk, changes=said)
    settle(product, actor)
    plan.refresh_from_db()
    return plan


@unit_of_work
def update_planned_price(
    *,
    product_id: int,
    variant_id: int,
    planned_price_id: int,
    actor: Actor,
    expected_version: Expected = None,
    **changes: Unpack[PlannedChanges],
) -> PlannedPrice:
    """Change a planned price; of one that is running its end alone. The values that it has already change nothing.

    Refuses NotFound, VersionMismatch, PlannedPriceBegun, NoReduction, PlannedTimeInvalid, PlannedPricesOverlap. Locks
    the product.
    """
    product, variant = locked_variant(product_id, variant_id)
    plan = planned_price_of(variant, planned_price_id)
    check_version(plan.version, expected_version)
    edited = apply_changes(plan, changes)
    if not edited:
        return plan
    if plan.state == State.OVER or (plan.state == State.RUNNING and edited.keys() - OPEN_END):
        raise PlannedPriceBegun
    plan.version += 1
    check_and_save(plan)
    tell("planned_price_updated", variant, actor, planned_price_id=plan.pk, changes=edited)
    settle(product, actor)
    plan.refresh_from_db()
    return plan


@unit_of_work
def remove_planned_price(*, product_id: int, variant_id: int, planned_price_id: int, actor: Actor) -> None:
    """Drop a planned price, or end it now when it is running. One that is over stays as it is, as a record.

    Refuses NotFound. Locks the product.
    """
    product, variant = locked_variant(product_id, variant_id)
    plan = planned_price_of(variant, planned_price_id)
    if plan.state == State.OVER:
        return
    if plan.state == State.PLANNED:
        plan.delete()
        removed = {name: [before, None] for name, (before, _) in differences(told(plan), nothing()).items()}
        tell("planned_price_removed", variant, actor, planned_price_id=planned_price_id, changes=removed)
        return
    edited = apply_changes(plan, {"ends_at": timezone.now()})
    plan.version += 1
    plan.save(update_fields=["ends_at", "version"])
    tell("planned_price_updated", variant, actor, planned_price_id=plan.pk, changes=edited)
    settle(product, actor)


def due_products(limit: int = 500) -> list[int]:
    """The products of which a planned price should have begun or ended by now."""
    return list(PlannedPrice.objects.filter(due()).values_list("variant__product", flat=True).distinct()[:limit])


@unit_of_work
def settle_planned_prices(*, product_id: int, actor: Actor) -> None:
    """Begin and end the planned prices of a product whose time has come. Refuses NotFound. Locks the product."""
    settle(locked_product(product_id), actor)


def settle(product: Product, actor: Actor) -> None:
    """Begin and end what is due of a locked product."""
    by_variant: dict[int, list[PlannedPrice]] = {}
    for plan in PlannedPrice.objects.filter(due(), variant__product=product).order_by("starts_at"):
        by_variant.setdefault(plan.variant_id, []).append(plan)
    if not by_variant:
        return
    variants = Variant.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=by_variant)
    with prices_kept(product.pk, actor):
        for variant in variants.order_by("pk"):
            plans = by_variant[variant.pk]
            changes = follow(variant, plans)
            if changes:
                variant.version += 1
                variant.save(update_fields=["price", "compare_at_price", "version"])
                ids = [plan.pk for plan in plans]
                tell("variant_updated", variant, actor, changes=changes, planned_price_ids=ids)
    refresh([product.pk])


def follow(variant: Variant, plans: Iterable[PlannedPrice]) -> Changes:
    """Take the plans that are due into a variant, in their sequence; answers what differs then of the variant.

    One that is over before it has begun, since no worker ran, is left out. At its end a plan takes back what it wrote,
    unless somebody has written another value meanwhile.
    """
    before = {"price": variant.price, "compare_at_price": variant.compare_at_price}
    for plan in plans:
        if plan.state == State.RUNNING:
            if variant.price == plan.price:
                variant.price = plan.price_before
            if variant.compare_at_price == plan.compare_at_price:
                variant.compare_at_price = plan.compare_at_before
            plan.state = State.OVER
        elif plan.ends_at is not None and plan.ends_at <= timezone.now():
            plan.state = State.OVER
        else:
            plan.price_before, plan.compare_at_before = variant.price, variant.compare_at_price
            variant.price, variant.compare_at_price = plan.price, plan.compare_at_price
            plan.state = State.RUNNING
        plan.save(update_fields=["state", "price_before", "compare_at_before"])
    return differences(before, {"price": variant.price, "compare_at_price": variant.compare_at_price})


def due() -> Q:
    """What should have begun or ended by now."""
    now = timezone.now()
    return Q(state=State.PLANNED, starts_at__lte=now) | Q(state=State.RUNNING, ends_at__lte=now)


def locked_variant(product_id: int, variant_id: int) -> tuple[Product, Variant]:
    """A product, locked, and one of its variants. Refuses NotFound."""
    product = locked_product(product_id)
    return product, found(Variant.objects.filter(pk=variant_id, product_id=product_id).first(), "variant")


def planned_price_of(variant: Variant, planned_price_id: int) -> PlannedPrice:
    """A planned price of a variant. Refuses NotFound."""
    return found(variant.planned_prices.filter(pk=planned_price_id).first(), "planned price")


def check_and_save(plan: PlannedPrice) -> None:
    """Write a plan. Refuses NoReduction, PlannedTimeInvalid and PlannedPricesOverlap. PostgreSQL judges the latter.

    A plan that has begun before its variant was locked may go on, but none may end in the past.
    """
    plan.clean_fields(exclude=["variant"])
    refuse_no_reduction(plan.compare_at_price, plan.price)
    if plan.ends_at is not None and plan.ends_at <= max(plan.starts_at, timezone.now()):
        raise PlannedTimeInvalid
    try:
        with transaction.atomic():
            plan.save()
    except IntegrityError as error:
        if "plannedprice_overlap" in str(error):
            raise PlannedPricesOverlap from error
        raise


def told(plan: PlannedPrice) -> Mapping[str, Any]:
    """What the journal says of a plan."""
    return {name: getattr(plan, name) for name in nothing()}


def nothing() -> Mapping[str, Any]:
    """What the journal says of no plan."""
    return dict.fromkeys(("price", "compare_at_price", "starts_at", "ends_at"))


def prices_at(*, variant_ids: Collection[int], at: datetime) -> dict[int, Decimal]:
    """What each of these variants will cost at a moment from now on, as far as it is planned."""
    variants = Variant.objects.filter(pk__in=variant_ids).select_related("product")
    prices = {variant.pk: variant.effective_price for variant in variants}
    products = {variant.pk: variant.product.price for variant in variants}
    plans = PlannedPrice.objects.filter(variant__in=variant_ids).exclude(state=State.OVER).order_by("starts_at")
    for plan in plans:
        is_over = plan.ends_at is not None and plan.ends_at <= at
        if plan.state == State.RUNNING and is_over and prices[plan.variant_id] == plan.price:
            before = plan.price_before
            prices[plan.variant_id] = products[plan.variant_id] if before is None else before
        elif plan.state == State.PLANNED and plan.starts_at <= at and not is_over:
            prices[plan.variant_id] = plan.price
    return prices
