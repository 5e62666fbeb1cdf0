"""The people behind the actors that ledgers and journals keep ("staff:3"), for staff who read them."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.models import User

PERSON = re.compile(r"(staff|customer):([0-9]{1,18})")


def names_of(request: HttpRequest, actors: Iterable[str]) -> dict[str, str]:
    """What a page calls those of these actors who are people, looked up in one statement.

    Whoever may see people reads a name that leads to the person. For others a colleague is an email, and a customer
    stays what the actor says: who moves goods need not know who has ordered them.
    """
    sees_people = request.user.has_perm("accounts.view_user")
    people = {actor: person for actor in actors if (person := PERSON.fullmatch(actor))}
    ids = {actor: int(person[2]) for actor, person in people.items() if sees_people or person[1] == "staff"}
    users = User.objects.in_bulk(set(ids.values()))
    return {actor: name_of(users[pk], linked=sees_people) for actor, pk in ids.items() if pk in users}


def name_of(user: User, *, linked: bool) -> str:
    if not linked:
        return user.email
    name = f"{user.first_name} {user.last_name}".strip() or user.email
    return format_html('<a href="{}">{}</a>', reverse("admin:accounts_user_change", args=[user.pk]), name)


def name_actors(request: HttpRequest, rows: Sequence[Any]) -> None:
    """Give rows that have an actor `who`: what the page calls them."""
    names = names_of(request, [row.actor for row in rows])
    for row in rows:
        row.who = names.get(row.actor, row.actor)
