"""The table of idempotency keys with the first answer that each has earned."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class IdempotencyKey(models.Model):
    """The answer that a key has earned, written in the transaction of the effect: neither exists without the other.

    A key belongs to a user, or to an `owner` that is none: "cart:…". Keys of users stay in their own column, so that
    those of before there were other owners need no rewriting.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    owner = models.CharField(max_length=80, null=True)
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the request's body.")
    status = models.SmallIntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_unique"),
            models.UniqueConstraint(
                fields=["owner", "key"], condition=models.Q(owner__isnull=False), name="idempotency_key_of_owner"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
