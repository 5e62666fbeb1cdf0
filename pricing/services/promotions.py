"""Promotions and their coupons: the verbs that edit them. Each takes the turn of `edits`."""

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.core.exceptions import ValidationError

from database.refusals import Expected
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import Changes
from pricing.exceptions import AlreadyUsed, CouponTaken, LimitBelowUses, NameTaken
from pricing.models import Coupon, Promotion, Redemption, Slot
from pricing.rules import folded_code
from pricing.services.edits import begin_edit, change, find, insert, of_gone, tell


class PromotionColumns(TypedDict, total=False):
    """The columns of a promotion beside its name and kind, and its `codes`: all of its coupons."""

    value: Decimal
    buy: int
    get: int
    product_ids: Collection[int]
    category_ids: Collection[int]
    starts_at: datetime | None
    ends_at: datetime | None
    minimum: Decimal | None
    total_limit: int | None
    per_customer: int | None
    combinable: bool
    automatic: bool
    is_active: bool
    codes: Collection[str]


class PromotionChanges(PromotionColumns, total=False):
    """What may be changed of a promotion."""

    name: str
    kind: str


@unit_of_work
def create_promotion(*, name: str, kind: str, actor: Actor, **columns: Unpack[PromotionColumns]) -> Promotion:
    """Make a promotion with its coupons. Refuses CouponTaken.

    An automatic one has no coupons, and another has one at least (ValidationError).
    """
    begin_edit()
    values = _columns({**columns})
    codes = values.pop("codes", [])
    row = Promotion(name=name, kind=kind, **values)
    insert(row, NameTaken())
    _write_codes(row, codes)
    _write_slots(row)
    tell("created", row, row.name, actor, codes=codes)
    return row


@unit_of_work
def update_promotion(
    *, promotion_id: int, actor: Actor, expected_version: Expected = None, **changes: Unpack[PromotionChanges]
) -> Promotion:
    """Change a promotion, and all of its coupons where `codes` are given. Locks it: uses of it are waited for.

    Refuses NotFound, VersionMismatch, CouponTaken, and LimitBelowUses where it was used more often than it shall be.
    """
    begin_edit()
    row = find(Promotion, promotion_id, expected_version=expected_version)
    # Uses share a lock on the row. From here on none is on its way, so that they can be counted.
    Promotion.objects.select_for_update().get(pk=row.pk)
    values = _columns({**changes})
    codes = values.pop("codes", None)
    edited = change(row, values, NameTaken())
    coupons = _write_codes(row, row.coupons.values_list("code", flat=True) if codes is None else codes)
    if coupons and not edited:
        row.version += 1
        row.save(update_fields=["version"])
    if "total_limit" in edited:
        _write_slots(row)
    if edited | coupons:
        tell("updated", row, row.name, actor, changes=edited | coupons)
    return row


@unit_of_work
def delete_promotion(*, promotion_id: int, actor: Actor, expected_version: Expected = None) -> None:
    """Remove a promotion with its coupons. Refuses NotFound, VersionMismatch, and AlreadyUsed once it was used.

    One that was used is switched off instead (`is_active`). Locks it: uses of it are waited for.
    """
    begin_edit()
    row = find(Promotion, promotion_id, expected_version=expected_version)
    Promotion.objects.select_for_update().get(pk=row.pk)
    if row.redemptions.exists():
        raise AlreadyUsed
    codes = list(row.coupons.order_by("code").values_list("code", flat=True))
    tell("deleted", row, row.name, actor, changes=of_gone(row) | ({"codes": [codes, []]} if codes else {}))
    row.delete()


def _columns(columns: dict[str, Any]) -> dict[str, Any]:
    """The columns of the table for what was given: ids without repetition, codes as they are compared."""
    for ids in columns.keys() & {"product_ids", "category_ids"}:
        columns[ids] = sorted(set(columns[ids]))
    if "codes" in columns:
        columns["codes"] = sorted({folded_code(code) for code in columns["codes"] if code.strip()})
    return columns


def _write_codes(promotion: Promotion, codes: Iterable[str]) -> Changes:
    """Give a promotion these coupons and no others. Answers what has changed."""
    after = list(codes)
    if promotion.automatic == bool(after):
        said = "An automatic promotion has no codes." if promotion.automatic else "Without a code nobody can use it."
        raise ValidationError({"codes": ValidationError(said, "required")})
    before = list(promotion.coupons.order_by("code").values_list("code", flat=True))
    if before == after:
        return {}
    new = [Coupon(promotion=promotion, code=code) for code in after if code not in before]
    for coupon in new:
        coupon.full_clean(validate_unique=False, validate_constraints=False)
    # Edits take turns: nobody else writes coupons between this look and the insert.
    taken = Coupon.objects.filter(code__in=[coupon.code for coupon in new]).values_list("code", flat=True).first()
    if taken is not None:
        raise CouponTaken(taken)
    promotion.coupons.exclude(code__in=after).delete()
    Coupon.objects.bulk_create(new, batch_size=1000)
    return {"codes": [before, after]}


def _write_slots(promotion: Promotion) -> None:
    """Give a promotion as many slots as it may still be used. Its row is locked, or new."""
    promotion.slots.all().delete()
    if promotion.total_limit is None:
        return
    used = Redemption.objects.filter(promotion=promotion, given_back_at=None).count()
    if used > promotion.total_limit:
        raise LimitBelowUses(used)
    free = [Slot(promotion=promotion) for _ in range(promotion.total_limit - used)]
    Slot.objects.bulk_create(free, batch_size=1000)
