"""Who waits for an article: rows that end when it can be ordered again, and the secret that opens one."""

import base64

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.crypto import constant_time_compare, salted_hmac

SALT = "catalog.stock_notification"


class StockNotificationQuerySet(models.QuerySet["StockNotification"]):
    """Sets of people who wait."""

    def waiting(self) -> "StockNotificationQuerySet":
        """Those that are still to be told, and have confirmed the address."""
        confirmed = Q(confirmed_at__isnull=False) | Q(user__email_confirmed_at__isnull=False)
        return self.open().filter(confirmed, claimed_at=None)

    def open(self) -> "StockNotificationQuerySet":
        """Those that are not told, and have not expired."""
        return self.filter(told_at=None, expires_at__gt=Now())


class StockNotification(models.Model):
    """A wish to be told when an article can be ordered again: of a customer, or of whoever reads an email.

    An email is mailed nothing but a link until it is confirmed; a customer has confirmed the email of the account.
    The worker that finds the article available sets `claimed_at`, and with the mail sets `told_at`, which ends the row.
    """

    variant = models.ForeignKey("catalog.Variant", on_delete=models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="stock_notifications"
    )
    email = models.EmailField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    objects = StockNotificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None, email__gt="") | Q(user__isnull=False, email=""), name="stocknotification_whose"
            ),
            models.UniqueConstraint(
                fields=["variant", "user"], condition=Q(told_at=None), name="stocknotification_of_user"
            ),
            models.UniqueConstraint(
                "variant", Lower("email"), condition=Q(told_at=None, user=None), name="stocknotification_of_email"
            ),
        ]
        indexes = [
            models.Index(Lower("email"), condition=Q(user=None), name="stocknotification_email"),
            models.Index(fields=["id"], condition=Q(claimed_at=None), name="stocknotification_waiting"),
            models.Index(fields=["expires_at"], name="stocknotification_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} for {self.user_id or 'an email'}"

    @property
    def address(self) -> str:
        """Where the mail goes."""
        return self.user.email if self.user else self.email

    @property
    def is_confirmed(self) -> bool:
        """Whether it is known that the address is that of the person."""
        return bool(self.user.email_confirmed_at if self.user else self.confirmed_at)

    @property
    def token(self) -> str:
        """The secret of mailed links, which follows from the row and the shop's key and is stored nowhere."""
        return token_of(self.pk)


def token_of(notification_id: int) -> str:
    """The token of a row: its id, and 256 bits."""
    key = settings.TOKEN_SIGNING_KEY
    digest = salted_hmac(SALT, str(notification_id), secret=key, algorithm="sha256").digest()
    return f"{notification_id}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def id_of(token: str) -> int | None:
    """The id of the row that a token opens, or None."""
    number = token.partition(".")[0]
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return int(number) if constant_time_compare(token.encode(), token_of(int(number)).encode()) else None
