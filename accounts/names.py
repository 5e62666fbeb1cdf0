"""Names for the actors of ledgers and journals ("staff:3"), for the pages on which staff read both."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.models import ApiKey, User

KEY = re.compile(r"key:([0-9]{1,18})")
PERSON = re.compile(r"(staff|customer):([0-9]{1,18})")


def names_of(request: HttpRequest, actors: Iterable[str]) -> dict[str, str]:
    """The names of those actors who are people or keys, by actor. Reads all people in one statement, and all keys.

    Staff who may see people get names that link to the person's page. Other staff get the email of a colleague and
    nothing for a customer, since moving goods needs no names of customers.
    """
    actors = list(actors)
    sees_people = request.user.has_perm("accounts.view_user")
    people = {actor: person for actor in actors if (person := PERSON.fullmatch(actor))}
    ids = {actor: int(person[2]) for actor, person in people.items() if sees_people or person[1] == "staff"}
    users = User.objects.in_bulk(set(ids.values()))
    names = {actor: name_of(users[pk], linked=sees_people) for actor, pk in ids.items() if pk in users}
    return names | names_of_keys(actors)


def names_of_keys(actors: Iterable[str]) -> dict[str, str]:
    """The names of those actors who are API keys, by actor."""
    ids = {actor: int(key[1]) for actor in actors if (key := KEY.fullmatch(actor))}
    keys = ApiKey.objects.in_bulk(set(ids.values())) if ids else {}
    return {actor: f"API key {keys[pk].name}" for actor, pk in ids.items() if pk in keys}


def name_of(user: User, *, linked: bool) -> str:
    """The full name as a link to the person's page, or the bare email where `linked` is false."""
    if not linked:
        return user.email
    name = user.full_name or user.email
    return format_html('<a href="{}">{}</a>', reverse("admin:accounts_user_change", args=[user.pk]), name)


def name_actors(request: HttpRequest, rows: Sequence[Any]) -> None:
    """Set `who` on each row: the name of the row's actor, or the actor's text where there is no name."""
    names = names_of(request, [row.actor for row in rows])
    for row in rows:
        row.who = names.get(row.actor, row.actor)
