"""People and their devices for tests, and clients that carry real tokens of real sessions."""

from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework.test import APIClient

from accounts.models import Address, User
from accounts.sessions import start_session

PASSWORD = "correct horse battery"
numbers = count(1)


def make_user(*, password: str | None = None, groups: tuple[str, ...] = (), **fields: Any) -> User:
    """A customer unless `fields` say otherwise. Without a password nobody can log in as them, which is faster."""
    number = next(numbers)
    user = User(
        **{"email": f"person{number}@example.com", "first_name": "Ada", "last_name": f"Person {number}"} | fields
    )
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    user.save()
    user.groups.set(Group.objects.filter(name__in=groups))
    assert user.groups.count() == len(groups)
    return User.objects.get(pk=user.pk)


def make_address(user: User, **fields: Any) -> Address:
    """An address in the person's book, and no default unless `fields` say so."""
    usual = {
        "recipient_name": "Ada Almeida",
        "address_line1": "1 Maple Street",
        "city": "Portland",
        "state": "OR",
        "postal_code": "97201",
        "country_code": "US",
    }
    return Address.objects.create(user=user, **usual | fields)


def client_of(user: User) -> APIClient:
    """A client that is signed in with a session of its own."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {start_session(user_id=user.pk).access_token}")
    return client


def make_clerk() -> User:
    """A member of staff who may see people."""
    return make_user(password=PASSWORD, is_staff=True, groups=("administrator",))


def give_phone(user: User) -> TOTPDevice:
    """A device that shows a code every half a minute."""
    return TOTPDevice.objects.create(user=user, name="phone")


def give_paper(user: User, *codes: str) -> StaticDevice:
    """A device whose codes stand on paper."""
    paper = StaticDevice.objects.create(user=user, name="paper")
    for code in codes:
        paper.token_set.create(token=code)
    return paper


def code_of(phone: TOTPDevice) -> str:
    """What the phone shows now."""
    return f"{totp(phone.bin_key, phone.step, phone.t0, phone.digits, phone.drift):06}"


def wrong_code_of(phone: TOTPDevice) -> str:
    """A code that is none of this time, and none of the times beside it."""
    near = {totp(phone.bin_key, phone.step, phone.t0, phone.digits, drift) for drift in range(-3, 4)}
    return next(f"{guess:06}" for guess in range(10) if guess not in near)
