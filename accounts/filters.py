"""Query strings about people and keys."""

from django.db.models import Q, QuerySet

from accounts.key_rows import ApiKeyQuerySet
from accounts.models import ApiKey, User
from api.fields import Choice, Text
from api.filters import Filter, ListFilters


class UserFilterSet(ListFilters):
    """The parameters of the list of people."""

    search = Filter(
        Text(required=False, max_length=100, help_text="Part of a name or an email."), method="with_all_words"
    )
    city = Filter(Text(required=False, max_length=100), lookup_expr="iexact", several=True)
    country = Filter(Text(required=False, max_length=100), lookup_expr="iexact", several=True)
    role = Filter(Choice(required=False, choices=User.Role.choices), method="with_roles", several=True)

    def with_all_words(self, users: QuerySet[User], text: str) -> QuerySet[User]:
        """Users who have each word of the text somewhere in a name or in the email."""
        for word in text.split():
            users = users.filter(
                Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(email__icontains=word)
            )
        return users

    def with_roles(self, users: QuerySet[User], roles: list[str]) -> QuerySet[User]:
        """Users who have one of the roles."""
        return users.filter(is_staff__in=[role == User.Role.ADMIN for role in roles])


class ApiKeyFilterSet(ListFilters):
    """Keys by what they are for and whether they still work."""

    kind = Filter(Choice(required=False, choices=ApiKey.Kind.choices), field_name="kind")
    state = Filter(Choice(required=False, choices=["live", "expired", "revoked"]), method="in_state")

    def in_state(self, keys: ApiKeyQuerySet, state: str) -> ApiKeyQuerySet:
        """Keys that work, that have expired, or that were revoked, of which the last counts before the second."""
        return keys.in_state(state)
