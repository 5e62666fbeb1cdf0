"""The keys of programs."""

from datetime import timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

ENDS_SOON = timedelta(weeks=2)
MAX_REASON = 200


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Questions about sets of keys."""

    def live(self) -> Self:
        """Keys that are neither revoked nor expired. Only these work."""
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=Now()), revoked_at=None)

    def in_state(self, state: str) -> Self:
        """Keys that are "live", "expired" or "revoked", of which the last counts before the second."""
        if state == "live":
            return self.live()
        if state == "revoked":
            return self.filter(revoked_at__isnull=False)
        return self.filter(expires_at__lte=Now(), revoked_at=None)

    def ending(self) -> Self:
        """Live keys that end within two weeks, the next one first."""
        return self.live().filter(expires_at__lt=Now() + ENDS_SOON).order_by("expires_at")


class ApiKey(models.Model):
    """A key with which a program calls the API for the shop. Of the key itself only a digest is kept.

    A secret key does what its scopes say (accounts.scopes). A publishable one names a storefront and opens nothing.
    It belongs to the shop and not to whoever made it: it stays when they leave.
    """

    class Kind(models.TextChoices):
        """What a key is for."""

        SECRET = "secret"  # noqa: S105  # the name of a kind
        PUBLISHABLE = "publishable"

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    # The first characters of the key, by which people and the look-up know it.
    prefix = models.CharField(max_length=15, unique=True)
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of the whole key.")
    scopes = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    # Null for a key that a command has made.
    created_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    # Right to a minute: a key is marked as used once in so long.
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=MAX_REASON, blank=True, default="", db_default="")

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="secret") | models.Q(scopes__len=0), name="api_key_publishable_opens_nothing"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """Whether it is "live", "expired" or "revoked", of which the last counts before the second."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= timezone.now() else "live"
