"""People, their addresses, what staff note about them, and their sessions."""

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower, Now, Upper
from django.db.models.lookups import Exact

from accounts.hashers import normalised, spellings_of
from accounts.key_rows import ApiKey as ApiKey
from database.text import forms_of_email, refuse_links


class UserManager(BaseUserManager["User"]):
    """Finds and makes users by their email."""

    def get_by_natural_key(self, email: str | None) -> "User":
        """The user of an email in any case, for Django's own login. Raises DoesNotExist."""
        return self.with_email(email or "").get()

    def with_email(self, email: str) -> models.QuerySet["User"]:
        """The user of an email in any case and in each form of its domain, as a queryset of at most one.

        Only accounts from before the forms of a domain were one can be two. The comparison is by `lower(email)`, as in
        the unique index. Django's `iexact` compares by `upper(email)`, for which there is no index.
        """
        is_it = models.Q()
        for form in forms_of_email(email):
            is_it |= models.Q(Exact(Lower("email"), Lower(models.Value(form))))
        return self.filter(is_it)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save a user with this password, or with none that works. For Django's own code and tests: no event tells."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """As create_user, for an administrator."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A customer, or a member of staff. Groups and permissions decide what staff may do."""

    class Role(models.TextChoices):
        """The two kinds of users that the API tells apart."""

        CUSTOMER = "customer"
        ADMIN = "admin"

    email = models.EmailField(max_length=254)
    first_name = models.CharField(max_length=100, validators=[refuse_links])
    last_name = models.CharField(max_length=100, validators=[refuse_links])
    phone = models.CharField(max_length=32, blank=True)
    address_line1 = models.CharField(max_length=200, blank=True)
    address_line2 = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    # When the person last showed that the mailbox of the present email is theirs; null: not yet.
    email_confirmed_at = models.DateTimeField(null=True, editable=False)
    anonymised_at = models.DateTimeField(null=True, editable=False)
    leaving_at = models.DateTimeField(null=True, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["first_name", "last_name"]
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique",
                violation_error_code="email_taken",
                violation_error_message="Another account has this email.",
            )
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="user_newest"),
            # For a part of a name or an email, in any case.
            GinIndex(
                *(OpClass(Upper(field), "gin_trgm_ops") for field in ("email", "first_name", "last_name")),
                name="user_search",
            ),
            models.Index(fields=["leaving_at"], condition=models.Q(leaving_at__isnull=False), name="user_leaving"),
        ]

    def __str__(self) -> str:
        return self.email

    def set_password(self, raw_password: str | None) -> None:
        """Set the hash of a password, without saving. All spellings of one password have one hash (hashers)."""
        super().set_password(None if raw_password is None else normalised(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        """Whether the password is the user's, in whatever spelling, for Django's own code and tests."""
        spellings = spellings_of(raw_password) if raw_password is not None else ()
        return any(super(User, self).check_password(spelling) for spelling in spellings)

    @property
    def full_name(self) -> str:
        """First and last name; empty for a person who has none."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def erase_at(self) -> datetime | None:
        """The moment from which the account of a person who leaves is erased; None for a person who stays."""
        if self.leaving_at is None or self.anonymised_at is not None:
            return None
        return self.leaving_at + timedelta(days=settings.ERASE_AFTER_DAYS)

    @property
    def role(self) -> "User.Role":
        """Staff are `admin` in the API, whatever their groups let them do."""
        return self.Role.ADMIN if self.is_staff else self.Role.CUSTOMER


class FormerEmail(models.Model):
    """An email that a person had until lately. What changes about the account is told there too (accounts.tasks).

    The address stands here and not in the journal, which more people read, and which keeps what it has.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="former_emails")
    email = models.EmailField(max_length=254)
    replaced_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.email


class Address(models.Model):
    """An address of a person's address book, written as its country writes addresses (accounts.countries).

    At most one of a person's is the default for parcels, and one for bills. Orders copy what they need.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    recipient_name = models.CharField(max_length=201, validators=[refuse_links])
    company = models.CharField(max_length=200, blank=True)
    vat_id = models.CharField(max_length=20, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    address_line1 = models.CharField(max_length=200, blank=True)
    address_line2 = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country_code = models.CharField(max_length=2)
    is_default_shipping = models.BooleanField(default=False)
    is_default_billing = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(is_default_shipping=True),
                name="address_one_default_shipping",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(is_default_billing=True),
                name="address_one_default_billing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_name}, {self.in_one_line}"

    @property
    def in_one_line(self) -> str:
        """The address without its recipient, on one line."""
        parts = (self.address_line1, self.address_line2, self.postal_code, self.city, self.state, self.country_code)
        return ", ".join(filter(None, parts))


class StaffNote(models.Model):
    """What staff write down for each other about an order or a customer. Buyers never read it.

    `subject` names what it is about as the journal does: "order:7" or "user:3".
    """

    subject = models.CharField(max_length=64)
    text = models.CharField(max_length=2000)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    mentioned = models.ManyToManyField(User, related_name="mentioned_in", blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["subject", "id"], name="staffnote_of_subject")]

    def __str__(self) -> str:
        return self.text[:80]


class SessionQuerySet(models.QuerySet["Session"]):
    """Questions about sets of sessions."""

    def live(self) -> Self:
        """Sessions that have neither ended nor expired. Only their tokens work."""
        return self.filter(revoked_at=None, expires_at__gt=Now())


class Session(models.Model):
    """One login, from password to logout, and all tokens that descend from that login.

    It ends at `expires_at`, which use puts off: a refresh, or a page. No use puts it off beyond the absolute end.
    Every token carries the session's id (`sid`). `refresh_jti` is the id of the only refresh token that may be used
    next, and `previous_jti` that of the token that was exchanged for it at `refreshed_at`. An older refresh token that
    comes back has been copied, and ends the session.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    refresh_jti = models.UUIDField()
    previous_jti = models.UUIDField(null=True)
    # "api", or "admin" for a session of the pages of staff, which has no tokens (accounts.page_sessions).
    channel = models.CharField(max_length=8, db_default="api")
    user_agent = models.CharField(max_length=200, blank=True)
    # The device whose code began the session, by django-otp's `persistent_id`; empty when no code was asked for.
    otp_device = models.CharField(max_length=100, blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    refreshed_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=32, blank=True)

    objects = SessionQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.id)
