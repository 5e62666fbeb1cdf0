"""People for tests, and clients that carry real tokens of real sessions."""

from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from rest_framework.test import APIClient

from accounts.models import User
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


def client_of(user: User) -> APIClient:
    """A client that is signed in with a session of its own."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {start_session(user_id=user.pk).access_token}")
    return client
