"""The list of people: who is let through by which parameter, and what is refused."""

from typing import Any

import pytest

from accounts.tests.factories import client_of, make_user

USERS = "/api/v1/users"


@pytest.mark.django_db
def test_the_list_is_for_staff_and_filters() -> None:
    make_user(first_name="Grace", email="grace@navy.example", city="Arlington", country="US")
    make_user(first_name="Alan", city="London", country="UK")
    admin = client_of(make_user(is_staff=True, is_superuser=True, first_name="Root"))

    def names(**query: str) -> list[str]:
        return [user["first_name"] for user in admin.get(USERS, query).data["results"]]

    assert names() == ["Root", "Alan", "Grace"]
    assert names(search="grace NAVY") == ["Grace"]
    assert names(city="london") == ["Alan"]
    assert names(country="us") == ["Grace"]
    assert names(role="admin") == ["Root"]
    assert names(role="customer", page_size="1") == ["Alan"]
    assert admin.get(USERS, {"role": "boss"}).status_code == 400
    assert admin.get(USERS, {"count": "exact"}).data["count"] == 3


@pytest.mark.django_db
def test_of_a_repeated_parameter_one_value_must_hold(as_admin: Any) -> None:
    make_user(first_name="Grace", city="Arlington", country="US")
    make_user(first_name="Alan", city="London", country="UK")
    make_user(first_name="Edsger", city="Austin", country="US")

    def names(query: str) -> list[str]:
        return [user["first_name"] for user in as_admin.get(f"{USERS}?role=customer&{query}").data["results"]]

    assert names("city=london&city=AUSTIN") == ["Edsger", "Alan"]
    assert names("country=us&country=uk&city=Arlington&city=London") == ["Alan", "Grace"]
    assert names("role=admin&city=London") == ["Alan"]
    assert names("city=Rome&city=Oslo") == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("search=a&search=b", "search", "repeated"),
        ("role=customer&role=boss", "role", "invalid_choice"),
        ("is_superuser=true", "is_superuser", "unknown_parameter"),
        ("password__startswith=bcrypt", "password__startswith", "unknown_parameter"),
        ("skip=20", "skip", "unknown_parameter"),
    ],
)
def test_what_the_list_does_not_take_is_refused(as_admin: Any, query: str, field: str, code: str) -> None:
    answer = as_admin.get(f"{USERS}?{query}")
    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/me", "/1"])
def test_a_single_person_takes_no_parameters(as_admin: Any, path: str) -> None:
    answer = as_admin.get(f"{USERS}{path}?search=ada")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
