"""What people ask for: to pay, to take money that was set apart, and to give money back.

Each verb writes down what the provider is to be asked for, and nothing else: the call follows when that is on disk.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from database.refusals import Expected, FieldError, Invalid, NotFound, check_version
from database.transactions import unit_of_work
from events.actors import Actor
from orders import services as order_services
from orders.models import Order
from orders.services import Asked, Received
from orders.services.asking import locked_with_customer
from orders.services.parcels import shipped_units
from orders.services.refunds import paid_back, refunds_of_lines
from payments import providers
from payments.exceptions import (
    NotCancellable,
    NotCapturable,
    NothingToPay,
    OtherPaymentStarting,
    OverYourLimit,
    RefundTooHigh,
)
from payments.models import Operation, Payment
from payments.money import NOTHING, Account, Books
from payments.services.books import (
    Kind,
    account_in,
    books_of,
    cancelling,
    follow,
    in_places_of,
    intend,
    locked_order,
    tell_changes,
)

Method = Payment.CaptureMethod


class Begun(NamedTuple):
    """A payment, the operations that are to be carried out now, and whether the payment is new."""

    payment_id: int
    operations: list[int]
    is_new: bool


@unit_of_work
def begin_payment(
    *, order_id: int, provider: str, actor: Actor, return_url: str = "", owner_id: int | None = None
) -> Begun:
    """Begin to pay what is still to be paid of an order. While a payment by this provider may still succeed it is that.

    One by another provider is cancelled first. With `owner_id` it is an order of that customer. The order stays payable
    for a while, however long it has been pending. Refuses NotFound, UnknownProvider, NothingToPay, and
    OtherPaymentStarting. Locks the order and its payments.
    """
    module = providers.configured_provider(provider)
    order = locked_order(order_id)
    if order.deleted_at is not None or (owner_id is not None and order.user_id != owner_id):
        raise NotFound("There is no such order.")
    books = books_of(order)
    live = next((a for a in books.accounts if a.payment.state in Payment.LIVE and a.payment.fenced_at is None), None)
    if live is not None and live.payment.provider == provider and covers(live, books):
        prolong(order, module.PAYABLE_FOR)
        return Begun(live.payment.pk, [operation.pk for operation in live.unknown(Kind.CREATE)], is_new=False)
    if order.is_given_up or books.outstanding <= NOTHING:
        raise NothingToPay(f"Nothing of this order is to be paid: it is {order.status}.")
    operations = [give_way(account, actor).pk for account in books.accounts if account.payment.state in Payment.LIVE]
    payment = Payment.objects.create(
        order=order,
        provider=provider,
        amount=books.outstanding,
        currency=order.currency,
        capture_method=Method.AUTOMATIC if settings.PAYMENT_CAPTURE == "at_once" else Method.MANUAL,
        return_url=return_url,
        next_check_at=timezone.now() + timedelta(minutes=1),
    )
    operations.append(intend(Account(payment, [], []), Kind.CREATE, actor=actor, amount=payment.amount).pk)
    prolong(order, module.PAYABLE_FOR)
    return Begun(payment.pk, operations, is_new=True)


def covers(account: Account, books: Books) -> bool:
    """Whether a payment that is under way is for what is still to be paid."""
    return account.payment.amount == books.outstanding or account.payment.state == Payment.State.AUTHORIZED


def give_way(account: Account, actor: Actor) -> Operation:
    """Let a payment make place for another one: nothing is captured for it any more. Refuses OtherPaymentStarting."""
    payment = account.payment
    is_takeable = payment.state == Payment.State.STARTING or account.is_takeable
    if is_takeable or account.is_being_taken:
        raise OtherPaymentStarting("Ask again in a moment.")
    operation = cancelling(account, actor)
    # Its place is free at once: money that still comes by it is paid back.
    tell_changes(payment, {"state": Payment.State.CANCELLED}, actor)
    Payment.objects.filter(pk=payment.pk).update(state=Payment.State.CANCELLED)
    payment.state = Payment.State.CANCELLED
    return operation


def prolong(order: Order, payable_for: timedelta) -> None:
    """Let a locked order stay payable for so long from now, and for so long after its time was over at the most.

    Whoever begins to pay again and again keeps no goods from others for ever.
    """
    until, hours = timezone.now() + payable_for, hours_of(order)
    if hours:
        until = min(until, order.order_date + timedelta(hours=hours) + payable_for)
    order_services.note_payment(order, payment_open=True, payable_until=max(order.payable_until or until, until))


def hours_of(order: Order) -> int:
    """After how many hours the clock cancels an order that is not paid; 0: never."""
    hours: int = settings.GUEST_ORDER_HOURS if order.user_id is None else settings.PENDING_ORDER_HOURS
    return hours


@unit_of_work
def cancel_payment(*, order_id: int, payment_id: int, actor: Actor, expected_version: Expected = None) -> list[int]:
    """Ask that a payment be cancelled; one that is cancelled stays so. Answers the operations to be carried out.

    Refuses NotFound, VersionMismatch, and NotCancellable for one that has ended, whose money is being taken, or by
    whose money the order was confirmed. Locks the order and its payments.
    """
    order = locked_order(order_id)
    account = account_in(books_of(order), payment_id)
    if account.payment.state == Payment.State.CANCELLED:
        return []
    check_version(account.payment.version, expected_version)
    if not account.is_cancellable:
        raise NotCancellable(f"It is {account.payment.state}.")
    if account.is_takeable and order.status != Order.Status.PENDING and not order.is_given_up:
        raise NotCancellable("The order was confirmed because of it: cancel the order.")
    return [cancelling(account, actor).pk]


@unit_of_work
def capture_payment(
    *,
    order_id: int,
    payment_id: int,
    actor: Actor,
    amount: Decimal | None = None,
    expected_version: Expected = None,
) -> list[int]:
    """Take the money that was set apart, or say that money has come by hand. Answers the operations to carry out.

    Without `amount` it is what the order costs still, and never more than was set apart. Refuses NotFound,
    VersionMismatch, and NotCapturable. Locks the order and its payments.
    """
    order = locked_order(order_id)
    books = books_of(order)
    account = account_in(books, payment_id)
    payment = account.payment
    by_hand = providers.provider(payment.provider).BY_HAND and payment.state == Payment.State.OPEN
    if under_way := account.unknown(Kind.CAPTURE):
        return [under_way[0].pk]
    check_version(payment.version, expected_version)
    if not (by_hand or payment.state == Payment.State.AUTHORIZED) or payment.fenced_at is not None:
        raise NotCapturable(f"It is {payment.state}.")
    most = payment.amount if by_hand else min(payment.amount, books.outstanding)
    amount = most if amount is None else amount
    if not NOTHING < amount <= most:
        raise NotCapturable(f"{most} can be taken.")
    # Staff have looked at it, and try once more.
    forget_review(payment, Payment.Review.CAPTURE_REFUSED, actor)
    return [intend(account, Kind.CAPTURE, amount=amount, actor=actor).pk]


@unit_of_work
def refund_payment(
    *,
    order_id: int,
    payment_id: int,
    actor: Actor,
    amount: Decimal | None = None,
    lines: Mapping[int, int] | None = None,
    restock: bool = False,
    reason: str = "",
    limit: Decimal | None = None,
    expected_version: Expected = None,
) -> list[int]:
    """Give money back: an amount, or what units of lines are worth, or (with neither) all that is held.

    `lines` has the units by the id of their line. With `restock` these units are taken off the order, or taken in again
    where they have left; else the goods stay where they are. What nobody was owed is noted as goodwill. Nobody gives
    back more than `limit` in one step. Refuses NotFound, VersionMismatch, Invalid for lines that the order does not
    have or that were refunded, RefundTooHigh, OverYourLimit, and what the verbs of lines and returns refuse. Answers
    the operations to carry out. Locks the order, its payments, then stock levels.
    """
    if restock:  # whoever takes goods in locks the customer first
        locked_with_customer(order_id, None)
    order = locked_order(order_id)
    books = books_of(order)
    account = account_in(books, payment_id)
    check_version(account.payment.version, expected_version)
    if lines:
        refuse_refunded_lines(order, books, lines)
        amount = sum(refunds_of_lines(order, lines).values(), NOTHING)
    amount = account.held if amount is None else amount
    if limit is not None and amount > limit:
        raise OverYourLimit(limit)
    if not NOTHING < amount <= account.held:
        raise RefundTooHigh(in_places_of(max(NOTHING, account.held), account.payment.currency))
    # Staff have looked at it, and try once more.
    forget_review(account.payment, Payment.Review.REFUND_REFUSED, actor)
    if lines and restock:
        take_goods_back(order, lines, actor, reason)
        order = locked_order(order_id)
        return follow(order, books_of(order), actor)
    told = {"lines": {str(line): units for line, units in lines.items()}} if lines else {}
    goodwill = max(NOTHING, amount - books.owed)
    return [intend(account, Kind.REFUND, amount=amount, goodwill=goodwill, reason=reason, actor=actor, **told).pk]


def forget_review(payment: Payment, review: str, actor: Actor) -> None:
    """Take back that people have to look at a locked payment, if it is for this reason."""
    if payment.review == review:
        tell_changes(payment, {"review": ""}, actor)
        Payment.objects.filter(pk=payment.pk).update(review="")


def refundable_units(order: Order, operations: Iterable[Operation]) -> dict[int, int]:
    """The units of each line whose money can still go back, by the line's id. `operations` are those of the order."""
    left = dict(order.order_items.values_list("pk", "quantity"))
    for line_id, (units, _) in paid_back(order).items():
        left[line_id] = left.get(line_id, 0) - units
    for operation in operations:
        if operation.kind == Kind.REFUND and operation.state != Operation.State.REFUSED:
            for line_id, units in operation.lines.items():
                left[int(line_id)] = left.get(int(line_id), 0) - units
    return {line_id: max(0, units) for line_id, units in left.items()}


def refuse_refunded_lines(order: Order, books: Books, lines: Mapping[int, int]) -> None:
    """Refuse (Invalid) lines that the order does not have, and more units than have not been refunded."""
    left = refundable_units(order, (operation for account in books.accounts for operation in account.operations))
    errors = [
        FieldError(f"lines.{place}.quantity", "more_than_refundable", f"{left[line_id]} can be refunded.")
        if line_id in left
        else FieldError(f"lines.{place}.order_item_id", "unknown_line", "The order has no such line.")
        for place, (line_id, units) in enumerate(lines.items())
        if units > left.get(line_id, 0)
    ]
    if errors:
        raise Invalid(errors[0].message, code=errors[0].code, errors=errors)


def take_goods_back(order: Order, lines: Mapping[int, int], actor: Actor, reason: str) -> None:
    """Take units off an order: what has not left goes back to stock, and what has left is taken in as a return."""
    left, quantities = shipped_units(order), dict(order.order_items.values_list("pk", "quantity"))
    coming_back = {}
    for line_id, units in lines.items():
        still_here = min(units, quantities[line_id] - left[line_id])
        if still_here:
            order_services.change_line(
                order_id=order.pk,
                line_id=line_id,
                quantity=quantities[line_id] - still_here,
                actor=actor,
                reason=reason,
            )
        if units > still_here:
            coming_back[line_id] = units - still_here
    if coming_back:
        asked = {line_id: Asked(units) for line_id, units in coming_back.items()}
        return_id = order_services.ask_return(order_id=order.pk, lines=asked, actor=actor, note="")
        received = {line_id: Received(units) for line_id, units in coming_back.items()}
        order_services.receive_return(order_id=order.pk, return_id=return_id, lines=received, actor=actor)
