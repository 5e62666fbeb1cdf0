"""The address book: what is kept, which address is a default, and what is refused."""

import threading
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from accounts import addresses, leaving
from accounts.models import Address, User
from accounts.tests.factories import PASSWORD, client_of, make_address, make_user
from config.personal_data import export
from database.refusals import Refusal
from events.actors import COMMAND, Actor
from events.models import Event
from tests.threads import at_once

GERMAN = {
    "recipient_name": "Ann Smith",
    "address_line1": "Kastanienallee 1",
    "city": "Berlin",
    "postal_code": "D-10435",
    "country_code": "de",
}
AMERICAN = {
    "recipient_name": "Ann Smith",
    "address_line1": "1 Maple Street",
    "city": "Portland",
    "state": "oregon",
    "postal_code": "97201",
    "country_code": "US",
}
PATH = "/api/v1/users/me/addresses"


@pytest.fixture
def ann(db: None) -> User:
    return make_user(email="ann@example.com", password=PASSWORD)


@pytest.fixture
def client(ann: User) -> APIClient:
    return client_of(ann)


def of(address_id: int) -> str:
    return f"{PATH}/{address_id}"


def test_an_address_is_kept_as_its_country_writes_it(client: APIClient, ann: User) -> None:
    answer = client.post(PATH, GERMAN | {"company": "Smith GmbH", "vat_id": "DE136695976"})

    assert answer.status_code == 201
    kept = Address.objects.get(user=ann)
    document = answer.json()
    assert {name: document[name] for name in ("address_id", "postal_code", "country_code", "state", "version")} == {
        "address_id": kept.pk,
        "postal_code": "10435",
        "country_code": "DE",
        "state": "",
        "version": 1,
    }
    assert client.get(PATH).json()["results"] == [document]
    assert client.get(of(kept.pk)).json() == document
    told = Event.objects.get(kind="user.address_added")
    assert (told.subject, told.payload) == (f"user:{ann.pk}", {"user_id": ann.pk, "address_id": kept.pk})


def test_a_region_is_kept_by_its_code(client: APIClient) -> None:
    assert client.post(PATH, AMERICAN).json()["state"] == "OR"


def test_an_address_that_its_country_would_not_understand_is_refused(client: APIClient) -> None:
    answer = client.post(PATH, AMERICAN | {"state": "Bavaria", "postal_code": "1", "city": ""})

    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [
        ("city", "required"),
        ("state", "unknown_region"),
        ("postal_code", "invalid_postal_code"),
    ]
    assert client.post(PATH, GERMAN | {"country_code": "ZZ"}).json()["errors"][0]["code"] == "unknown_country"
    assert not Address.objects.exists()
    assert not Event.objects.filter(kind="user.address_added").exists()


def test_the_first_address_is_the_default_for_both_and_further_ones_only_when_they_say_so(client: APIClient) -> None:
    first = client.post(PATH, GERMAN).json()
    second = client.post(PATH, AMERICAN).json()
    third = client.post(PATH, AMERICAN | {"is_default_billing": True}).json()

    assert (first["is_default_shipping"], first["is_default_billing"]) == (True, True)
    assert (second["is_default_shipping"], second["is_default_billing"]) == (False, False)
    assert (third["is_default_shipping"], third["is_default_billing"]) == (False, True)
    former = client.get(of(first["address_id"])).json()
    assert (former["is_default_shipping"], former["is_default_billing"], former["version"]) == (True, False, 2)


def test_a_default_is_taken_over_by_an_edit_and_given_up_by_one(client: APIClient) -> None:
    first, second = client.post(PATH, GERMAN).json(), client.post(PATH, AMERICAN).json()

    taken = client.patch(of(second["address_id"]), {"is_default_shipping": True}).json()
    given_up = client.patch(of(first["address_id"]), {"is_default_billing": False}).json()

    assert (taken["is_default_shipping"], taken["is_default_billing"], taken["version"]) == (True, False, 2)
    assert (given_up["is_default_shipping"], given_up["is_default_billing"], given_up["version"]) == (False, False, 3)


def test_the_database_itself_keeps_one_default_each(ann: User) -> None:
    make_address(ann, is_default_shipping=True, is_default_billing=True)
    for default in addresses.DEFAULTS:
        with pytest.raises(IntegrityError), transaction.atomic():
            make_address(ann, **{default: True})
    make_address(make_user(), is_default_shipping=True, is_default_billing=True)


def test_an_edit_is_checked_as_a_whole_and_told_by_the_names_of_its_fields(client: APIClient, ann: User) -> None:
    address = make_address(ann)

    refused = client.patch(of(address.pk), {"country_code": "GB"})
    address.refresh_from_db()
    assert (refused.status_code, address.country_code, address.version) == (400, "US", 1)

    moved = client.patch(of(address.pk), {"country_code": "GB", "postal_code": "sw1a1aa", "state": ""})
    assert (moved.status_code, moved.json()["version"]) == (200, 2)
    told = Event.objects.get(kind="user.address_changed")
    assert told.payload == {
        "user_id": ann.pk,
        "address_id": address.pk,
        "fields": ["country_code", "postal_code", "state"],
    }


def test_an_edit_to_what_is_there_already_changes_nothing(client: APIClient, ann: User) -> None:
    address = make_address(ann)

    answer = client.patch(of(address.pk), {"state": "Oregon", "city": "Portland"})

    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert not Event.objects.filter(kind="user.address_changed").exists()


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_an_outdated_version_is_refused(client: APIClient, ann: User, method: str) -> None:
    address = make_address(ann, version=3)
    body = {"city": "Salem"} if method == "patch" else None

    refused = getattr(client, method)(of(address.pk), body, headers={"If-Match": '"2"'})

    address.refresh_from_db()
    assert (refused.status_code, address.city) == (412, "Portland")
    done = getattr(client, method)(of(address.pk), body, headers={"If-Match": client.get(of(address.pk))["ETag"]})
    assert done.status_code in (200, 204)


def test_a_default_that_is_deleted_leaves_none(client: APIClient, ann: User) -> None:
    first, second = client.post(PATH, GERMAN).json(), client.post(PATH, AMERICAN).json()

    assert client.delete(of(first["address_id"])).status_code == 204

    rest = Address.objects.get(user=ann)
    assert (rest.pk, rest.is_default_shipping, rest.is_default_billing) == (second["address_id"], False, False)
    told = Event.objects.get(kind="user.address_removed")
    assert told.payload == {"user_id": ann.pk, "address_id": first["address_id"]}
    assert client.delete(of(first["address_id"])).status_code == 404


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_an_address_of_somebody_else_is_not_found(client: APIClient, method: str) -> None:
    address = make_address(make_user())

    body = None if method == "delete" else {} if method == "get" else {"city": "Salem"}
    assert getattr(client, method)(of(address.pk), body).status_code == 404
    address.refresh_from_db()
    assert address.city == "Portland"


def test_a_full_book_takes_no_further_address(client: APIClient, ann: User) -> None:
    for _ in range(addresses.MAX_ADDRESSES):
        make_address(ann)

    answer = client.post(PATH, GERMAN)

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_addresses")
    assert Address.objects.filter(user=ann).count() == addresses.MAX_ADDRESSES


def test_a_repeated_post_with_a_key_adds_one_address(client: APIClient) -> None:
    first = client.post(PATH, GERMAN, headers={"Idempotency-Key": "one"})
    again = client.post(PATH, GERMAN, headers={"Idempotency-Key": "one"})

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Address.objects.count() == 1


def test_addresses_are_listed_newest_first(client: APIClient, ann: User) -> None:
    kept = [make_address(ann).pk for _ in range(3)]

    listed = client.get(PATH, {"page_size": 2}).json()

    assert [row["address_id"] for row in listed["results"]] == kept[:0:-1]
    assert [row["address_id"] for row in client.get(listed["next"]).json()["results"]] == kept[:1]


def test_a_person_who_is_forgotten_has_no_addresses_and_an_export_has_them_all(ann: User) -> None:
    address = make_address(ann, company="Smith & Co", is_default_billing=True)
    make_address(other := make_user())

    [exported] = export(ann)["accounts.Address"]
    assert (exported["company"], exported["city"], exported["is_default_billing"]) == ("Smith & Co", "Portland", True)

    leaving.anonymise_user(user_id=ann.pk, actor=COMMAND)

    assert not Address.objects.filter(pk=address.pk).exists()
    assert Address.objects.filter(user=other).count() == 1
    with pytest.raises(Refusal):
        addresses.add_address(user_id=ann.pk, actor=Actor(ann.pk, "api"), **GERMAN)


def test_staff_see_the_book_of_a_customer(ann: User, staff_pages: Any) -> None:
    make_address(ann, company="Smith & Co", is_default_shipping=True)

    page = staff_pages("administrator").get(f"/admin/accounts/user/{ann.pk}/change/").content.decode()

    assert "Smith &amp; Co" in page
    assert "1 Maple Street, 97201, Portland, OR, US" in page
    assert '<span class="badge">parcels</span>' in page


@pytest.mark.django_db(transaction=True)
def test_two_that_become_the_default_at_once_leave_one() -> None:
    ann = make_user()

    answers = become_default_at_once(ann)

    assert [type(answer) for answer in answers] == [Address, Address]
    assert Address.objects.filter(user=ann, is_default_shipping=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_the_index_refuses_one_of_the_two(monkeypatch: Any) -> None:
    ann = make_user()
    take_defaults, meet = addresses.take_defaults, threading.Barrier(2, timeout=30)

    def take_together(address: Address) -> None:
        take_defaults(address)
        meet.wait()

    monkeypatch.setattr(addresses, "locked_user", lambda user_id: None)
    monkeypatch.setattr(addresses, "take_defaults", take_together)

    answers = become_default_at_once(ann)

    assert {type(answer) for answer in answers} == {Address, IntegrityError}


def become_default_at_once(ann: User) -> list[Any]:
    """What two edits answered or raised that make two addresses of a person the default at the same moment."""
    changes = {"is_default_shipping": True}
    edit = partial(addresses.update_address, user_id=ann.pk, changes=changes, actor=Actor(ann.pk, "api"))
    return at_once([partial(edit, address_id=make_address(ann).pk) for _ in range(2)])
