"""Nobody gives what they do not hold: rights, and the accounts that hold any, are a matter of administrators."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import leaving, services
from accounts.exceptions import AdministratorsOnly
from accounts.models import Session, User
from accounts.sessions import start_session
from accounts.tests.factories import PASSWORD, client_of, make_user
from events.actors import COMMAND, Actor
from events.models import Event
from staff.tests.pages import form_on, send

pytestmark = pytest.mark.django_db
USERS = "/admin/accounts/user/"
NEW = "another good password 7"
# A form as it is sent by hand, with everything that the page does not offer.
FORGED = {"is_active": "on", "is_staff": "on", "is_superuser": "on", "email": "mine@example.com"}


@pytest.fixture
def manager(staff_pages: Callable[..., Any]) -> Any:
    """Somebody who may change people, and is no superuser."""
    return staff_pages("administrator")


def page_of(user: User) -> str:
    return f"{USERS}{user.pk}/change/"


def state_of(user: User) -> dict[str, Any]:
    """Everything about an account that somebody else might want to change."""
    return User.objects.filter(pk=user.pk).values().get() | {
        "groups": sorted(User.groups.through.objects.filter(user_id=user.pk).values_list("group__name", flat=True)),
        "sessions": Session.objects.live().filter(user=user).count(),
        "events": Event.objects.filter(subject=f"user:{user.pk}").count(),
    }


def every_group() -> list[str]:
    return [str(pk) for pk in Group.objects.values_list("pk", flat=True)]


def access(user: User, **changes: Any) -> dict[str, Any]:
    now = {name: getattr(user, name) for name in ("is_active", "is_staff", "is_superuser")}
    return {"user_id": user.pk, "groups": [group.pk for group in user.groups.all()]} | now | changes


GIVEN: dict[str, Callable[[], dict[str, Any]]] = {
    "works here": lambda: {"is_staff": True},
    "superuser": lambda: {"is_superuser": True},
    "a group": lambda: {"groups": [Group.objects.get(name="order desk").pk]},
}


@pytest.mark.parametrize("given", GIVEN)
def test_rights_are_given_by_administrators_only(given: str) -> None:
    customer, manager = make_user(), make_user(is_staff=True, groups=("administrator",))
    boss = make_user(is_staff=True, is_superuser=True)
    before = state_of(customer)

    with pytest.raises(AdministratorsOnly):
        services.set_access(actor=Actor(manager.pk, "admin", is_staff=True), **access(customer, **GIVEN[given]()))
    assert state_of(customer) == before

    services.set_access(actor=Actor(boss.pk, "admin", is_staff=True), **access(customer, **GIVEN[given]()))
    assert state_of(customer) != before


def test_a_superuser_who_may_not_sign_in_any_more_gives_nothing() -> None:
    customer, gone = make_user(), make_user(is_staff=True, is_superuser=True, is_active=False)

    with pytest.raises(AdministratorsOnly):
        services.set_access(actor=Actor(gone.pk, "admin", is_staff=True), **access(customer, is_staff=True))

    assert not User.objects.get(pk=customer.pk).is_staff


def test_staff_who_edit_people_let_a_customer_sign_in_or_not(manager: Any) -> None:
    customer = make_user()
    start_session(user_id=customer.pk)

    send(manager, page_of(customer), "first_name", is_active=[])

    assert (state_of(customer)["is_active"], state_of(customer)["sessions"]) == (False, 0)


def test_the_page_of_a_customer_offers_no_rights_to_give_and_takes_none(manager: Any) -> None:
    customer = make_user()
    form = form_on(manager, page_of(customer), "first_name")
    assert {"is_staff", "is_superuser", "groups"}.isdisjoint(form)
    assert {"email", "city", "is_active"} <= form.keys()

    manager.post(page_of(customer), form | FORGED | {"groups": every_group(), "city": "Oslo"})

    after = state_of(customer)
    assert (after["is_staff"], after["is_superuser"], after["groups"]) == (False, False, [])
    assert (after["city"], after["email"]) == ("Oslo", "mine@example.com")


@pytest.mark.parametrize(
    "rights",
    [{"is_superuser": True}, {"groups": ("administrator",)}, {"groups": ("order desk",)}, {"is_active": False}],
)
def test_a_colleagues_account_is_looked_at_and_not_changed(manager: Any, rights: dict[str, Any]) -> None:
    colleague = make_user(is_staff=True, password=PASSWORD, **rights)
    start_session(user_id=colleague.pk)
    session = Session.objects.get(user=colleague)
    before, actor = state_of(colleague), Actor(manager.user.pk, "admin", is_staff=True)

    page = manager.get(page_of(colleague))
    assert page.status_code == 200
    assert b'name="email"' not in page.content
    assert b"Set password" not in page.content
    assert manager.post(page_of(colleague), FORGED | {"groups": every_group()}).status_code == 403
    assert manager.post(f"{USERS}{colleague.pk}/password/", {"password": NEW}).status_code == 404
    assert manager.post(f"{USERS}{colleague.pk}/anonymise/", {"sure": "on"}).status_code == 404
    assert manager.post(f"{USERS}{colleague.pk}/sessions/{session.pk}/end/").status_code == 404
    for change in (
        lambda: services.update_user(user_id=colleague.pk, changes={"email": "mine@example.com"}, actor=actor),
        lambda: services.update_user(user_id=colleague.pk, changes={"city": "Oslo"}, actor=actor),
        lambda: services.set_password(user=User.objects.get(pk=colleague.pk), password=NEW, actor=actor),
        lambda: services.set_access(actor=actor, **access(colleague)),
        lambda: leaving.anonymise_user(user_id=colleague.pk, actor=actor),
    ):
        with pytest.raises(AdministratorsOnly):
            change()

    assert state_of(colleague) == before


def test_administrators_change_the_accounts_of_staff(staff_pages: Callable[..., Any]) -> None:
    boss, colleague = staff_pages(), make_user(is_staff=True, groups=("order desk",))

    send(boss, page_of(colleague), "first_name", email="moved@example.com", groups=[])
    send(boss, f"{USERS}{colleague.pk}/password/", "password", password=NEW)

    colleague = User.objects.get(pk=colleague.pk)
    assert (colleague.email, colleague.groups.count()) == ("moved@example.com", 0)
    assert colleague.check_password(NEW)


def test_ones_own_page_takes_the_profile_and_nothing_that_decides_who_one_is(manager: Any) -> None:
    before = state_of(manager.user)
    form = form_on(manager, page_of(manager.user), "first_name")
    assert {"is_active", "is_staff", "is_superuser", "groups", "email"}.isdisjoint(form)

    answer = manager.post(page_of(manager.user), form | FORGED | {"groups": every_group(), "city": "Oslo"})

    assert answer.status_code == 302
    changed = {"city": "Oslo", "version": 2, "events": before["events"] + 1}
    assert state_of(manager.user) | {"updated_at": None} == before | {"updated_at": None} | changed


def test_the_services_refuse_ones_own_rights_and_an_email_without_the_password(manager: Any) -> None:
    before, actor = state_of(manager.user), Actor(manager.user.pk, "admin", is_staff=True)

    tries: list[dict[str, Any]] = [{"is_superuser": True}, {"groups": list(map(int, every_group()))}, {"groups": []}]
    for changes in tries:
        with pytest.raises(AdministratorsOnly):
            services.set_access(actor=actor, **access(manager.user, **changes))
    with pytest.raises(AdministratorsOnly):
        services.update_user(user_id=manager.user.pk, changes={"email": "mine@example.com"}, actor=actor)

    assert state_of(manager.user) == before


@pytest.mark.parametrize("groups", [(), ("administrator",)])
def test_ones_own_password_is_changed_where_the_old_one_is_asked_for(
    staff_pages: Callable[..., Any], groups: tuple[str, ...]
) -> None:
    pages = staff_pages(*groups)
    before = state_of(pages.user)

    answer = pages.post(f"{USERS}{pages.user.pk}/password/", {"password": NEW})

    assert answer.headers["Location"] == "/admin/password_change/"
    assert state_of(pages.user) == before


def test_through_the_api_staff_change_their_own_email_with_their_password_and_no_colleague() -> None:
    staff = make_user(is_staff=True, groups=("administrator",), password=PASSWORD)
    colleague, client = make_user(is_staff=True), client_of(staff)
    before = state_of(colleague)

    refused = client.patch(f"/api/v1/users/{colleague.pk}", {"email": "mine@example.com"})
    own = client.patch(f"/api/v1/users/{staff.pk}", {"email": "new@example.com", "current_password": PASSWORD})

    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert refused.json()["detail"] == "Accounts of staff are edited by administrators."
    assert state_of(colleague) == before
    assert (own.status_code, own.data["email"]) == (200, "new@example.com")


def test_a_command_and_nobody_else_makes_an_account_of_staff_without_an_administrator() -> None:
    manager = make_user(is_staff=True, groups=("administrator",))

    def newcomer(email: str) -> User:
        return User(email=email, first_name="A", last_name="B", is_staff=True)

    for actor in (Actor(manager.pk, "admin", is_staff=True), None):
        with pytest.raises(AdministratorsOnly):
            services.save_new_user(newcomer("a@example.com"), actor=actor)
    assert User.objects.count() == 1

    assert services.save_new_user(newcomer("b@example.com"), actor=COMMAND).pk


@pytest.mark.parametrize("place", ["auth/group", "otp_totp/totpdevice", "otp_static/staticdevice"])
def test_groups_and_second_factors_are_for_administrators_whatever_permission_one_has(
    staff_pages: Callable[..., Any], place: str
) -> None:
    boss, manager = staff_pages(), staff_pages("administrator")
    manager.user.user_permissions.set(Permission.objects.all())
    Group.objects.create(name="interns")
    colleague = make_user(is_staff=True)
    TOTPDevice.objects.create(user=colleague, name="phone")
    StaticDevice.objects.create(user=colleague, name="paper")
    model = {"auth/group": Group, "otp_totp/totpdevice": TOTPDevice, "otp_static/staticdevice": StaticDevice}[place]
    row, rows = model._default_manager.latest("pk"), model._default_manager.count()
    before = model._default_manager.filter(pk=row.pk).values().get()
    permissions = Group.permissions.through.objects.count()
    pages = [
        f"/admin/{place}/",
        f"/admin/{place}/add/",
        *(f"/admin/{place}/{row.pk}/{verb}/" for verb in ("change", "delete")),
    ]
    if model is TOTPDevice:
        pages += [f"/admin/{place}/{row.pk}/{verb}/" for verb in ("config", "qrcode")]

    sent = {
        "name": "mine",
        "permissions": [str(pk) for pk in Permission.objects.values_list("pk", flat=True)],
        "post": "yes",
    }
    assert {manager.get(page).status_code for page in pages} == {403}
    assert {manager.post(page, sent).status_code for page in pages} == {403}

    assert model._default_manager.count() == rows
    assert model._default_manager.filter(pk=row.pk).values().get() == before
    assert Group.permissions.through.objects.count() == permissions
    assert {boss.get(page).status_code for page in pages} == {200}
    assert f"/admin/{place}/" not in manager.get("/admin/").content.decode()
