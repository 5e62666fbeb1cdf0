"""People in the admin: who may change whom, and that everything goes through the services."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group

from accounts.models import Session, User
from accounts.sessions import start_session
from accounts.tests.factories import PASSWORD, make_user
from events.models import Event
from staff.tests.pages import errors_of, form_on, messages_of, send

pytestmark = pytest.mark.django_db
USERS = "/admin/accounts/user/"


@pytest.fixture
def manager(staff_pages: Callable[..., Any]) -> Any:
    return staff_pages("administrator")


def page_of(user: User) -> str:
    return f"{USERS}{user.pk}/change/"


def test_a_person_is_added_and_can_log_in(manager: Any, api: Any) -> None:
    sent = {"email": "New@example.com", "password": PASSWORD, "first_name": "New", "last_name": "Person"}

    send(manager, f"{USERS}add/", "first_name", **sent)

    answer = api.post("/api/v1/users/login", {"email": "new@example.com", "password": PASSWORD})
    assert answer.status_code == 200
    event = Event.objects.get(kind="user.registered")
    assert (event.actor, event.channel) == (f"staff:{manager.user.pk}", "admin")


@pytest.mark.parametrize(("name", "value"), [("email", "TAKEN@example.com"), ("password", "short")])
def test_a_taken_email_and_a_weak_password_are_refused(manager: Any, name: str, value: str) -> None:
    make_user(email="taken@example.com")
    sent = {"email": "new@example.com", "password": PASSWORD, "first_name": "New", "last_name": "Person"}

    answer = send(manager, f"{USERS}add/", "first_name", **sent | {name: value})

    assert errors_of(answer)
    assert "onstraint" not in errors_of(answer)
    assert User.objects.count() == 2


def test_a_profile_is_edited(manager: Any) -> None:
    customer = make_user()

    send(manager, page_of(customer), "first_name", city="Oslo", email="moved@example.com")

    customer.refresh_from_db()
    assert (customer.city, customer.email, customer.version) == ("Oslo", "moved@example.com", 2)


def test_somebody_becomes_staff_and_their_sessions_end(staff_pages: Callable[..., Any]) -> None:
    boss, person = staff_pages(), make_user()
    start_session(user_id=person.pk)
    group = Group.objects.get(name="stock keeper")

    send(boss, page_of(person), "first_name", is_staff="on", groups=[str(group.pk)])

    person.refresh_from_db()
    assert (person.is_staff, list(person.groups.all())) == (True, [group])
    assert not Session.objects.live().filter(user=person).exists()
    assert Event.objects.latest("pk").kind == "user.access_changed"


def test_only_a_superuser_makes_superusers_or_changes_one(manager: Any, staff_pages: Callable[..., Any]) -> None:
    boss, person = staff_pages(), make_user()

    send(manager, page_of(person), "first_name", is_superuser="on", city="Oslo")
    person.refresh_from_db()
    assert (person.is_superuser, person.city) == (False, "Oslo")

    assert manager.post(page_of(boss.user), {"email": "mine@example.com"}).status_code == 403
    assert manager.get(f"{USERS}{boss.user.pk}/password/").status_code == 404

    send(boss, page_of(person), "first_name", is_superuser="on")
    person.refresh_from_db()
    assert person.is_superuser


@pytest.mark.parametrize("box", ["is_superuser", "is_active"])
def test_the_last_administrator_stays(staff_pages: Callable[..., Any], box: str) -> None:
    boss = staff_pages()

    answer = send(boss, page_of(boss.user), "first_name", **{box: []})

    assert "administrator" in errors_of(answer)
    boss.user.refresh_from_db()
    assert (boss.user.is_superuser, boss.user.is_active) == (True, True)


def test_a_new_password_ends_the_sessions(manager: Any) -> None:
    customer = make_user()
    start_session(user_id=customer.pk)
    url = f"{USERS}{customer.pk}/password/"

    weak = send(manager, url, "password", password="short")
    send(manager, url, "password", password=PASSWORD)

    assert errors_of(weak)
    customer.refresh_from_db()
    assert customer.check_password(PASSWORD)
    assert not Session.objects.live().filter(user=customer).exists()


def test_a_session_is_ended_by_its_button(manager: Any) -> None:
    customer, other = make_user(), make_user()
    start_session(user_id=customer.pk)
    session = Session.objects.get(user=customer)
    assert b"Live sessions" in manager.get(page_of(customer)).content

    stranger = manager.post(f"{USERS}{other.pk}/sessions/{session.pk}/end/")
    manager.post(f"{USERS}{customer.pk}/sessions/{session.pk}/end/")

    session.refresh_from_db()
    assert stranger.status_code == 404
    assert session.revoked_reason == "ended_by_staff"


def test_a_person_is_forgotten_after_asking_twice(manager: Any) -> None:
    customer = make_user(email="ann@example.com", first_name="Ann", city="Oslo")
    start_session(user_id=customer.pk)
    page = f"{USERS}{customer.pk}/anonymise/"

    unsure = send(manager, page, "sure")
    customer.refresh_from_db()
    assert "This field is required" in errors_of(unsure)
    assert (customer.email, customer.anonymised_at) == ("ann@example.com", None)

    sure = send(manager, page, "sure", sure="on")

    customer.refresh_from_db()
    assert messages_of(sure) == ["The person is forgotten; their orders stay in the books."]
    assert customer.anonymised_at is not None
    assert "ann" not in f"{customer.email}{customer.first_name}{customer.city}".lower()
    assert not Session.objects.live().filter(user=customer).exists()
    event = Event.objects.get(kind="user.anonymised")
    assert (event.actor, event.channel) == (f"staff:{manager.user.pk}", "admin")
    assert manager.get(page).status_code == 404


def test_nobody_forgets_the_last_administrator(staff_pages: Callable[..., Any]) -> None:
    boss, clerk = staff_pages(), staff_pages("administrator")
    boss.user.set_password(PASSWORD)
    boss.user.save()
    boss.force_login(boss.user)

    answer = send(boss, f"{USERS}{boss.user.pk}/anonymise/", "current_password", current_password=PASSWORD)

    assert "The last administrator cannot leave" in errors_of(answer)
    assert clerk.post(f"{USERS}{boss.user.pk}/anonymise/", {"sure": "on"}).status_code == 404
    boss.user.refresh_from_db()
    assert (boss.user.leaving_at, boss.user.anonymised_at) == (None, None)


def test_the_order_desk_looks_at_people_and_changes_nobody(staff_pages: Callable[..., Any]) -> None:
    desk, customer = staff_pages("order desk"), make_user()
    start_session(user_id=customer.pk)

    page = desk.get(page_of(customer))

    assert page.status_code == 200
    assert b"?user=" in page.content
    assert b">End<" not in page.content
    assert desk.post(page_of(customer), {"city": "Oslo"}).status_code == 403
    assert desk.get(f"{USERS}{customer.pk}/password/").status_code == 403
    assert desk.get(f"{USERS}add/").status_code == 403


def test_a_password_is_never_shown(manager: Any) -> None:
    customer = make_user(password=PASSWORD)

    page = manager.get(page_of(customer)).content.decode()

    assert customer.password not in page
    assert "password" not in form_on(manager, page_of(customer), "first_name")


def test_people_are_listed_with_their_roles(manager: Any) -> None:
    make_user(is_staff=True, groups=("stock keeper",))
    make_user(is_staff=True)

    page = manager.get(USERS).content.decode()

    assert "stock keeper" in page
    assert manager.get(f"{USERS}999999/history/").status_code == 404
