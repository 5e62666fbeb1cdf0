"""Reading the books of an order under its locks, and what follows from them for the order.

Locks are taken in one sequence everywhere: the order's row, its payments by id, then what the verbs of orders lock.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from database.currencies import places_in
from database.refusals import NotFound
from events.actors import WORKER, Actor
from events.changes import plain
from events.services import publish
from inventory.models import ClockTimestamp
from orders import services as order_services
from orders.models import Order
from orders.services.verbs import locked
from payments.models import Dispute, Operation, Payment
from payments.money import NOTHING, Account, Books, accounts_of
from payments.providers import configured

Status = Order.Status
Kind = Operation.Kind
# Money that was set apart is taken so long before it can be taken no more.
BEFORE_EXPIRY = timedelta(days=1)
# A provider that refuses to cancel a payment is not asked again at once.
PAUSE = timedelta(seconds=50)
# What the journal is told of a payment when it is another. What came and went stands in the entries.
TOLD = ("state", "review", "fees")


def locked_order(order_id: int) -> Order:
    """Lock an order, one that was deleted too: its money is still to be seen to. Refuses NotFound."""
    return locked(Order.objects.all(), order_id)


def locked_account(payment_id: int) -> tuple[Order, Books, Account]:
    """Lock the order of a payment and its payments: the order, its books, and the account of this payment."""
    order = locked_order(Payment.objects.values_list("order_id", flat=True).get(pk=payment_id))
    books = books_of(order)
    return order, books, account_in(books, payment_id)


def books_of(order: Order) -> Books:
    """The books of a locked order. Locks its payments."""
    payments = list(Payment.objects.filter(order=order).order_by("id").select_for_update(no_key=True))
    operations = Operation.objects.filter(payment__order=order).order_by("id") if payments else []
    disputes = Dispute.objects.filter(payment__order=order) if payments else []
    return Books(accounts_of(payments, operations, disputes), order_services.due_of(order))


def account_in(books: Books, payment_id: int) -> Account:
    """The account of one payment of the books. Refuses NotFound."""
    for account in books.accounts:
        if account.payment.pk == payment_id:
            return account
    raise NotFound("There is no such payment.")


def intend(account: Account, kind: Kind, *, actor: Actor, amount: Decimal | None = None, **told: object) -> Operation:
    """Write down what a provider is to be asked for. The call follows when this is on disk."""
    operation = Operation.objects.create(payment=account.payment, kind=kind, amount=amount, actor=str(actor), **told)
    account.operations.append(operation)
    payment = account.payment
    payload: dict[str, object] = {"order_id": payment.order_id, "payment_id": payment.pk}
    payload |= {"operation_id": operation.pk, "operation": str(kind)}
    if kind == Kind.CREATE:
        payload |= {"provider": payment.provider, "amount": str(payment.amount), "currency": payment.currency}
        payload |= {"capture_method": str(payment.capture_method)}
    publish("payment.asked", payload, subject=f"order:{payment.order_id}", actor=actor)
    # Whoever has opened the page of the payment before this has not seen it.
    Payment.objects.filter(pk=payment.pk).update(version=F("version") + 1, updated_at=ClockTimestamp())
    return operation


def tell_changes(payment: Payment, columns: Mapping[str, object], actor: Actor = WORKER) -> None:
    """Publish what columns of a payment are about to say, as far as the journal is told of it."""
    before = {name: getattr(payment, name) for name in TOLD if name in columns}
    changes = {name: [plain(was), plain(columns[name])] for name, was in before.items() if was != columns[name]}
    if changes:
        payload = {"order_id": payment.order_id, "payment_id": payment.pk, "changes": changes}
        publish("payment.changed", payload, subject=f"order:{payment.order_id}", actor=actor)


def follow(order: Order, books: Books, actor: Actor = WORKER) -> list[int]:
    """Let a locked order follow its money, and answer the ids of the operations that this begins.

    Paid or authorized in full, or free in a shop that takes payments: it is confirmed. Given up: its live payments are
    cancelled. Approved or due: money is taken. More than it costs: the rest goes back. What is under way is not begun
    twice. The order is unlocked by the commit, and the calls follow.
    """
    money = books.held + books.authorized
    is_free = order.total_amount == NOTHING and bool(configured())
    covered = money >= books.due and (money > NOTHING or is_free)
    if order.status == Status.PENDING and order.deleted_at is None and covered:
        order_services.confirm_order(order_id=order.pk, actor=actor)
        order.refresh_from_db()
    begun = [*give_up(order, books, actor), *take(order, books, actor), *pay_back(books, actor)]
    live = [account.payment for account in books.accounts if account.payment.state in Payment.LIVE]
    order_services.note_payment(
        order,
        payment_status=books.status,
        payment_open=bool(live),
        shipping_blocked=books.status == "disputed",
    )
    return [operation.pk for operation in begun]


def give_up(order: Order, books: Books, actor: Actor) -> list[Operation]:
    """Cancel the payments by which money may still come, if none is wanted: the order was given up, or is paid."""
    if not order.is_given_up and books.outstanding > NOTHING:
        return []
    return [
        fence(account, actor)
        for account in books.accounts
        if account.is_cancellable and not account.unknown(Kind.CANCEL) and not was_just_refused(account)
    ]


def was_just_refused(account: Account) -> bool:
    """Whether the provider has refused to cancel a payment a moment ago. It is asked again after the next look."""
    lately = timezone.now() - PAUSE
    refused = [o for o in account.operations if o.kind == Kind.CANCEL and o.state == Operation.State.REFUSED]
    return any(operation.resolved_at is not None and operation.resolved_at > lately for operation in refused)


def fence(account: Account, actor: Actor) -> Operation:
    """Ask that a payment be cancelled, and see to it that nothing is captured for it from now on."""
    account.payment.fenced_at = timezone.now()
    Payment.objects.filter(pk=account.payment.pk).update(fenced_at=account.payment.fenced_at)
    return intend(account, Kind.CANCEL, actor=actor)


def cancelling(account: Account, actor: Actor) -> Operation:
    """The operation that cancels a payment: the one that is under way, else a new one."""
    under_way = account.unknown(Kind.CANCEL)
    return under_way[0] if under_way else fence(account, actor)


def take(order: Order, books: Books, actor: Actor) -> list[Operation]:
    """Take the money that was set apart: when goods have left, at once where the shop wants it, and in time."""
    if order.is_given_up:
        return []
    has_left = order.partly_shipped or order.status in (Status.SHIPPED, Status.DELIVERED)
    begun = []
    for account in books.counted:
        payment = account.payment
        expires = payment.expiring_at is not None and payment.expiring_at - BEFORE_EXPIRY <= timezone.now()
        wanted = has_left or expires or settings.PAYMENT_CAPTURE == "at_once"
        if not account.is_takeable or payment.review or not wanted:
            continue
        amount = min(payment.amount, books.outstanding)
        if amount > NOTHING and not account.unknown(Kind.CAPTURE):
            begun.append(intend(account, Kind.CAPTURE, amount=amount, actor=actor))
    return begun


def pay_back(books: Books, actor: Actor) -> list[Operation]:
    """Refund what is owed, by the latest payments first: the one that came too much is the last.

    A payment of which a refund was refused is left to people, and so is what its others cannot pay back.
    """
    owed, begun = books.owed, []
    for account in reversed(books.counted):
        if owed <= NOTHING or account.payment.review:
            continue
        amount = min(owed, account.held)
        if amount > NOTHING:
            begun.append(intend(account, Kind.REFUND, amount=amount, actor=actor, reason="Owed to the buyer."))
            owed -= amount
    return begun


def in_places_of(amount: Decimal, currency: str) -> Decimal:
    """An amount of a provider with the decimals of its currency."""
    return amount.quantize(Decimal(1).scaleb(-places_in(currency)))
