"""What pages of staff call those who did something: a name for who may see people, and nobody's data for others."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.leaving import anonymise_user
from accounts.models import User
from accounts.names import names_of
from accounts.tests.factories import make_user
from events.actors import COMMAND

pytestmark = pytest.mark.django_db


def asked_by(rf: Any, *groups: str) -> Any:
    request = rf.get("/admin/")
    request.user = make_user(is_staff=True, groups=groups)
    return request


def link(user: User, name: str) -> str:
    return f'<a href="/admin/accounts/user/{user.pk}/change/">{name}</a>'


def test_who_may_see_people_reads_names_that_lead_to_them(rf: Any) -> None:
    ada, bob = make_user(first_name="Ada", last_name="Young"), make_user(first_name="Bob", last_name="", is_staff=True)

    names = names_of(asked_by(rf, "order desk"), [f"customer:{ada.pk}", f"staff:{bob.pk}", "system"])

    assert names == {f"customer:{ada.pk}": link(ada, "Ada Young"), f"staff:{bob.pk}": link(bob, "Bob")}


def test_who_may_not_see_people_reads_the_email_of_a_colleague_and_nothing_of_a_customer(rf: Any) -> None:
    ada, bob = make_user(), make_user(is_staff=True, email="bob@example.com")

    names = names_of(asked_by(rf, "stock keeper"), [f"customer:{ada.pk}", f"staff:{bob.pk}", "system"])

    assert names == {f"staff:{bob.pk}": "bob@example.com"}


def test_a_person_without_a_name_is_called_by_email(rf: Any) -> None:
    ada = make_user(email="ada@example.com")
    anonymise_user(user_id=ada.pk, actor=COMMAND)

    names = names_of(asked_by(rf, "order desk"), [f"customer:{ada.pk}"])

    assert names == {f"customer:{ada.pk}": link(ada, f"anonymised-{ada.pk}@invalid.invalid")}


def test_a_name_cannot_be_markup(rf: Any) -> None:
    eve = make_user(first_name="<b>Eve", last_name="")

    names = names_of(asked_by(rf, "order desk"), [f"customer:{eve.pk}"])

    assert names[f"customer:{eve.pk}"] == link(eve, "&lt;b&gt;Eve")


@pytest.mark.parametrize("actor", ["customer:999999999", "customer:", "customer:1x", f"staff:{'9' * 40}", "", "system"])
def test_who_is_nobody_has_no_name(rf: Any, actor: str) -> None:
    assert names_of(asked_by(rf, "order desk"), [actor]) == {}


def test_many_are_looked_up_in_one_statement(rf: Any) -> None:
    request = asked_by(rf, "order desk")
    actors = [f"customer:{make_user().pk}" for _ in range(30)]
    names_of(request, [])  # reads what the asker may do

    with CaptureQueriesContext(connection) as captured:
        names = names_of(request, actors * 2)

    assert (len(names), len(captured)) == (30, 1)
