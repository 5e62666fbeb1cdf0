"""Who waits for an article: asking to be told, confirming, taking it back, and finding whose time has come.

Nobody has confirmed that an email belongs to whoever has typed it, so an email is mailed a link first. The answer is
the same for every email, and so are the statements: nobody learns who waits, or who has an account.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Lower, Now

from accounts.models import User
from catalog.exceptions import AvailableAlready, TooManyNotifications, found
from catalog.models import StockNotification, Variant
from catalog.waiting_rows import StockNotificationQuerySet, id_of
from database.refusals import FieldError, Invalid
from database.rows import delete_in_batches, fetch_rows
from database.transactions import unit_of_work
from events.actors import Actor
from events.services import publish

# How many articles one customer may wait for.
MAX_OF_CUSTOMER = 100
# How many people one job mails: it ends in its time beside a slow mail server.
BATCH = 20
# For so long a row outlives its mail, for a job that was not sure and for the preview.
KEEP_TOLD = timedelta(days=7)

INSERT = """
insert into catalog_stocknotification (variant_id, user_id, email, created_at, expires_at)
values (%(variant)s::bigint, %(user)s::bigint, %(email)s::text, clock_timestamp(),
        clock_timestamp() + make_interval(days => %(days)s::int))
on conflict {arbiter} do update set expires_at = excluded.expires_at
returning id, xmax = 0
"""
OF_USER = INSERT.format(arbiter="(variant_id, user_id) where told_at is null")
OF_EMAIL = INSERT.format(arbiter="(variant_id, lower(email)) where told_at is null and user_id is null")

# A row that another worker claims is skipped.
CLAIM = """
with due as (
    select waiting.id, variant.id as variant_id, variant.product_id
    from catalog_stocknotification as waiting
    join catalog_variant as variant on variant.id = waiting.variant_id and variant.archived_at is null
    join catalog_product as product on product.id = variant.product_id and product.status = 'active'
    join inventory_stockitem as item on item.id = variant.stock_item_id and item.in_stock
    left join accounts_user as person on person.id = waiting.user_id
    where waiting.claimed_at is null and waiting.told_at is null and waiting.expires_at > clock_timestamp()
        and case when waiting.user_id is null then waiting.confirmed_at is not null
            else person.is_active and person.email_confirmed_at is not null end
    order by waiting.id
    limit %(batch)s::int
    for update of waiting skip locked
)
update catalog_stocknotification as waiting set claimed_at = clock_timestamp()
from due where due.id = waiting.id
returning waiting.id, due.variant_id, due.product_id
"""


def awaited(product_id: int, variant_id: int) -> Variant:
    """A variant that can be waited for. Refuses NotFound for what is not shown, and AvailableAlready."""
    shown = Variant.objects.on_sale().select_related("stock_item")
    variant = found(shown.filter(pk=variant_id, product_id=product_id).first(), "variant")
    if variant.stock_item.in_stock:
        raise AvailableAlready
    return variant


@unit_of_work
def wait_for(*, product_id: int, variant_id: int, user_id: int, actor: Actor) -> tuple[StockNotification, bool]:
    """Have a customer told when a variant can be ordered again; answers the row, and whether it is new.

    Again only begins the time anew. Refuses NotFound, AvailableAlready, TooManyNotifications. Locks the user's row, so
    that two requests do not both find room.
    """
    variant = awaited(product_id, variant_id)
    list(User.objects.select_for_update(no_key=True).filter(pk=user_id).values_list("pk"))
    own = StockNotification.objects.filter(user=user_id).open()
    if own.exclude(variant=variant).count() >= MAX_OF_CUSTOMER:
        raise TooManyNotifications
    days = settings.STOCK_NOTIFICATION_DAYS
    values = {"variant": variant.pk, "user": user_id, "email": "", "days": days}
    [(notification_id, is_new)] = fetch_rows(OF_USER, values)
    if is_new:
        tell("notification_requested", variant, actor, notification_id=notification_id)
    return own_notifications(user_id).get(pk=notification_id), is_new


@unit_of_work
def wait_by_email(*, product_id: int, variant_id: int, email: str, actor: Actor) -> None:
    """Have a link mailed by which an email waits for a variant. Refuses NotFound and AvailableAlready.

    Nothing is mailed to an address that has confirmed it for this variant; its time begins anew.
    """
    variant = awaited(product_id, variant_id)
    values = {"variant": variant.pk, "user": None, "email": email, "days": settings.STOCK_NOTIFICATION_DAYS}
    [(notification_id, _)] = fetch_rows(OF_EMAIL, values)
    tell("notification_requested", variant, actor, notification_id=notification_id)


@unit_of_work
def confirm_notification(*, token: str) -> None:
    """Note that the mailbox of an email was shown, which waits from now on. Again changes nothing.

    Refuses (Invalid) a wrong link, and one whose row is gone.
    """
    row = StockNotification.objects.filter(pk=id_of(token) or 0).select_for_update(no_key=True).first()
    if row is None:
        raise dead_link()
    if row.confirmed_at is None:
        row.confirmed_at = Now()
        row.save(update_fields=["confirmed_at"])


@unit_of_work
def cancel_by_link(*, token: str) -> None:
    """Take a wish back by a mailed link. Again changes nothing. Refuses (Invalid) a wrong link."""
    notification_id = id_of(token)
    if notification_id is None:
        raise dead_link()
    StockNotification.objects.filter(pk=notification_id).delete()


@unit_of_work
def cancel_notification(*, notification_id: int, user_id: int) -> None:
    """Take a customer's wish back. Refuses NotFound."""
    found(own_notifications(user_id).filter(pk=notification_id).first(), "stock notification").delete()


def own_notifications(user_id: int) -> StockNotificationQuerySet:
    """What a customer waits for."""
    rows = StockNotification.objects.filter(user=user_id).open()
    return rows.select_related("user", "variant__product", "variant__stock_item")


@unit_of_work
def tell_waiting(*, actor: Actor) -> int:
    """Claim the oldest of those whose article can be ordered, an event for each article; answers how many.

    Locks their rows, and leaves those that another worker has locked.
    """
    by_variant: dict[tuple[int, int], list[int]] = {}
    for notification_id, variant_id, product_id in sorted(fetch_rows(CLAIM, {"batch": BATCH})):
        by_variant.setdefault((product_id, variant_id), []).append(notification_id)
    for (product_id, variant_id), ids in by_variant.items():
        payload = {"product_id": product_id, "variant_id": variant_id, "notification_ids": ids}
        publish("product.back_in_stock", payload, subject=f"product:{product_id}", actor=actor)
    return sum(map(len, by_variant.values()))


def delete_old_notifications() -> int:
    """Delete what has expired, whose mail was sent some days ago, and emails that were never confirmed."""
    never = Q(user=None, confirmed_at=None, created_at__lt=Now() - timedelta(days=settings.EMAIL_CONFIRM_DAYS))
    over = Q(expires_at__lt=Now()) | Q(told_at__lt=Now() - KEEP_TOLD)
    return delete_in_batches(StockNotification.objects.filter(over | never))


def erase_notifications(user_id: int) -> None:
    """Delete what a customer waits for who is forgotten, also under the account's email. For accounts.leaving."""
    emails = User.objects.filter(pk=user_id).values_list(Lower("email"), flat=True)
    of_email = StockNotification.objects.alias(lower=Lower("email")).filter(user=None, lower__in=list(emails))
    of_email.delete()
    StockNotification.objects.filter(user=user_id).delete()


def dead_link() -> Invalid:
    """The refusal of a link, which does not tell what is wrong with it."""
    error = FieldError("token", "invalid_token", "The link is wrong, or has expired.")
    return Invalid("The link is not valid any more.", code="invalid_notification_token", errors=[error])


def tell(what: str, variant: Variant, actor: Actor, *, notification_id: int) -> None:
    """Publish what happened to a wish."""
    payload = {"product_id": variant.product_id, "variant_id": variant.pk, "notification_id": notification_id}
    publish(f"product.{what}", payload, subject=f"product:{variant.product_id}", actor=actor)
